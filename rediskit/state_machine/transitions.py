"""The transitions between the steps of a migration, and the description and gates of each step.

`migrate status`, `plan` and `advance`, the README of the output directory and the runbooks use these tables.
"""

from typing import Literal, NamedTuple

from rediskit.errors import Problem, RefusedError
from rediskit.model.client import Client
from rediskit.model.local_redis import is_local
from rediskit.model.migration import Migration, Step
from rediskit.model.once import once
from rediskit.state_machine.effects import Effects, data_removed, effects, effects_at, empty_evidence, removes, starts_again, steps

Kind = Literal["forward", "back", "rollback"]
Repository = Literal["ours", "owner", "none"]
"""The repository in which a step changes applied objects; `none` for a step that only records."""

REPOSITORIES: dict[Repository, str] = {
    "ours": "this repository",
    "owner": "the application repository",
    "none": "only the config",
}
"""What a step changes, in words: the object of "it changes"."""


class Transition(NamedTuple):
    """A transition from one step to another."""

    kind: Kind
    source: Step
    target: Step


class Stage(NamedTuple):
    """The description of a step.

    Attributes:
        meaning: The state once the step is in effect.
        precondition: The state that is needed before the step is committed.
        gates: The codes of its gates in `gates.GATES`.
        verify: The state to verify once the step is applied.
        expected: Minutes until the step is in effect and verified, with a refresh; an estimate for the plan.
    """

    meaning: str
    precondition: str
    gates: tuple[str, ...]
    verify: str
    expected: int = 0


STAGES: dict[Step, Stage] = {
    "prepare": Stage(
        "the namespace and the Secrets are created; the application uses its old Redis",
        "",
        (),
        "the namespace of Redis exists, and the namespaces of Redis and of the client have the Secret",
    ),
    "scale-down": Stage(
        "the application is scaled to 0",
        "the maintenance window has started, and the namespaces of Redis and of the client have the Secret",
        ("window", "secret", "replicas", "installed", "empty"),
        "the application has no pods",
        1,
    ),
    "deploy": Stage(
        "the shared Redis runs; the application does not use it yet",
        "the application is down",
        (),
        "both instances are ready, the replica is connected, and the Service has its address",
        3,
    ),
    "reconfigure": Stage(
        "the environment variables of the application point to the shared Redis; the application is still scaled to 0",
        "both instances of the shared Redis run, and the Service has its address",
        ("jobs", "drained", "empty"),
        "the variables contain the new host and reference the Secret",
        1,
    ),
    "scale-up": Stage(
        "the application runs on the shared Redis, with its original number of replicas",
        "the application repository points to the shared Redis, and the downtime is within budget",
        ("empty", "budget"),
        "every replica is ready, the log has no errors, and CLIENT LIST contains the addresses of the pods",
        1,
    ),
    "validate": Stage(
        "the application runs on the shared Redis and is monitored for at least 24 hours; the old Redis still runs",
        "the application is ready and works",
        (),
        "the six criteria of the validation are met for at least 24 hours",
    ),
    "decommission": Stage(
        "the old Redis is removed from the application repository",
        "24 hours of validation and the six criteria are recorded, and nothing uses the old Redis",
        ("evidence", "old-redis", "scan", "old-data", "irreversible"),
        "the objects of the old Redis are deleted, and the application works",
    ),
    "complete": Stage(
        "the base of the application repository contains the change, and rediskit changes nothing there",
        "the base of the application repository contains the variables and the removal",
        ("folded",),
        "the application runs as before",
    ),
    "rolled-back": Stage(
        "the application uses its old Redis again, as before scale-down",
        "",
        (),
        "every replica is ready on the old Redis",
        1,
    ),
}


_WITHOUT_REMOVAL: dict[Step, Stage] = {
    "decommission": STAGES["decommission"]._replace(
        meaning="no rollback is possible; the old Redis runs until you remove it",
        verify="the application works",
    ),
    "complete": STAGES["complete"]._replace(precondition="the base of the application repository contains the variables"),
}
"""The steps whose description differs if `decommission` removes no object."""


def stage(client: Client, step: Step) -> Stage:
    """Return the description of a step of a client."""
    return STAGES[step] if removes(client) else _WITHOUT_REMOVAL.get(step, STAGES[step])


def available(migration: Migration) -> tuple[Transition, ...]:
    """Return the transitions from the current step: forward, back and rollback, as far as they exist."""
    targets: tuple[tuple[Kind, Step | None], ...] = (
        ("forward", next_step(migration)),
        ("back", previous_step(migration)),
        ("rollback", rollback_step(migration)),
    )
    return tuple(Transition(kind, migration.step, target) for kind, target in targets if target is not None)


def next_step(migration: Migration) -> Step | None:
    """Return the next step; None at the end. After a rollback it is the step that stops the application or deploys the release."""
    if migration.step == "rolled-back":
        return "scale-down" if migration.order == "scale-down-first" or effects(migration).release else "deploy"
    order = steps(migration.order)
    after = order[order.index(migration.step) + 1 :]
    return after[0] if after else None


def previous_step(migration: Migration) -> Step | None:
    """Return the step before; None at both ends. After a rollback it is `rolled-back`, so that back undoes forward exactly."""
    if migration.step in ("prepare", "complete"):
        return None
    if migration.step == "rolled-back":
        return "prepare"
    completed: list[Step] = []
    for entry in migration.history:
        if entry.step in ("prepare", "rolled-back"):
            completed = []
        elif entry.step in completed:
            del completed[completed.index(entry.step) :]
        completed.append(entry.step)
    if completed[-2:-1] == ["rolled-back"]:
        return "rolled-back"
    order = steps(migration.order)
    return order[order.index(migration.step) - 1]


def rollback_step(migration: Migration) -> Step | None:
    """Return `rolled-back` from scale-down to validate, where one commit restores the old Redis; else None."""
    order = steps(migration.order)
    reversible = order[order.index("scale-down") : order.index("validate") + 1]
    return "rolled-back" if migration.step in reversible else None


def gates(transition: Transition, client: Client, migration: Migration) -> tuple[str, ...]:
    """Return the codes of the gates of a transition, in the order of their evaluation. migration: the one before the transition."""
    if transition.kind != "forward":
        return ("history", "clock", "reason", "old-redis-exists", *(("old-redis-data",) if data_removed(client, migration) else ()))
    verified = ("verified",) if needs_verification(client, migration) else ()
    first = ("secret",) if transition.target == "deploy" and migration.order == "deploy-first" else ()
    local = ("drained", "old-data") if transition.target == "scale-down" and is_local(client) else ()
    codes = ("history", "clock", *verified, *first, *STAGES[transition.target].gates, *local)
    # The workers would run every task in the databases of the shared Redis. `drained` needs a command at this step anyway.
    # Their evidence is valid for the numbers of the config, which can change until the application starts there.
    is_start = transition.target == "scale-up" and bool(empty_evidence(client))
    is_queue = transition.target == "reconfigure" and "queue" in client.use
    omitted = {
        *(() if client.owner.is_helm_release else ("installed",)),
        *(() if "queue" in client.use and (local or not is_local(client)) else ("drained",)),
        *(() if client.cron_jobs else ("jobs",)),
        *(() if starts_again(migration) or is_queue or is_start else ("empty",)),
        *(() if client.owner.is_folded else ("folded",)),
    }
    return tuple(code for code in codes if code not in omitted)


def needs_verification(client: Client, migration: Migration) -> bool:
    """Return whether the last step changed something in the application that no build validates."""
    now, old = effects(migration), _effects_before(migration)
    if client.owner.is_verified:
        return now.of_owner != old.of_owner
    return now.switched != old.switched and any(
        container.external for workload in client.workloads for _, _, container in workload.redis_containers
    )


@once
def _effects_before(migration: Migration) -> Effects:
    """Return the effects before the last step. Without its history, a rollback started at `validate`."""
    step, history = previous_step(migration) or migration.step, migration.history[:-1]
    if history:
        step = history[-1].step
    elif migration.step == "rolled-back":
        step = "validate"
    return effects_at(step, migration.order, history)


def precondition(transition: Transition, client: Client, migration: Migration) -> str:
    """Return the state that is needed before a step forward is committed.

    A suspended CronJob starts no Job, but those that run continue.
    """
    if transition.target == "deploy" and migration.order == "deploy-first":
        return "the namespaces of Redis and of the client have the Secret"
    text = stage(client, transition.target).precondition
    if client.cron_jobs and transition.target == "reconfigure" and transition.kind == "forward":
        return f"{text}; no Job of {', '.join(client.cron_jobs)} is running"
    return text


def repository(migration: Migration, after: Migration, *, release_changes: bool = True, removes: bool = True) -> Repository:
    """Return the repository in which a step changes applied objects. It is never both, so that no two commits race.

    Args:
        release_changes: False if another client keeps the release deployed.
        removes: Whether `decommission` changes the application repository.
    """
    old, new = effects(migration), effects(after)
    if not removes:
        old, new = old._replace(removed=False), new._replace(removed=False)
    if old.of_owner != new.of_owner:
        return "owner"
    return "ours" if old.release != new.release and release_changes else "none"


def migration_of(client: Client) -> Migration:
    """Return the migration of a client. Raises RefusedError [not-migrating] if it has none."""
    if client.migration is None:
        raise RefusedError(Problem(f"{client.name} has no migration", "add migration: {step: prepare} to the client", code="not-migrating"))
    return client.migration


def transition_to(client: Client, kind: Kind, target: Step | None = None) -> Transition:
    """Return the transition of a kind from the current step of a client. `target` is the expected step; None for any.

    Refusals: [step-terminal], [step-first], [step-jump], [rollback-nothing], [rollback-too-late].
    """
    migration = migration_of(client)
    transition = next((option for option in available(migration) if option.kind == kind), None)
    if transition is None:
        raise RefusedError(_no_transition(client.name, migration, kind))
    if target not in (None, transition.target):
        step = {"forward": "the next step is", "back": "the previous step is", "rollback": "a rollback goes to"}[kind]
        hint = f"{step} {transition.target}: each step is one commit in one repository"
        message = f"{client.name} cannot go from {migration.step} to {target} in one step"
        raise RefusedError(Problem(message, hint, code="step-jump"))
    return transition


def _no_transition(name: str, migration: Migration, kind: Kind) -> Problem:
    step = migration.step
    if step == "complete":
        return Problem(
            f"{name} is at complete: the old Redis is removed, and the application repository contains the change",
            "change the application repository directly: there is no further step",
            code="step-terminal",
        )
    if kind == "back":
        return Problem(f"{name} is at {step}, the first step", "there is no step back from here", code="step-first")
    if step == "decommission":
        return Problem(
            f"{name} is at decommission: the old Redis is removed, so a rollback is not possible",
            "run rediskit migrate back first: it restores the objects of the old Redis, without their data",
            code="rollback-too-late",
        )
    return Problem(
        f"{name} is at {step}: the application uses its old Redis",
        "a rollback is possible from scale-down to validate: run rediskit migrate advance or back",
        code="rollback-nothing",
    )


def lost_for_good(client: Client) -> str:
    """Return in words what decommission removes and no later step restores."""
    if client.previous is None or not removes(client):
        return "a rollback is no longer possible; previous.remove is empty, so the old Redis stays until you remove it"
    data = "and keeps the volume" if client.previous.data == "keep" else "and migrate back creates them again without data"
    removed = ", ".join(client.previous.remove)
    return f"decommission removes {removed} from the application repository {data}; a rollback is no longer possible"
