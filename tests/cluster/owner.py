"""The repository that owns beersystem: its Deployment as it was live, its old Redis, and the Component that rediskit rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from rediskit import Tree
from tests.cluster.kube import Object
from tests.samples import backend

WORKLOAD = "beersystem-backend"
OLD = "redis"
COMPONENT = "rediskit"
FOLDER = "beersystem"


IDENTITY = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: []\n"
"""The Component that changes nothing: what an owner starts with."""


def files(namespace: str, replicas: int = 1, *, component: bool = True, more: Mapping[str, Object] | None = None) -> dict[str, str | bytes]:
    """Return path to text of the base, and of an overlay: the outermost one, which takes the Component, as in the docs.

    more: further objects of the base, by their file.
    """
    base = {
        "deployment-backend.yaml": workload(namespace, replicas),
        "deployment-redis.yaml": _old_redis(namespace),
        "service-redis.yaml": _old_service(namespace),
        "configmap-config.yaml": _config(namespace),
        **(more or {}),
    }
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    overlay = {**kustomization, "resources": ["base"], **({"components": [COMPONENT]} if component else {})}
    return {
        **{f"{FOLDER}/base/{name}": _text(content) for name, content in base.items()},
        f"{FOLDER}/base/kustomization.yaml": _text({**kustomization, "resources": sorted(base)}),
        f"{FOLDER}/kustomization.yaml": _text(overlay),
        **({f"{FOLDER}/{COMPONENT}/kustomization.yaml": IDENTITY} if component else {}),
    }


def sources_of(tree: Tree, client: str) -> dict[str, bytes]:
    """Path to bytes of what a tree has for the owner of a client: a Component, or a snippet."""
    start = f"owners/{client}/"
    return {path.removeprefix(start): text for path, text in tree.files.items() if path.startswith(start)}


def workload(namespace: str, replicas: int = 1) -> Object:
    """Return the real Deployment, in a namespace of the scenario and with the old Redis there."""
    content: dict[str, Any] = backend()
    content["metadata"]["namespace"] = namespace
    content["spec"]["replicas"] = replicas
    env = content["spec"]["template"]["spec"]["containers"][0]["env"]
    next(entry for entry in env if entry["name"] == "REDIS_HOST")["value"] = f"{OLD}.{namespace}.svc.cluster.local"
    return content


def _old_redis(namespace: str) -> Object:
    """As it was live: no volume, no password."""
    labels = {"app": OLD}
    container = {
        "name": "redis",
        "image": "redis:7-alpine",
        "ports": [{"name": "redis", "containerPort": 6379}],
        "resources": {"limits": {"cpu": "200m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OLD, "namespace": namespace, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def _old_service(namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": OLD, "namespace": namespace},
        "spec": {"selector": {"app": OLD}, "ports": [{"name": "redis", "port": 6379, "targetPort": "redis"}]},
    }


def _config(namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "beersystem-config", "namespace": namespace},
        "data": {"NODE_ENV": "production", "LOG_LEVEL": "info"},
    }


def _text(content: Object) -> str:
    return yaml.safe_dump(content, sort_keys=False)
