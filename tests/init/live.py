"""Live objects for tests: real ones, and small ones in the same form."""

from __future__ import annotations

from typing import Any

from rediskit.init.detected import DetectedClient
from rediskit.yamlio.writer import dump
from tests.samples import BACKEND, ROOT

OLD = ROOT / "tests/source/data/beersystem-redis.yaml"
"""The real old Redis of beersystem, as kubectl printed it."""
REAL = f"{BACKEND.read_text(encoding='utf-8')}---\n{OLD.read_text(encoding='utf-8')}"

Object = dict[str, Any]


def workload(*containers: Object, name: str = "web", kind: str = "Deployment", replicas: int | None = 2, **metadata: Any) -> Object:
    """Return a workload in namespace `shop`. `metadata` is merged into its metadata; None removes a key."""
    head = {"name": name, "namespace": "shop", **metadata}
    labels = {"app": name}
    spec: Object = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": list(containers)}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {key: value for key, value in head.items() if value is not None},
        "spec": spec if replicas is None else {"replicas": replicas, **spec},
    }


def container(name: str = "app", image: str = "registry.example.com/shop/web:1.2.3", **env: Any) -> Object:
    """Return a container. A variable is its value, or its `valueFrom`."""
    entries = [{"name": key, "value" if isinstance(value, str) else "valueFrom": value} for key, value in env.items()]
    return {"name": name, "image": image, **({"env": entries} if entries else {})}


def secret_key(name: str, key: str) -> Object:
    return {"secretKeyRef": {"name": name, "key": key}}


def redis(name: str = "redis", kind: str = "Deployment", **metadata: Any) -> Object:
    return workload(container("redis", "docker.io/library/redis:7-alpine"), name=name, kind=kind, **metadata)


def service(name: str = "redis", app: str = "redis", **metadata: Any) -> Object:
    head = {"name": name, "namespace": "shop", **metadata}
    return {"apiVersion": "v1", "kind": "Service", "metadata": head, "spec": {"selector": {"app": app}, "ports": [{"port": 6379}]}}


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def text(*objects: Object) -> str:
    """Return the objects as several documents."""
    return "---\n".join(map(dump, objects))


def other_questions(client: DetectedClient) -> dict[str, list[str]]:
    """Return the open questions apart from that of `use`: a small input does not show what it stores."""
    return {section: texts for section, texts in client.questions.items() if section != "use"}
