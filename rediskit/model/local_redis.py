"""An old Redis in the pods of the application, such as a sidecar: it stops with them, and nothing can read it while they are stopped."""

import re
from collections.abc import Mapping
from typing import Any

from rediskit.model.client import Client
from rediskit.model.gitops_tools import image_name
from rediskit.model.nested import list_at, text_at
from rediskit.model.once import once
from rediskit.model.workload import Workload

SERVER = re.compile(r"(?:redis|valkey|keydb|dragonfly)(?:-(?:stack|server|cluster|sentinel|oss|alpine))*[0-9]*", re.IGNORECASE)
"""The names of images of a Redis; `redis-worker` is an application."""
_LOOPBACK = re.compile(r"localhost(?:\.localdomain)?|ip6-(?:localhost|loopback)|127(?:\.[0-9]{1,3}){3}|0\.0\.0\.0")
_WITHOUT_PODS = frozenset({"ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "Secret", "Service", "ServiceMonitor"})


@once
def is_local(client: Client) -> bool:
    """Return whether the old Redis is a container in the pods of the application.

    Its host is then a loopback address, or a Service of the namespace where a pod has the image of a Redis and `previous.remove` contains
    no object with pods.
    """
    if client.previous is None:
        return False
    host = client.previous.host.lower().rstrip(".")
    if is_loopback(host):
        return True
    labels = host.split(".")
    here = len(labels) == 1 or client.namespace in labels[1:3]
    removed = {reference.partition("/")[0] for reference in client.previous.remove}
    return here and removed <= _WITHOUT_PODS and any(_has_server(workload) for workload in client.workloads)


def is_loopback(host: str) -> bool:
    """Return whether a host in lower case is an address of the pod itself."""
    return _LOOPBACK.fullmatch(host) is not None


def _has_server(workload: Workload) -> bool:
    """Return whether a container of the pods that runs beside the others has the image of a Redis."""
    beside = [entry for entry in workload.listed("initContainers") if entry.get("restartPolicy") == "Always"]
    return any(SERVER.fullmatch(image_name(text_at(entry, "image"))) for entry in (*workload.listed("containers"), *beside))


def keeps_data(client: Client) -> bool:
    """Return whether `previous.data` keeps the volume of a local Redis."""
    return client.previous is not None and client.previous.data == "keep"


def can_lose_data(client: Client) -> bool:
    """Return whether the application creates all its data in Redis again: the config lists only caches."""
    return set(client.use) == {"cache"}


def may_have_volume(client: Client) -> bool:
    """Return whether the pods can have a persistent volume: one of their manifests has a claim, or there is no manifest."""
    return any(workload.manifest is None or _has_claim(workload, workload.manifest.content) for workload in client.workloads)


def _has_claim(workload: Workload, content: Mapping[str, Any]) -> bool:
    claims = [volume for volume in list_at(content, *workload.pod_path, "volumes") if "persistentVolumeClaim" in volume]
    return bool(claims or list_at(content, "spec", "volumeClaimTemplates"))
