"""The parser of `rediskit migrate`. Imports argparse alone, so that `--help` stays fast."""

from collections.abc import Sequence

from rediskit.cli.options import (
    CHART,
    COMMON,
    CONFIG,
    CONTEXT,
    DRY_RUN,
    OFFLINE,
    OUTPUT,
    STRICT,
    Commands,
    Parser,
    add_commands,
    at,
    command,
    option,
)
from rediskit.model.criteria import CRITERIA

_CLIENT = option("--client", metavar="NAME", help="the client; required if several clients have a migration")
_SHARED = (CONFIG, _CLIENT, *COMMON)
_STEP = (*_SHARED, at("the time of the step"), DRY_RUN)
_EDITS = "The command changes only the migration of the client in the config, and prints the diff."
_NEXT = "Then run rediskit render and commit. If the step changes the application repository, also run rediskit migrate export."


def add(commands: Commands, words: Sequence[str] | None = None) -> None:
    """Add `migrate` and its subcommands."""
    migrate = command(
        commands,
        "migrate",
        "move an application to the shared Redis, step by step",
        "Move an application to the shared Redis, step by step. Each step changes the manifests of at most one repository. rediskit "
        "migrate step runs a whole step. The commands advance, back and rollback edit only the config. A rollback to the old Redis is "
        "possible from the step scale-down to the step validate. After decommission, a step back creates the old objects again, without "
        "data.",
        examples=("rediskit migrate status", "rediskit migrate plan --markdown", "rediskit migrate advance --dry-run"),
    )
    actions = {
        "status": _status,
        "plan": _plan,
        "step": _step,
        "advance": _advance,
        "back": _back,
        "rollback": _rollback,
        "export": _export,
        "verify": _verify,
        "record": _record,
    }
    add_commands(migrate, "action", actions, words)


def _status(actions: Commands) -> None:
    command(
        actions,
        "status",
        "show the step of each client and the gates of the next one",
        "Show the step of each client and the possible next steps. A gate is a condition for a step: it passes or is blocked.",
        module="migrate.status",
        parents=(*_SHARED, at("the time at which the gates are evaluated")),
        examples=("rediskit migrate status", "rediskit migrate status config/chocolandia.yaml --at 2026-03-01T22:00:00-03:00"),
    )


def _plan(actions: Commands) -> None:
    parser = command(
        actions,
        "plan",
        "show every remaining step with its changes",
        "Show every remaining step: repository, changed objects and values, commands, gates, downtime and rollback. "
        "It writes nothing and does not depend on the current time.",
        module="migrate.plan",
        parents=_SHARED,
        examples=("rediskit migrate plan", "rediskit migrate plan --client beersystem --markdown"),
    )
    parser.add_argument("--markdown", action="store_true", help="print a page for a change request or a ticket")


def _step(actions: Commands) -> None:
    parser = command(
        actions,
        "step",
        "run a whole step: edit the config, render, commit, push and wait",
        "Run the whole next step: test the gates, edit the config, render, check, export to the checkout of the application repository, "
        "commit, push, refresh Argo CD or Flux, and wait. --wait includes --push, and --push includes --commit. Without these options, "
        "nothing is committed. To continue an interrupted step, run the same command again.",
        module="migrate.step",
        parents=(*_SHARED, OUTPUT, at("the time of the step"), CONTEXT),
        examples=(
            "rediskit migrate step config/chocolandia.yaml --client beersystem --to scale-down --commit --push --wait",
            "rediskit migrate step --checkout ../beersystem --commit --push --branch move-beersystem",
        ),
    )
    _target(parser)
    parser.add_argument(
        "--checkout",
        metavar="DIR",
        help="the checkout of the application repository (default: from .rediskit.local.yaml or $REDISKIT_CHECKOUTS)",
    )
    parser.add_argument("--commit", action="store_true", help="commit in the repositories that change")
    parser.add_argument("--push", action="store_true", help="push the commits")
    parser.add_argument("--wait", action="store_true", help="refresh Argo CD or Flux, and wait until the step is live and healthy")
    parser.add_argument("--branch", default="", metavar="NAME", help="commit to and push this branch, for a pull request")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="the maximum time of the wait (default: 600)")
    _gate_options(parser)
    parser.set_defaults(dry_run=False)


def _advance(actions: Commands) -> None:
    parser = command(
        actions,
        "advance",
        "edit the config: go one step forward",
        f"Go one step forward in the config if all gates of the step pass. {_EDITS} {_NEXT}",
        module="migrate.move",
        parents=_STEP,
        examples=(
            "rediskit migrate advance --dry-run",
            "rediskit migrate advance --to scale-down",
            "rediskit migrate advance --to decommission --confirm-irreversible",
        ),
    )
    _target(parser)
    _gate_options(parser)


def _gate_options(parser: Parser) -> None:
    parser.add_argument("--reason", default="", metavar="TEXT", help="a comment for migration.history")
    parser.add_argument(
        "--override",
        default="",
        metavar="REASON",
        help="pass the gates window, secret and budget although they are blocked; the history records REASON",
    )
    parser.add_argument(
        "--confirm-irreversible", action="store_true", help="confirm the step decommission: after this step, no rollback is possible"
    )


def _back(actions: Commands) -> None:
    parser = command(
        actions,
        "back",
        "edit the config: go one step back",
        f"Go one step back in the config, for example after a step that you took too early. {_EDITS} {_NEXT}",
        module="migrate.move",
        parents=_STEP,
        examples=('rediskit migrate back --reason "the window is cancelled"',),
    )
    _target(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="the reason; required, and recorded in migration.history")


def _rollback(actions: Commands) -> None:
    parser = command(
        actions,
        "rollback",
        "edit the config: roll back to the old Redis",
        "Set the step rolled-back in the config: the application uses its old Redis again. This is possible from the step scale-down to "
        f"the step validate. Data in the shared Redis is not copied back. {_EDITS} {_NEXT}",
        module="migrate.move",
        parents=_STEP,
        examples=('rediskit migrate rollback --reason "logins fail"',),
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="the reason; required, and recorded in migration.history")


def _target(parser: Parser) -> None:
    parser.add_argument(
        "--to",
        metavar="STEP",
        help="the step that you expect: the command fails if it would go to another step",
    )


def _export(actions: Commands) -> None:
    parser = command(
        actions,
        "export",
        "write the files of the step to the application repository",
        "Write the files of the client's current step to a checkout of the application repository. First, rediskit builds the overlay in "
        "a temporary copy. If the build differs from the expected state, rediskit writes nothing. Without --offline, kustomize downloads "
        "remote bases.",
        module="migrate.export",
        parents=(*_SHARED, at("the time to record"), CHART, OFFLINE, DRY_RUN, STRICT),
        examples=("rediskit migrate export --to ../beersystem/deploy/overlays/prod --dry-run",),
    )
    parser.add_argument(
        "--to",
        required=True,
        metavar="DIR",
        help="the directory in the checkout that gets the files, usually the overlay that Argo CD or Flux builds",
    )
    parser.add_argument("--overlay", metavar="DIR", help="the overlay that Argo CD or Flux builds, if it is not --to")
    parser.add_argument("--force", action="store_true", help="discard manual edits of generated files")


def _verify(actions: Commands) -> None:
    parser = command(
        actions,
        "verify",
        "compare the application with the current step",
        "Compare the workloads of the client with the state that its step requires, in the output of a program or in the cluster. The exit "
        "code is 1 if they differ, and the output lists every difference. If no build validates the application, the next step needs the "
        "record of this command (--record).",
        module="migrate.verify",
        parents=(*_SHARED, at("the time of the verification"), CONTEXT, DRY_RUN),
        examples=(
            "rediskit migrate verify --live --record",
            "helm template shop oci://registry.example.org/shop -f values.yaml | rediskit migrate verify --from -",
            "tofu show -json | rediskit migrate verify --from - --record",
        ),
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="the output of helm template, kustomize build, kubectl get -o yaml or tofu show -json (-: standard input)",
    )
    parser.add_argument("--live", action="store_true", help="read the objects in the cluster with kubectl; no Secret is read")
    parser.add_argument("--record", action="store_true", help="record the result as evidence in the config")
    parser.add_argument(
        "--observed", default="", metavar="TEXT", help="with --record: how you verified a config file that no object contains"
    )


def _record(actions: Commands) -> None:
    parser = command(
        actions,
        "record",
        "record evidence for the gates",
        f"Record evidence in the config: the gates of the next steps need it. {_EDITS}",
        module="migrate.record",
        parents=(*_SHARED, at("the time of the observation"), CONTEXT, DRY_RUN),
        examples=(
            "rediskit migrate record --measure --from 2026-03-01T22:00:00-03:00",
            "rediskit migrate record --criterion functions-verified --criterion no-user-reports",
            "rediskit migrate record --down-from 2026-03-01T22:01:00-03:00 --down-until 2026-03-01T22:08:00-03:00",
            "rediskit migrate record --drained --jobs",
            "rediskit migrate record --installed",
            "rediskit migrate record --folded --owner ../beersystem/deploy/overlays/prod",
        ),
    )
    names, metavar = tuple(CRITERIA), "NAME"
    validation = parser.add_argument_group("validation")
    validation.add_argument(
        "--criterion",
        action="append",
        default=[],
        choices=names,
        metavar=metavar,
        help=f"record that a criterion of the validation is met: {', '.join(names)}",
    )
    validation.add_argument(
        "--failed", action="append", default=[], choices=names, metavar=metavar, help="record that a criterion of the validation is not met"
    )
    validation.add_argument(
        "--from", default="", dest="start", metavar="TIME", help="the start of the validation (default: the time of scale-up)"
    )
    validation.add_argument("--until", default="", metavar="TIME", help="the end of the validation (default: --at)")
    validation.add_argument(
        "--measure", action="store_true", help="measure restarts, errors, connections and latency, with kubectl and Prometheus"
    )
    validation.add_argument(
        "--dispute", default="", metavar="REASON", help="with --criterion: why the criterion is met although its measurement failed"
    )
    validation.add_argument(
        "--prometheus", default="", metavar="URL", help="with --measure: the URL of Prometheus (default: its Service, through kubectl)"
    )
    validation.add_argument("--notes", default="", metavar="TEXT", help="add other observations")
    parser.add_argument(
        "--secret-seen",
        action="store_true",
        help="record that the namespaces of Redis and of the client have the same Secret (secrets.mode manual)",
    )
    queues = parser.add_argument_group("queues and Jobs")
    queues.add_argument(
        "--drained", action="store_true", help="read the queues in the old Redis with kubectl, and record that they are empty"
    )
    queues.add_argument("--jobs", action="store_true", help="read the Jobs of the CronJobs with kubectl, and record that none is running")
    queues.add_argument(
        "--observed", default="", metavar="TEXT", help="with --drained or --jobs: do not run kubectl; TEXT describes how you verified it"
    )
    queues.add_argument("--discard", default="", metavar="REASON", help="with --drained: accept the loss of the remaining tasks")
    parser.add_argument(
        "--installed", action="store_true", help="read the HelmRelease with kubectl, and record that none of its settings undoes a step"
    )
    parser.add_argument("--down-from", default="", metavar="TIME", help="the start of the downtime (default: the time of scale-down)")
    parser.add_argument("--down-until", default="", metavar="TIME", help="the end of the downtime (default: the time of scale-up)")
    parser.add_argument(
        "--folded",
        action="store_true",
        help="record that the base of the application repository contains the change, so that you can remove the Component",
    )
    parser.add_argument(
        "--owner", metavar="DIR", help="with --folded: test the overlay in DIR, and fail if its base does not contain the change"
    )
