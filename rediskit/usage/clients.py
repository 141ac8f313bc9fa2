"""Who of the config still uses the old Redis of a client: other clients, and what manifests name beside the switched variables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.model.nested import text_at
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import patches
from rediskit.state_machine.effects import effects, removes
from rediskit.usage import Use, of_client, uses


class User(NamedTuple):
    """Something of the config that uses an old Redis.

    Attributes:
        strength: `certain` or `possible`.
        message: What uses it, and how.
        hint: What ends that.
        path: Where that is in the config.
        object: `Kind/name` of a manifest, or the name of a client.
    """

    strength: str
    message: str
    hint: str
    path: Path
    object: str


def users(environment: Environment, client: Client) -> list[User]:
    """Return everything of the config that still uses the old Redis of a client once the client has moved.

    Other clients count where decommissioning removes something. What a manifest names beside the variables that are switched counts
    always: the migration does not change it.
    """
    found = list(_clients(environment, client)) if removes(client) else []
    for index, other in enumerate(environment.clients):
        if other.name == client.name or removes(client):
            found += _manifest(environment, client, other, index)
    return found


def same_redis(client: Client, other: Client) -> bool:
    """Return whether two clients come from the same old Redis: one address, or one object that both remove."""
    mine, theirs = of_client(client), of_client(other)
    if mine is None or theirs is None or client.previous is None or other.previous is None:
        return False
    shared = client.namespace == other.namespace and not set(client.previous.remove).isdisjoint(other.previous.remove)
    return shared or mine.same(theirs)


def may_be_same(client: Client, other: Client) -> bool:
    """Return whether two clients may come from one old Redis that they call by different names.

    Two Services of one namespace may lead to one Redis, and an IP address or a host outside of the cluster to any. A client that
    removes objects of its own has said what its Redis is.
    """
    mine, theirs = of_client(client), of_client(other)
    if mine is None or theirs is None or same_redis(client, other) or (other.previous and other.previous.remove):
        return False
    return client.namespace == other.namespace or not theirs.services or not mine.services


def gone_by(environment: Environment, client: Client) -> Client | None:
    """Return the other client that has removed the old Redis of this one; None where it is still there."""
    for other in environment.clients:
        migration = other.migration
        over = migration is not None and migration.step in ("decommission", "complete")
        if other.name != client.name and over and removes(other) and same_redis(client, other):
            return other
    return None


def losing_rollback(environment: Environment, client: Client) -> list[str]:
    """Return the names of the other clients that could roll back to the old Redis of a client, until that removes it."""
    others = (other for other in environment.clients if other.name != client.name and other.migration is not None)
    return [
        other.name
        for other in others
        if same_redis(client, other) and other.migration and other.migration.step in ("reconfigure", "scale-up", "validate")
    ]


def switched_variables(client: Client) -> frozenset[str]:
    """Return the variables with the host or the whole address that the config switches."""
    workload = client.workload
    every = [variables for _, _, variables in workload.every] if workload else []
    return frozenset(name for variables in every for name in (variables.host, variables.url) if name is not None)


def _clients(environment: Environment, client: Client) -> Iterator[User]:
    """Yield the other clients that have not left the old Redis."""
    for index, other in enumerate(environment.clients):
        same = same_redis(client, other)
        if other.name == client.name or not (same or may_be_same(client, other)):
            continue
        if why := _stays(other.migration):
            host = client.previous.host if client.previous else ""
            path: Path
            if not same:
                theirs = other.previous.host if other.previous else ""
                message = f"{other.name} may use the old Redis {host}, which {client.name} removes: {theirs} may lead to it, and it {why}"
                hint = f"look where {theirs} leads; move {other.name} to reconfigure first where that is the same Redis"
                yield User("possible", message, hint, ("clients", index, "previous", "host"), other.name)
                continue
            hint = f"move {other.name} to reconfigure first; nothing may be removed that it uses"
            path = ("clients", index, "migration", "step") if other.migration else ("clients", index, "previous")
            yield User("certain", f"{other.name} still uses {host}, which {client.name} removes: it {why}", hint, path, other.name)


def _stays(migration: Migration | None) -> str:
    """Return why a client is on its old Redis, or has to be able to go back; "" where it has left it."""
    if migration is None:
        return "has no migration"
    if migration.step == "rolled-back":
        return "is rolled back to it"
    return "" if migration.step == "complete" or effects(migration).switched else f"is at {migration.step}"


def _manifest(environment: Environment, client: Client, other: Client, index: int) -> Iterator[User]:
    """Yield the uses in the manifest of a client, as its step leaves the workload; the client itself as it will be once it has moved."""
    address, manifest = of_client(client), other.workload.manifest if other.workload else None
    migration = client.migration
    if address is None or manifest is None or (other.migration and other.migration.step == "complete"):
        return
    there = other
    if other.name == client.name:
        order = migration.order if migration else "scale-down-first"
        there = other.model_copy(update={"migration": Migration.model_construct(step="decommission", order=order, history=())})
    elif _stays(other.migration) and same_redis(client, other):
        return  # Reported as a client.
    remove = client.previous.remove if client.previous else ()
    content = as_left(environment, there, manifest.content)
    for use in uses([content], address, namespace=other.namespace, switched=switched_variables(other), gone=remove):
        yield _user(use, manifest.path, client, index)


def _user(use: Use, path: str, client: Client, index: int) -> User:
    host = client.previous.host if client.previous else ""
    verb = "uses" if use.strength == "certain" else "may use"
    message = f"{use.object} {verb} the old Redis {host} at {use.pointer} of {path}: {use.shown}"
    hint = f"the migration of {client.name} does not change it: set it from the variables that are switched, or change it by hand"
    return User(use.strength, message, hint, ("clients", index, "workload", "manifest"), use.object)


def as_left(environment: Environment, client: Client, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object as the files of a client's step leave it, its containers and variables in the order of the object."""
    for change in patches(environment, client):
        if (change["kind"], change["metadata"]["name"]) == (content.get("kind"), text_at(content, "metadata", "name")):
            ordered: Mapping[str, Any] = _ordered(apply(content, change), content)
            return ordered
    return content


def _ordered(after: Any, before: Any) -> Any:
    """Return `after` with its named entries in the order of `before`, so that a pointer leads to the same entry in both."""
    if isinstance(after, Mapping):
        inner = before if isinstance(before, Mapping) else {}
        return {key: _ordered(value, inner.get(key)) for key, value in after.items()}
    if isinstance(after, Sequence) and not isinstance(after, str) and isinstance(before, list):
        names = [entry.get("name") if isinstance(entry, Mapping) else None for entry in before]
        if all(isinstance(entry, Mapping) and isinstance(entry.get("name"), str) for entry in after):
            known = {name: index for index, name in enumerate(names) if isinstance(name, str)}
            placed = sorted(after, key=lambda entry: known.get(entry["name"], len(names)))
            return [_ordered(entry, before[known[entry["name"]]] if entry["name"] in known else None) for entry in placed]
    return after
