"""Start small real programs."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rediskit.errors import MissingToolError
from rediskit.tools import SHOWN_LINES, Command, Completed, find, run

SH = Path("/bin/sh")


def shell(script: str, **options: Any) -> Completed:
    return run(Command(SH, ("-c", script), **options))


def program(folder: Path, name: str, mode: int = 0o755) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\necho found\n")
    file.chmod(mode)
    return file


def test_find_takes_the_named_file_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = program(tmp_path / "bin", "checker")
    named = program(tmp_path / "elsewhere", "checker-2")
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.delenv("CHECKER", raising=False)
    assert find("checker", "CHECKER") == on_path
    monkeypatch.setenv("CHECKER", "")
    assert find("checker", "CHECKER") == on_path
    monkeypatch.setenv("CHECKER", str(named))
    assert find("checker", "CHECKER") == named


def test_find_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = program(tmp_path / "bin", "checker")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHECKER", "bin/checker")
    assert find("checker", "CHECKER") == file
    monkeypatch.delenv("CHECKER")
    monkeypatch.setenv("PATH", "bin")
    assert find("checker", "CHECKER") == file


def test_a_named_file_that_is_missing_is_an_error_though_path_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path / "bin", "checker").parent))
    monkeypatch.setenv("CHECKER", str(tmp_path / "nowhere"))
    with pytest.raises(MissingToolError, match="which does not exist") as caught:
        find("checker", "CHECKER")
    assert caught.value.exit_code == 3
    assert str(tmp_path / "nowhere") in str(caught.value)
    monkeypatch.setenv("CHECKER", str(program(tmp_path / "plain", "checker", 0o644)))
    with pytest.raises(MissingToolError, match="is not executable"):
        find("checker", "CHECKER")
    monkeypatch.setenv("CHECKER", str(tmp_path / "bin"))
    with pytest.raises(MissingToolError, match="is not executable"):
        find("checker", "CHECKER")


@pytest.mark.parametrize("path", ["", None], ids=["empty", "unset"])
def test_find_searches_only_the_variable_and_path(path: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SH_FILE", raising=False)
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(MissingToolError, match=r"sh is not on PATH\n  help: install sh, or set \$SH_FILE to its path"):
        find("sh", "SH_FILE")


def test_run_hands_over_arguments_stdin_folder_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "stays")
    script = 'cat; pwd -P; printf "%s|" "$OURS" "$MORE" "$@"; echo aside >&2'
    command = Command(SH, ("-c", script, "sh", "a b", "$HOME", "*"), tmp_path, b"in\x00\xff\n", environment={"MORE": "comes"})
    done = run(command)
    assert done.stdout == b"in\x00\xff\n" + os.fsencode(tmp_path.resolve()) + b"\nstays|comes|a b|$HOME|*|"
    assert (done.exit_code, done.stderr) == (0, b"aside\n")


def test_input_and_output_can_exceed_the_buffer_of_a_pipe() -> None:
    assert shell("cat; cat /dev/null", stdin=b"x" * 1_000_000).stdout == b"x" * 1_000_000
    assert shell("exec <&-; echo done", stdin=b"x" * 1_000_000).stdout == b"done\n"


def test_an_exit_code_is_a_result_only_where_the_command_lists_it() -> None:
    assert shell("exit 1", exit_codes=frozenset({0, 1})).exit_code == 1
    with pytest.raises(MissingToolError) as caught:
        shell("echo first >&2; echo why >&2; exit 1")
    assert str(caught.value) == "error: sh ended with exit code 1\n  help: its standard error: first\n  why"
    with pytest.raises(MissingToolError, match="sh ended with exit code 0\n  help: its standard error is empty"):
        shell("exit 0", exit_codes=frozenset({1}))
    with pytest.raises(MissingToolError, match="sh was killed by signal 15"):
        shell("kill -TERM $$")


def test_an_error_shows_the_last_lines_with_control_characters_escaped() -> None:
    with pytest.raises(MissingToolError) as caught:
        shell('i=0; while [ $i -lt 100 ]; do i=$((i+1)); printf "\\033[31mline %s\\r\\n\\n" $i >&2; done; exit 7')
    shown = caught.value.problems[0].hint.removeprefix("its standard error: ").split("\n")
    assert [line.strip() for line in shown] == [rf"\x1b[31mline {number}" for number in range(101 - SHOWN_LINES, 101)]


def test_an_error_shows_the_message_of_kubectl_without_its_log() -> None:
    log = 'E1130 16:27:28.820056   24367 memcache.go:265] "Unhandled Error" err="connection refused"'
    with pytest.raises(MissingToolError) as caught:
        shell(f"for i in 1 2 3 4 5; do echo '{log}' >&2; done; echo 'The connection was refused' >&2; exit 1")
    assert caught.value.problems[0].hint == "its standard error: The connection was refused"
    with pytest.raises(MissingToolError) as caught:
        shell(f"echo '{log}' >&2; exit 1")
    assert caught.value.problems[0].hint == f"its standard error: {log}"


def test_an_error_shows_neither_stdin_nor_arguments_nor_secrets_that_the_program_repeats() -> None:
    secret = "correct-horse-battery"
    encoded = base64.b64encode(secret.encode()).decode()
    with pytest.raises(MissingToolError) as caught:
        shell(f"cat >/dev/null; exit 1; {secret}", stdin=secret.encode(), environment={"PASSWORD": secret})
    assert secret not in str(caught.value)
    command = Command(SH, ("-c", f'cat >&2; echo "{encoded}" >&2; exit 1'), stdin=f"got {secret}\n".encode(), secrets=(secret,))
    with pytest.raises(MissingToolError, match=r"got \*\*\*\n  \*\*\*$"):
        run(command)
    assert secret not in repr(Command(SH, stdin=secret.encode(), environment={"PASSWORD": secret}, secrets=(secret,)))
    assert secret not in repr(shell("cat", stdin=secret.encode()))


def test_a_program_that_does_not_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="nothing could not be started: No such file or directory"):
        run(Command(tmp_path / "nothing"))
    with pytest.raises(MissingToolError, match="checker could not be started: Permission denied"):
        run(Command(program(tmp_path, "checker", 0o644)))


def test_the_time_limit_kills_the_whole_process_group(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    start = time.monotonic()
    with pytest.raises(MissingToolError, match=r"sh did not end within 0\.5 s and was killed\n  help: its standard error: still here"):
        shell(f"trap '' TERM; echo still here >&2; (while :; do echo x >> '{beat}'; sleep 0.05; done) & sleep 60", timeout=0.5)
    assert time.monotonic() - start < 10
    size = beat.stat().st_size
    assert size > 0
    time.sleep(0.4)
    assert beat.stat().st_size == size


def test_a_process_outside_the_group_does_not_block(tmp_path: Path) -> None:
    leaver = f"import os, time; os.setsid(); open({str(tmp_path / 'gone')!r}, 'w').close(); time.sleep(30)"
    start = time.monotonic()
    with pytest.raises(MissingToolError, match="did not end within 1 s"):
        shell(f'"{sys.executable}" -S -c "{leaver}" & while [ ! -e "{tmp_path}/gone" ]; do sleep 0.02; done', timeout=1)
    assert time.monotonic() - start < 20


def test_an_interrupt_kills_what_was_started(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    script = f"while :; do echo x >> '{beat}'; sleep 0.05; done"
    # Whoever runs the tests in the background may have Ctrl-C ignored, and a child inherits that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    ours = f"{heard}; import pathlib, rediskit.tools as t; t.run(t.Command(pathlib.Path('/bin/sh'), ('-c', {script!r})))"
    with subprocess.Popen([sys.executable, "-c", ours], stderr=subprocess.PIPE, cwd=Path(__file__).parents[1]) as process:
        deadline = time.monotonic() + 60
        while not beat.exists():
            assert time.monotonic() < deadline, "the script has not started"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in stderr
    size = beat.stat().st_size
    time.sleep(0.4)
    assert beat.stat().st_size == size
