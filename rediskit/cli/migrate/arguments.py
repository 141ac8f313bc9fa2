"""The arguments of `rediskit migrate`, one subparser a sub-verb. Imports nothing but argparse, as the parser above it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rediskit.cli.options import command
from rediskit.model.criteria import CRITERIA

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

_MIGRATE = (
    "Move an application onto the shared Redis, step by step: each step is one commit, and from scale-down to validate one commit "
    "leads back."
)
_STATUS = "Where each client stands: since when, what is next, which gate is passed or blocked and why, and the rollback."

_PLAN = (
    "Every step to the end: whose repository, which objects and values change, commands, gates, downtime in both clocks, the way back. "
    "Writes nothing and reads no clock."
)
_EDITS = "Only the lines that mean it change in the config; the diff is printed. Then: render, read, commit."
_ADVANCE = f"One step forward, if its gates pass. {_EDITS}"
_BACK = f"One step back: it undoes the last one. {_EDITS}"
_ROLLBACK = f"From scale-down to validate: the application back on its old Redis, in one commit of one repository. {_EDITS}"
_RECORD = f"Write down what was seen: the evidence of the 24 hours, the Secret, the real downtime, the owner's base. {_EDITS}"
_EXPORT = (
    "Put the files of the client's step into a checkout of the owner's repository. The owner's kustomization is built before and after, in "
    "a copy; where the result is not what the step means, nothing is written. kustomize fetches its remote bases."
)


def add(verbs: Verbs) -> None:
    """Adds `migrate` and its sub-verbs."""
    migrate = verbs.add_parser("migrate", help="move an application, step by step", description=_MIGRATE)
    actions = migrate.add_subparsers(dest="action", metavar="<action>", required=True, help="what to do")
    _status(command(actions, "status", "migrate.status", help="where each client stands", description=_STATUS))
    _plan(command(actions, "plan", "migrate.plan", help="every step to the end, as a change request", description=_PLAN))
    _advance(command(actions, "advance", "migrate.move", help="one step forward", description=_ADVANCE))
    _back(command(actions, "back", "migrate.move", help="one step back", description=_BACK))
    _rollback(command(actions, "rollback", "migrate.move", help="back on the old Redis, in one commit", description=_ROLLBACK))
    _export(command(actions, "export", "migrate.export", help="the files of a step, into the owner's checkout", description=_EXPORT))
    _record(command(actions, "record", "migrate.record", help="write down what was seen", description=_RECORD))


def _export(parser: argparse.ArgumentParser) -> None:
    common(parser)
    what = "the folder of the owner's outermost overlay; our files go to DIR/rediskit/"
    parser.add_argument("--to", required=True, metavar="DIR", help=what)
    parser.add_argument("--overlay", metavar="DIR", help="the kustomization that is built, where it is another folder")
    parser.add_argument("--force", action="store_true", help="overwrite files of ours that were edited by hand")
    at(parser, "the time of the scan")
    parser.add_argument("--offline", action="store_true", help="refuse remote bases, and fetch nothing")
    _dry_run(parser)


def _status(parser: argparse.ArgumentParser) -> None:
    common(parser)
    at(parser, "the time at which the gates are evaluated")


def _plan(parser: argparse.ArgumentParser) -> None:
    common(parser)
    parser.add_argument("--markdown", action="store_true", help="as a page for a change request or a ticket")


def _advance(parser: argparse.ArgumentParser) -> None:
    _step(parser)
    parser.add_argument("--to", metavar="STEP", help="the step that is meant; refused when another one is next, as after a first run")
    parser.add_argument("--reason", default="", metavar="TEXT", help="a remark for the history")
    parser.add_argument("--override", default="", metavar="REASON", help="go on though window, budget or Secret is not as it should be")
    parser.add_argument("--confirm-irreversible", action="store_true", help="confirm the step decommission, which cannot be undone")


def _back(parser: argparse.ArgumentParser) -> None:
    _step(parser)
    parser.add_argument("--to", metavar="STEP", help="the step that is meant; refused when another one is the one before")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; needed")


def _rollback(parser: argparse.ArgumentParser) -> None:
    _step(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="what was seen that made you go back; needed")


def _record(parser: argparse.ArgumentParser) -> None:
    common(parser)
    at(parser, "when it was seen")
    _dry_run(parser)
    seen = parser.add_argument_group("the 24 hours")
    seen.add_argument(
        "--criterion", action="append", default=[], choices=tuple(CRITERIA), metavar="NAME", help=f"seen: {', '.join(CRITERIA)}"
    )
    seen.add_argument(
        "--not", action="append", default=[], dest="unseen", choices=tuple(CRITERIA), metavar="NAME", help="a criterion that failed"
    )
    seen.add_argument("--from", default="", dest="start", metavar="TIME", help="when watching began (default: scale-up)")
    seen.add_argument("--until", default="", metavar="TIME", help="when watching ended (default: --at)")
    seen.add_argument("--notes", default="", metavar="TEXT", help="what else was seen")
    parser.add_argument("--secret-seen", action="store_true", help="the Secret is in both namespaces (for secrets.mode manual)")
    parser.add_argument("--down-from", default="", metavar="TIME", help="when the application stopped answering (default: scale-down)")
    parser.add_argument("--down-until", default="", metavar="TIME", help="when it answered again (default: scale-up)")
    parser.add_argument("--folded", action="store_true", help="the Component of decommission changes nothing on the owner's base")
    parser.add_argument("--owner", metavar="DIR", help="with --folded: build the owner's overlay in DIR, and refuse where that is not so")


def _step(parser: argparse.ArgumentParser) -> None:
    common(parser)
    at(parser, "the time of the step")
    _dry_run(parser)


def _dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")


def common(parser: argparse.ArgumentParser) -> None:
    """What every sub-verb takes: the config, the client, --json and --debug."""
    parser.add_argument("config", nargs="?", metavar="config", help="the config file (default: the only config/*.yaml)")
    parser.add_argument("--client", metavar="NAME", help="the client that is meant; needed where several are on their way")
    parser.add_argument("--json", action="store_true", help="report as one JSON document on standard output")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")


def at(parser: argparse.ArgumentParser, what: str) -> None:
    """`--at TIME`."""
    parser.add_argument("--at", metavar="TIME", help=f"{what}, like 2026-03-01T22:00:00-03:00 (default: now)")
