"""The names of new clients, and of the files with their manifests."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from rediskit import dns
from rediskit.init.detected import DetectedClient
from rediskit.init.objects import Content, name_of
from rediskit.model.environment import RESERVED_CLIENTS
from rediskit.model.nested import mapping_at

_NAMES = ("app.kubernetes.io/part-of", "app.kubernetes.io/instance", "app.kubernetes.io/name", "app")
"""The labels with the name of the application."""


def client_names(groups: Sequence[Sequence[Content]], homes: Sequence[str], existing: Mapping[str, Collection[str]]) -> list[str]:
    """Return the name of each client: that of its namespace if it is its only client, else that of the application.

    `groups` are the workloads of each client, `homes` their namespaces, `existing` the names in the config by namespace.
    """
    alone = [homes.count(home) == 1 and not existing.get(home) for home in homes]
    names = [_name(group, home if only else "") for group, home, only in zip(groups, homes, alone, strict=True)]
    used = {name for of_namespace in existing.values() for name in of_namespace}
    unclear = {name for name in names if name in used or names.count(name) > 1}
    return [
        _valid(name_of(group[0])) if name in unclear and not only else name for group, name, only in zip(groups, names, alone, strict=True)
    ]


def _name(workloads: Sequence[Content], namespace: str) -> str:
    """Return the namespace if it is no common name; else the label that all workloads have, else the name of the first one."""
    if namespace and namespace not in ("default", *RESERVED_CLIENTS):
        return namespace
    labels = [mapping_at(workload, "metadata", "labels") for workload in workloads]
    candidates = _NAMES if len(workloads) > 1 else _NAMES[:-1]
    common = (values.pop() for label in candidates if len(values := {str(entry.get(label, "")) for entry in labels}) == 1)
    return _valid(next((value for value in common if re.fullmatch(dns.LABEL, value)), name_of(workloads[0])))


def _valid(name: str) -> str:
    name = name.replace(".", "-")[:63].strip("-")
    return f"{name}-app" if name in RESERVED_CLIENTS or not re.fullmatch(dns.LABEL, name) else name


def manifest_names(clients: Sequence[DetectedClient]) -> dict[tuple[str, str], str]:
    """Return the file name of each manifest: the name of the workload; where two have one name, with the client or the kind."""
    pairs = [(client, workload) for client in clients for workload in client.workloads]
    names = Counter(name_of(workload.content) for _, workload in pairs)
    references = Counter(workload.reference for _, workload in pairs)
    result = {}
    for client, workload in pairs:
        kind, _, name = workload.reference.partition("/")
        if names[name] > 1 and len(client.workloads) == 1:
            name = client.name
        elif names[name] > 1:
            name = f"{name}-{kind.lower()}" if references[workload.reference] == 1 else f"{client.name}-{name}-{kind.lower()}"
        result[client.name, workload.reference] = name
    return result
