"""Options and variables for the output of every command: --quiet, --verbose, --strict, colors and progress."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.cli.parser import parser
from tests.cli.test_parser import pages
from tests.conftest import Run
from tests.samples import ROOT

CONFIG = "name: home\ngitops: {tool: argocd, repository: https://git.example.org/a/b.git}\n"
RED, YELLOW = "\x1b[1;31merror", "\x1b[1;33mwarning"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/home.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def terminal(*arguments: str, **environment: str) -> str:
    """Return the output of rediskit on a terminal of 80 columns."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rediskit", *arguments],
        stdout=follower,
        stderr=follower,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environment},
    )
    os.close(follower)
    output = b""
    while chunk := _chunk(leader):
        output += chunk
    process.wait()
    os.close(leader)
    return output.decode().replace("\r\n", "\n")


def _chunk(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux ends the output of a terminal with EIO.
        return b""


def test_every_command_has_the_options_for_its_output() -> None:
    for name, page in pages(parser()).items():
        if page.get_default("module"):
            assert {"-q", "-v", "--debug"} <= set(page._option_string_actions), name


def test_quiet_prints_errors_and_warnings_only(run: Run) -> None:
    code, output, errors = run("render", "-q")
    assert (code, output) == (0, "")
    assert "warning[" in errors
    assert run("schema", "-q")[1].startswith("{"), "an output that is the product of the command stays"
    assert run("render", "-q", "--json")[1].startswith("{")


def test_verbose_prints_each_program(run: Run) -> None:
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    run("render")
    errors = run("doctor", "-v")[2].splitlines()
    assert [line for line in errors if line.startswith("git ") and "symbolic-ref" in line]
    assert run("doctor")[2] == ""


def test_strict_makes_a_warning_an_error(project: Path, run: Run) -> None:
    assert run("render", "--strict")[0] == 1
    assert not (project / "rendered").exists(), "nothing is written"
    assert run("render")[0] == 0
    assert [run("check")[0], run("check", "--strict")[0]] == [0, 1]
    accepted = [line.partition("[")[2].partition("]")[0] for line in run("check")[2].splitlines() if "warning[" in line]
    entries = "".join(f"- {{code: {code}, on: {place}, reason: known}}\n" for code, place in zip(accepted, _places(run), strict=True))
    (project / "config/home.yaml").write_text(f"{CONFIG}accept:\n{entries}")
    assert run("render", "--strict")[0] == 0
    (project / "rendered/home/notes.txt").write_text("mine")
    assert [run("check")[0], run("check", "--strict")[0]] == [0, 1], "a foreign file is a warning"


def _places(run: Run) -> list[str]:
    return [line.split(": ")[2] for line in run("check")[2].splitlines() if "warning[" in line]


def test_colors_are_for_a_terminal(project: Path) -> None:
    assert YELLOW in terminal("check")
    assert "\x1b" not in terminal("check", NO_COLOR="1")
    assert "\x1b" not in terminal("check", TERM="dumb")
    (project / "config/home.yaml").write_text("name: home\n")
    assert RED in terminal("check")


@pytest.mark.parametrize(
    ("variables", "colored"), [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)]
)
def test_colors_in_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], colored: bool) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b" in run("check")[2]) is colored
    assert "\x1b" not in run("check", "--json")[1], "a JSON document has no colors"


def test_a_terminal_shows_the_program_that_runs_and_removes_it() -> None:
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    output = terminal("doctor")
    assert "\r\x1b[Kgit " in output
    assert output.rpartition("\r\x1b[K")[2].startswith(("programs\n", "  ")), "the result replaces the line"
    assert "\r\x1b[K" not in terminal("doctor", "--quiet")
    assert all(len(line) < 80 for part in output.split("\x1b[K")[1:-1] for line in part.split("\r")), "no line is wider than the terminal"


def test_a_diff_has_colors() -> None:
    assert "\n\x1b[32m+resources:\x1b[0m\n" in terminal("diff", "--text")
    assert "\n\x1b[32madded\x1b[0m    " in terminal("diff")


@pytest.mark.parametrize("words", [("render",), ("migrate", "advance"), ("migrate",), ()])
def test_help_shows_the_page_of_a_command(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["help", *words])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(('rediskit', *words))} ")


def test_help_of_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["help", "migrate", "advnce"])
    assert (ended.value.code, capsys.readouterr().err) == (
        2,
        "error: rediskit migrate: unknown command 'advnce'\n  help: did you mean advance?\n",
    )
