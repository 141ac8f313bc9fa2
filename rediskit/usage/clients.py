"""The uses of a client's old Redis in the config: by other clients, and in manifests beside the switched variables. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.model.nested import text_at
from rediskit.model.once import once
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import at_step, effects, removes
from rediskit.usage.address import of_client
from rediskit.usage.finder import Use, uses
from rediskit.usage.neighbours import neighbours


class User(NamedTuple):
    """A use of an old Redis in the config.

    Attributes:
        strength: `certain` or `possible`.
        object: `Kind/name` of a manifest, or the name of a client.
    """

    strength: str
    message: str
    hint: str
    path: Path
    object: str


@once
def users(environment: Environment, client: Client) -> tuple[User, ...]:
    """Return the uses of a client's old Redis in the config that remain once the client has moved.

    Other clients count if decommissioning removes an object. A use in a manifest beside the switched variables always counts: the
    migration does not change it.
    """
    result = list(_clients(environment, client)) if removes(client) else []
    for index in neighbours(environment).with_manifest:
        other = environment.clients[index]
        if other.name == client.name or removes(client):
            result += _manifest(environment, client, other, index)
    return tuple(result)


def same_redis(client: Client, other: Client) -> bool:
    """Return whether two clients have the same old Redis: the same address, or an object that both remove."""
    mine, theirs = of_client(client), of_client(other)
    if mine is None or theirs is None or client.previous is None or other.previous is None:
        return False
    shared = client.namespace == other.namespace and not set(client.previous.remove).isdisjoint(other.previous.remove)
    return shared or mine.same(theirs)


def may_be_same(client: Client, other: Client) -> bool:
    """Return whether two clients can have the same old Redis with different addresses.

    Two Services of one namespace can select the same Redis, and an IP address or an external host can be any Redis. The old Redis of a
    client with previous.remove is known.
    """
    mine, theirs = of_client(client), of_client(other)
    if mine is None or theirs is None or same_redis(client, other) or (other.previous and other.previous.remove):
        return False
    return client.namespace == other.namespace or not theirs.services or not mine.services


def gone_by(environment: Environment, client: Client) -> Client | None:
    """Return the other client that has removed the old Redis of a client; None if it exists."""
    for index in neighbours(environment).near(client):
        other = environment.clients[index]
        migration = other.migration
        is_removed = migration is not None and migration.step in ("decommission", "complete")
        if other.name != client.name and is_removed and removes(other) and same_redis(client, other):
            return other
    return None


def losing_rollback(environment: Environment, client: Client) -> list[str]:
    """Return the names of the other clients that can roll back to the old Redis of a client."""
    near = (environment.clients[index] for index in neighbours(environment).near(client))
    others = (other for other in near if other.name != client.name and other.migration is not None)
    return [
        other.name
        for other in others
        if same_redis(client, other) and other.migration and other.migration.step in ("reconfigure", "scale-up", "validate")
    ]


def switched_variables(client: Client) -> frozenset[str]:
    """Return the variables with a host or a URL that the config switches."""
    every = [container for workload in client.workloads for _, _, container in workload.every]
    return frozenset(name for container in every for name, value in container.variables.items() if value is None or value.names_redis)


def _clients(environment: Environment, client: Client) -> Iterator[User]:
    """Yield the other clients that use the old Redis, or must be able to roll back to it."""
    for index in neighbours(environment).possible(client):
        other = environment.clients[index]
        same = same_redis(client, other)
        if other.name == client.name or not (same or may_be_same(client, other)):
            continue
        if why := _stays(other.migration):
            host = client.previous.host if client.previous else ""
            path: Path
            if not same:
                theirs = other.previous.host if other.previous else ""
                message = f"{other.name} may use the old Redis {host}, which {client.name} removes: {theirs} can be the same, and it {why}"
                hint = f"check whether {theirs} is the same Redis; if so, move {other.name} to reconfigure first"
                yield User("possible", message, hint, ("clients", index, "previous", "host"), other.name)
                continue
            hint = f"move {other.name} to reconfigure first"
            path = ("clients", index, "migration", "step") if other.migration else ("clients", index, "previous")
            yield User("certain", f"{other.name} still uses {host}, which {client.name} removes: it {why}", hint, path, other.name)


def _stays(migration: Migration | None) -> str:
    """Return why a client needs its old Redis; "" if it does not."""
    if migration is None:
        return "has no migration"
    if migration.step == "rolled-back":
        return "is rolled back"
    return "" if migration.step == "complete" or effects(migration).switched else f"is at {migration.step}"


def _manifest(environment: Environment, client: Client, other: Client, index: int) -> Iterator[User]:
    """Yield the uses in the manifest of a client with the patches of its step; those of `decommission` for the client itself."""
    address = of_client(client)
    manifests = [(number, workload.manifest) for number, workload in enumerate(other.workloads) if workload.manifest]
    if address is None or not manifests or (other.migration and other.migration.step == "complete"):
        return
    applied = other
    if other.name == client.name:
        applied = at_step(other, "decommission")
    elif _stays(other.migration) and same_redis(client, other):
        return  # Reported as a client.
    remove = client.old_objects
    for number, manifest in manifests:
        content = as_left(environment, applied, manifest.content)
        for use in uses([content], address, namespace=other.namespace, switched=switched_variables(other), gone=remove):
            yield _user(use, manifest.path, client, (index, "workloads", number, "manifest"))


def _user(use: Use, path: str, client: Client, place: Path) -> User:
    host = client.previous.host if client.previous else ""
    verb = "uses" if use.strength == "certain" else "may use"
    message = f"{use.object} {verb} the old Redis {host} at {use.pointer} of {path}: {use.shown}"
    hint = f"set it from a switched variable, or change it by hand: the migration of {client.name} does not change it"
    return User(use.strength, message, hint, ("clients", *place), use.object)


def as_left(environment: Environment, client: Client, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object with the patches of a client's step; containers and variables keep their order."""
    for change in changes(environment, client):
        if change.reference == f"{content.get('kind')}/{text_at(content, 'metadata', 'name')}":
            ordered: Mapping[str, Any] = _ordered(edited(content, change), content)
            return ordered
    return content


def _ordered(after: Any, before: Any) -> Any:
    """Return `after` with its named entries in the order of `before`, so that a pointer is the same in both."""
    if isinstance(after, str) or after is None:
        return after
    if isinstance(after, (dict, Mapping)):
        inner = before if isinstance(before, (dict, Mapping)) else {}
        return {key: _ordered(value, inner.get(key)) for key, value in after.items()}
    if isinstance(after, (list, Sequence)) and isinstance(before, list):
        names = [entry.get("name") if isinstance(entry, (dict, Mapping)) else None for entry in before]
        if all(isinstance(entry, (dict, Mapping)) and isinstance(entry.get("name"), str) for entry in after):
            known = {name: index for index, name in enumerate(names) if isinstance(name, str)}
            placed = sorted(after, key=lambda entry: known.get(entry["name"], len(names)))
            return [_ordered(entry, before[known[entry["name"]]] if entry["name"] in known else None) for entry in placed]
    return after
