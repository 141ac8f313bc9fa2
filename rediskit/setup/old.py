"""The Redis that an application uses until now: which objects of the input it is made of."""

from __future__ import annotations

import re
from typing import NamedTuple

from rediskit.model.nested import at, text_at
from rediskit.setup.objects import WORKLOADS, Content, Objects, containers, listed, name_of, namespace_of, reference

_SERVER = re.compile(r"(?:redis|valkey|keydb|dragonfly)(?:-(?:stack|server|cluster|sentinel|oss|alpine))*[0-9]*", re.IGNORECASE)
"""What images of a Redis are called; `redis-worker` is somebody's application."""
_WATCHER = re.compile(r"(?:redis|valkey)[-_]?(?:exporter|commander|insight)", re.IGNORECASE)
_CLUSTER_NAME = re.compile(r"(?P<name>[^.]+)(?:\.(?P<namespace>[^.]+)(?:\.svc(?:\.cluster\.local)?)?)?")


class OldRedis(NamedTuple):
    """remove: what may go, as Kind/name. remarks: what the input does not hold, or what stays."""

    remove: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def is_server(workload: Content) -> bool:
    """Whether a workload is a Redis itself: every container runs an image of one, or one that watches it."""
    images = _images(workload)
    return any(map(_SERVER.fullmatch, images)) and all(_SERVER.fullmatch(image) or _WATCHER.fullmatch(image) for image in images)


def is_watcher(workload: Content) -> bool:
    """Whether a workload only looks at a Redis: an exporter of metrics, a console."""
    images = _images(workload)
    return bool(images) and all(map(_WATCHER.fullmatch, images))


def _images(workload: Content) -> list[str]:
    """The last part of each image's name: `redis` of `docker.io/library/redis:7-alpine@sha256:...`."""
    return [text_at(container, "image").partition("@")[0].rpartition("/")[2].partition(":")[0] for container in containers(workload)]


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """Name and namespace of the Service that a host name is, for a Pod of this namespace; ("", "") for a host outside of the cluster."""
    found = _CLUSTER_NAME.fullmatch(host)
    if not found or host == "localhost" or re.fullmatch(r"[0-9.]+", host):
        return "", ""
    return found["name"], found["namespace"] or namespace


def old_redis(host: str, namespace: str, objects: Objects) -> OldRedis:
    """What of the input is the Redis behind a host name, as a Pod of this namespace knows it."""
    name, home = service_of(host, namespace)
    if not name:
        return OldRedis(remarks=(f"{host} is no Service of the cluster: nothing of it can be removed here",))
    service = objects.named("Service", name, home)
    servers = [obj for obj in objects.of(*WORKLOADS) if is_server(obj) and namespace_of(obj) in ("", home)]
    remarks: list[str] = []
    if service is not None:
        behind = [obj for obj in servers if selects(service, obj)]
        others = [obj for obj in objects.of(*WORKLOADS) if selects(service, obj) and obj not in servers and namespace_of(obj) in ("", home)]
        remarks += [f"{reference(obj)} stands behind Service/{name} but runs no image of Redis: add it if it is one" for obj in others]
        if not behind and not others:
            remarks.append(f"the input does not hold what stands behind Service/{name}: add it")
    else:
        behind = [obj for obj in servers if name_of(obj) == name]
        remarks.append(f"Service/{name} is not in the input: add it if it may go, too")
    if home != namespace:
        return OldRedis(remarks=(f"the old Redis lies in namespace {home}, and only what lies in {namespace} can be removed here",))
    fronts = [
        obj
        for obj in objects.of("Service")
        if namespace_of(obj) in ("", home) and (obj is service or any(selects(obj, one) for one in behind))
    ]
    remarks += _claims(behind)
    return OldRedis(tuple(reference(obj) for obj in (*behind, *fronts)), tuple(remarks))


def selects(service: Content, workload: Content) -> bool:
    """Whether the Pods of a workload stand behind a Service."""
    selector, labels = at(service, "spec", "selector"), at(workload, "spec", "template", "metadata", "labels")
    if not isinstance(selector, dict) or not selector or not isinstance(labels, dict):
        return False
    return all(labels.get(key) == value for key, value in selector.items())


def _claims(workloads: list[Content]) -> list[str]:
    """What is said of volumes: a claim is not removed, and its data is not copied."""
    remarks = []
    for obj in workloads:
        names = [text_at(volume, "persistentVolumeClaim", "claimName") for volume in listed(obj, "spec", "template", "spec", "volumes")]
        names += [f"{text_at(claim, 'metadata', 'name')}-{name_of(obj)}-0" for claim in listed(obj, "spec", "volumeClaimTemplates")]
        remarks += [f"PersistentVolumeClaim {name} of {reference(obj)} stays: its data is not copied" for name in names if name]
    return remarks
