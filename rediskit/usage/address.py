"""The address of a Redis: its Services, external hosts, IP addresses and ports."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple, TypeVar

from rediskit.model.client import Client
from rediskit.model.once import once

Part = TypeVar("Part")


class Address(NamedTuple):
    """The address of a Redis.

    Attributes:
        services: Name and namespace of each Service.
        hosts: External host names, in lower case, without a trailing dot.
        addresses: IP addresses: ClusterIP, LoadBalancer, external.
        node_ports: The ports that every node of the cluster opens for the Services.
        stateful_sets: Name and namespace of each StatefulSet, whose pods have names in DNS.
    """

    services: tuple[tuple[str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = (6379,)
    node_ports: tuple[int, ...] = ()
    stateful_sets: tuple[tuple[str, str], ...] = ()

    def same(self, other: Address) -> bool:
        """Return whether two addresses have a Service, a host name or an IP address in common."""
        pairs = ((self.services, other.services), (self.hosts, other.hosts), (self.addresses, other.addresses))
        return any(set(parts) & set(other_parts) for parts, other_parts in pairs)

    def plus(self, other: Address) -> Address:
        """Return an address with the parts of both."""
        return Address(
            _joined(self.services, other.services),
            _joined(self.hosts, other.hosts),
            _joined(self.addresses, other.addresses),
            _joined(self.ports, other.ports),
            _joined(self.node_ports, other.node_ports),
            _joined(self.stateful_sets, other.stateful_sets),
        )


def _joined(parts: Iterable[Part], other_parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(dict.fromkeys((*parts, *other_parts)))


def parse(host: str, namespace: str, port: int = 6379) -> Address:
    """Return the address of a host name or an IP address for a pod in a namespace, where a bare name is resolved.

    The host has any form: `redis`, `redis.shop`, `redis.shop.svc`, `redis-0.redis.shop.svc.cluster.local.`, `10.43.0.7`.
    `redis-node-0.redis` can be a pod of this namespace, or a Service in the namespace `redis`: the address has both.
    """
    plain = host.lower().rstrip(".").strip("[]")
    if (address := _ip_address(plain)) is not None:
        return Address(addresses=(address,), ports=(port,))
    labels = plain.split(".")
    if len(labels) == 1:
        return Address(((plain, namespace),), ports=(port,))
    if len(labels) == 2 and _is_pod(*labels):
        return Address(((labels[1], namespace),), ports=(port,))
    if len(labels) == 2 and _can_be_pod(*labels):
        return Address(((labels[1], namespace), (labels[0], labels[1])), ports=(port,))
    if len(labels) == 3 and labels[2] != "svc" and _is_pod_of(namespace, *labels):
        return Address(((labels[1], labels[2]),), ports=(port,))
    if len(labels) == 2:
        return Address(((labels[0], labels[1]),), ports=(port,))
    if labels[2] == "svc":
        return Address(((labels[0], labels[1]),), ports=(port,))
    if labels[3:4] == ["svc"]:  # A pod of a StatefulSet, behind its headless Service.
        return Address(((labels[1], labels[2]),), ports=(port,))
    return Address(hosts=(plain,), ports=(port,))


def _ip_address(text: str) -> str | None:
    """Return an IP address in its usual form; None for a host name. Only an IP address has a colon or ends with a digit, as a rule."""
    if ":" not in text and not text[-1:].isdigit():
        return None
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _is_pod(pod: str, service: str) -> bool:
    """Return whether two labels are a pod of a StatefulSet and its headless Service, as in `redis-0.redis`."""
    name = stateful_set_of(pod)
    return bool(name) and (service == name or service.endswith("-headless"))


def _can_be_pod(pod: str, service: str) -> bool:
    """Return whether two labels can be a pod and its Service: the StatefulSet has a longer name, as in `redis-node-0.redis`."""
    return stateful_set_of(pod).startswith(f"{service}-")


def _is_pod_of(here: str, pod: str, service: str, namespace: str) -> bool:
    """Return whether three labels are a pod, its Service and the namespace. here: a known namespace; another name can be a domain."""
    return _is_pod(pod, service) or _can_be_pod(pod, service) or (namespace == here and bool(stateful_set_of(pod)))


def stateful_set_of(pod: str) -> str:
    """Return the StatefulSet of a pod by the name of the pod; "" for another name."""
    name, _, number = pod.rpartition("-")
    return name if number.isdecimal() else ""


@once
def of_client(client: Client) -> Address | None:
    """Return the address of a client's old Redis: its host, and what previous.remove lists of it; None if the client has none."""
    previous = client.previous
    if previous is None:
        return None
    services, stateful_sets = (_removed(client, kind) for kind in ("Service", "StatefulSet"))
    pod, _, service = previous.host.lower().rstrip(".").partition(".")
    is_own = (service, client.namespace) in services or (stateful_set_of(pod), client.namespace) in stateful_sets
    host = f"{pod}.{service}.{client.namespace}.svc" if is_own and stateful_set_of(pod) and "." not in service else previous.host
    address = parse(host, client.namespace, previous.port)
    return address.plus(Address(services, ports=(previous.port,), stateful_sets=stateful_sets))


def _removed(client: Client, kind: str) -> tuple[tuple[str, str], ...]:
    """Return name and namespace of the objects of a kind that `decommission` removes."""
    names = (reference.partition("/") for reference in client.old_objects)
    return tuple((name.lower(), client.namespace) for own, _, name in names if own == kind)
