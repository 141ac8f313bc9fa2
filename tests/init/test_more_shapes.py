"""Shapes of addresses beside those of the cases: connection strings, composed arguments, arguments that no rule can change."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.errors import ConfigError
from rediskit.init.clients import clients_of
from rediskit.init.detected import DetectedClient
from rediskit.init.objects import InputObjects
from tests.init.live import container, redis, secret_key, service, workload

THREE: dict[str, Any] = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": secret_key("keys", "password")}


def client(*objects: Any) -> DetectedClient:
    (detected,) = clients_of(InputObjects((*objects, redis(), service()))).clients
    return detected


@pytest.mark.parametrize(
    ("value", "template", "databases"),
    [
        (
            "addr=redis:6379,pool_size=100,db=0,ssl=false",
            "addr=${address},password=${password},pool_size=100,db=${database},ssl=false",
            {"default": 0},
        ),
        ("addr=redis:6379", "addr=${address},password=${password}", {}),
        ("addr=redis:6379,password=correct-horse,db=3", "addr=${address},password=${password},db=${database}", {"default": 3}),
    ],
)
def test_a_connection_string_with_addr_is_a_template(value: str, template: str, databases: dict[str, int]) -> None:
    """As Grafana reads it in GF_REMOTE_CACHE_CONNSTR."""
    detected = client(workload(container(GF_REMOTE_CACHE_CONNSTR=value)))
    assert detected.workloads[0].containers[0].env == {"GF_REMOTE_CACHE_CONNSTR": template}
    assert (detected.databases, detected.questions) == (databases, {})


def test_arguments_that_kubernetes_composes_of_switched_variables_are_no_other_user() -> None:
    obj = workload(container(**THREE) | {"args": ["--redis", "$(REDIS_HOST):$(REDIS_PORT)"]})
    detected = client(obj)
    assert detected.remove == ("Deployment/redis", "Service/redis")
    assert detected.remarks == {}


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"args": ["--redis-host", "redis", "--redis-port", "6379"]}, "args[0], args[1], args[2]"),
        ({"command": ["sh", "-c", "exec app --redis-host redis"]}, "command[2]"),
    ],
)
def test_arguments_with_redis_that_no_rule_can_change_are_listed(change: dict[str, Any], places: str) -> None:
    (question,) = client(workload(container() | change)).questions["containers"]
    assert f"without an address: {places})" in question
    several = InputObjects((workload(container() | change), workload(container(), name="other")))
    with pytest.raises(ConfigError, match="no variable or argument contains the address of Redis"):
        clients_of(several)
