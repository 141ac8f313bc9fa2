"""Common names of variables, and the values that are read from them."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.init.objects import InputObjects
from rediskit.init.redis_variables import ContainerVariables, RedisVariables, Variable, redis_variables_of
from tests.init.live import config_map, container, secret_key, workload


def heard(*others: dict[str, Any], env_from: Any = None, **env: Any) -> ContainerVariables:
    app = container(**env) | ({"envFrom": env_from} if env_from else {})
    one = workload(app)
    return redis_variables_of(app, one, InputObjects((one, *others)))


def names(made: RedisVariables) -> tuple[str | None, ...]:
    return tuple(variable.name if variable else None for variable in (made.host, made.port, made.password, made.url))


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": "x"}, ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", None)),
        ({"CACHE_REDIS_HOST": "redis", "CACHE_REDIS_PASS": "x"}, ("CACHE_REDIS_HOST", None, "CACHE_REDIS_PASS", None)),
        ({"REDIS_HOSTNAME": "redis", "REDIS_PORT": "1"}, ("REDIS_HOSTNAME", "REDIS_PORT", None, None)),
        ({"SPRING_DATA_REDIS_HOST": "r", "SPRING_DATA_REDIS_PORT": "1"}, ("SPRING_DATA_REDIS_HOST", "SPRING_DATA_REDIS_PORT", None, None)),
        ({"redisHost": "redis", "redisPort": "6379"}, ("redisHost", "redisPort", None, None)),
        ({"cacheHost": "redis", "cachePort": "6379"}, ("cacheHost", "cachePort", None, None)),
        ({"REDISHOST": "redis", "REDISPORT": "6379"}, ("REDISHOST", "REDISPORT", None, None)),
        ({"VALKEY_HOST": "valkey"}, ("VALKEY_HOST", None, None, None)),
        ({"CACHE_HOST": "redis.shop", "CACHE_PORT": "6380"}, ("CACHE_HOST", "CACHE_PORT", None, None)),
        ({"REDIS_HOST": "redis", "REDIS_AUTH_PASSWORD": "x"}, ("REDIS_HOST", None, "REDIS_AUTH_PASSWORD", None)),
        ({"REDIS_URL": "redis://redis:6379/0"}, (None, None, None, "REDIS_URL")),
        ({"CELERY_BROKER_URL": "rediss://:x@redis.shop:6380/1"}, (None, None, None, "CELERY_BROKER_URL")),
        ({"BROKER": "redis://redis"}, (None, None, None, "BROKER")),
        ({"REDIS_ADDR": "redis:6379"}, (None, None, None, "REDIS_ADDR")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_common_names_of_variables_are_recognized(env: dict[str, str], expected: tuple[str | None, ...]) -> None:
    (made,) = heard(**env).sets
    assert names(made) == expected


@pytest.mark.parametrize(
    "env",
    [
        {"PORT": "3001", "HOST": "0.0.0.0"},
        {"CACHE_DRIVER": "redis", "SESSION_STORE": "redis", "QUEUE_CONNECTION": "redis"},
        {"REDIS_DB": "0", "REDIS_PREFIX": "shop", "REDIS_ENABLED": "true"},
        {"REDIS_COMMANDER_URL": "https://redis.example.com/admin"},
        {"DB_HOST": "postgres", "DB_PORT": "5432", "DB_PASSWORD": "x"},
        {"PREDISPOSED": "yes", "SUPPORT": "6379", "TRANSPORT_PORT": "1"},
        {},
    ],
    ids=["own-port", "drivers", "settings", "console", "database", "words", "none"],
)
def test_other_variables_are_not_redis_variables(env: dict[str, str]) -> None:
    assert heard(**env).sets == ()


def test_variables_of_two_redis_are_two_sets() -> None:
    found = heard(CACHE_REDIS_HOST="cache", CACHE_REDIS_PORT="1", QUEUE_REDIS_HOST="queue", QUEUE_REDIS_PASSWORD="x").sets
    assert [names(made) for made in found] == [
        ("CACHE_REDIS_HOST", "CACHE_REDIS_PORT", None, None),
        ("QUEUE_REDIS_HOST", None, "QUEUE_REDIS_PASSWORD", None),
    ]


@pytest.mark.parametrize(
    ("env", "shape", "host", "port"),
    [
        ({"REDIS_HOST": "redis.shop.svc.cluster.local", "REDIS_PORT": "6380"}, "three", "redis.shop.svc.cluster.local", 6380),
        ({"REDIS_HOST": "redis.shop.svc.cluster.local."}, "three", "redis.shop.svc.cluster.local", None),
        ({"REDIS_HOST": "Redis"}, "three", "redis", None),
        ({"REDIS_HOST": "10.0.0.7", "REDIS_PORT": "none"}, "three", "10.0.0.7", None),
        ({"REDIS_HOST": "redis", "REDIS_PORT": "70000"}, "three", "redis", None),
        ({"REDIS_HOST": "two words"}, "three", "", None),
        ({"REDIS_HOST": ""}, "three", "", None),
        ({"REDIS_HOST": "$(OTHER)"}, "three", "", None),
        ({"REDIS_HOST": "redis:6379"}, "address", "redis", 6379),
        ({"REDIS_URL": "redis://user:word@redis.shop:6380/2?x=1"}, "url", "redis.shop", 6380),
        ({"REDIS_URL": "redis://redis/0"}, "url", "redis", None),
        ({"REDIS_URL": "redis://[broken"}, "url", "", None),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_shape_host_and_port_are_read_from_the_values(env: dict[str, str], shape: str, host: str, port: int | None) -> None:
    (made,) = heard(**env).sets
    assert (made.shape, made.old_host, made.old_port) == (shape, host, port)


def test_values_are_read_from_config_maps_and_never_from_secrets() -> None:
    reference = {"configMapKeyRef": {"name": "settings", "key": "host"}}
    (made,) = heard(config_map("settings", host="redis.shop"), REDIS_HOST=reference).sets
    assert made.host == Variable("REDIS_HOST", "redis.shop", "ConfigMap settings")
    (made,) = heard(REDIS_HOST=reference).sets
    assert made.host == Variable("REDIS_HOST", None, "ConfigMap settings")
    secret = {"kind": "Secret", "metadata": {"name": "keys", "namespace": "shop"}, "data": {"host": "cmVkaXM="}}
    (made,) = heard(secret, REDIS_HOST=secret_key("keys", "host")).sets
    assert made.host == Variable("REDIS_HOST", None, "Secret keys")
    assert made.old_host == ""


def test_variables_of_env_from_are_recognized_and_env_overrides_them() -> None:
    env_from = [
        {"prefix": "CACHE_", "configMapRef": {"name": "settings"}},
        {"secretRef": {"name": "keys"}},
        {"secretRef": {"name": "gone"}},
    ]
    secret = {"kind": "Secret", "metadata": {"name": "keys", "namespace": "shop"}, "stringData": {"CACHE_REDIS_PASSWORD": "word"}}
    found = heard(config_map("settings", REDIS_HOST="old", REDIS_PORT="6379"), secret, env_from=env_from, CACHE_REDIS_HOST="redis.shop")
    assert found.unseen == ("Secret gone",)
    (made,) = found.sets
    assert names(made) == ("CACHE_REDIS_HOST", "CACHE_REDIS_PORT", "CACHE_REDIS_PASSWORD", None)
    assert made.old_host == "redis.shop", "env wins over envFrom"
    assert made.password == Variable("CACHE_REDIS_PASSWORD", None, "Secret keys")


def test_a_port_without_quotes_is_accepted() -> None:
    app = container() | {"env": [{"name": "REDIS_HOST", "value": "redis"}, {"name": "REDIS_PORT", "value": 6380}]}
    (made,) = redis_variables_of(app, workload(app), InputObjects(())).sets
    assert made.old_port == 6380
