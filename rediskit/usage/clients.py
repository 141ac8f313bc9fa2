"""The uses of a client's old Redis in the config: by other clients, and in manifests beside the switched variables. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_local
from rediskit.model.once import once
from rediskit.state_machine.effects import at_step, removes
from rediskit.usage.address import of_client
from rediskit.usage.finder import Use
from rediskit.usage.manifests import Place, manifests, places, switched_variables
from rediskit.usage.neighbours import needs_old_redis, neighbours, numbers, stays
from rediskit.usage.switched import may_use


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


_NOT_NEEDED = ("Deployment/", "Service/", "StatefulSet/")
"""The objects of most old Redis: no pod needs one to start."""
LISTED = 10
"""The largest number of other clients that are listed one by one."""


@once
def users(environment: Environment, client: Client) -> tuple[User, ...]:
    """Return the uses of a client's old Redis in the config that remain once the client has moved.

    Other clients count if decommissioning removes an object. A use in a manifest beside the switched variables always counts: the
    migration does not change it. One entry stands for the other clients if more than `LISTED` have the same kind of use.
    """
    own = list(_own_manifest(environment, client))
    if not removes(client):
        return tuple(_user(client, place) for place in own)
    needing = list(_needing(environment, client))
    listed, incomplete = _listed(_other_manifests(environment, client))
    in_manifests = (_user(client, place) for place in sorted((*own, *listed), key=lambda place: place[:3]))
    return (
        *_clients(environment, client),
        *needing,
        *in_manifests,
        *(_unlisted_manifests(environment, client, strength) for strength in incomplete),
    )


def _listed(places: Iterable[Place]) -> tuple[list[Place], list[str]]:
    """Return the places in the manifests of the first clients with each strength, and the strengths that more clients have.

    A certain use of more clients ends the search: the possible ones have to wait for these anyway.
    """
    listed: list[Place] = []
    seen: dict[str, set[int]] = {}
    incomplete: list[str] = []
    for place in places:
        strength = place.use.strength
        clients = seen.setdefault(strength, set())
        clients.add(place.client)
        if len(clients) <= LISTED:
            listed.append(place)
        elif strength not in incomplete:
            incomplete.append(strength)
        if "certain" in incomplete:
            break
    return listed, sorted(incomplete)


def _unlisted_manifests(environment: Environment, client: Client, strength: str) -> User:
    verb = "use" if strength == "certain" else "may use"
    message = f"the manifests of more than {LISTED} other clients {verb} the old Redis {_host(client)}"
    return _unlisted(environment, client, strength, message, f"change them by hand: the migration of {client.name} does not change them")


def same_redis(client: Client, other: Client) -> bool:
    """Return whether two clients have the same old Redis: the same address, or an object that both remove."""
    address, other_address = of_client(client), of_client(other)
    if address is None or other_address is None or client.previous is None or other.previous is None:
        return False
    shared = client.namespace == other.namespace and not set(client.previous.remove).isdisjoint(other.previous.remove)
    return shared or address.same(other_address)


def may_be_same(client: Client, other: Client) -> bool:
    """Return whether two clients can have the same old Redis with different addresses.

    Two Services of one namespace can select the same Redis, and an IP address or an external host can be any Redis. The old Redis of a
    client with previous.remove is known.
    """
    address, other_address = of_client(client), of_client(other)
    if address is None or other_address is None or same_redis(client, other) or (other.previous and other.previous.remove):
        return False
    return client.namespace == other.namespace or not other_address.services or not address.services


def gone_by(environment: Environment, client: Client) -> Client | None:
    """Return the other client that has removed the old Redis of a client; None if it exists. Each pod has its own local Redis."""
    if is_local(client):
        return None
    others = (environment.clients[index] for index in neighbours(environment, _has_removed).near(client))
    return next((other for other in others if other.name != client.name), None)


def _has_removed(client: Client) -> bool:
    return client.is_decommissioned and removes(client)


def losing_rollback(environment: Environment, client: Client) -> Iterator[str]:
    """Yield the names of the other clients that can roll back to the old Redis of a client."""
    others = (environment.clients[index] for index in neighbours(environment, _can_roll_back).near(client))
    yield from (other.name for other in others if other.name != client.name)


def _can_roll_back(client: Client) -> bool:
    return client.migration is not None and client.migration.step in ("reconfigure", "scale-up", "validate")


def _clients(environment: Environment, client: Client) -> Iterator[User]:
    """Yield the other clients that use the old Redis, or must be able to roll back to it."""
    staying = neighbours(environment, needs_old_redis)
    certain = _others(environment, client, staying.near(client))
    if len(certain) > LISTED:  # A client that may use it has to wait for these anyway.
        yield from (_certain(environment, client, index) for index in certain[:LISTED])
        hint = "move each client with this old Redis to reconfigure first"
        message = f"more than {LISTED} clients still use {_host(client)}, which {client.name} removes"
        yield _unlisted(environment, client, "certain", message, hint)
        return
    possible = _others(environment, client, (index for index in staying.possible(client) if index not in certain))
    for index in sorted((*certain, *possible[:LISTED])):
        yield _certain(environment, client, index) if index in certain else _possible(environment, client, index)
    if len(possible) > LISTED:
        message = f"more than {LISTED} clients may use the old Redis {_host(client)}, which {client.name} removes"
        yield _unlisted(environment, client, "possible", message, "check the clients with another previous.host that can be the same Redis")


def _others(environment: Environment, client: Client, indexes: Iterator[int]) -> list[int]:
    """Return the first numbers of other clients, one more than are listed."""
    return list(islice((index for index in indexes if environment.clients[index].name != client.name), LISTED + 1))


def _certain(environment: Environment, client: Client, index: int) -> User:
    """Return another client with the same old Redis."""
    other = environment.clients[index]
    path: Path = ("clients", index, "migration", "step") if other.migration else ("clients", index, "previous")
    message = f"{other.name} still uses {_host(client)}, which {client.name} removes: it {stays(other.migration)}"
    return User("certain", message, f"move {other.name} to reconfigure first", path, other.name)


def _possible(environment: Environment, client: Client, index: int) -> User:
    """Return another client that can have the same old Redis."""
    other = environment.clients[index]
    other_host = _host(other)
    why = f"{other_host} can be the same, and it {stays(other.migration)}"
    message = f"{other.name} may use the old Redis {_host(client)}, which {client.name} removes: {why}"
    hint = f"check whether {other_host} is the same Redis; if so, move {other.name} to reconfigure first"
    return User("possible", message, hint, ("clients", index, "previous", "host"), other.name)


def _unlisted(environment: Environment, client: Client, strength: str, message: str, hint: str) -> User:
    """Return the entry in place of clients that are not listed. Its place is the old Redis of the client that removes it."""
    return User(strength, message, hint, ("clients", numbers(environment).get(client.name, 0), "previous"), client.name)


def _host(client: Client) -> str:
    return client.previous.host if client.previous else ""


def _own_manifest(environment: Environment, client: Client) -> Iterator[Place]:
    """Yield the uses in the manifests of a client with the patches of `decommission`."""
    address, index = of_client(client), numbers(environment).get(client.name)
    if address is None or index is None or (client.migration and client.migration.step == "complete"):
        return
    if not may_use(environment, client, address, switched_variables(client)):
        return
    for place in places(environment, at_step(client, "decommission"), index, address):
        if not _is_gone(client, place.use):
            yield place


def _other_manifests(environment: Environment, client: Client) -> Iterator[Place]:
    """Yield the uses in the manifests of other clients with the patches of their steps."""
    address = of_client(client)
    for place in manifests(environment).uses_of(address) if address and len(environment.clients) > 1 else ():
        other = environment.clients[place.client]
        is_listed = needs_old_redis(other) and same_redis(client, other)  # `_clients` yields it.
        if other.name != client.name and not is_listed and not _is_gone(client, place.use):
            yield place


def _is_gone(client: Client, use: Use) -> bool:
    """Return whether a use is in an object that is removed with the old Redis of a client. All of these are in its namespace."""
    return use.namespace == client.namespace and use.object in client.old_objects


def _needing(environment: Environment, client: Client) -> Iterator[User]:
    """Yield the workloads whose pods need an object that a client removes, such as a Secret."""
    if all(name.startswith(_NOT_NEEDED) for name in client.old_objects):
        return
    from rediskit.usage.needs import needs  # Most old Redis have no such object.

    for need in islice(needs(environment, client), LISTED):
        message = f"{need.object} needs {need.name} at {need.pointer} of {need.path}, which {client.name} removes: its pods would not start"
        hint = f"delete {need.name} from previous.remove, or read another object in {need.object}"
        yield User("certain", message, hint, ("clients", need.client, "workloads", need.workload, "manifest"), need.object)


def _user(client: Client, place: Place) -> User:
    use, path = place.use, place.path
    verb = "uses" if use.strength == "certain" else "may use"
    message = f"{use.object} {verb} the old Redis {_host(client)} at {use.pointer} of {path}: {use.shown}"
    hint = f"set it from a switched variable, or change it by hand: the migration of {client.name} does not change it"
    return User(use.strength, message, hint, ("clients", place.client, "workloads", place.workload, "manifest"), use.object)
