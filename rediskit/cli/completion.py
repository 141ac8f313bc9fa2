"""`rediskit completion`: the completion script of a shell. `hatch_build.py` puts the scripts into the wheel."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from rediskit.cli.report import Report
from rediskit.errors import MissingToolError, Problem
from rediskit.files import read_regular

FOLDER = Path(__file__).parent.parent / "data/completion"
"""The folder of the scripts in an installed wheel. A clone has none."""
SHELLS = ("bash", "zsh", "fish")


def run(arguments: argparse.Namespace) -> Report:
    """Return the script from the wheel, or a new one where shtab is installed."""
    file = FOLDER / arguments.shell
    text = read_regular(file).decode() if file.is_file() else script(arguments.shell)
    return Report(None, text.rstrip("\n").split("\n"))


def script(shell: str) -> str:
    """Return a new completion script. Raises MissingToolError without shtab."""
    from rediskit.cli.parser import parser

    try:
        import shtab
    except ImportError:
        message = f"this installation contains no completion script for {shell}, and shtab is not installed"
        raise MissingToolError(
            Problem(message, "pip install shtab, or install the wheel of rediskit, which contains the scripts")
        ) from None
    top = parser()
    completers = {"FILE": shtab.FILE, "config": shtab.FILE, "DIR": shtab.DIRECTORY}
    for action in _arguments(top):
        if isinstance(action.metavar, str) and action.metavar in completers:
            vars(action)["complete"] = completers[action.metavar]
    return shtab.complete(top, shell=shell)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield each argument of a parser and of the commands below it."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _arguments(below)
