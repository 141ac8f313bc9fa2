"""The command line: help pages, their examples, and the errors of the parser."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys

import pytest

from rediskit.cli import main
from rediskit.cli.options import Parser
from rediskit.cli.parser import parse, parser


def pages(page: Parser) -> dict[str, Parser]:
    """Return the parser of the page and of every command below it, by the command line that leads to it."""
    groups = [action for action in page._actions if isinstance(action, argparse._SubParsersAction)]
    below = [pages(command) for group in groups for command in group.choices.values()]
    return {page.prog: page} | {name: command for commands in below for name, command in commands.items()}


PAGES = pages(parser())


@pytest.mark.parametrize("name", PAGES)
def test_every_help_page_has_a_description_and_describes_each_argument(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert PAGES[name].description
    assert [action for action in PAGES[name]._actions if not action.help and not isinstance(action, argparse._SubParsersAction)] == []
    with pytest.raises(SystemExit) as ended:
        main([*name.split(" ")[1:], "--help"])
    output = capsys.readouterr().out
    assert ended.value.code == 0
    assert output.startswith(f"usage: {name} ")
    assert "\nexamples:\n  " in output


@pytest.mark.parametrize("name", PAGES)
def test_the_parser_accepts_every_example_of_a_help_page(name: str) -> None:
    head, *examples = (PAGES[name].epilog or "").partition("\n\n")[0].splitlines()
    assert head == "examples:"
    for example in examples:
        command = example.rpartition(" | ")[2].partition(" > ")[0]
        assert f"{command.strip()} ".startswith(f"{name} "), "an example shows the command of its page"
        words = shlex.split(command)[1:]
        assert parser().parse_args(words).verb == words[0] if words[0] == "help" else parse(words).module


def test_every_command_has_a_summary() -> None:
    for page in PAGES.values():
        for group in (action for action in page._actions if isinstance(action, argparse._SubParsersAction)):
            assert {choice.dest for choice in group._choices_actions if choice.help} == set(group.choices)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "error: the following arguments are required: <command>\n  help: run rediskit --help\n"),
        (["rendr"], "error: rediskit: unknown command 'rendr'\n  help: did you mean render?\n"),
        (["migrate", "advnce"], "error: rediskit migrate: unknown command 'advnce'\n  help: did you mean advance?\n"),
        (
            ["secret", "x"],
            "error: rediskit secret: unknown command 'x'\n  help: choose one of: new, seal, rotate, check, apply, fetch-cert\n",
        ),
        (["init", "--tool", "agrocd"], "error: --tool: unknown value 'agrocd'\n  help: did you mean argocd?\n"),
        (["render", "--no-such-option"], "error: unrecognized arguments: --no-such-option\n  help: run rediskit --help\n"),
        (["check", "--output"], "error: argument --output: expected one argument\n  help: run rediskit check --help\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert (ended.value.code, *capsys.readouterr()) == (2, "", expected)


def test_no_help_page_imports_a_library() -> None:
    lines = [
        "import contextlib, sys",
        "from rediskit.cli.parser import parse",
        f"for page in {[[*name.split(' ')[1:], '--help'] for name in PAGES]!r}:",
        "    with contextlib.suppress(SystemExit):",
        "        parse(page)",
        "print(sorted({'pydantic', 'yaml', 'ruamel', 'jinja2'} & sys.modules.keys()), file=sys.stderr)",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout.count("usage: ") == len(PAGES)
