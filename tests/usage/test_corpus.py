"""Two corpora as data: texts that name no host, and texts that certainly do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.usage.address import parse
from rediskit.usage.finder import Use, certain, uses

HERE = Path(__file__).parent
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "redis",
        "namespace": "shop",
        "annotations": {
            "metallb.io/loadBalancerIPs": "192.168.4.240",
            "external-dns.alpha.kubernetes.io/hostname": "redis.home.lan, Cache.home.lan.",
            "tailscale.com/hostname": "ts-redis",
        },
    },
    "spec": {"clusterIP": "10.43.7.9", "clusterIPs": ["10.43.7.9", "fd00:43::9"], "ports": [{"port": 6379, "nodePort": 31379}]},
    "status": {"loadBalancer": {"ingress": [{"hostname": "lb-7.elb.example.com"}]}},
}


def deployment(**container: Any) -> dict[str, Any]:
    """Return a Deployment with one container."""
    pod = {"containers": [{"name": "app", **container}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": "shop"},
        "spec": {"template": {"spec": pod}},
    }


def cases(name: str) -> Iterator[Any]:
    """Each entry of a corpus as an object, with a name for the test."""
    data = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    for entry in data["variables"]:
        (key, value), *_ = entry.items()
        yield pytest.param(deployment(env=[{"name": key, "value": value}]), id=f"{key}={value}")
    for entry in data["arguments"]:
        yield pytest.param(deployment(args=entry), id=" ".join(entry))
    for entry in data["files"]:
        (key, _), *_ = entry.items()
        content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "shop"}, "data": entry}
        yield pytest.param(content, id=f"{key}: {entry[key][:30]!r}")
    for entry in data.get("objects", ()):
        yield pytest.param(entry, id=f"{entry['kind']}/{entry['metadata']['name']}")


def uses_in(content: dict[str, Any]) -> list[Use]:
    return uses([SERVICE, content], parse("redis", "shop"), namespace="shop")


@pytest.mark.parametrize("content", list(cases("negatives.yaml")))
def test_a_word_that_is_no_host_is_never_certain(content: dict[str, Any]) -> None:
    assert certain(uses_in(content)) == []


def test_the_negatives_are_at_least_40() -> None:
    assert len(list(cases("negatives.yaml"))) >= 40


@pytest.mark.parametrize("content", list(cases("positives.yaml")))
def test_a_host_is_certain(content: dict[str, Any]) -> None:
    assert [use.strength for use in uses_in(content)] == ["certain"]


@pytest.mark.parametrize("content", list(cases("positives.yaml")))
def test_text_beside_the_host_is_not_shown(content: dict[str, Any]) -> None:
    for use in uses_in(content):
        assert "secret" not in use.shown
        assert not set(use.shown) & set("@/ \"'="), use.shown
