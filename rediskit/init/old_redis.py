"""Find the objects of the Redis that an application uses before the migration."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rediskit.init.objects import RUNNING, Content, InputObjects, is_reference, mappings_at, name_of, namespace_of, safe_reference
from rediskit.model.nested import text_at
from rediskit.usage.address import parse
from rediskit.usage.finder import certain, uses
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference, selects


class OldRedis(NamedTuple):
    """The Redis behind a host name.

    Attributes:
        remove: The objects to remove, as Kind/name. For an object that an operator created, the object that the operator reads.
        remarks: Objects that are not in the input, or that are kept.
        gone: `Kind/name` of each object of this Redis and of its replicas.
    """

    remove: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """Return name and namespace of the Service with a host name, for a Pod in this namespace; ("", "") outside the cluster."""
    services = () if host in ("", "localhost") or "?" in host else parse(host, namespace).services
    return services[0] if services else ("", "")


def old_redis(host: str, port: int, clients: Sequence[Content], namespace: str, objects: InputObjects) -> OldRedis:
    """Return the objects of the Redis behind a host name in the variables of a client, whose workloads are never part of the result."""
    name, home = service_of(host, namespace)
    if not name:
        return OldRedis(remarks=(f"{host} is not a Service in the cluster: the migration cannot remove it",))
    if home != namespace:
        return OldRedis(remarks=(f"the old Redis is in namespace {home}: the migration removes objects in {namespace} only",))
    service = objects.named("Service", name, home)
    servers = [obj for obj in objects.of(*RUNNING) if is_server(obj) and namespace_of(obj) in ("", home)]
    remarks: list[str] = []
    if service is None:
        behind = [obj for obj in servers if name_of(obj) == name]
        remarks.append(f"Service/{name} is not in the input: write it under remove if the migration must remove it")
    else:
        behind = [obj for obj in servers if selects(service, obj)]
        remarks += _others_behind(service, behind, clients, objects)
    fronts = [
        front
        for front in objects.of("Service")
        if namespace_of(front) in ("", home) and (front is service or any(selects(front, obj) for obj in behind))
    ]
    shared = {
        reference(front): others
        for front in fronts
        if (others := _not_redis(front, servers, objects)) and not (front is service and behind and _has_only(front, port))
    }
    fronts = [front for front in fronts if reference(front) not in shared]
    remarks += [f"{front} also selects {', '.join(others)}, which is kept: the Service is not removed" for front, others in shared.items()]
    remarks += _claims(behind)
    parts = (*behind, *fronts)
    remove = dict.fromkeys(_owner(obj, objects, remarks) for obj in parts)
    replicas = [obj for obj in servers if obj not in behind and _is_replica(obj, name, objects, home)]
    remarks += [f"{safe_reference(reference(obj))} is a replica of {host}: write it under remove if both must go" for obj in replicas]
    gone = dict.fromkeys((*remove, *map(reference, (*parts, *replicas))))
    return OldRedis(tuple(filter(is_reference, remove)), tuple(dict.fromkeys(remarks)), tuple(gone))


def _others_behind(service: Content, behind: list[Content], clients: Sequence[Content], objects: InputObjects) -> Iterator[str]:
    """Yield a remark on each workload, except the client, that a Service selects beside a known Redis."""
    others = [obj for obj in _selected(service, objects) if obj not in behind and obj not in clients]
    hint = "it is kept" if behind else "write it under remove if it is the old Redis"
    yield from (f"{reference(service)} selects {safe_reference(reference(obj))}, which has no Redis image: {hint}" for obj in others)
    if not behind and not others:
        yield f"the workload behind {reference(service)} is not in the input: write it under remove"


def _not_redis(service: Content, servers: list[Content], objects: InputObjects) -> list[str]:
    """Return the workloads behind a Service that are not a Redis: they need the Service."""
    return [safe_reference(reference(obj)) for obj in _selected(service, objects) if obj not in servers]


def _selected(service: Content, objects: InputObjects) -> list[Content]:
    home = namespace_of(service)
    return [obj for obj in objects.of(*RUNNING) if (not home or namespace_of(obj) in ("", home)) and selects(service, obj)]


def _has_only(service: Content, port: int) -> bool:
    """Return whether the only port of a Service is the port of the Redis: no application is reached through it."""
    ports = mappings_at(service, "spec", "ports")
    return bool(ports) and all(entry.get("port") == port for entry in ports)


def _is_replica(server: Content, name: str, objects: InputObjects, home: str) -> bool:
    """Return whether the primary of a Redis is the Service `name`."""
    maps = objects.of("ConfigMap")
    return bool(certain(uses((server, *maps), parse(name, home), namespace=home, gone=[reference(obj) for obj in maps])))


def _owner(obj: Content, objects: InputObjects, remarks: list[str]) -> str:
    """Return the reference of the object that an object is created from, through all ownerReferences in the input."""
    current, visited = obj, {reference(obj)}
    while owners := mappings_at(current, "metadata", "ownerReferences"):
        owner = next((entry for entry in owners if entry.get("controller") is True), owners[0])
        kind, name = text_at(owner, "kind"), text_at(owner, "name")
        if not is_reference(f"{kind}/{name}") or f"{kind}/{name}" in visited:
            break
        visited.add(f"{kind}/{name}")
        above = objects.named(kind, name, namespace_of(obj))
        if above is None:
            remarks.append(f"{safe_reference(reference(current))} is owned by {kind}/{name}, which is not in the input")
            return f"{kind}/{name}"
        current = above
    return reference(current)


def _claims(workloads: list[Content]) -> list[str]:
    """Return a remark on each volume claim: claims are kept and data is not copied."""
    remarks = []
    for obj in workloads:
        volumes = mappings_at(obj, "spec", "template", "spec", "volumes")
        names = [text_at(volume, "persistentVolumeClaim", "claimName") for volume in volumes]
        names += [f"{text_at(claim, 'metadata', 'name')}-{name_of(obj)}-0" for claim in mappings_at(obj, "spec", "volumeClaimTemplates")]
        remarks += [f"PersistentVolumeClaim {name} of {reference(obj)} is kept: its data is not copied" for name in names if name]
    return remarks
