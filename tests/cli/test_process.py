"""The command as a process: closed streams, signals, a current folder that is gone, folders that may not be read."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rediskit.cli import main
from tests.cli.checkout import owner
from tests.cli.test_export import at, disk

COMMAND = [sys.executable, "-m", "rediskit"]
ROOT = Path(__file__).parent.parent.parent


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `rediskit` is the command."""
    text = f'rediskit() {{ "{sys.executable}" -m rediskit "$@"; }}; {line}'
    return subprocess.run(["sh", "-c", text], cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def test_a_closed_standard_output_is_reported_and_the_work_is_done(tmp_path: Path) -> None:
    at(tmp_path, "prepare")
    done = shell(tmp_path, "rediskit render chocolandia.yaml --output out >&-")
    assert done.returncode == 3
    assert "standard output can't be written: bad file descriptor" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out/chocolandia/README.md").is_file()


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-", ">&- 2>&-"])
def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path, closed: str) -> None:
    at(tmp_path, "prepare")
    assert shell(tmp_path, "rediskit render chocolandia.yaml --output a").returncode == 0
    done = shell(tmp_path, f"rediskit render chocolandia.yaml --output b {closed}")
    assert done.returncode == (3 if ">&-" in closed.replace("2>&-", "") else 0)
    assert disk(tmp_path / "a") == disk(tmp_path / "b")
    assert "rror" not in done.stdout, "nothing that belongs on standard error goes to standard output"


def test_a_current_folder_that_was_removed_is_named(tmp_path: Path) -> None:
    done = shell(tmp_path, "mkdir gone && cd gone && rmdir ../gone && rediskit check")
    assert done.returncode == 2
    assert done.stderr == "error: the current folder was removed\n  help: change to a folder that exists\n"


def has_ended(process: int) -> bool:
    """Return whether a process ends within a minute. On a busy machine, the system removes a killed one only after a while."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_command_and_what_it_started_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    top = owner(tmp_path, listed=False)
    at(tmp_path, "scale-down")
    (tmp_path / "tmp").mkdir()
    program = tmp_path / "kustomize"
    program.write_text(f'#!/bin/sh\necho $$ > "{tmp_path}/pid"\nexec sleep 600\n', encoding="utf-8")
    program.chmod(0o755)
    before = disk(top)
    command = [*COMMAND, "migrate", "export", "chocolandia.yaml", "--to", "owner/prod"]
    more = environment(KUSTOMIZE=str(program), TMPDIR=str(tmp_path / "tmp"))
    # nohup and a job in the background ignore some of them, and the command would keep that.
    hear = functools.partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=tmp_path, env=more, stderr=subprocess.PIPE, preexec_fn=hear) as process:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text(encoding="utf-8").strip():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors == b""
    assert list((tmp_path / "tmp").iterdir()) == []
    assert disk(top) == before
    assert has_ended(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    at(tmp_path, "prepare")
    code = "import signal; from rediskit.cli.process import prepare; prepare(); signal.raise_signal(signal.SIGHUP); print('on')"
    done = shell(tmp_path, f"trap '' HUP; '{sys.executable}' -c \"{code}\"")
    assert done.stdout == "on\n"


VERBS = ("render", "check", "diff", "doctor")


@pytest.mark.parametrize("verb", VERBS)
def test_an_output_with_a_part_that_is_too_long_is_an_error_of_the_command_line(tmp_path: Path, verb: str) -> None:
    at(tmp_path, "prepare")
    done = shell(tmp_path, f"rediskit {verb} chocolandia.yaml --output {'x' * 300}")
    assert done.returncode in (1, 2)
    assert "internal error" not in done.stderr


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run this process as a user whom permissions bind: the superuser may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


READERS = (*VERBS, "migrate status", "secret check")


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o444])
@pytest.mark.parametrize("place", ["rendered", "rendered/chocolandia", "chocolandia"])
def test_a_folder_that_may_not_be_read_is_no_internal_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: int, place: str
) -> None:
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        at(folder, "prepare")
        for verb in READERS:  # with every module that they import
            assert main([*verb.split(), "chocolandia.yaml"]) in (0, 1)
        (folder / place).chmod(mode)
        for verb in READERS:
            with unprivileged():
                code = main([*verb.split(), "chocolandia.yaml"])
            errors = capsys.readouterr().err
            assert code in (0, 1, 2), f"{verb}: {errors}"
            assert "internal error" not in errors
        (folder / place).chmod(0o755)
        monkeypatch.undo()


@pytest.mark.parametrize("verb", ["render", "check"])
def test_rendered_as_a_link_out_of_the_work_tree_is_refused(tmp_path: Path, verb: str) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    at(project, "prepare")
    (project / "rendered").symlink_to("../outside")
    done = shell(project, f"rediskit {verb} chocolandia.yaml")
    assert done.returncode == 1
    assert f"rendered is a symbolic link to {tmp_path / 'outside'}, outside the Git work tree" in done.stderr
    assert f"--output {tmp_path / 'outside'}" in done.stderr
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_that_stays_in_the_work_tree_or_that_a_person_names_is_followed(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "deploy").mkdir()
    at(project, "prepare")
    (project / "rendered").symlink_to("deploy")
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "elsewhere").mkdir()
    for output in ("rendered", str(tmp_path / "link")):
        assert "symbolic link" not in shell(project, f"rediskit render chocolandia.yaml --output {output}").stderr
