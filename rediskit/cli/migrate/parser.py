"""The parser of `rediskit migrate`. Imports argparse alone, so that `--help` stays fast."""

from __future__ import annotations

from rediskit import TYPE_CHECKING
from rediskit.cli.options import (
    CHART,
    COMMON,
    CONFIG,
    CONTEXT,
    DRY_RUN,
    OFFLINE,
    OUTPUT,
    STRICT,
    Command,
    Group,
    Options,
    at,
    flag,
    text,
    value,
)
from rediskit.model.criteria import CRITERIA

if TYPE_CHECKING:
    from typing import Any

_CLIENT = value("--client", "NAME", "the client; required if several clients have a migration")
_SHARED = (CONFIG, _CLIENT, *COMMON)
_STEP = (*_SHARED, at("the time of the step"), DRY_RUN)
_TO = value("--to", "STEP", "the step that you expect: the command fails if it would go to another step")
_FROM = value(
    "--from",
    "FILE",
    "the output of helm template, kustomize build, kubectl get -o yaml or tofu show -json (-: standard input)",
    dest="source",
)
_GATES = (
    text("--reason", "TEXT", "a comment for migration.history"),
    text("--override", "REASON", "pass the gates window, secret and budget although they are blocked; the history records REASON"),
    flag("--confirm-irreversible", "confirm the step decommission: after this step, no rollback is possible"),
)
_REASON = text("--reason", "TEXT", "the reason; required, and recorded in migration.history")
_EMPTY = text("--override", "REASON", "go back to an old Redis whose data decommission removed; the history records REASON")
_EDITS = "The command changes only the migration of the client in the config, and prints the diff."
_NEXT = "Then run rediskit render and commit. If the step changes the application repository, also run rediskit migrate export."


def migrate() -> Command:
    """Return `migrate` with its subcommands."""
    return Command(
        "move an application to the shared Redis, step by step",
        "Move an application to the shared Redis, step by step. Each step changes the manifests of at most one repository. rediskit "
        "migrate step runs a whole step. The commands advance, back and rollback edit only the config. A rollback to the old Redis is "
        "possible from the step scale-down to the step validate. After decommission, a step back creates the old objects again, without "
        "data.",
        examples=("rediskit migrate status", "rediskit migrate plan --markdown", "rediskit migrate advance --dry-run"),
        commands={
            "status": _status,
            "plan": _plan,
            "step": _step,
            "advance": _advance,
            "back": _back,
            "rollback": _rollback,
            "export": _export,
            "verify": _verify,
            "scan": _scan,
            "record": _record,
        },
    )


def _status() -> Command:
    return Command(
        "show the current step of each client and the gates of its next step",
        "Show the step of each client and the possible next steps. A gate is a condition for a step: it passes or is blocked. With "
        "--live, also show the last results of the verification Jobs. The exit code is then 1 if a Job failed, 3 if a result is unknown.",
        module="migrate.status",
        options=(
            *(*_SHARED, at("the time at which the gates are evaluated"), CONTEXT),
            flag("--live", "read the last results of the verification Jobs with kubectl"),
        ),
        examples=(
            "rediskit migrate status",
            "rediskit migrate status --live",
            "rediskit migrate status config/chocolandia.yaml --at 2026-03-01T22:00:00-03:00",
        ),
    )


def _plan() -> Command:
    markdown = flag("--markdown", "print a page for a change request or a ticket")
    return Command(
        "show every remaining step with its changes",
        "Show every remaining step: repository, changed objects and values, commands, gates, downtime and rollback. It writes nothing "
        "and does not depend on the current time.",
        module="migrate.plan",
        options=(*_SHARED, markdown),
        examples=("rediskit migrate plan", "rediskit migrate plan --client beersystem --markdown"),
    )


def _step() -> Command:
    return Command(
        "run a whole step: edit the config, render, commit, push, wait and verify",
        "Run the whole next step: test the gates, edit the config, render, check, export to the checkout of the application repository, "
        "commit, push, refresh the GitOps tool, wait and verify. --wait includes --push, and --push includes --commit. Without these "
        "options, nothing is committed. To continue an interrupted step, run the same command again. The exit code is 1 after a failed "
        "verification, and 3 if a result is unknown.",
        module="migrate.step",
        options=(
            *(*_SHARED, OUTPUT, at("the time of the step"), CHART, CONTEXT, _TO),
            value(
                "--checkout",
                "DIR",
                "the checkout of the application repository (default: from .rediskit.local.yaml or $REDISKIT_CHECKOUTS)",
            ),
            flag("--commit", "commit in the repositories that change"),
            flag("--push", "push the commits"),
            flag("--wait", "refresh Argo CD or Flux, wait until the step is live and healthy, and verify it"),
            flag("--no-verify", "do not verify the step after the wait"),
            text("--branch", "NAME", "commit to and push this branch, for a pull request"),
            value("--timeout", "SECONDS", "the maximum time of the wait (default: 600)", type=float, default=600.0),
            *_GATES,
        ),
        examples=(
            "rediskit migrate step config/chocolandia.yaml --client beersystem --to scale-down --commit --push --wait",
            "rediskit migrate step --checkout ../beersystem --commit --push --branch move-beersystem",
        ),
        dry_run=False,
    )


def _advance() -> Command:
    return Command(
        "edit the config: go one step forward",
        f"Go one step forward in the config if all gates of the step pass. {_EDITS} {_NEXT}",
        module="migrate.move",
        options=(*_STEP, _TO, *_GATES),
        examples=(
            "rediskit migrate advance --dry-run",
            "rediskit migrate advance --to scale-down",
            "rediskit migrate advance --to decommission --confirm-irreversible",
        ),
    )


def _back() -> Command:
    return Command(
        "edit the config: go one step back",
        f"Go one step back in the config, for example after a step that you took too early. {_EDITS} {_NEXT}",
        module="migrate.move",
        options=(*_STEP, _TO, _REASON, _EMPTY),
        examples=('rediskit migrate back --reason "the window is cancelled"',),
    )


def _rollback() -> Command:
    return Command(
        "edit the config: roll back to the old Redis",
        "Set the step rolled-back in the config: the application uses its old Redis again. This is possible from the step scale-down to "
        f"the step validate. Data in the shared Redis is not copied back, and stays there until you delete it. {_EDITS} {_NEXT}",
        module="migrate.move",
        options=(*_STEP, _REASON, _EMPTY),
        examples=('rediskit migrate rollback --reason "logins fail"',),
    )


def _export() -> Command:
    return Command(
        "write the files of the step to the application repository",
        "Write the files of the client's current step to a checkout of the application repository. First, rediskit builds the overlay in "
        "a temporary copy. If the build differs from the expected state, rediskit writes nothing. Without --offline, kustomize downloads "
        "remote bases.",
        module="migrate.export",
        options=(
            *(*_SHARED, at("the time to record"), CHART, OFFLINE, DRY_RUN, STRICT),
            value(
                "--to",
                "DIR",
                "the directory in the checkout that gets the files, usually the overlay that Argo CD or Flux builds",
                required=True,
            ),
            value("--overlay", "DIR", "the overlay that Argo CD or Flux builds, if it is not --to"),
            flag("--force", "discard manual edits of generated files"),
        ),
        examples=("rediskit migrate export --to ../beersystem/deploy/overlays/prod --dry-run",),
    )


def _verify() -> Command:
    return Command(
        "compare the application with the current step",
        "Compare the workloads of the client with the state that the current step requires. rediskit reads them from the cluster or "
        "from the output of a program. If they differ, the output lists every difference and the exit code is 1. The next "
        "step requires a run with --record if owner.kind is manifests, helm-values, tfvars or external, or if a container sets external. "
        "--record also renders the config again.",
        module="migrate.verify",
        options=(
            *(*_SHARED, OUTPUT, at("the time of the verification"), CONTEXT, DRY_RUN),
            _FROM,
            flag("--live", "read the objects in the cluster with kubectl; no Secret is read"),
            flag("--record", "record the result as evidence in the config"),
            text("--observed", "TEXT", "with --record: how you verified a configuration file of the application that rediskit can't read"),
        ),
        examples=(
            "rediskit migrate verify --live --record",
            "helm template shop oci://registry.example.org/shop -f values.yaml | rediskit migrate verify --from -",
            "tofu show -json | rediskit migrate verify --from - --record",
        ),
    )


def _scan() -> Command:
    return Command(
        "search the cluster for users of the old Redis, without a checkout",
        "Search the live objects of all namespaces, or the output of a program, for uses of the old Redis. The output "
        "lists certain and possible uses, and the exit code is 1 if a use is certain. If owner.kind is external or tfvars and you have "
        "no checkout, the step decommission requires this scan with --record. With a checkout, use rediskit check --owner.",
        module="migrate.scan",
        options=(
            *(*_SHARED, OUTPUT, at("the time of the scan"), CONTEXT, DRY_RUN, _FROM),
            flag("--live", "read the objects in the cluster with kubectl; no Secret is read"),
            flag("--record", "record the result as evidence in the config; only at the step validate"),
            text("--observed", "TEXT", "with --record: read nothing; TEXT describes how you searched"),
        ),
        examples=(
            "rediskit migrate scan --client beersystem --live",
            "rediskit migrate scan --client beersystem --live --record",
            "tofu show -json | rediskit migrate scan --client beersystem --from - --record",
        ),
    )


def _record() -> Command:
    return Command(
        "record evidence for the gates",
        "Record evidence in the config: the gates of the next steps need it. The command changes the migration of the client in the "
        "config, prints the diff, and renders the config again.",
        module="migrate.record",
        options=(*_SHARED, OUTPUT, at("the time of the observation"), CONTEXT, DRY_RUN, *_evidence()),
        examples=(
            "rediskit migrate record --measure --from 2026-03-01T22:00:00-03:00",
            "rediskit migrate record --criterion functions-verified --criterion no-user-reports",
            "rediskit migrate record --down-from 2026-03-01T22:01:00-03:00 --down-until 2026-03-01T22:08:00-03:00",
            "rediskit migrate record --drained --jobs",
            "rediskit migrate record --empty",
            "rediskit migrate record --installed",
            "rediskit migrate record --folded --owner ../beersystem/deploy/overlays/prod",
        ),
    )


def _evidence() -> tuple[Options, ...]:
    names = tuple(CRITERIA)
    criteria: dict[str, Any] = {"action": "append", "default": [], "choices": names}
    validation = (
        value("--criterion", "NAME", f"record that a criterion of the validation is met: {', '.join(names)}", **criteria),
        value("--failed", "NAME", "record that a criterion of the validation is not met", **criteria),
        text("--from", "TIME", "the start of the validation (default: the time of scale-up)", dest="start"),
        text("--until", "TIME", "the end of the validation (default: --at)"),
        flag("--measure", "measure restarts, errors, connections and latency, with kubectl and Prometheus"),
        text("--dispute", "REASON", "with --criterion: why the criterion is met although its measurement failed"),
        text("--prometheus", "URL", "with --measure: the URL of Prometheus (default: its Service, through kubectl)"),
        text("--notes", "TEXT", "add other observations"),
    )
    queues = (
        flag("--drained", "read the queues in the old Redis with kubectl, and record that they are empty"),
        flag("--jobs", "read the Jobs of the CronJobs with kubectl, and record that none is running"),
        text("--discard", "REASON", "with --drained: accept the loss of the remaining tasks"),
        flag("--empty", "read the databases of the client in the shared Redis with kubectl, and record that they are empty"),
        text("--keep", "REASON", "with --empty: accept that the application starts with the keys in its databases"),
        text("--observed", "TEXT", "with --drained, --jobs or --empty: do not run kubectl; TEXT describes how you verified it"),
    )
    return (
        Group("validation", validation),
        flag("--secret-seen", "record that the namespaces of Redis and of the client have the same Secret (secrets.mode manual)"),
        Group("queues, Jobs and databases", queues),
        flag("--installed", "read the HelmRelease with kubectl, and record that none of its settings undoes a step"),
        text("--down-from", "TIME", "the start of the downtime (default: the time of scale-down)"),
        text("--down-until", "TIME", "the end of the downtime (default: the time of scale-up)"),
        flag("--folded", "record that the base of the application repository contains the change, so that you can remove the Component"),
        value("--owner", "DIR", "with --folded: test the overlay in DIR, and fail if its base does not contain the change"),
        CHART,
    )
