"""Building blocks of the parser. Imports argparse alone, because `--help` has to be instant."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def command(commands: Commands, name: str, module: str, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002 - as argparse
    """Add a command and return its parser.

    Args:
        commands: The group that it belongs to.
        name: Its name on the command line.
        module: The module below `rediskit.cli` whose `run` executes it.
        help: One line for the list of commands.
        description: What it does, for its own help page.
    """
    parser = commands.add_parser(name, help=help, description=description)
    parser.set_defaults(module=f"rediskit.cli.{module}")
    return parser
