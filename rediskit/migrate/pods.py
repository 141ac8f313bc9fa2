"""The pods of an application that have not ended. A controller does not count a pod that terminates, and its processes can still write."""

import re
from collections.abc import Iterable
from typing import Any

from rediskit.live.kubectl import list_objects
from rediskit.model.client import Client
from rediskit.model.nested import list_at, text_at
from rediskit.model.workload import Workload

_HASHES = {"Deployment": "pod-template-hash", "Rollout": "rollouts-pod-template-hash"}
"""The label of a pod that ends the name of its ReplicaSet, by the kind that owns the ReplicaSet."""


def live_pods(client: Client, context: str = "") -> list[Any]:
    """Return the pods of the workloads that run or terminate. Raises MissingToolError when kubectl is missing or fails."""
    return unfinished(client, list_objects("pods", client.namespace, "", context)) if client.workloads else []


def unfinished(client: Client, pods: Iterable[Any]) -> list[Any]:
    """Return those of the workloads of a client that have not ended."""
    return [pod for pod in pods if not _has_ended(pod) and any(_is_of(pod, workload) for workload in client.workloads)]


def names(pods: Iterable[Any]) -> str:
    """Return the names of the first pods, with commas between them."""
    texts = sorted(text_at(pod, "metadata", "name") for pod in pods)
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} others" if len(texts) > 3 else "")


def _has_ended(pod: Any) -> bool:
    return text_at(pod, "status", "phase") in ("Succeeded", "Failed")


def _is_of(pod: Any, workload: Workload) -> bool:
    """Return whether a controller created a pod for a workload: the labels of two workloads can be equal."""
    owners = [(text_at(owner, "kind"), text_at(owner, "name")) for owner in list_at(pod, "metadata", "ownerReferences")]
    kind, name = str(workload.kind), str(workload.name)
    if kind == "CronJob":
        return any(owner == "Job" and re.fullmatch(rf"{re.escape(name)}-[0-9]+", job) for owner, job in owners)
    if kind in _HASHES:
        return ("ReplicaSet", f"{name}-{text_at(pod, 'metadata', 'labels', _HASHES[kind])}") in owners
    return (kind, name) in owners
