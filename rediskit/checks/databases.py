"""Checks of what clients store: numbered databases that they share, and keys that the eviction policy removes."""

from collections import defaultdict
from collections.abc import Iterator

from rediskit.checks.finding import Issue, Subject
from rediskit.errors import Path
from rediskit.model.client import Client, Use
from rediskit.usage.stored import uses_in

_KEPT: tuple[Use, ...] = ("sessions", "queue")
"""The uses whose loss users notice."""


def clash(subject: Subject) -> Iterator[Issue]:
    """Refuse two clients with one numbered database, unless each sets `shared: true`: FLUSHDB and equal keys affect both."""
    users: dict[int, list[tuple[str, bool, Path]]] = defaultdict(list)
    for index, client in enumerate(subject.environment.clients):
        for name, database in client.databases.items():
            users[database.number].append((client.name, database.shared, ("clients", index, "databases", name)))
    free = next(free for free in range(len(users) + 1) if free not in users)
    for number, entries in sorted(users.items()):
        clients: list[str] = []
        unshared: list[str] = []
        for name, shared, path in entries:
            other = next((other for other in (unshared if shared else clients) if other != name), None)
            if other is not None:
                hint = f"write another number, such as {free}, or shared: true for both clients"
                yield Issue(f"{name} uses database {number}, which {other} uses too", hint, path)
            for names in (clients, *(() if shared else (unshared,))):
                if name not in names and len(names) < 2:  # The first other one is one of two.
                    names.append(name)


def unnamed(subject: Subject) -> Iterator[Issue]:
    """Warn when several clients use database 0 and not all of them name it under `databases`."""
    silent = [(index, client.name) for index, client in enumerate(subject.environment.clients) if not client.databases]
    explicit = [client.name for client in subject.environment.clients if any(used.number == 0 for used in client.databases.values())]
    if silent and len(silent) + len(explicit) > 1:
        names = ", ".join([*(name for _, name in silent), *explicit])
        hint = "write databases: {default: N} for each client, or {default: {number: 0, shared: true}} where they may share it"
        yield Issue(f"{names} use database 0, and not all of them name it", hint, ("clients", silent[-1][0], "name"))


def evicted_queue(subject: Subject) -> Iterator[Issue]:
    """Refuse `use: queue` with a `memory.policy` that evicts keys without an expiry (`allkeys-*`)."""
    policy = subject.environment.redis.memory.policy
    for index, client in enumerate(subject.environment.clients):
        if "queue" in client.use and policy.startswith("allkeys-"):
            hint = (
                "set redis.memory.policy to volatile-lru (and expiries on cache keys) or to noeviction, or give the queue its own release"
            )
            message = f"{client.name} stores a queue, and the policy {policy} removes any key when the memory is full"
            yield Issue(message, hint, ("clients", index, "use"))


def missing_use(subject: Subject) -> Iterator[Issue]:
    """Warn when a workload shows a queue or sessions that `use` lacks: the eviction policy and `drained` follow `use`."""
    for index, client in enumerate(subject.environment.clients):
        missing = [use for use in _KEPT if use not in client.use]
        shown = _shown_uses(client) if missing else {}
        for use in missing:
            if use in shown:
                effect = "a step can lose its tasks, and Redis may evict them" if use == "queue" else "Redis may lose them unnoticed"
                hint = f"add {use} to use, or accept the finding on {client.name}"
                message = f"{client.name} seems to store {use} in Redis, and use does not contain it: {shown[use]}; {effect}"
                yield Issue(message, hint, ("clients", index, "use" if client.use else "name"), on=(client.name,))


def _shown_uses(client: Client) -> dict[Use, str]:
    """Return what the workloads of a client store by their objects and by the names of the switched variables."""
    contents = [workload.manifest.content for workload in client.workloads if workload.manifest is not None]
    names = [
        name
        for workload in client.workloads
        for _, _, container in workload.redis_containers
        for name, value in container.variables.items()
        if value is not None
    ]
    return uses_in(contents, names, home=client.namespace) if names else {}


def unsaved_use(subject: Subject) -> Iterator[Issue]:
    """Refuse `use: queue` and `use: sessions` with a Redis that saves nothing: a restart loses all of them."""
    redis = subject.environment.redis
    if redis.append_only or redis.save_points:
        return
    for index, client in enumerate(subject.environment.clients):
        if kept := [use for use in _KEPT if use in client.use]:
            message = f"{client.name} stores {' and '.join(kept)}, and Redis has neither an append-only file nor save points"
            hint = "set redis.appendOnly: true, or redis.savePoints; accept it where all of them can be lost"
            yield Issue(message, hint, ("clients", index, "use"))
