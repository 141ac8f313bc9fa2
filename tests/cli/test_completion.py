"""The completion scripts, in the real shells that are on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.cli import completion
from tests.conftest import Run

ANSWER = """
source {script}
COMP_WORDS=({words} "$1")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p rediskit | sed -E 's/.*-F ([^ ]+).*/\\1/') rediskit "$1" "${{COMP_WORDS[COMP_CWORD - 1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(tmp_path: Path, run: Run) -> Path:
    code, output, errors = run("completion", "bash")
    assert (code, errors) == (0, "")
    (tmp_path / "rediskit.bash").write_text(output)
    return tmp_path / "rediskit.bash"


def bash(script: Path, words: str, word: str) -> list[str]:
    """Return the words that bash proposes after some words for the begin of the next one."""
    program = ["bash", "--norc", "--noprofile", "-c", ANSWER.format(script=script, words=words), "bash", word]
    done = subprocess.run(program, capture_output=True, text=True, check=True, cwd=script.parent)
    assert done.stderr == ""
    return sorted(filter(None, done.stdout.splitlines()))


@pytest.mark.parametrize(
    ("words", "word", "proposed"),
    [
        ("rediskit", "re", ["render"]),
        ("rediskit", "s", ["schema", "secret"]),
        ("rediskit migrate", "ad", ["advance"]),
        ("rediskit migrate advance", "--conf", ["--confirm-irreversible"]),
        ("rediskit init --tool", "f", ["flux"]),
        ("rediskit migrate record --criterion", "lat", ["latency"]),
        ("rediskit check", "conf", ["config"]),
        ("rediskit secret new --from-file", "pass", ["password.txt"]),
        ("rediskit check --owner", "own", ["owner"]),
        ("rediskit completion", "z", ["zsh"]),
    ],
)
def test_bash_completes_commands_options_values_and_files(script: Path, words: str, word: str, proposed: list[str]) -> None:
    for folder in ("config", "owner"):
        (script.parent / folder).mkdir()
    (script.parent / "password.txt").touch()
    (script.parent / "owners.txt").touch()
    assert bash(script, words, word) == proposed


def test_every_shell_gets_a_script_that_it_can_read(tmp_path: Path, run: Run) -> None:
    for shell in completion.SHELLS:
        output = run("completion", shell)[1]
        assert "confirm-irreversible" in output
        (tmp_path / shell).write_text(output)
        if program := shutil.which(shell):
            subprocess.run([program, "-n", tmp_path / shell], check=True)


def test_completion_in_a_clone_without_shtab_names_the_package_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, output, errors = run("completion", "zsh")
    assert (code, output) == (3, "")
    assert errors == (
        "error: this installation contains no completion script for zsh, and shtab is not installed\n"
        "  help: pip install shtab, or install the wheel of rediskit, which contains the scripts\n"
    )
