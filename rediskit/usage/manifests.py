"""The uses of an old Redis in the manifests of the config, with the patches of the step of each client. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import text_at
from rediskit.model.once import once
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import removes
from rediskit.usage.address import Address, of_client
from rediskit.usage.finder import Use, uses
from rediskit.usage.neighbours import merged, needs_old_redis

if TYPE_CHECKING:
    from rediskit.usage.mentions import Key, Mentions


class Place(NamedTuple):
    """A use in a manifest.

    Attributes:
        client, workload, position: The numbers of the client, of its workload, and of the use in the manifest.
        path: The file of the manifest, as the config references it.
    """

    client: int
    workload: int
    position: int
    path: str
    use: Use


class Manifests:
    """The manifests of all clients, searched once for each old Redis, however many clients have it."""

    def __init__(self, environment: Environment) -> None:
        from rediskit.usage.mentions import Mentions  # Only several clients need it.

        self._environment = environment
        self._uses: dict[Address, tuple[list[Place], Iterator[Place]]] = {}
        addresses = (of_client(client) for client in environment.clients if removes(client))
        self._mentions = Mentions(address for address in addresses if address is not None)
        self._by_key: dict[Key, list[int]] = {}
        for number, client in enumerate(environment.clients):
            for key in _keys(environment, client, self._mentions):
                self._by_key.setdefault(key, []).append(number)

    def uses_of(self, address: Address) -> Iterator[Place]:
        """Yield the uses of an old Redis that a client removes, without those of clients that still need it.

        Manifests are searched only as far as the caller needs the uses.
        """
        if address not in self._uses:
            self._uses[address] = ([], self._search(address))
        cached, remaining = self._uses[address]
        for position in count():
            if position == len(cached) and (place := next(remaining, None)) is not None:
                cached.append(place)
            if position == len(cached):
                return
            yield cached[position]

    def _search(self, address: Address) -> Iterator[Place]:
        for index in merged(self._by_key.get(key, ()) for key in self._mentions.keys_of(address)):
            client = self._environment.clients[index]
            client_address = of_client(client)
            if not (needs_old_redis(client) and client_address is not None and client_address.same(address)):
                yield from places(self._environment, client, index, address)


@once
def manifests(environment: Environment) -> Manifests:
    """Return the manifests of an environment for searches."""
    return Manifests(environment)


def _keys(environment: Environment, client: Client, mentions: Mentions) -> set[Key]:
    """Return what the manifests of a client contain of the addresses; nothing at `complete`."""
    if client.migration and client.migration.step == "complete":
        return set()
    contents = (as_left(environment, client, workload.manifest.content) for workload in client.workloads if workload.manifest)
    return {key for content in contents for key in mentions.in_object(content, client.namespace)}


def places(environment: Environment, client: Client, index: int, address: Address) -> Iterator[Place]:
    """Yield the uses of an address in the manifests of a client, with the patches of its step. index: the number of the client."""
    switched = switched_variables(client)
    for number, workload in enumerate(client.workloads):
        if workload.manifest:
            content = as_left(environment, client, workload.manifest.content)
            for position, use in enumerate(uses([content], address, namespace=client.namespace, switched=switched)):
                yield Place(index, number, position, workload.manifest.path, use)


def switched_variables(client: Client) -> frozenset[str]:
    """Return the variables with a host or a URL that the config switches."""
    containers = [container for workload in client.workloads for _, _, container in workload.redis_containers]
    return frozenset(name for container in containers for name, value in container.variables.items() if value is None or value.names_redis)


def as_left(environment: Environment, client: Client, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object with the patches of a client's step; containers and variables keep their order."""
    for change in changes(environment, client):
        if change.reference == f"{content.get('kind')}/{text_at(content, 'metadata', 'name')}":
            return edited(content, change, in_place=True)
    return content
