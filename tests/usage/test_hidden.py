"""What a scan lists as not visible: variables that can contain an address, and files, of objects that it does not see."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.usage.hidden import not_visible


def workload(**pod: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop"},
        "spec": {"template": {"spec": {"containers": [{"name": "web", **pod.pop("container", {})}], **pod}}},
    }


def listed(content: dict[str, Any], *others: dict[str, Any]) -> list[str]:
    return [
        part.pointer.rpartition("/spec/")[2]
        for part in not_visible([content, *others], namespace="shop")
        if part.object == "Deployment/shop"
    ]


ADDRESSES = (
    "REDIS_URL",
    "CELERY_BROKER",
    "REDIS_DSN",
    "CACHE",
    "RESQUE_REDIS",
    "CACHE_URL",
    "REDIS_ENDPOINT",
    "redis_nodes",
    "DSN",
    "SESSION_STORE",
)
OTHERS = ("REDIS_PASSWORD", "REDIS_PORT", "CELERY_USER", "CACHE_TTL", "API_TOKEN", "LOG_LEVEL", "SESSION_KEY", "REDIS_DB")


@pytest.mark.parametrize("kind", ["configMapKeyRef", "secretKeyRef"])
def test_a_variable_that_can_contain_an_address_is_listed(kind: str) -> None:
    entries = [{"name": name, "valueFrom": {kind: {"name": "absent", "key": "a"}}} for name in (*ADDRESSES, *OTHERS)]
    assert listed(workload(container={"env": entries})) == [f"containers/0/env/{index}" for index in range(len(ADDRESSES))]


def test_the_files_of_an_object_that_is_not_seen_are_listed() -> None:
    volumes = [
        {"name": "a", "secret": {"secretName": "absent"}},
        {"name": "b", "configMap": {"name": "there"}},
        {"name": "c", "emptyDir": {}},
    ]
    visible = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there", "namespace": "shop"}, "data": {}}
    assert listed(workload(volumes=volumes), visible) == ["volumes/0"]
    assert listed(workload(volumes=volumes)) == ["volumes/0", "volumes/1"]
