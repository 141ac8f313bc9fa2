"""Objects with values of another type, and what cannot be read."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from rediskit.usage.address import parse
from rediskit.usage.finder import uses
from rediskit.usage.hidden import not_visible
from rediskit.usage.references import needed
from rediskit.usage.servers import is_server, is_watcher
from rediskit.usage.services import completed, selects
from tests.usage.positions import OBJECTS, manifest
from tests.usage.test_finder import SERVICE

ODD: tuple[Any, ...] = (None, True, 1.5, 10**400, "", [], {}, [[]], [None], {"a": []}, {"": None}, [{"name": []}])


SOUND: list[dict[str, Any]] = [
    manifest("v1", "ConfigMap", data={"name": "redis"}),
    manifest("v1", "Secret", stringData={"a": "redis"}, data={"b": "cmVkaXM="}),
    SERVICE,
    manifest(
        "apps/v1",
        "Deployment",
        spec={
            "selector": {"matchLabels": {"app": "redis"}},
            "template": {
                "metadata": {"labels": {"app": "redis"}, "annotations": {"a": "redis"}},
                "spec": {
                    "serviceAccountName": "user",
                    "volumes": [
                        {"name": "v", "configMap": {"name": "user"}},
                        {"name": "w", "projected": {"sources": [{"secret": {"name": "s"}}]}},
                    ],
                    "containers": [
                        {
                            "name": "a",
                            "image": "redis:8",
                            "args": ["--host", "redis"],
                            "livenessProbe": {"exec": {"command": ["redis-cli", "-h", "redis"]}},
                            "lifecycle": {"preStop": {"httpGet": {"host": "redis", "port": 6379}}},
                            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "user"}}, {"secretRef": {"name": "user"}}],
                            "env": [
                                {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "user", "key": "name"}}},
                                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "user", "key": "a"}}},
                                {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                                {"name": "D", "value": "$(A).$(C)"},
                            ],
                        }
                    ],
                },
            },
        },
    ),
]


def places_in(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in nested data."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*path, key)
        yield from places_in(value, (*path, key))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_no_value_of_another_type_fails_at_any_place_of_any_object(odd: Any) -> None:
    """A build can contain any data: kustomize does not validate it."""
    for index, *rest, last in (place for place in places_in(SOUND) if len(place) > 1):
        objects = copy.deepcopy(SOUND)
        parent: Any = objects[index]
        for part in rest:
            parent = parent[part]
        parent[last] = odd
        address = completed(parse("redis", "shop"), objects, "shop", ("Deployment/user", "Service/redis"))
        uses(objects, address, namespace="shop", switched=["A"])
        not_visible(objects, namespace="shop", substituted=True)
        for content in objects:
            list(needed(content))
            selects(objects[2], content)
            is_server(content)
            is_watcher(content)


def test_what_cannot_be_read_is_listed() -> None:
    container = {
        "name": "a",
        "envFrom": [{"configMapRef": {"name": "absent"}}, {"secretRef": {"name": "there"}}],
        "env": [{"name": "REDIS_URL", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "url"}}}, {"name": "B", "value": "${HOST}"}],
    }
    secret = manifest("v1", "Secret", data={"blob": "gACB"})
    secret["metadata"]["name"] = "there"
    objects = [
        manifest("v1", "Pod", spec={"containers": [container]}),
        secret,
        manifest("bitnami.com/v1alpha1", "SealedSecret", spec={"encryptedData": {"a": "b"}}),
        manifest("v1", "Secret", sops={"mac": "ENC[...]"}, data={"a": "ENC[...]"}),
        OBJECTS["HelmRelease"]("redis"),
        OBJECTS["Application values"]("redis"),
        manifest("external-secrets.io/v1", "ExternalSecret", spec={"data": []}),
    ]
    hidden_values = [(hidden.object, hidden.pointer) for hidden in not_visible(objects, namespace="shop", substituted=True)]
    assert hidden_values == [
        ("Pod/user", "/spec/containers/0/envFrom/0"),
        ("Pod/user", "/spec/containers/0/env/0"),
        ("Pod/user", "/spec/containers/0/env/1/value"),
        ("Secret/there", "/data/blob"),
        ("SealedSecret/user", "/spec/encryptedData"),
        ("Secret/user", ""),
        ("HelmRelease/user", "/spec"),
        ("Application/user", "/spec/source"),
        ("ExternalSecret/user", "/spec/data"),
    ]
