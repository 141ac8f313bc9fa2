"""The data of the old Redis: what `previous.data` keeps, but the removal of an object of `previous.remove` deletes."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rediskit.migrate.owner.released import key_of
from rediskit.model.client import Client
from rediskit.model.nested import at, list_at, text_at
from rediskit.model.podspec import containers_of, pods_of
from rediskit.model.pointers import pointer
from rediskit.renderers.tree import Object
from rediskit.usage.finder import Use
from rediskit.usage.hidden import Hidden
from rediskit.usage.servers import is_watcher
from rediskit.usage.services import reference

_WORKLOADS = frozenset("CronJob DaemonSet Deployment Job Pod ReplicaSet ReplicationController Rollout StatefulSet".split())
_ALONE = frozenset(
    {
        *("ConfigMap", "Secret", "Service", "ServiceAccount", "Endpoints", "EndpointSlice", "LimitRange", "ResourceQuota"),
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "PodDisruptionBudget"),
        *("NetworkPolicy", "CiliumNetworkPolicy", "DestinationRule", "PeerAuthentication"),
        *("Ingress", "HTTPRoute", "TCPRoute", "IngressRouteTCP"),
        *("HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ScaledObject", "TriggerAuthentication"),
        *("ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe", "GrafanaDashboard", "VMServiceScrape", "VMPodScrape", "VMRule"),
        *("SealedSecret", "ExternalSecret", "Certificate", "SecretStore"),
        *("HelmRepository", "GitRepository", "OCIRepository", "Bucket"),
    }
)
"""Kinds whose removal deletes no claim, and nothing that has one."""
_WHEN_DELETED = ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
_CASCADES = "resources-finalizer.argocd.argoproj.io"
_BRIEF = ("ephemeral", "emptyDir", "csi", "configMap", "secret", "downwardAPI", "projected", "gitRepo", "image")
"""The volumes that go with their pod, or contain no data of it."""
_DATA = re.compile(r"/(?:data|db|persist\w*)(?:/|$)|^/var/lib/", re.IGNORECASE)
"""The paths at which a Redis usually has its data."""
_REDIS = re.compile("redis|valkey|keydb|dragonfly", re.IGNORECASE)
_GOES = "which previous.data keeps"


def lost_data(client: Client, before: Sequence[Object]) -> Iterator[Use]:
    """Yield the objects of previous.remove that delete data which `previous.data` keeps, or have volumes although it is `none`."""
    data = client.previous.data if client.previous else None
    removed = list(_removed(client, before))
    any_lasts = any(map(_lasts, removed))
    for content in removed:
        places: Iterator[tuple[Sequence[str | int], str]] = iter(())
        if data == "none" and list_at(content, "spec", "volumeClaimTemplates"):
            places = iter([(("spec", "volumeClaimTemplates"), "it has volumes, and previous.data is none")])
        elif data == "keep":
            places = _of_pods(content, any_lasts) if content.get("kind") in _WORKLOADS else _of_manager(content)
        for path, why in places:
            yield Use(reference(content), client.namespace, pointer(*path), "certain", why)
    if data == "keep" and client.owner.delivery == "stated" and not client.is_decommissioned:
        yield from _unread(client, before)


def managed(client: Client, before: Sequence[Object]) -> Iterator[Hidden]:
    """Yield the objects of previous.remove that manage other objects: what these contain is not visible."""
    for content in _removed(client, before):
        if content.get("kind") not in _ALONE | _WORKLOADS:
            yield Hidden(reference(content), client.namespace, "", "it manages objects that are not rendered")


def _removed(client: Client, before: Sequence[Object]) -> Iterator[Object]:
    for content in before:
        if reference(content) in client.old_objects and key_of(content)[1] in ("", client.namespace):
            yield content


def _unread(client: Client, before: Sequence[Object]) -> Iterator[Use]:
    """Yield the objects of previous.remove that can manage claims and are not among the objects that were read."""
    read = {reference(content) for content in _removed(client, before)}
    for name in client.old_objects:
        if name not in read and name.partition("/")[0] not in _ALONE | _WORKLOADS:
            yield Use(name, client.namespace, "", "certain", f"it can manage claims, {_GOES}, and it was not read")


def _of_manager(content: Object) -> Iterator[tuple[Sequence[str | int], str]]:
    """Yield why the removal of an object that manages others deletes their data."""
    kind = content.get("kind")
    if kind in _ALONE:
        return
    if kind == "Application":
        finalizers = [str(entry) for entry in list_at(content, "metadata", "finalizers")]
        if any(entry.startswith(_CASCADES) for entry in finalizers):
            yield ("metadata", "finalizers"), f"its finalizer deletes its objects and with them claims, {_GOES}"
    elif kind == "Kustomization":
        policy = text_at(content, "spec", "deletionPolicy") or "MirrorPrune"
        if policy == "Delete" or (policy == "MirrorPrune" and at(content, "spec", "prune") is not False):
            yield ("spec", "prune"), f"its removal deletes its objects and with them claims, {_GOES}"
    else:
        yield ("spec",), f"its removal can delete claims, {_GOES}"


def _of_pods(workload: Object, any_lasts: bool) -> Iterator[tuple[Sequence[str | int], str]]:
    """Yield the volumes of a removed workload that go with it. any_lasts: whether another one has a volume that outlives it."""
    if at(workload, *_WHEN_DELETED) == "Delete":
        yield _WHEN_DELETED, f"it deletes its claims, {_GOES}"
    lost = [
        ((*path, "volumes", index), f"its volume of type {kind} goes with the pod, and previous.data is keep")
        for path, pod in pods_of(workload)
        for index, volume in enumerate(list_at(pod, "volumes"))
        for kind in ("ephemeral", "emptyDir", "csi")
        if isinstance(volume, dict) and kind in volume and (kind == "ephemeral" or _has_data(pod, text_at(volume, "name")))
    ]
    yield from lost
    if not lost and not _lasts(workload) and (not any_lasts or _is_redis(workload)) and not _has_no_data(workload):
        yield ("spec",), "it has no volume that outlives it, and previous.data is keep"


def _lasts(workload: Object) -> bool:
    """Return whether a workload has a volume that outlives it."""
    volumes = (volume for _, pod in pods_of(workload) for volume in list_at(pod, "volumes") if isinstance(volume, dict))
    return bool(list_at(workload, "spec", "volumeClaimTemplates")) or any(not set(_BRIEF) & set(volume) for volume in volumes)


def _is_redis(workload: Object) -> bool:
    return any(_REDIS.search(str(entry.content.get("image"))) for entry in containers_of(workload))


def _has_no_data(workload: Object) -> bool:
    """Return whether a workload is a job, a monitor or a sentinel."""
    return workload.get("kind") in ("CronJob", "Job") or is_watcher(workload) or _is_sentinel(workload)


def _has_data(pod: Any, name: str) -> bool:
    """Return whether a container has a volume at a path for data."""
    mounts = (mount for container in list_at(pod, "containers") for mount in list_at(container, "volumeMounts"))
    return any(text_at(mount, "name") == name and _DATA.search(text_at(mount, "mountPath")) for mount in mounts)


def _is_sentinel(workload: Object) -> bool:
    """Return whether each container is a sentinel, by its image or its command."""
    containers = [container.content for container in containers_of(workload) if container.listed == "containers"]
    words = (" ".join(map(str, (at(entry, "image"), *list_at(entry, "command"), *list_at(entry, "args")))) for entry in containers)
    return bool(containers) and all("sentinel" in text for text in words)
