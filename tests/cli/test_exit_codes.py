"""Exit codes and interrupts of every command, and output that cannot be written."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import rediskit.cli.parser
import rediskit.cli.render
import rediskit.cli.schema
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from tests.cli.test_commands import environments, lines
from tests.cli.test_commands import folder as folder
from tests.conftest import Run

ROOT = Path(__file__).parent.parent.parent


def start(folder: Path, *arguments: str, program: tuple[str, ...] = ("-m", "rediskit"), **options: Any) -> subprocess.Popen[str]:
    """Return the command as a program of its own."""
    return subprocess.Popen([sys.executable, *program, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options)


def program(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command to its end, and return exit code, output and errors."""
    process = start(folder, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


@pytest.mark.parametrize(
    ("error", "code"), [(ConfigError, 2), (RefusedError, 1), (MissingToolError, 3)], ids=["config", "refused", "missing tool"]
)
@pytest.mark.usefixtures("folder")
def test_each_kind_of_error_has_its_exit_code(error: Any, code: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise error([Problem("first", "fix it"), Problem("second")])

    monkeypatch.setattr(rediskit.cli.schema, "run", fail)
    assert run("schema") == (code, "", "error: first\n  help: fix it\nerror: second\n")
    result, output, errors = run("schema", "--json")
    document = json.loads(output)
    assert (result, document["exitCode"], errors) == (code, code, "")
    assert document["problems"][0] == {"message": "first", "hint": "fix it", "path": "", "file": None, "line": None, "column": None}


@pytest.mark.usefixtures("folder")
def test_an_internal_error_shows_no_traceback_without_debug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise LookupError("what only a developer understands")

    monkeypatch.setattr(rediskit.cli.render, "run", fail)
    code, output, errors = run("render")
    assert (code, output) == (3, "")
    assert errors.splitlines()[0] == "error: internal error: LookupError"
    assert "--debug" in errors
    code, output, errors = run("render", "--debug")
    assert (code, output) == (3, "")
    assert errors.startswith("Traceback")
    assert "LookupError: what only a developer understands" in errors


@pytest.mark.usefixtures("folder")
def test_an_interrupt_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(rediskit.cli.render, "run", interrupted)
    assert run("render") == (130, "", "")


@pytest.mark.usefixtures("folder")
def test_an_interrupt_before_the_command_line_is_read_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: list[str] | None) -> argparse.Namespace:
        raise KeyboardInterrupt

    monkeypatch.setattr(rediskit.cli.parser, "parse", interrupted)
    assert run("render") == (130, "", "")


@pytest.mark.parametrize("arguments", [("check",), ("check", "--json"), ("schema",)])
def test_a_full_disk_behind_standard_output(folder: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        process = start(folder, *arguments, stdout=full, stderr=subprocess.PIPE, text=True)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, lines(errors)) == (3, ["error: standard output can't be written: No space left on device"])


def test_exit_codes_of_the_program(folder: Path) -> None:
    code, output, errors = program(folder, "render")
    assert (code, output.split(":")[0]) == (0, "one"), errors
    assert program(folder, "check")[0] == 0
    (folder / "rendered/one/README.md").write_text("by hand")
    for verb in ("render", "check"):
        assert program(folder, verb)[0] == 1
    for arguments in (["render", "no.yaml"], ["no-verb"]):
        code, output, errors = program(folder, *arguments)
        assert (code, output) == (2, "")
        assert "Traceback" not in errors


def test_an_error_with_debug_shows_where_it_was_raised(folder: Path) -> None:
    code, _, errors = program(folder, "render", "no.yaml", "--debug")
    assert code == 2, "the exit code says the same with --debug"
    assert errors.startswith("Traceback")
    assert "file no.yaml does not exist" in errors


def test_a_file_name_that_is_no_unicode_is_reported(folder: Path) -> None:
    program(folder, "render")
    Path(os.fsdecode(os.fsencode(folder) + b"/rendered/one/caf\xe9")).touch()
    code, _, errors = program(folder, "check")
    assert code == 0
    assert [line for line in lines(errors) if line.startswith("warning: rendered/one/caf\\udce9 ")]
    code, output, errors = program(folder, "check", "--json")
    assert (code, errors) == (0, "")
    assert environments(output)["one"]["foreign"] == ["caf\udce9"]


def test_a_reader_that_closes_its_end_ends_the_command_quietly(folder: Path) -> None:
    """As `rediskit schema | head -1`, through a pipe that holds less than the schema: the program is writing when its reader ends."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = start(folder, "schema", stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert os.read(reader, 1) == b"{"
    os.close(reader)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "")


def test_a_pipe_without_a_reader_ends_the_command_quietly(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(folder, "render", stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, lines(errors)) == (1, [])
    assert program(folder, "check")[0] == 0, "what it has written is whole"


def test_control_c_while_it_works(folder: Path) -> None:
    # Whoever runs the tests in the background may have Ctrl-C ignored, and a child inherits that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    hold = "import rediskit.cli.environments as c, time, sys\nc.load_all = lambda _: (print('working', flush=True), time.sleep(60))\n"
    code = f"{heard}{hold}from rediskit.cli import main\nsys.exit(main(['render', 'config/one.yaml']))"
    process = start(folder, program=("-c", code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert time.monotonic() - began < 30
