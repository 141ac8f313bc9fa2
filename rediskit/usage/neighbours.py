"""An index of the old Redis of each client, so that a client is compared only with those that can have the same one."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from heapq import merge
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.model.once import once
from rediskit.state_machine.effects import effects
from rediskit.usage.address import of_client


class Neighbours(NamedTuple):
    """Numbers of clients with an old Redis, in the order of the config.

    Attributes:
        parts: The clients by each part of their address, and by each object that they remove.
        namespaces: The clients of a namespace that remove nothing.
        keeping: All clients that remove nothing.
        without_service: Those of them whose address has no Service.
    """

    parts: Mapping[Hashable, list[int]]
    namespaces: Mapping[str, list[int]]
    keeping: list[int]
    without_service: list[int]

    def near(self, client: Client) -> Iterator[int]:
        """Yield the clients whose old Redis is that of a client, itself included (`same_redis`)."""
        yield from merged(self.parts.get(part, ()) for part in parts_of(client))

    def possible(self, client: Client) -> Iterator[int]:
        """Yield the clients whose old Redis is or can be that of a client (`same_redis`, `may_be_same`)."""
        address = of_client(client)
        others = self.without_service if address is not None and address.services else self.keeping
        yield from merged((self.near(client), self.namespaces.get(client.namespace, ()), others))


@once
def neighbours(environment: Environment, included: Callable[[Client], bool]) -> Neighbours:
    """Return the index of the clients of an environment that fulfil a condition, a function of a module."""
    index = Neighbours({}, {}, [], [])
    for number, client in enumerate(environment.clients):
        address = of_client(client)
        if address is None or client.previous is None or not included(client):
            continue
        for part in parts_of(client):
            index.parts.setdefault(part, []).append(number)  # type: ignore[attr-defined]
        if not client.previous.remove:
            index.keeping.append(number)
            index.namespaces.setdefault(client.namespace, []).append(number)  # type: ignore[attr-defined]
            if not address.services:
                index.without_service.append(number)
    return index


def merged(lists: Iterable[Iterable[int]]) -> Iterator[int]:
    """Yield the numbers of sorted lists in order, each once. The lists are read only as far as the caller needs them."""
    last = -1
    for number in merge(*lists):
        if number != last:
            yield number
            last = number


def parts_of(client: Client) -> Iterator[Hashable]:
    """Yield what two clients with the same old Redis have in common: a Service, a host, an IP address, or an object that both remove."""
    address = of_client(client)
    if address is None or client.previous is None:
        return
    yield from (("service", *service) for service in address.services)
    yield from (("host", host) for host in address.hosts)
    yield from (("address", text) for text in address.addresses)
    yield from (("object", client.namespace, reference) for reference in client.previous.remove)


def stays(migration: Migration | None) -> str:
    """Return why a client needs its old Redis; "" if it does not."""
    if migration is None:
        return "has no migration"
    if migration.step == "rolled-back":
        return "is rolled back"
    return "" if migration.step == "complete" or effects(migration).switched else f"is at {migration.step}"


def needs_old_redis(client: Client) -> bool:
    """Return whether a client uses its old Redis, or must be able to roll back to it."""
    return bool(stays(client.migration))


@once
def numbers(environment: Environment) -> Mapping[str, int]:
    """Return the number of each client by its name."""
    return {client.name: number for number, client in enumerate(environment.clients)}
