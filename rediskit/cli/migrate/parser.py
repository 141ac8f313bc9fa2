"""The parser of `rediskit migrate`. Imports argparse alone, so that `--help` stays fast."""

from __future__ import annotations

from rediskit.cli.options import COMMON, CONFIG, CONTEXT, DRY_RUN, OFFLINE, Commands, Parser, at, command, option
from rediskit.model.criteria import CRITERIA

_CLIENT = option("--client", metavar="NAME", help="the client; required while several clients have a migration")
_SHARED = (CONFIG, _CLIENT, *COMMON)
_STEP = (*_SHARED, at("the time of the step"), DRY_RUN)
_EDITS = "Only the lines of the step change in the config, and the command prints their diff. Render and commit afterwards."


def add(commands: Commands) -> None:
    """Add `migrate` and its subcommands."""
    migrate = command(
        commands,
        "migrate",
        "move an application to the shared Redis, one commit per step",
        "Move an application to the shared Redis. Each step is one commit. From scale-down to validate, one commit rolls back.",
        examples=("rediskit migrate status", "rediskit migrate plan --markdown", "rediskit migrate advance --dry-run"),
    )
    actions = migrate.add_subparsers(dest="action", title="commands", metavar="<command>", required=True)
    for add_action in (_status, _plan, _advance, _back, _rollback, _export, _record):
        add_action(actions)


def _status(actions: Commands) -> None:
    command(
        actions,
        "status",
        "show the step of each client and its gates",
        "Show the step of each client, the next steps, and for each of their gates whether it is passed or blocked.",
        module="migrate.status",
        parents=(*_SHARED, at("the time at which the gates are evaluated")),
        examples=("rediskit migrate status", "rediskit migrate status config/chocolandia.yaml --at 2026-03-01T22:00:00-03:00"),
    )


def _plan(actions: Commands) -> None:
    parser = command(
        actions,
        "plan",
        "show every remaining step, as a change request",
        "Show every remaining step: repository, changed objects and values, commands, gates, downtime and rollback. "
        "Writes nothing and needs no clock.",
        module="migrate.plan",
        parents=_SHARED,
        examples=("rediskit migrate plan", "rediskit migrate plan --client beersystem --markdown"),
    )
    parser.add_argument("--markdown", action="store_true", help="print a page for a change request or a ticket")


def _advance(actions: Commands) -> None:
    parser = command(
        actions,
        "advance",
        "go one step forward",
        f"Go one step forward if all gates of the step are passed. {_EDITS}",
        module="migrate.move",
        parents=_STEP,
        examples=(
            "rediskit migrate advance --dry-run",
            "rediskit migrate advance --to scale-down",
            "rediskit migrate advance --confirm-irreversible",
        ),
    )
    _target(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="add a remark to the history")
    parser.add_argument("--override", default="", metavar="REASON", help="continue although the gate window, budget or Secret is blocked")
    parser.add_argument("--confirm-irreversible", action="store_true", help="confirm the step decommission, which cannot be undone")


def _back(actions: Commands) -> None:
    parser = command(
        actions,
        "back",
        "go one step back",
        f"Go one step back: undo the last step. {_EDITS}",
        module="migrate.move",
        parents=_STEP,
        examples=('rediskit migrate back --reason "the window is cancelled"',),
    )
    _target(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="the reason for the history; required")


def _rollback(actions: Commands) -> None:
    parser = command(
        actions,
        "rollback",
        "roll the application back to the old Redis",
        f"Roll the application back to the old Redis, in one commit of one repository, from scale-down to validate. {_EDITS}",
        module="migrate.move",
        parents=_STEP,
        examples=('rediskit migrate rollback --reason "logins fail"',),
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="the reason for the history; required")


def _target(parser: Parser) -> None:
    parser.add_argument("--to", metavar="STEP", help="the expected step; another one is refused, as in a second run of the same command")


def _export(actions: Commands) -> None:
    parser = command(
        actions,
        "export",
        "write the files of the step into the application repository",
        "Write the files of the client's step into a checkout of the application repository. rediskit builds the overlay before and after "
        "the change in a copy, and writes nothing when the result differs from the step. kustomize downloads remote bases.",
        module="migrate.export",
        parents=(*_SHARED, at("the time of the scan"), OFFLINE, DRY_RUN),
        examples=("rediskit migrate export --to ../beersystem/deploy/overlays/prod --dry-run",),
    )
    parser.add_argument("--to", required=True, metavar="DIR", help="the outermost overlay of the application repository")
    parser.add_argument("--overlay", metavar="DIR", help="the kustomization to build, if it is another folder")
    parser.add_argument("--force", action="store_true", help="overwrite generated files that were edited by hand")


def _record(actions: Commands) -> None:
    parser = command(
        actions,
        "record",
        "record evidence in the config",
        f"Record evidence: criteria of the validation, Secret, queues, downtime, base of the application repository. {_EDITS}",
        module="migrate.record",
        parents=(*_SHARED, at("the time of the observation"), CONTEXT, DRY_RUN),
        examples=(
            "rediskit migrate record --criterion latency --criterion no-restarts",
            "rediskit migrate record --down-from 2026-03-01T22:01:00-03:00 --down-until 2026-03-01T22:08:00-03:00",
            "rediskit migrate record --drained",
            "rediskit migrate record --folded --owner ../beersystem/deploy/overlays/prod",
        ),
    )
    names, metavar = tuple(CRITERIA), "NAME"
    validation = parser.add_argument_group("validation")
    validation.add_argument(
        "--criterion", action="append", default=[], choices=names, metavar=metavar, help=f"a criterion that is met: {', '.join(names)}"
    )
    validation.add_argument(
        "--not", action="append", default=[], dest="unseen", choices=names, metavar=metavar, help="a criterion that is not met"
    )
    validation.add_argument("--from", default="", dest="start", metavar="TIME", help="the start of the validation (default: scale-up)")
    validation.add_argument("--until", default="", metavar="TIME", help="the end of the validation (default: --at)")
    validation.add_argument("--notes", default="", metavar="TEXT", help="add other observations")
    parser.add_argument("--secret-seen", action="store_true", help="the Secret exists in both namespaces (secrets.mode manual)")
    queues = parser.add_argument_group("queues")
    queues.add_argument("--drained", action="store_true", help="the queues are empty; kubectl reads them in the old Redis")
    queues.add_argument("--observed", default="", metavar="TEXT", help="with --drained: how you verified it; kubectl reads nothing")
    queues.add_argument("--discard", default="", metavar="REASON", help="with --drained: accept that the tasks that are left are lost")
    parser.add_argument("--down-from", default="", metavar="TIME", help="the start of the downtime (default: scale-down)")
    parser.add_argument("--down-until", default="", metavar="TIME", help="the end of the downtime (default: scale-up)")
    parser.add_argument("--folded", action="store_true", help="the base of the application repository contains the change itself")
    parser.add_argument("--owner", metavar="DIR", help="with --folded: build the overlay in DIR and refuse when that is not so")
