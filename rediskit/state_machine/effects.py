"""The migration as a state machine: which steps follow one another, and what each of them has put into effect (design §4).

Everything rendered follows from `Effects`, never from the name of a step.
"""

from __future__ import annotations

from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Entry, Migration, Order, Step


class Effects(NamedTuple):
    """What is true of a client once a step is in Git.

    release: the shared Redis runs. stopped: the application is scaled to 0. switched: its environment names the shared
    Redis. restored: its original replicas are written out. removed: the old Redis is out of the owner's build.
    """

    release: bool = False
    stopped: bool = False
    switched: bool = False
    restored: bool = False
    removed: bool = False

    @property
    def owner_is_untouched(self) -> bool:
        """The owner's Component is the identity."""
        return not (self.stopped or self.switched or self.restored or self.removed)


_SETS: dict[Step, dict[str, bool]] = {
    "prepare": {},
    "scale-down": {"stopped": True},
    "deploy": {"release": True},
    "reconfigure": {"switched": True},
    "scale-up": {"stopped": False, "restored": True},
    "validate": {},
    "decommission": {"removed": True},
}
"""The one effect of each step on the way, on top of the steps before it."""

_ORDERS: dict[Order, tuple[Step, ...]] = {
    "scale-down-first": ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission"),
    "deploy-first": ("prepare", "deploy", "scale-down", "reconfigure", "scale-up", "validate", "decommission"),
}

assert all(set(step) <= set(Effects._fields) for step in _SETS.values())


def steps(order: Order) -> tuple[Step, ...]:
    """The way forward, from `prepare` to `complete`."""
    return (*_ORDERS[order], "complete")


def effects(migration: Migration | None) -> Effects:
    """What is in effect for a client. Without a migration it simply uses the release."""
    if migration is None or migration.step == "complete":
        return Effects(release=True)
    if migration.step == "rolled-back":
        return Effects(release=not migration.history or _kept(migration))
    result = Effects()
    for step in _ORDERS[migration.order]:
        result = result._replace(**_SETS[step])
        if step == migration.step:
            break
    return result._replace(release=result.release or _kept(migration))


def _kept(migration: Migration) -> bool:
    """Whether a rollback has left the release there, and nobody went back to `prepare` since.

    A rollback changes the owner's repository alone, and so does the way forward again from there: the table alone would remove a Redis
    at `scale-down` that the rollback had kept. A first entry `rolled-back` says nothing of before: the release stays.
    """
    way, release, kept = _ORDERS[migration.order], True, False
    for entry in migration.history:
        if entry.step == "rolled-back":
            kept = release
        elif entry.step == "prepare":
            release = kept = False
        else:
            release = kept or _reaches(way, entry.step)
    return kept


def _reaches(way: tuple[Step, ...], step: Step) -> bool:
    return step == "complete" or (step in way and way.index(step) >= way.index("deploy"))


def moved(migration: Migration, step: Step, at: str, reason: str | None = None) -> Migration:
    """The migration one step on, or back: step and history. Not validated: evidence and times are judged by whoever takes it."""
    entry = Entry.model_construct(step=step, at=at, reason=reason)
    return migration.model_copy(update={"step": step, "history": (*migration.history, entry)})


def removes(client: Client) -> bool:
    """Whether decommissioning takes anything out of the owner's build."""
    return client.previous is not None and bool(client.previous.remove)


def decommissions(client: Client) -> bool:
    """Whether decommissioning changes the owner's build at all: something goes, or what scales the workload is let go."""
    return removes(client) or (client.workload is not None and client.workload.autoscaler is not None)


def down_since(migration: Migration) -> Entry | None:
    """The step that took the application down, while it is down; None when it runs, or when the history does not say."""
    found = None
    for number, entry in enumerate(migration.history, 1):
        stopped = effects(migration.model_copy(update={"step": entry.step, "history": migration.history[:number]})).stopped
        found = (found or entry) if stopped else None
    return found


def release_is_deployed(environment: Environment) -> bool:
    """Whether the shared Redis is in the tree: as soon as one client needs it, or none is on its way (design §4)."""
    return not environment.clients or bool(carriers(environment))


def carriers(environment: Environment) -> frozenset[str]:
    """Return the names of the clients that need the shared Redis."""
    return frozenset(client.name for client in environment.clients if effects(client.migration).release)


def owned(environment: Environment) -> tuple[Client, ...]:
    """The clients whose owners get a Component: those on their way."""
    return tuple(client for client in environment.clients if client.migration is not None)
