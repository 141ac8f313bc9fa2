"""The Redis that an application uses until now: which objects of the input it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rediskit.init.objects import RUNNING, Content, InputObjects, is_reference, listed, name_of, namespace_of, reference, shown
from rediskit.model.nested import text_at
from rediskit.usage import certain, is_server, parse, selects, uses

_CLUSTER_NAME = re.compile(r"(?P<name>[^.]+)(?:\.(?P<namespace>[^.]+)(?:\.svc(?:\.cluster\.local)?)?)?")


class OldRedis(NamedTuple):
    """The Redis behind a host name.

    Attributes:
        remove: What may go, as Kind/name: of an object that an operator made, the object that the operator makes it from.
        remarks: What the input does not hold, or what stays.
        gone: `Kind/name` of every object that is this Redis or follows it.
    """

    remove: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """Name and namespace of the Service that a host name is, for a Pod of this namespace; ("", "") for a host outside of the cluster."""
    found = _CLUSTER_NAME.fullmatch(host)
    if not found or host == "localhost" or re.fullmatch(r"[0-9.]+", host):
        return "", ""
    return found["name"], found["namespace"] or namespace


def old_redis(host: str, port: int, workload: Content, namespace: str, objects: InputObjects) -> OldRedis:
    """Return what of the input is the Redis behind a host name, as a client knows it.

    Args:
        host: The host name.
        port: The port of the Redis.
        workload: The workload of the client. It is never part of the result.
        namespace: The namespace of the client.
        objects: The input.
    """
    name, home = service_of(host, namespace)
    if not name:
        return OldRedis(remarks=(f"{host} is no Service of the cluster: nothing of it can be removed here",))
    if home != namespace:
        return OldRedis(remarks=(f"the old Redis lies in namespace {home}, and only what lies in {namespace} can be removed here",))
    service = objects.named("Service", name, home)
    servers = [obj for obj in objects.of(*RUNNING) if is_server(obj) and namespace_of(obj) in ("", home)]
    remarks: list[str] = []
    if service is None:
        behind = [obj for obj in servers if name_of(obj) == name]
        remarks.append(f"Service/{name} is not in the input: add it if it may go, too")
    else:
        behind = [obj for obj in servers if selects(service, obj)]
        remarks += _others_behind(service, behind, workload, objects)
    fronts = [
        front
        for front in objects.of("Service")
        if namespace_of(front) in ("", home) and (front is service or any(selects(front, one) for one in behind))
    ]
    kept = {
        reference(front): _staying(front, servers, objects)
        for front in fronts
        if not (front is service and behind and _has_only(front, port))
    }
    fronts = [front for front in fronts if not kept.get(reference(front))]
    remarks += [f"{front} also selects {', '.join(stays)}, which stays: it is not removed" for front, stays in kept.items() if stays]
    remarks += _claims(behind)
    every = (*behind, *fronts)
    remove = dict.fromkeys(_owner(obj, objects, remarks) for obj in every)
    followers = [obj for obj in servers if obj not in behind and _follows(obj, name, objects, home)]
    remarks += [f"{shown(reference(obj))} follows {host}: add it if it goes with the old Redis" for obj in followers]
    gone = dict.fromkeys((*remove, *map(reference, (*every, *followers))))
    return OldRedis(tuple(filter(is_reference, remove)), tuple(dict.fromkeys(remarks)), tuple(gone))


def _others_behind(service: Content, behind: list[Content], workload: Content, objects: InputObjects) -> Iterator[str]:
    """Yield what is to be known of what a Service selects beside a Redis that is recognized. The client itself is never offered."""
    others = [obj for obj in _selected(service, objects) if obj not in behind and obj is not workload]
    hint = "it stays" if behind else "add it if it is one"
    yield from (f"{shown(reference(obj))} stands behind {reference(service)} but runs no image of Redis: {hint}" for obj in others)
    if not behind and not others:
        yield f"the input does not hold what stands behind {reference(service)}: add it"


def _staying(service: Content, servers: list[Content], objects: InputObjects) -> list[str]:
    """Return the workloads behind a Service that are no Redis: they would lose it."""
    return [shown(reference(obj)) for obj in _selected(service, objects) if obj not in servers]


def _selected(service: Content, objects: InputObjects) -> list[Content]:
    home = namespace_of(service)
    return [obj for obj in objects.of(*RUNNING) if (not home or namespace_of(obj) in ("", home)) and selects(service, obj)]


def _has_only(service: Content, port: int) -> bool:
    """Return whether a Service has the port of the Redis alone: an application behind it is not reached through it."""
    ports = listed(service, "spec", "ports")
    return bool(ports) and all(entry.get("port") == port for entry in ports)


def _follows(server: Content, name: str, objects: InputObjects, home: str) -> bool:
    """Return whether a Redis has the Service of another as its primary."""
    maps = objects.of("ConfigMap")
    return bool(certain(uses((server, *maps), parse(name, home), namespace=home, gone=[reference(one) for one in maps])))


def _owner(obj: Content, objects: InputObjects, remarks: list[str]) -> str:
    """Return the reference of the object that an object is made from, through every ownerReference that the input shows."""
    current, seen = obj, {reference(obj)}
    while owners := listed(current, "metadata", "ownerReferences"):
        found = next((one for one in owners if one.get("controller") is True), owners[0])
        kind, name = text_at(found, "kind"), text_at(found, "name")
        if not is_reference(f"{kind}/{name}") or f"{kind}/{name}" in seen:
            break
        seen.add(f"{kind}/{name}")
        above = objects.named(kind, name, namespace_of(obj))
        if above is None:
            remarks.append(f"{shown(reference(current))} belongs to {kind}/{name}, which the input does not hold")
            return f"{kind}/{name}"
        current = above
    return reference(current)


def _claims(workloads: list[Content]) -> list[str]:
    """What is said of volumes: a claim is not removed, and its data is not copied."""
    remarks = []
    for obj in workloads:
        names = [text_at(volume, "persistentVolumeClaim", "claimName") for volume in listed(obj, "spec", "template", "spec", "volumes")]
        names += [f"{text_at(claim, 'metadata', 'name')}-{name_of(obj)}-0" for claim in listed(obj, "spec", "volumeClaimTemplates")]
        remarks += [f"PersistentVolumeClaim {name} of {reference(obj)} stays: its data is not copied" for name in names if name]
    return remarks
