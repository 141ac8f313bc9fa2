"""Checks of what clients store: databases that they share, keys that the eviction policy or a command removes, commands of a queue."""

from collections import defaultdict
from collections.abc import Iterator

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import disabled_in
from rediskit.checks.variables import entries
from rediskit.errors import Path
from rediskit.model.client import Client, Use
from rediskit.model.gitops_tools import image_name
from rediskit.usage.stored import uses_in

_PREFIXES = ("prefix", "namespace", "channel")
"""The names of variables by which two instances of an application use different channels."""
_GENERAL = frozenset(
    "alpine bash busybox caddy debian dotnet golang httpd java jre nginx node openjdk php python ruby temurin ubuntu redis valkey".split()
)
"""The last part of the images of many applications, and of servers of Redis."""
_KEPT: tuple[Use, ...] = ("sessions", "queue")
"""The uses whose loss users notice."""


def clash(subject: Subject) -> Iterator[Issue]:
    """Refuse two clients with one numbered database, unless each sets `shared: true`: FLUSHDB and equal keys affect both."""
    users: dict[int, list[tuple[str, bool, Path]]] = defaultdict(list)
    for index, client in enumerate(subject.environment.clients):
        for name, database in client.databases.items():
            users[database.number].append((client.name, database.shared, ("clients", index, "databases", name)))
    free = next(free for free in range(len(users) + 1) if free not in users)
    for number, listed in sorted(users.items()):
        clients: list[str] = []
        unshared: list[str] = []
        for name, shared, path in listed:
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


def shared_channels(subject: Subject) -> Iterator[Issue]:
    """Warn about two clients with one image: channels of pub/sub have no number, so each receives the messages of the other."""
    first: dict[tuple[str, frozenset[str]], Client] = {}
    for index, client in enumerate(subject.environment.clients):
        for image in dict.fromkeys(_images(client)):
            other = first.setdefault(image, client)
            if other is client or set(other.numbers) & set(client.numbers):
                continue
            message = f"{other.name} and {client.name} run {image[0]}: pub/sub has no databases, so each receives the messages of the other"
            hint = "set another prefix of channels in each, or give one a Redis of its own; accept it if the application has no pub/sub"
            yield Issue(message, hint, ("clients", index, "name"), on=(client.name,))
            break


def _images(client: Client) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the image and the prefixes of each container that uses Redis, except where the manifest does not show a prefix."""
    for workload in client.workloads:
        for kind, name, container in workload.redis_containers:
            content = workload.content_of(kind, name)
            image = workload.image_of(kind, name)
            if not image or image_name(image) in _GENERAL or "exporter" in image_name(image):
                continue
            values = {str(entry.get("name")): entry.get("value") for entry in entries(content)}
            values |= {key: value.text for key, value in container.variables.items() if value is not None}
            prefixes = {key: value for key, value in values.items() if any(word in key.lower() for word in _PREFIXES)}
            if None not in prefixes.values():
                yield image, frozenset(f"{key}={value}" for key, value in prefixes.items())


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


def filling_cache(subject: Subject) -> Iterator[Issue]:
    """Warn about `use: cache` beside a queue or sessions with the policy `noeviction`: a full memory refuses the writes of all clients."""
    clients = subject.environment.clients
    if subject.environment.redis.memory.policy != "noeviction":
        return
    kept = [f"{use} of {client.name}" for client in clients for use in _KEPT if use in client.use]
    for index, client in enumerate(clients):
        if "cache" in client.use and kept:
            message = f"{client.name} stores a cache, and noeviction evicts no key: in a full memory, Redis refuses {', '.join(kept[:3])}"
            hint = f"give the cache a release of its own (docs/queues.md), or accept the finding on {client.name} if it limits its cache"
            yield Issue(message, hint, ("clients", index, "use"), on=(client.name,))


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


def unknown_use(subject: Subject) -> Iterator[Issue]:
    """Warn about a client in a migration without `use`: the eviction policy and `drained` follow `use`."""
    policy = subject.environment.redis.memory.policy
    for index, client in enumerate(subject.environment.clients):
        step = client.migration.step if client.migration else ""
        evicts = policy.startswith("allkeys-")
        if client.use or not step or (step == "complete" and not evicts) or not _shown_uses(client).keys().isdisjoint(_KEPT):
            continue
        effect = f"{policy} evicts any key" if evicts else "no gate requires empty queues"
        message = f"{client.name} has no use, so rediskit treats its data as a cache: {effect}"
        hint = "write what it stores under use: cache, sessions or queue; use: [cache] where all of it can be lost"
        yield Issue(message, hint, ("clients", index, "name"))


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


def deleting_commands(subject: Subject) -> Iterator[Issue]:
    """Warn about FLUSHALL that several clients can run, and FLUSHDB in a shared database with a queue or sessions."""
    clients = subject.environment.clients
    if len(clients) > 1 and not _is_disabled(subject, "FLUSHALL"):
        names = " and ".join(client.name for client in clients[:2])
        message = f"FLUSHALL is enabled for {len(clients)} clients: each of {names} can delete the keys of the others"
        yield Issue(message, "add FLUSHALL to redis.disabledCommands", _DISABLED)
    users: dict[int, list[Client]] = defaultdict(list)
    for client in clients if not _is_disabled(subject, "FLUSHDB") else ():
        for number in client.numbers:
            users[number].append(client)
    for number, sharing in sorted(users.items()):
        kept = next(((client, use) for client in sharing for use in _KEPT if use in client.use), None)
        if kept is not None and (others := [client.name for client in sharing if client is not kept[0]]):
            message = f"FLUSHDB is enabled, and {others[0]} can delete the {kept[1]} of {kept[0].name} in database {number}, which both use"
            yield Issue(message, "add FLUSHDB to redis.disabledCommands, or give each client a database of its own", _DISABLED)


def scripts_of_a_queue(subject: Subject) -> Iterator[Issue]:
    """Warn about a queue with disabled commands for scripts: RQ, Sidekiq and BullMQ change queues with them."""
    disabled = [name for name in ("EVAL", "EVALSHA") if _is_disabled(subject, name)]
    for index, client in enumerate(subject.environment.clients):
        if disabled and "queue" in client.use:
            message = f"{client.name} stores a queue, and {' and '.join(disabled)} {'are' if len(disabled) > 1 else 'is'} disabled"
            hint = f"enable scripts in redis.disabledCommands; accept the finding on {client.name} if its library runs none"
            yield Issue(message, hint, ("clients", index, "use"), on=(client.name,))


_DISABLED: Path = ("redis", "disabledCommands")


def _is_disabled(subject: Subject, command: str) -> bool:
    """Return whether the primary refuses a command."""
    return command in disabled_in(subject, next(iter(subject.profile.parts)))
