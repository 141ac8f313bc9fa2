"""Several processes for many configs: the same output, one exit code, and no process that stays."""

from __future__ import annotations

import functools
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.cli.workers import in_processes
from rediskit.errors import ConfigError, Location, MissingToolError, Problem, RefusedError
from tests.conftest import Run

ROOT = Path(__file__).parent.parent.parent
COUNT = 12
"""Two processes get at least five configs each."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with configs for two processes."""
    shutil.copytree(ROOT / "config/chocolandia", tmp_path / "config/chocolandia")
    text = (ROOT / "config/chocolandia.yaml").read_text(encoding="utf-8")
    for number in range(COUNT):
        name = f"env{number:02}"
        shutil.copytree(ROOT / "config/chocolandia/secrets", tmp_path / f"config/{name}/secrets")
        (tmp_path / f"config/{name}.yaml").write_text(text.replace("name: chocolandia\n", f"name: {name}\n", 1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the processes that are started."""
    started: list[int] = []
    fork = os.fork

    def counted() -> int:
        process = fork()
        started.append(process)
        return process

    monkeypatch.setattr(os, "fork", counted)
    return started


def edit(file: str, old: str, new: str) -> None:
    path = Path("config") / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("command", "form"), [("render", ()), ("render", ("--json",)), ("check", ("--json",)), ("diff", ("--text",))])
def test_the_output_is_the_same_with_any_number_of_processes(
    project: Path, forks: list[int], run: Run, command: str, form: tuple[str, ...]
) -> None:
    edit("env03.yaml", "192.168.4.203", "192.168.4.204")
    outputs = []
    for jobs in ("1", "2"):
        code, output, errors = run(command, *form, "--jobs", jobs)
        output = re.sub(r"hmac:[0-9a-f]+", "hmac", output)  # Each run has its own digests.
        outputs.append((code, output, errors, files(project / "rendered") if command == "render" else None))
        if command == "render":
            shutil.rmtree(project / "rendered")
    assert outputs[0] == outputs[1]
    assert outputs[0][1].count("env") >= COUNT
    assert len(forks) == 2


@pytest.mark.usefixtures("project")
def test_one_process_for_each_five_configs(forks: list[int], run: Run) -> None:
    assert run("render", "--jobs", "64")[0] == 0
    assert len(forks) == COUNT // 5
    forks.clear()
    assert run("render", *(f"config/env0{number}.yaml" for number in range(9)), "--jobs", "64")[0] == 0
    assert forks == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_problems_of_all_configs_are_reported_in_their_order_and_nothing_is_written(project: Path, run: Run, jobs: str) -> None:
    edit("env09.yaml", "revision: main", "revison: main")
    edit("env02.yaml", "metallb: 0.15.3", "metallb: many")
    edit("env05.yaml", "name: env05\n", "name: env05\ncluster: env04\n")
    code, _, errors = run("render", "--jobs", jobs)
    assert code == 2
    places = [line.partition(": error")[0].split(":")[0] for line in errors.splitlines() if ": error" in line]
    assert places == ["config/env02.yaml", "config/env09.yaml", *["config/env05.yaml"] * 4]
    assert not (project / "rendered").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_failed_check_of_one_config_leaves_all_files_unchanged(project: Path, run: Run, jobs: str) -> None:
    assert run("render")[0] == 0
    before = files(project / "rendered")
    edit("env00.yaml", "192.168.4.203", "192.168.4.204")
    edit("env07.yaml", "clients:", "redis: {values: {unknown: {key: 1}}}\nclients:")
    code, _, errors = run("render", "--jobs", jobs)
    assert (code, errors.count("error[chart-key]")) == (1, 1)
    assert files(project / "rendered") == before


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "\u0662"])
def test_the_number_of_processes_is_at_least_one(capsys: pytest.CaptureFixture[str], number: str) -> None:
    with pytest.raises(SystemExit) as exit_code:
        main(["render", f"--jobs={number}"])
    assert exit_code.value.code == 2
    assert f"--jobs: expected a number of at least 1, found {number!r}" in capsys.readouterr().err


def _square(number: int) -> int:
    time.sleep(0.002 * (number % 3))
    return number * number


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_results_have_the_order_of_the_items(jobs: int) -> None:
    assert list(in_processes(_square, range(23), jobs)) == [number * number for number in range(23)]
    assert_no_child()


def test_a_result_larger_than_a_pipe() -> None:
    assert [len(text) for text in in_processes(lambda number: b"x" * (number << 20), [3, 0, 1, 2], 2)] == [3 << 20, 0, 1 << 20, 2 << 20]
    assert_no_child()


class Unpicklable(Exception):  # noqa: N818 - an error of a program
    def __init__(self) -> None:
        super().__init__("not to be pickled")
        self.code = lambda: None


@pytest.mark.parametrize(("error", "kind"), [(ZeroDivisionError("by zero"), ZeroDivisionError), (Unpicklable(), RuntimeError)])
def test_an_error_in_a_worker_is_raised_with_its_traceback_and_ends_the_others(error: Exception, kind: type[Exception]) -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise error
        if number > 3:
            time.sleep(600)
        return number

    results = in_processes(fail, range(8), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(kind) as raised:
        next(results)
    assert "in fail" in "\n".join([*getattr(raised.value, "__notes__", ()), *map(str, raised.value.args)])
    assert_no_child()


def test_a_killed_worker_is_an_error() -> None:
    def killed(number: int) -> int:
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(MissingToolError, match="a worker process was killed"):
        list(in_processes(killed, range(9), 3))
    assert_no_child()


def test_a_worker_that_ignores_the_request_to_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rediskit.cli.workers._PATIENCE", 0.2)

    def deaf(number: int) -> int:
        if number == 0:
            time.sleep(0.2)
            raise ZeroDivisionError
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        return number

    with pytest.raises(ZeroDivisionError):
        list(in_processes(deaf, range(2), 2))
    assert_no_child()


@pytest.mark.parametrize("kind", [ConfigError, RefusedError, MissingToolError])
def test_an_error_of_rediskit_keeps_its_problems_in_another_process(kind: type[ConfigError]) -> None:
    error = kind([Problem("a", "b", ("c", 0), Location("d", 1, 2), "e"), Problem("f")])
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), copied.problems, str(copied)) == (kind, error.problems, str(error))


PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import rediskit.cli.render as command
checked = command.checked
def slow(environment, output):
    if environment.name not in ("env00", "env01"):
        with open(f"{os.environ['PIDS']}/{os.getpid()}", "w"):
            while not os.path.exists(os.environ["PIDS"] + ".go"):
                time.sleep(0.01)
    return checked(environment, output)
command.checked = slow
sys.argv = ["rediskit", "render", "--jobs", "2"]
from rediskit.cli import program
program()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_the_command_ends_its_workers_and_writes_nothing(project: Path, tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    # nohup and a job in the background ignore some of them, and the command would keep that.
    hear = functools.partial(signal.signal, number, signal.SIG_DFL) if number != signal.SIGKILL else None
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PIDS": str(pids)}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE, preexec_fn=hear) as process:
        while len(workers := [int(path.name) for path in pids.iterdir()]) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        assert process.pid not in workers
        process.send_signal(number)
        if number == signal.SIGKILL:  # The workers notice it when they write the next result.
            process.wait(timeout=60)
            (tmp_path / "pids.go").touch()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert errors == b""
    limit = time.monotonic() + 60
    while any(map(runs, workers)):
        assert time.monotonic() < limit, "a worker is still running"
        time.sleep(0.01)
    assert not (project / "rendered").exists()


def assert_no_child() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def runs(process: int) -> bool:
    """Return whether a process runs; False for a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
