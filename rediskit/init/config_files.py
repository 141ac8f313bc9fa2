"""Find the files of ConfigMaps that contain the address of an old Redis: a person changes them."""

from rediskit.init.objects import WORKLOADS, Content, InputObjects, mappings_at, name_of, namespace_of
from rediskit.model.nested import text_at
from rediskit.model.podspec import containers_of, pods_of
from rediskit.model.pointers import unescaped
from rediskit.usage.address import parse
from rediskit.usage.finder import Use, certain, uses
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference, selects


def files_with_redis(workload: Content, objects: InputObjects, *, hosts: bool = False) -> dict[str, str]:
    """Return the containers of a workload that read the address of a Redis from a file of a ConfigMap, with the file or the host name."""
    files: dict[str, str] = {}
    for _, pod in pods_of(workload):
        for volume in mappings_at(pod, "volumes"):
            source = objects.named("ConfigMap", text_at(volume, "configMap", "name"), namespace_of(workload))
            use = _use(source, workload, objects) if source else None
            if source is None or use is None:
                continue
            readers = [container.name for container in containers_of(workload) if _mounts(container.content, text_at(volume, "name"))]
            key = unescaped(use.pointer.rpartition("/")[2])
            text = use.shown.partition(":")[0] if hosts else f"{key} of ConfigMap/{name_of(source)}"
            for name in readers or [container.name for container in containers_of(workload) if container.listed == "containers"][:1]:
                files.setdefault(name, text)
    return files


def _mounts(container: Content, volume: str) -> bool:
    return any(text_at(mount, "name") == volume for mount in mappings_at(container, "volumeMounts"))


def _use(source: Content, workload: Content, objects: InputObjects) -> Use | None:
    """Return the first certain use of a Redis of the input in a ConfigMap."""
    home = namespace_of(workload)
    servers = [obj for obj in objects.of(*WORKLOADS) if is_server(obj)]
    for service in objects.of("Service"):
        if any(selects(service, obj) for obj in servers):
            address = parse(name_of(service), namespace_of(service) or home)
            matches = certain(uses([source], address, namespace=home))
            if matches and matches[0].object == reference(source):
                return matches[0]
    return None
