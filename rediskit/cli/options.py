"""Building blocks of the parser. Imports argparse alone, so that `--help` stays fast."""

from __future__ import annotations

import argparse
import os
import sys

from rediskit import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn, TypeAlias


class HelpFormatter(argparse.HelpFormatter):
    """Wraps descriptions between words, and keeps the line breaks of examples."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{"width": _columns() - 2, **settings})

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from textwrap import fill

        return text if "\n" in text else fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _columns() -> int:
    """Return the width of the terminal as `shutil.get_terminal_size`, whose module imports every compression library."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1).columns
        except (ValueError, OSError):
            columns = 0
    return columns or 80


class Parser(argparse.ArgumentParser):
    """A parser that prints its errors in the form of all others, with the nearest valid choice."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with 2."""
        self._refuse(message, f"run {self.prog} --help")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        from difflib import get_close_matches

        name = action.option_strings[0] if action.option_strings else self.prog
        nearest = get_close_matches(str(value), action.choices, 1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"choose one of: {', '.join(action.choices)}"
        self._refuse(f"{name}: unknown {'value' if action.option_strings else 'command'} {value!r}", hint)

    def _refuse(self, message: str, hint: str) -> NoReturn:
        self.exit(2, f"error: {message}\n  help: {hint}\n")


class _Listed(Parser):
    """A command in the list of a help page, which shows neither its description nor its options: argparse sets nothing up."""

    def __init__(self, **settings: Any) -> None:
        self.prog = settings["prog"]


_LISTING = ("-h", "--help", "--version")
"""The first words of a command line that prints a page of the group, so that no command of it runs."""


# Plain classes, because a NamedTuple needs the import of `typing`.
class Option:
    """One argument of a command: what `add_argument` takes."""

    def __init__(self, names: tuple[str, ...], settings: dict[str, Any]) -> None:
        self.names, self.settings = names, settings


class Group:
    """Options under a title of the help page."""

    def __init__(self, title: str, options: tuple[Option, ...]) -> None:
        self.title, self.options = title, options


Options: TypeAlias = Option | Group | tuple[Option, ...]
"""One option, a group, or a tuple of options that exclude each other."""


class Command:
    """A command, or a group of commands.

    Attributes:
        summary: One line for the list of commands.
        description: What it does, for its own help page.
        module: The module below `rediskit.cli` whose `run` executes it; "" for a group of commands.
        options: Its options, in the order of its help page.
        examples: Command lines for its help page.
        commands: The commands of a group.
        defaults: The values of options that it does not have and its module reads.
    """

    def __init__(
        self,
        summary: str,
        description: str,
        *,
        module: str = "",
        options: Sequence[Options] = (),
        examples: Sequence[str] = (),
        commands: Commands | None = None,
        **defaults: Any,
    ) -> None:
        self.summary, self.description, self.module = summary, description, module
        self.options, self.examples, self.commands, self.defaults = options, examples, commands, defaults


Commands: TypeAlias = "Mapping[str, Callable[[], Command]]"
"""The commands of a group by name. Each is created only when its parser is needed."""


def add_commands(parser: Parser, dest: str, commands: Commands, words: Sequence[str] | None) -> None:
    """Add a group of commands: of a command line only the one that it names, because all of them take half the time of `--help`.

    A command line without a valid name needs all of them for its error, and their names and summaries for its help. None: all.
    """
    kind = _Listed if words and words[0] in _LISTING else Parser
    group = parser.add_subparsers(dest=dest, title="commands", metavar="<command>", required=True, parser_class=kind)
    named = None if words is None else words[:1]
    for name in commands if named is None or (named and named[0] not in commands) else named:
        command = commands[name]()
        added = group.add_parser(
            name,
            help=command.summary,
            description=command.description,
            epilog="\n  ".join(("examples:", *command.examples)),
            formatter_class=HelpFormatter,
        )
        if not isinstance(added, _Listed):
            _fill(added, command, None if words is None else words[1:])


def _fill(parser: Parser, command: Command, words: Sequence[str] | None) -> None:
    """Add the options of a command, or the commands of a group."""
    for entry in command.options:
        if isinstance(entry, Option):
            parser.add_argument(*entry.names, **entry.settings)
            continue
        if isinstance(entry, Group):
            group, options = parser.add_argument_group(entry.title), entry.options
        else:
            group, options = parser.add_mutually_exclusive_group(), entry
        for option in options:
            group.add_argument(*option.names, **option.settings)
    parser.set_defaults(**command.defaults, **({"module": f"rediskit.cli.{command.module}"} if command.module else {}))
    if command.commands is not None:
        add_commands(parser, "action", command.commands, words)


def option(*names: str, **settings: Any) -> Option:
    """Return an argument in the words of `add_argument`."""
    return Option(names, settings)


def flag(name: str, description: str) -> Option:
    """Return an option without a value."""
    return Option((name,), {"action": "store_true", "help": description})


def value(name: str, metavar: str, description: str, **settings: Any) -> Option:
    """Return an option with a value, by default None."""
    return Option((name,), {"metavar": metavar, "help": description, **settings})


def text(name: str, metavar: str, description: str, **settings: Any) -> Option:
    """Return an option with a text, by default empty."""
    return value(name, metavar, description, default="", **settings)


def positive(text: str) -> int:
    """Return a number of at least 1, for argparse."""
    if not (text.isdecimal() and text.isascii() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {text!r}")
    return int(text)


def at(use: str) -> Option:
    """Return the option `--at` for what a command uses the time for."""
    return value("--at", "TIME", f"{use}, like 2026-03-01T22:00:00-03:00 (default: now)")


JSON = flag("--json", "print one JSON document")
DIAGNOSTICS: tuple[Options, ...] = (
    (
        option("-q", "--quiet", action="store_true", help="print errors, warnings and notes only"),
        option("-v", "--verbose", action="store_true", help="print each program that is started"),
    ),
    flag("--debug", "show tracebacks"),
)
"""The options about the output of the command itself."""
COMMON: tuple[Options, ...] = (JSON, *DIAGNOSTICS)
CONFIG = option(
    "config", nargs="?", metavar="config", help="the config file (default: the only config/*.yaml of this directory or of a parent)"
)
CONFIGS = option("configs", nargs="*", metavar="config", help="config files (default: config/*.yaml of this directory or of a parent)")
OUTPUT = value("--output", "DIR", "the directory that contains the output directories (default: rendered, next to config)")
STRICT = flag("--strict", "exit with code 1 also for a warning")
JOBS = value(
    "--jobs",
    "N",
    "the maximum number of processes (default: one per core); rediskit starts at most one process per five configs",
    type=positive,
)
CONTEXT = text("--context", "NAME", "the kubectl context (default: the current one)")
DRY_RUN = flag("--dry-run", "show the changes and write nothing")
CHART = value("--chart", "PATH", "the chart of an application that Helm installs: a directory or a .tgz file")
OFFLINE = flag("--offline", "fail if the overlay has a remote base; kustomize downloads nothing")
COMMENT = flag("--markdown", "print a comment for a pull request")
