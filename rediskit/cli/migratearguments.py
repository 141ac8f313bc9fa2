"""The arguments of `rediskit migrate`, one subparser a sub-verb. Imports nothing but argparse, as the parser above it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

_MIGRATE = (
    "Move an application onto the shared Redis, step by step: each step is one commit, and from scale-down to validate one commit "
    "leads back."
)
_STATUS = "Where each client stands: since when, what is next, which gate is open or shut and why, and the way back."


def add(verbs: Verbs) -> None:
    """Adds `migrate` and its sub-verbs."""
    migrate = verbs.add_parser("migrate", help="move an application, step by step", description=_MIGRATE)
    actions = migrate.add_subparsers(dest="action", metavar="<action>", required=True, help="what to do")
    _status(actions.add_parser("status", help="where each client stands", description=_STATUS))


def _status(parser: argparse.ArgumentParser) -> None:
    common(parser)
    at(parser, "the time to judge the gates at")


def common(parser: argparse.ArgumentParser) -> None:
    """What every sub-verb takes: the config, the client, --json and --debug."""
    parser.add_argument("config", nargs="?", metavar="config", help="the config file (default: the only config/*.yaml)")
    parser.add_argument("--client", metavar="NAME", help="the client that is meant; needed where several are on their way")
    parser.add_argument("--json", action="store_true", help="report as one JSON document on standard output")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")


def at(parser: argparse.ArgumentParser, what: str) -> None:
    """`--at TIME`."""
    parser.add_argument("--at", metavar="TIME", help=f"{what}, like 2026-03-01T22:00:00-03:00 (default: now)")
