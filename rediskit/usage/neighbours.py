"""An index of the old Redis of each client, so that a client is compared only with those that can have the same one."""

from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.usage.address import of_client


class Neighbours(NamedTuple):
    """Numbers of clients with an old Redis, in the order of the config.

    Attributes:
        parts: The clients by each part of their address, and by each object that they remove.
        namespaces: The clients of a namespace that remove nothing.
        keeping: All clients that remove nothing.
        without_service: Those of them whose address has no Service.
        with_manifest: The clients with a manifest, with or without an old Redis.
    """

    parts: Mapping[Hashable, list[int]]
    namespaces: Mapping[str, list[int]]
    keeping: list[int]
    without_service: list[int]
    with_manifest: list[int]

    def near(self, client: Client) -> list[int]:
        """Return the clients whose old Redis is that of a client, itself included (`same_redis`)."""
        return sorted({number for part in _parts(client) for number in self.parts.get(part, ())})

    def possible(self, client: Client) -> list[int]:
        """Return the clients whose old Redis is or can be that of a client (`same_redis`, `may_be_same`)."""
        address = of_client(client)
        others = self.without_service if address is not None and address.services else self.keeping
        return sorted({*self.near(client), *self.namespaces.get(client.namespace, ()), *others})


@once
def neighbours(environment: Environment) -> Neighbours:
    """Return the index of an environment."""
    index = Neighbours({}, {}, [], [], [])
    for number, client in enumerate(environment.clients):
        if any(workload.manifest for workload in client.workloads):
            index.with_manifest.append(number)
        address = of_client(client)
        if address is None or client.previous is None:
            continue
        for part in _parts(client):
            index.parts.setdefault(part, []).append(number)  # type: ignore[attr-defined]
        if not client.previous.remove:
            index.keeping.append(number)
            index.namespaces.setdefault(client.namespace, []).append(number)  # type: ignore[attr-defined]
            if not address.services:
                index.without_service.append(number)
    return index


def _parts(client: Client) -> Iterator[Hashable]:
    """Yield what two clients with the same old Redis have in common: a Service, a host, an IP address, or an object that both remove."""
    address = of_client(client)
    if address is None or client.previous is None:
        return
    yield from (("service", *service) for service in address.services)
    yield from (("host", host) for host in address.hosts)
    yield from (("address", text) for text in address.addresses)
    yield from (("object", client.namespace, reference) for reference in client.previous.remove)
