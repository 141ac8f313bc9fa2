"""Services, the workloads that they select, and their further names and addresses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.usage.address import Address

Object = Mapping[str, Any]
_ADDRESS_ANNOTATION = r"(?:loadBalancerIPs|load-balancer-ips?|lb-ipam-ips|lbipam\.cilium\.io/ips)$"
_NAME_ANNOTATION = r"/(?:internal-)?hostname$"
"""The annotations by which external-dns and other controllers create DNS names of a Service."""
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout", "Pod")


def completed(address: Address, objects: Sequence[Object], namespace: str, gone: Iterable[str] = ()) -> Address:
    """Return the address with every further name, IP address and port of the same Redis in the objects.

    A Service that selects only the workloads in `gone` (`Kind/name`) belongs to the Redis. So does the Service of a StatefulSet of it:
    one in `gone`, or one that a Service of the Redis selects.
    """
    servers = set(gone)
    services = [content for content in objects if content.get("kind") == "Service"]
    workloads = _by_label(objects if services else (), namespace)
    for service in services:
        name, home = text_at(service, "metadata", "name"), text_at(service, "metadata", "namespace") or namespace
        literals, hosts = _literals(service), _hosts(service)
        common = set(literals) & set(address.addresses) or set(hosts) & set(address.hosts)
        labels = [(home, *label) for label in mapping_at(service, "spec", "selector").items() if isinstance(label[1], str)]
        fewest = min((workloads.get(label, []) for label in labels), key=len, default=[])
        selected = [reference(workload) for workload in fewest if selects(service, workload)]
        is_redis = bool(selected) and home == namespace and servers.issuperset(selected)
        if (name, home) in address.services or common or is_redis:
            address = address.plus(Address(((name, home),), hosts, literals, _ports(service, "port"), _ports(service, "nodePort")))
    return _with_stateful_sets(address, objects, services, namespace, servers)


def _with_stateful_sets(address: Address, objects: Iterable[Object], services: Sequence[Object], namespace: str, gone: set[str]) -> Address:
    """Return the address with the StatefulSets of the Redis, and with the Services by which DNS has names of their pods."""
    own = [service for service in services if _key_of(service, namespace) in address.services]
    for content in objects:
        if content.get("kind") != "StatefulSet":
            continue
        name, home = _key_of(content, namespace)
        is_selected = any(_key_of(service, namespace)[1] == home and selects(service, content) for service in own)
        if (home == namespace and reference(content) in gone) or (is_selected and _is_server(content)):
            governing = text_at(content, "spec", "serviceName")
            is_known = any(_key_of(service, namespace) == (governing, home) for service in services)
            named = ((governing, home),) if governing and not is_known else ()
            address = address.plus(Address(named, ports=address.ports, stateful_sets=((name, home),)))
    return address


def _is_server(workload: Object) -> bool:
    """Return whether a workload is a Redis."""
    from rediskit.usage.servers import is_server  # Few configs have a selected StatefulSet.

    return is_server(workload)


def _key_of(content: Object, namespace: str) -> tuple[str, str]:
    """Return name and namespace of an object. namespace: that of an object that sets none."""
    return text_at(content, "metadata", "name"), text_at(content, "metadata", "namespace") or namespace


def _ports(service: Object, key: str) -> tuple[int, ...]:
    numbers = (at(entry, key) for entry in list_at(dict(service), "spec", "ports"))
    return tuple(number for number in numbers if isinstance(number, int))


def backends(service: Object, objects: Iterable[Object], namespace: str) -> list[Object]:
    """Return the workloads whose pods a Service selects."""
    home = text_at(service, "metadata", "namespace") or namespace
    return [
        content
        for content in objects
        if content.get("kind") in _WORKLOADS
        and (text_at(content, "metadata", "namespace") or namespace) == home
        and selects(service, content)
    ]


def _by_label(objects: Iterable[Object], namespace: str) -> dict[tuple[str, str, str], list[Object]]:
    """Return the workloads by namespace, and by key and value of each label of their pods."""
    result: dict[tuple[str, str, str], list[Object]] = {}
    for content in objects:
        if content.get("kind") in _WORKLOADS:
            home = text_at(content, "metadata", "namespace") or namespace
            for key, value in _labels(content).items():
                if isinstance(value, str):
                    result.setdefault((home, key, value), []).append(content)
    return result


def _labels(workload: Object) -> dict[str, Any]:
    """Return the labels of the pods of a workload."""
    of_template = mapping_at(workload, "spec", "template", "metadata", "labels")
    return of_template or (mapping_at(workload, "metadata", "labels") if workload.get("kind") == "Pod" else {})


def selects(service: Object, workload: Object) -> bool:
    """Return whether a Service selects the pods of a workload."""
    selector = mapping_at(service, "spec", "selector")
    labels = _labels(workload)
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def reference(content: Object) -> str:
    """Return `Kind/name` of an object."""
    return f"{content.get('kind')}/{text_at(content, 'metadata', 'name')}"


def _hosts(service: Object) -> tuple[str, ...]:
    """Return the DNS names of a Service outside of the cluster: those in annotations, and those of its load balancer."""
    names = [at(entry, "hostname") for entry in list_at(dict(service), "status", "loadBalancer", "ingress")]
    for key, value in mapping_at(service, "metadata", "annotations").items():
        if re.search(_NAME_ANNOTATION, key) and isinstance(value, str):
            names += value.split(",")
    plain = (name.strip().lower().rstrip(".") for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(name for name in plain if "." in name))  # A name without a domain can be any word.


def _literals(service: Object) -> tuple[str, ...]:
    """Return the IP addresses of a Service: ClusterIP, external, LoadBalancer, and those in annotations."""
    spec, values = at(service, "spec"), []
    values += [at(spec, "clusterIP"), at(spec, "loadBalancerIP"), *list_at(spec, "clusterIPs"), *list_at(spec, "externalIPs")]
    values += [at(entry, "ip") for entry in list_at(dict(service), "status", "loadBalancer", "ingress")]
    for key, value in mapping_at(service, "metadata", "annotations").items():
        if re.search(_ADDRESS_ANNOTATION, key, re.IGNORECASE) and isinstance(value, str):
            values += [part.strip() for part in value.split(",")]
    return tuple(dict.fromkeys(str(ip_address(text)) for text in values if isinstance(text, str) and _is_address(text)))


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False
