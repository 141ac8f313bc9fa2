"""Find the other users of a client's old Redis in the input: they would lose it in the last step of the migration."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from rediskit.init.detected import DetectedClient, DetectedWorkload
from rediskit.init.objects import ONCE, WORKLOADS, InputObjects, is_name, mappings_at, name_of, namespace_of, safe_reference
from rediskit.init.switches import ContainerSwitch
from rediskit.model.nested import list_at, text_at
from rediskit.model.podspec import Container, containers_of
from rediskit.model.pointers import pointer, unescaped
from rediskit.usage.address import parse
from rediskit.usage.finder import Use, certain, uses
from rediskit.usage.servers import is_watcher
from rediskit.usage.services import reference

_SOURCES = {
    **dict.fromkeys(("configMap", "configMapRef", "configMapKeyRef"), ("ConfigMap", "name")),
    **dict.fromkeys(("secretRef", "secretKeyRef"), ("Secret", "name")),
    "secret": ("Secret", "secretName"),
}
"""The keys of a pod with a reference to a ConfigMap or a Secret: the kind, and the key of the name."""


class UsersQuery(NamedTuple):
    """A client whose old Redis may have other users.

    Attributes:
        workloads: The client's workloads, with what the migration switches in them.
        host, port: The address of the old Redis in the client's variables.
        gone: `Kind/name` of the objects of the old Redis.
    """

    workloads: Sequence[DetectedWorkload]
    namespace: str
    host: str
    port: int
    gone: Collection[str]

    @property
    def names(self) -> frozenset[str]:
        """The variables that the migration switches in any container."""
        return frozenset(name for workload in self.workloads for switch in workload.containers for name in switch.names)

    @property
    def containers(self) -> Iterator[tuple[str, Container, ContainerSwitch]]:
        """Each container: the reference of its workload, the container, and its switch."""
        for workload in self.workloads:
            switches = {(switch.listed, switch.name): switch for switch in workload.containers}
            for container in containers_of(workload.content):
                if switch := switches.get((container.listed, container.name)):
                    yield workload.reference, container, switch


def other_users(query: UsersQuery, objects: InputObjects) -> tuple[list[Use], list[Use]]:
    """Return the certain and the possible uses of an old Redis by other objects, and by variables that are not switched."""
    address = parse(query.host, query.namespace, query.port)
    all_uses = uses(objects.all, address, namespace=query.namespace, switched=query.names, gone=query.gone)
    own = _OwnPlaces(query, objects)
    others = [use for use in all_uses if not own.covers(use)]
    return certain(others), [use for use in others if use.strength == "possible"]


class _OwnPlaces:
    """The places that the migration switches, or that only the old Redis reads."""

    def __init__(self, query: UsersQuery, objects: InputObjects) -> None:
        self._query = query
        self._references = {workload.reference for workload in query.workloads}
        self._places = frozenset(self._switched_places())
        self._sources = frozenset(self._switched_sources())
        self._readers = _readers(objects, query.namespace)

    def covers(self, use: Use) -> bool:
        """Return whether the migration switches a use, or only the old Redis reads it."""
        if use.namespace != self._query.namespace:
            return False
        if use.object in self._references:
            places = (place for workload, place in self._places if workload == use.object)
            return any(use.pointer == place or use.pointer.startswith(f"{place}/") for place in places)
        readers = self._readers.get(use.object, set())
        if not readers:
            return False
        if readers <= set(self._query.gone):
            return True
        key = unescaped(use.pointer.rpartition("/")[2])
        switched = (use.object, key) in self._sources or ((use.object, "*") in self._sources and key in self._query.names)
        return switched and readers <= {*self._references, *self._query.gone}

    def _switched_places(self) -> Iterator[tuple[str, str]]:
        """Yield workload and JSON pointer of each switched variable and argument."""
        for workload, container, switch in self._query.containers:
            for index, entry in enumerate(list_at(container.content, "env")):
                if isinstance(entry, dict) and entry.get("name") in switch.names:
                    yield workload, pointer(*container.path, "env", index)
            for key in ("command", "args"):
                for index, word in enumerate(list_at(container.content, key)):
                    if any(old in str(word) for old, _ in switch.args) or any(f"$({name})" in str(word) for name in switch.names):
                        yield workload, pointer(*container.path, key, index)

    def _switched_sources(self) -> Iterator[tuple[str, str]]:
        """Yield the ConfigMaps and Secrets of the switched variables, each with the key; the key is `*` for `envFrom`."""
        for _, container, switch in self._query.containers:
            for entry in mappings_at(container.content, "env"):
                for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                    if entry.get("name") in switch.names and (name := text_at(entry, "valueFrom", key, "name")):
                        yield f"{kind}/{name}", text_at(entry, "valueFrom", key, "key")
            for source in mappings_at(container.content, "envFrom"):
                for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                    if name := text_at(source, key, "name"):
                        yield f"{kind}/{name}", "*"


def _readers(objects: InputObjects, namespace: str) -> dict[str, set[str]]:
    """Return the objects that refer to each ConfigMap and Secret of a namespace."""
    readers: dict[str, set[str]] = {}
    for content in objects.all:
        if namespace_of(content) in ("", namespace) and name_of(content):
            for source in _sources(content):
                readers.setdefault(source, set()).add(reference(content))
    return readers


def _sources(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _SOURCES and isinstance(inner, dict):
                kind, name = _SOURCES[key]
                if text := text_at(inner, name) or text_at(inner, "name"):
                    yield f"{kind}/{text}"
            yield from _sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sources(inner)


def keep_used_objects(clients: Sequence[DetectedClient], objects: InputObjects) -> None:
    """Remove nothing that another object of the input uses: a client, a Job, a DaemonSet, a chart value."""
    names = {(workload.reference, client.namespace): client.name for client in clients for workload in client.workloads}
    for client in clients:
        if not client.host or not client.namespace:
            continue
        certain, possible = other_users(_query(client), objects)
        certain = [use for use in certain if not _is_watcher(use, objects)]
        target = client.target(client.host)
        others = [names.get((use.object, use.namespace), _shown(use, client)) for use in certain if not _is_own(use, client)]
        others += [other.name for other in clients if other is not client and other.host and other.target(other.host) == target]
        others = list(dict.fromkeys([*others, *(_shown(use, client) for use in certain if _is_own(use, client))]))
        if others and client.remove:
            text = f"{', '.join(client.remove)}: also used by {', '.join(others)}; write remove for the last client that moves"
            client.remark("previous", text)
            client.remove = ()
        elif others:
            client.remark("previous", f"the old Redis is also used by {', '.join(others)}")
        unmoved = [_shown(use, client) for use in certain if _is_own(use, client) or (use.object, use.namespace) not in names]
        if unmoved:
            text = f"the migration does not change {', '.join(dict.fromkeys(unmoved))}: change them before decommission"
            client.remark("previous", text)
        kinds = dict.fromkeys(use.object.partition("/")[0] for use in certain)
        client.remark("previous", *(f"a {kind} {ONCE[kind]}: rediskit does not change it" for kind in kinds if kind in ONCE))
        if places := [f"{safe_reference(use.object)} at {_safe_pointer(use)}" for use in possible]:
            client.remark("previous", f"may use the old Redis, check before decommission: {', '.join(dict.fromkeys(places))}")


def _query(client: DetectedClient) -> UsersQuery:
    return UsersQuery(tuple(client.workloads), client.namespace, client.host, client.port or 6379, client.gone)


def _is_own(use: Use, client: DetectedClient) -> bool:
    return use.namespace == client.namespace and use.object in [workload.reference for workload in client.workloads]


def _shown(use: Use, client: DetectedClient) -> str:
    """Return the object of a use; for the client itself also the place, because the migration switches the other places."""
    if _is_own(use, client):
        return f"{use.object} itself at {_safe_pointer(use)}"
    home = "" if use.namespace == client.namespace else f" in namespace {use.namespace}" if is_name(use.namespace) else " elsewhere"
    return f"{safe_reference(use.object)}{home}"


def _safe_pointer(use: Use) -> str:
    """Return the JSON pointer without parts that are no fields of Kubernetes: a key may be a password."""
    return "/".join(part if re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)*|[0-9]{1,4}|", part) else "…" for part in use.pointer.split("/"))


def _is_watcher(use: Use, objects: InputObjects) -> bool:
    return any(
        is_watcher(obj) for obj in objects.of(*WORKLOADS) if reference(obj) == use.object and namespace_of(obj) in ("", use.namespace)
    )
