"""The status of a migration: the current step, the possible transitions, their gates and their warnings."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem
from rediskit.migrate.other_configs import gone_elsewhere, losing_elsewhere, users_elsewhere
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_local
from rediskit.model.migration import Migration, Step
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.required import digest, hidden
from rediskit.renderers.pages.runbook import stays_in_shared, stopped_with_pods
from rediskit.renderers.pages.uses import NOT_VISIBLE, STAYS, other_scan
from rediskit.renderers.secret_forms import has_secret
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import seconds_between
from rediskit.state_machine.effects import carriers, data_removed, decommissions, down_since, effects, moved, removes
from rediskit.state_machine.gates import evaluate
from rediskit.state_machine.situation import GateResult, Situation
from rediskit.state_machine.transitions import Repository, Transition, lost_for_good, migration_of
from rediskit.usage.clients import LISTED, gone_by, losing_rollback, users


class TransitionStatus(NamedTuple):
    """A transition, the repository that it changes, its gates, and what to know before it."""

    transition: Transition
    repository: Repository
    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...]

    @property
    def blocked(self) -> tuple[GateResult, ...]:
        """The gates that are blocked."""
        return tuple(gate for gate in self.gates if gate.blockers)


class Status(NamedTuple):
    """The status of a client.

    Attributes:
        since: The time of the step; "" without history.
        down: The time at which the application stopped; "" if it runs.
        spent, budget: Seconds of downtime until now, and those that are allowed.
    """

    client: str
    step: Step
    since: str
    meaning: str
    down: str
    spent: float
    budget: float
    transitions: tuple[TransitionStatus, ...]


def clients_of(environment: Environment, name: str | None) -> tuple[Client, ...]:
    """Return the clients with a migration, or the one with a name. Raises ConfigError if there is none."""
    migrating = tuple(client for client in environment.clients if client.migration is not None)
    selected = tuple(client for client in migrating if name in (None, client.name))
    if selected:
        return selected
    names = ", ".join(client.name for client in migrating)
    message = f"client {name} has no migration" if name else "no client has a migration"
    raise ConfigError(Problem(message, f"choose one of: {names}" if names else "add migration: {step: prepare} to a client"))


def one_client(environment: Environment, name: str | None) -> Client:
    """Return the client with a name, or the only one with a migration. Raises ConfigError if there are several."""
    clients = clients_of(environment, name)
    if len(clients) > 1:
        names = ", ".join(client.name for client in clients)
        raise ConfigError(Problem(f"{len(clients)} clients have a migration", f"choose one with --client: {names}"))
    return clients[0]


def status_of_all(environment: Environment, clients: Sequence[Client], times: Sequence[str]) -> list[Status]:
    """Return the status of each client at its time. The work grows with the number of clients, not with its square."""
    carrying = carriers(environment)
    return [status(environment, client, at, carrying) for client, at in zip(clients, times, strict=True)]


def status(environment: Environment, client: Client, at: str, carrying: frozenset[str] | None = None) -> Status:
    """Return the status of a client at a Timestamp. carrying: the result of `effects.carriers`, if the caller has it."""
    migration = migration_of(client)
    down = down_since(migration)
    options = [
        transition_status(situation_of(environment, client, transition, at, carrying)._replace(reason="given with the step"))
        for transition in transitions.available(migration)
    ]
    last = migration.history[-1].at if migration.history else ""
    spent = seconds_between(down.at, at) if down else 0.0
    meaning = transitions.stage(client, migration.step).meaning
    budget = float(migration.budgets.downtime.amount)
    return Status(client.name, migration.step, last, meaning, down.at if down else "", spent, budget, tuple(options))


def situation_of(
    environment: Environment, client: Client, transition: Transition, at: str, carrying: frozenset[str] | None = None
) -> Situation:
    """Return a client before a transition, with the facts from the config. carrying: as in `status`."""
    migration = migration_of(client)
    codes = transitions.gates(transition, client, migration)
    used = (*users(environment, client), *users_elsewhere(environment, client)) if "old-redis" in codes else ()
    other = gone_by(environment, client) if "old-redis-exists" in codes else None
    elsewhere = gone_elsewhere(environment, client) if "old-redis-exists" in codes else ""
    return Situation(
        environment,
        client,
        transition,
        moved(migration, transition.target, at),
        at,
        secret=secret_in_tree(environment, client),
        carriers=carriers(environment) if carrying is None else carrying,
        still_used=tuple((user.message, user.hint) for user in used if user.strength == "certain"),
        removed_by=other.name if other else elsewhere,
        required=digest(environment, client) if {"verified", "folded"}.intersection(codes) else "",
    )


def transition_status(situation: Situation) -> TransitionStatus:
    """Return a transition with its evaluated gates."""
    repository = repository_of(situation)
    warnings = (*_warnings(situation, repository), *_not_visible(situation), *_other_scan(situation))
    return TransitionStatus(situation.transition, repository, evaluate(situation), warnings)


def _not_visible(situation: Situation) -> Iterator[str]:
    """Yield the config files that a step changes and that no manifest shows."""
    if situation.after.step != "complete" and effects(situation.after).switched != effects(situation.migration).switched:
        yield from (f"{place.file} of {place.object}: {NOT_VISIBLE}" for place in hidden(situation.client))


def _other_scan(situation: Situation) -> Iterator[str]:
    """Yield before `decommission` that the evidence against uses of the old Redis is no scan of the application repository."""
    if situation.transition.target == "decommission":
        yield from other_scan(situation.client)


def repository_of(situation: Situation) -> Repository:
    """Return the repository that a step changes. Another client can keep the release deployed."""
    client, carrying = situation.client, situation.carriers
    by_others = len(carrying) > (client.name in carrying)
    changes = bool(carrying) != (by_others or effects(situation.after).release)
    return transitions.repository(situation.migration, situation.after, release_changes=changes, removes=decommissions(client))


def repository_of_step(environment: Environment, client: Client) -> Repository:
    """Return the repository that the current step of a client has changed; `none` before the first step."""
    migration = migration_of(client)
    if not migration.history:
        return "none"
    step = migration.history[-2].step if len(migration.history) > 1 else "prepare"
    before = migration.model_copy(update={"history": migration.history[:-1], "step": step})
    earlier = replaced(environment, client, before)
    options = (transition for transition in transitions.available(before) if transition.target == migration.step)
    transition = next(options, Transition("forward", step, migration.step))
    return repository_of(situation_of(earlier, one_client(earlier, client.name), transition, migration.history[-1].at))


def replaced(environment: Environment, client: Client, migration: Migration) -> Environment:
    """Return the environment with another migration of a client. Nothing is validated."""
    clients = tuple(
        other.model_copy(update={"migration": migration}) if other.name == client.name else other for other in environment.clients
    )
    return environment.model_copy(update={"clients": clients})


def _warnings(situation: Situation, repository: Repository) -> Iterator[str]:
    """Yield what a step takes away, and what a later rollback loses."""
    client, migration, transition = situation.client, situation.migration, situation.transition
    old, new = effects(migration), effects(situation.after)
    removed = ", ".join(client.previous.remove) if client.previous else ""
    if new.stopped and not old.stopped:
        yield f"the application is down from this step on; the budget is {migration.budgets.downtime}"
    local = is_local(client)
    if local and ((new.stopped and not old.stopped) or transition.kind == "rollback"):
        stopped = stopped_with_pods(client)
        yield stopped[0].lower() + stopped[1:]
    if new.stopped and not old.stopped and "queue" in client.use:
        yield f"let the workers empty the queues before this step; {STAYS}"
    if transition == Transition("forward", "reconfigure", "scale-up"):
        yield "after this step, a rollback does not copy back the data that the application writes to the shared Redis"
    if transition.kind == "rollback" and old.restored:
        since = f" since {migration.running_since.at}" if migration.running_since else ""
        yield f"data that the application wrote to the shared Redis{since} is not copied back{'' if local else _old_state(client)}"
        yield stays_in_shared(client)
    if transition.target == "decommission" and removes(client):
        if situation.confirm_irreversible:  # Without the confirmation, the blocked gate contains this text.
            yield lost_for_good(client)
        yield from _losing_rollback(situation.environment, client)
        carrier = "Application or Kustomization that deploys the application"
        yield f"{removed}: deleted only if pruning is on in the {carrier}; verify this before the step"
    if old.removed and not new.removed and transition.kind == "back" and removed:
        has_data = client.previous is not None and client.previous.data == "keep"
        yield f"this step creates {removed} again, {'with the kept volume' if has_data else 'without data'}"
    if repository == "ours" and old.release and not new.release:
        environment = situation.environment
        kind, name = "Application" if environment.gitops.tool == "argocd" else "HelmRelease", release_of(environment).name
        yield f"the rendered manifests no longer contain the shared Redis {name}; it runs until you delete its {kind}, and its volumes stay"


def _old_state(client: Client) -> str:
    """Return what data the old Redis has after a rollback, as the end of a sentence."""
    gone = data_removed(client, migration_of(client))
    return f": decommission at {gone.at} removed the old Redis with its data" if gone else ": the old Redis has its state of scale-down"


def _losing_rollback(environment: Environment, client: Client) -> Iterator[str]:
    """Yield the other clients that cannot roll back once the old Redis is removed."""
    others = chain(losing_rollback(environment, client), losing_elsewhere(environment, client))
    names = list(islice(others, LISTED + 1))
    yield from (f"{name} cannot roll back after this step: it has the same old Redis" for name in names[:LISTED])
    if len(names) > LISTED:
        yield f"more than {LISTED} clients cannot roll back after this step: they have the same old Redis"


def secret_in_tree(environment: Environment, client: Client) -> bool:
    """Return whether the rendered manifests contain the Secret of Redis and of a client; never with `secrets.mode: manual`."""
    return all(has_secret(environment, namespace) for namespace in (environment.redis.namespace, client.namespace))
