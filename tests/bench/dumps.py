"""Dumps of a cluster as kubectl prints them, for `init --from`: 5,000 objects in almost 50 MiB."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rediskit.init.dump import MAX_INPUT
from rediskit.yamlio.writer import dump

OBJECTS = 5000
FORMS = {"List in YAML": "list.yaml", "documents in YAML": "stream.yaml", "List in JSON": "list.json"}
_PROBE = 12_000
_NUMBER = "@number@"
_KINDS = ("Pod", "Pod", "ReplicaSet", "Deployment", "Service", "ConfigMap", "Pod", "ReplicaSet", "Secret", "Endpoints")


def write_dumps(folder: Path, count: int = OBJECTS, size: int = MAX_INPUT) -> dict[str, Path]:
    """Write a dump of almost `size` bytes in each form, and return its file.

    The forms are the List of `kubectl get -o yaml`, documents with `---`, and the List of `kubectl get -o json`.
    """
    paths = {}
    for name, form in FORMS.items():
        small, large = (len(_text(form, count, filler)) for filler in (0, _PROBE))
        filler = max(0, int((size - small) * _PROBE / (large - small)) - 100)
        paths[name] = folder / f"dump-{form}"
        paths[name].write_text(_text(form, count, filler), encoding="utf-8")
    return paths


def _text(form: str, count: int, filler: int) -> str:
    """Return a dump in one form."""
    objects = list(_objects(count, filler))
    if form == "stream.yaml":
        return "---\n".join(_texts(objects, dump))
    if form == "list.yaml":
        listed = (textwrap.indent(text, "  ").replace("  ", "- ", 1) for text in _texts(objects, dump))
        return f'apiVersion: v1\nitems:\n{"".join(listed)}kind: List\nmetadata:\n  resourceVersion: ""\n'
    items = ",\n".join(_texts(objects, lambda content: textwrap.indent(json.dumps(content, indent=4), "        ")))
    end = '"kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n'
    return f'{{\n    "apiVersion": "v1",\n    "items": [\n{items}\n    ],\n    {end}}}\n'


def _texts(objects: list[tuple[int, dict[str, Any]]], written: Any) -> Iterator[str]:
    """Yield the text of each object: that of its kind, with the number of the object."""
    of_kind: dict[int, str] = {}
    for number, content in objects:
        if id(content) not in of_kind:
            of_kind[id(content)] = written(content)
        yield of_kind[id(content)].replace(_NUMBER, str(number))


def _objects(count: int, filler: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the application and its Redis, then objects of several kinds. filler: the bytes of text of each object."""
    yield 0, _workload("Deployment", "shop", filler, [{"name": "REDIS_HOST", "value": "redis"}, {"name": "REDIS_PORT", "value": "6379"}])
    yield 0, _workload("Deployment", "redis", filler, [])
    yield 0, _object("Service", "redis", filler) | {"spec": {"selector": {"app": "redis"}, "ports": [{"port": 6379}]}}
    of_kind = {kind: _of_kind(kind, filler) for kind in dict.fromkeys(_KINDS)}
    yield from ((number, of_kind[_KINDS[number % len(_KINDS)]]) for number in range(count - 3))


def _of_kind(kind: str, filler: int) -> dict[str, Any]:
    name = f"app-{_NUMBER}"
    if kind in ("ConfigMap", "Secret"):
        return _object(kind, name, filler) | {"data": {"settings": "bGV2ZWw6IGluZm8K" * 8}}
    if kind in ("Service", "Endpoints"):
        return _object(kind, name, filler) | {"spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}
    return _workload(kind, name, filler, [{"name": f"SETTING_{index}", "value": f"value {index}"} for index in range(20)])


def _workload(kind: str, name: str, filler: int, env: list[dict[str, str]]) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "app", "image": f"registry.example.com/{name}:1.2.3", "env": env}
    if name == "redis":
        container |= {"image": "redis:7.2", "ports": [{"containerPort": 6379}]}
    container["resources"] = {"limits": {"cpu": "1", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}
    pod = {"containers": [container], "restartPolicy": "Always", "serviceAccountName": "default"}
    labels = {"app": name}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    times = {"lastTransitionTime": "2026-03-01T22:00:00Z", "status": "True"}
    conditions = [{**times, "type": f"Condition{index}"} for index in range(4)]
    return _object(kind, name, filler) | {"spec": pod if kind == "Pod" else spec, "status": {"conditions": conditions}}


def _object(kind: str, name: str, filler: int) -> dict[str, Any]:
    """Return the head of an object. Half of the filler is text, and half the fields of its managers."""
    version = {"Deployment": "apps/v1", "ReplicaSet": "apps/v1"}.get(kind, "v1")
    fields: dict[str, Any] = {f"f:field{index}": {"f:value": {}, ".": {}} for index in range(filler // 2 // 60)}
    managed = [{"apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": fields}, "manager": "kubectl"}]
    metadata = {
        "annotations": {"example.com/notes": "some text of an annotation\n" * (filler // 2 // 27)},
        "creationTimestamp": "2026-03-01T22:00:00Z",
        "labels": {"app": name},
        "managedFields": managed,
        "name": name,
        "namespace": "shop",
        "uid": f"00000000-0000-0000-0000-{_NUMBER}",
    }
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
