"""The steps of a migration and their effects. Renderers use `Effects` and never the name of a step."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence
from rediskit.model.local_redis import is_local
from rediskit.model.migration import Entry, Migration, Order, Step, moment
from rediskit.model.once import once
from rediskit.model.step import ORDERS


class Effects(NamedTuple):
    """The state of a client once a step is committed.

    Attributes:
        release: The shared Redis is deployed.
        stopped: The application is scaled to 0.
        switched: The environment of the application references the shared Redis.
        restored: The original number of replicas is set.
        removed: The old Redis is removed from the build of the application repository.
    """

    release: bool = False
    stopped: bool = False
    switched: bool = False
    restored: bool = False
    removed: bool = False

    @property
    def of_owner(self) -> tuple[bool, ...]:
        """The effects on the application repository: all but `release`, which is the first."""
        return self[1:]

    @property
    def owner_is_untouched(self) -> bool:
        """Whether the files for the application repository change nothing."""
        return not any(self.of_owner)


_SETS: dict[Step, dict[str, bool]] = {
    "prepare": {},
    "scale-down": {"stopped": True},
    "deploy": {"release": True},
    "reconfigure": {"switched": True},
    "scale-up": {"stopped": False, "restored": True},
    "validate": {},
    "decommission": {"removed": True},
}
"""The effect of each step, in addition to the effects of the steps before it."""


def _states(order: Order) -> dict[Step, Effects]:
    """Return the effects of each step of an order: those of the steps before it, and its own."""
    states, state = {}, Effects()
    for step in ORDERS[order]:
        states[step] = state = state._replace(**_SETS[step])
    return states


_STATES = {order: _states(order) for order in ORDERS}


def steps(order: Order) -> tuple[Step, ...]:
    """Return the steps forward, from `prepare` to `complete`."""
    return (*ORDERS[order], "complete")


def effects(migration: Migration | None) -> Effects:
    """Return the effects of a migration. A client without one uses the shared Redis."""
    return Effects(release=True) if migration is None else _effects(migration)


@once
def _effects(migration: Migration) -> Effects:
    return effects_at(migration.step, migration.order, migration.history)


def effects_at(step: Step, order: Order, history: Sequence[Entry]) -> Effects:
    """Return the effects of a migration with this step, order and history."""
    if step == "complete":
        return Effects(release=True)
    if step == "rolled-back":
        return Effects(release=not history or _keeps_release(order, history))
    state = _STATES[order][step]
    return state if state.release else state._replace(release=_keeps_release(order, history))


def _keeps_release(order_of_steps: Order, history: Sequence[Entry]) -> bool:
    """Return whether a rollback has kept the release, with no step to `prepare` since.

    A rollback and the step that follows it change the application repository only. The effects of `scale-down` alone would remove the
    release that the rollback kept. If the first entry is `rolled-back`, the release stays.
    """
    order, release, is_kept = ORDERS[order_of_steps], True, False
    for entry in history:
        if entry.step == "rolled-back":
            is_kept = release
        elif entry.step == "prepare":
            release = is_kept = False
        else:
            release = is_kept or entry.step == "complete" or entry.step in order[order.index("deploy") :]
    return is_kept


def moved(migration: Migration, step: Step, at: str, reason: str | None = None) -> Migration:
    """Return the migration after one more step. Evidence and times are not validated."""
    entry = Entry.model_construct(step=step, at=at, reason=reason)
    return migration.model_copy(update={"step": step, "history": (*migration.history, entry)})


@once
def planned(migration: Migration, step: Step) -> Migration:
    """Return the migration after one more step, which has no time."""
    return moved(migration, step, "")


@cache
def without_history(step: Step, order: Order) -> Migration:
    """Return a migration at a step. All clients share it, and what follows from it."""
    return Migration(step=step, order=order)


def at_step(client: Client, step: Step) -> Client:
    """Return the client at a step, with the order of its migration and no history."""
    order: Order = client.migration.order if client.migration else "scale-down-first"
    return client.model_copy(update={"migration": Migration.model_construct(step=step, order=order, history=())})


def removes(client: Client) -> bool:
    """Return whether `decommission` removes an object from the application repository."""
    return bool(client.old_objects)


def decommissions(client: Client) -> bool:
    """Return whether `decommission` changes the application repository: it removes an object or releases the autoscaler."""
    return removes(client) or any(workload.autoscaler for workload in client.workloads)


def data_removed(client: Client, migration: Migration) -> Entry | None:
    """Return the `decommission` that removed the old Redis with its data, since the application last ran there; None without one.

    `back` creates its objects again, without data. With `previous.data: keep`, the volume stays.
    """
    if client.previous is None or client.previous.data == "keep" or not removes(client):
        return None
    removed = None
    for entry in migration.history:
        if entry.step == "decommission":
            removed = entry
        elif entry.step in ("prepare", "rolled-back"):
            removed = None
    return removed


def down_since(migration: Migration) -> Entry | None:
    """Return the step that stopped the application; None if it runs, or if the history has no such step."""
    stopped_at = None
    for number, entry in enumerate(migration.history, 1):
        stopped = effects(migration.model_copy(update={"step": entry.step, "history": migration.history[:number]})).stopped
        stopped_at = (stopped_at or entry) if stopped else None
    return stopped_at


def recorded_since_down(migration: Migration, kind: str) -> list[Evidence]:
    """Return the evidence of a kind from after the application stopped."""
    down = down_since(migration)
    return [entry for entry in migration.evidence if entry.kind == kind and (down is None or moment(entry.at) >= moment(down.at))]


def recorded_at_step(migration: Migration, kind: str) -> list[Evidence]:
    """Return the evidence of a kind from the current step, since its last start."""
    since = [entry.at for entry in migration.history if entry.step == migration.step][-1:]
    recorded = [entry for entry in migration.evidence if (entry.kind, entry.step) == (kind, migration.step)]
    return [entry for entry in recorded if not since or moment(entry.at) >= moment(since[0])]


def queue_evidence(client: Client) -> list[Evidence]:
    """Return the evidence about the queues in the old Redis that is valid: of a local Redis at this step, else since the downtime."""
    if client.migration is None:
        return []
    return recorded_at_step(client.migration, "drained") if is_local(client) else recorded_since_down(client.migration, "drained")


@once
def left_shared(migration: Migration) -> Entry | None:
    """Return the step by which the application went back to its old Redis after it had run on the shared one, where its keys stay.

    None if it never ran there, or runs there again. A history that starts with a rollback does not show whether it did.
    """
    ran, left = bool(migration.history) and migration.history[0].step == "rolled-back", None
    for number, entry in enumerate(migration.history, 1):
        effect = effects_at(entry.step, migration.order, migration.history[:number])
        if effect.switched and not effect.stopped:
            ran, left = True, None
        elif ran and not effect.switched and not effect.stopped:
            left = left or entry
    return left


def starts_again(migration: Migration) -> bool:
    """Return whether the shared Redis can have keys of an earlier attempt, and is deployed, so that they can be read."""
    return effects(migration).release and left_shared(migration) is not None


def empty_evidence(client: Client) -> list[Evidence]:
    """Return the evidence about the keys in the databases of a client since its application left the shared Redis."""
    if client.migration is None:
        return []
    left = left_shared(client.migration)
    recorded = [entry for entry in client.migration.evidence if entry.kind == "empty"]
    return [entry for entry in recorded if left is None or moment(entry.at) >= moment(left.at)]


def uses_shared(migration: Migration | None) -> bool:
    """Return whether an application uses the shared Redis, also while it is stopped: without a migration, switched, or at `complete`."""
    return migration is None or migration.step == "complete" or effects(migration).switched


def runs_on_shared(client: Client) -> bool:
    """Return whether the application runs on the shared Redis."""
    return uses_shared(client.migration) and not effects(client.migration).stopped


def sharing(environment: Environment, client: Client) -> dict[int, str]:
    """Return the databases of a client in which another client that runs has keys, with the name of that client."""
    others = [other for other in environment.clients if other.name != client.name and runs_on_shared(other)]
    return {number: other.name for other in reversed(others) for number in other.numbers if number in client.numbers}


def release_is_deployed(environment: Environment) -> bool:
    """Return whether the rendered manifests contain the shared Redis: a client needs it, or there are no clients."""
    return not environment.clients or bool(carriers(environment))


def carriers(environment: Environment) -> frozenset[str]:
    """Return the names of the clients that need the shared Redis."""
    return frozenset(client.name for client in environment.clients if effects(client.migration).release)


def owned(environment: Environment) -> tuple[Client, ...]:
    """Return the clients with a migration: only they get files for the application repository."""
    return tuple(client for client in environment.clients if client.migration is not None)
