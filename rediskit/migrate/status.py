"""Where each client stands: since when, what is next, which gate is open or shut and why, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rediskit.chart.names import Release
from rediskit.errors import ConfigError, Problem
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.renderers.helm import release_of
from rediskit.renderers.secret_forms import has_secret
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import seconds_between
from rediskit.state_machine.effects import carriers, decommissions, down_since, effects, moved, removes
from rediskit.state_machine.gates import GateResult, Situation, evaluate, lost_for_good
from rediskit.state_machine.transitions import Repository, Transition
from rediskit.usage.clients import gone_by, losing_rollback, users


class TransitionStatus(NamedTuple):
    """One way out of where a client stands: whose repository changes, the gates before it, what it costs."""

    transition: Transition
    repository: Repository
    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...]

    @property
    def blocked(self) -> tuple[GateResult, ...]:
        """Return the gates that are blocked."""
        return tuple(gate for gate in self.gates if gate.blockers)


class Status(NamedTuple):
    """Where one client stands. since: of the step; down: since when the application is down. Both "" where there is none."""

    client: str
    step: Step
    since: str
    meaning: str
    down: str
    spent: float
    budget: float
    transitions: tuple[TransitionStatus, ...]


def clients_of(environment: Environment, name: str | None) -> tuple[Client, ...]:
    """The clients on their way: the one that is named, or all. Raises ConfigError when there is none of this name, or none at all."""
    moving = tuple(client for client in environment.clients if client.migration is not None)
    if name is None and moving:
        return moving
    found = tuple(client for client in moving if client.name == name)
    if found:
        return found
    known = ", ".join(client.name for client in moving)
    message = f"no client {name} is on its way" if name else "no client is on its way"
    raise ConfigError(Problem(message, f"on their way: {known}" if known else "write migration: {step: prepare} into a client"))


def one_client(environment: Environment, name: str | None) -> Client:
    """The client that is meant: the one that is named, or the only one. Raises ConfigError when that is not clear."""
    found = clients_of(environment, name)
    if len(found) > 1:
        known = ", ".join(client.name for client in found)
        raise ConfigError(Problem(f"{len(found)} clients are on their way", f"name one with --client: {known}"))
    return found[0]


def status_of_all(environment: Environment, clients: Sequence[Client], times: Sequence[str]) -> list[Status]:
    """Return where each client stands at its time. The work grows with the number of clients, not with its square."""
    known = carriers(environment)
    return [status(environment, client, at, known) for client, at in zip(clients, times, strict=True)]


def status(environment: Environment, client: Client, at: str, known: frozenset[str] | None = None) -> Status:
    """Where a client stands at a time, a Timestamp. known: what `machine.carriers` returns for the environment."""
    migration = client.migration
    assert migration is not None
    down = down_since(migration)
    secret = secret_in_tree(environment, client)
    reason = "given with the step"
    possible = [
        transition_status(Situation(environment, client, transition, at, secret, reason, carriers=known))
        for transition in transitions.available(migration)
    ]
    last = migration.history[-1].at if migration.history else ""
    spent = seconds_between(down.at, at) if down else 0.0
    meaning = transitions.STAGES[migration.step].meaning
    budget = float(migration.budgets.downtime.amount)
    return Status(client.name, migration.step, last, meaning, down.at if down else "", spent, budget, tuple(possible))


def with_uses(situation: Situation) -> Situation:
    """Return the situation with what its gates need to know about the old Redis."""
    environment, client = situation.environment, situation.client
    codes = transitions.gates(situation.transition, situation.migration)
    used = users(environment, client) if "old-redis" in codes else []
    other = gone_by(environment, client) if "old-redis-there" in codes else None
    certain = tuple((user.message, user.hint) for user in used if user.strength == "certain")
    return replace(situation, still_used=certain, removed_by=other.name if other else "")


def transition_status(situation: Situation) -> TransitionStatus:
    """One way, judged."""
    return TransitionStatus(situation.transition, repository_of(situation), evaluate(with_uses(situation)), tuple(warnings(situation)))


def repository_of(situation: Situation) -> Repository:
    """Whose repository changes by a step, the other clients considered: one of them may keep the release there anyway."""
    after = moved(situation.migration, situation.transition.target, situation.at)
    known = carriers(situation.environment) if situation.carriers is None else situation.carriers
    by_others = len(known) > (situation.client.name in known)
    changes = bool(known) != (by_others or effects(after).release)
    return transitions.repository(situation.migration, after, release_changes=changes, removes=decommissions(situation.client))


def replaced(environment: Environment, client: Client, migration: Migration) -> Environment:
    """The environment with this client at another place of its way. Nothing is validated."""
    clients = tuple(
        other.model_copy(update={"migration": migration}) if other.name == client.name else other for other in environment.clients
    )
    return environment.model_copy(update={"clients": clients})


def warnings(situation: Situation) -> list[str]:
    """What to know before a step is taken, though no gate is shut: what it takes away, and what is lost by going back from there."""
    client, migration, transition = situation.client, situation.migration, situation.transition
    after = moved(migration, transition.target, situation.at)
    old, new = effects(migration), effects(after)
    found = []
    if new.stopped and not old.stopped:
        found.append(f"the application is down from here on; the budget is {migration.budgets.downtime}")
    if transition == Transition("forward", "reconfigure", "scale-up"):
        found.append("from here on a rollback loses what the application writes to the shared Redis")
    if transition.kind == "rollback" and old.restored:
        since = f" since {migration.running_since.at}" if migration.running_since else ""
        found.append(f"what the application wrote to the shared Redis{since} stays there: the old Redis is as it was at scale-down")
    remove = client.previous.remove if client.previous else ()
    if transition.target == "decommission" and removes(client):
        found += [lost_for_good(client)] if situation.confirm_irreversible else []  # the gate says it until somebody has said so
        found += [f"{name} has no rollback any more: its old Redis is the same" for name in losing_rollback(situation.environment, client)]
        found.append(f"{', '.join(remove)} go only if the owner's Application or Kustomization prunes: look before, and afterwards")
    if old.removed and not new.removed and transition.kind == "back" and remove:
        kept = client.previous is not None and client.previous.data == "keep"
        found.append(f"{', '.join(remove)} come back {'on the volume that was kept' if kept else 'empty: what they held is gone'}")
    if repository_of(situation) == "ours" and old.release and not new.release:
        found.append(_release_goes(situation.environment, release_of(situation.environment)))
    return found


def _release_goes(environment: Environment, release: Release) -> str:
    carrier = "Application" if environment.gitops.tool == "argocd" else "HelmRelease"
    return f"the shared Redis {release.name} leaves the tree; it runs on until a person deletes its {carrier}, and its volumes stay"


def secret_in_tree(environment: Environment, client: Client) -> bool:
    """Whether the tree brings the Secret of Redis and that of this client, in whatever form; never with `secrets.mode: manual`."""
    return all(has_secret(environment, namespace) for namespace in (environment.redis.namespace, client.namespace))
