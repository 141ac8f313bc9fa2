"""What an application loses with its old Redis: policy, databases, keyspace events, memory, modules, persistence."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.init.clients import clients_of
from rediskit.init.comparison import compare
from rediskit.init.objects import InputObjects
from rediskit.model.client import Use
from rediskit.model.redis import Redis
from rediskit.usage.lost_settings import differences
from tests.init.live import config_map, container, redis, secret_key, service, workload


def server(*words: str, image: str = "docker.io/library/redis:7") -> dict[str, Any]:
    obj = redis()
    obj["spec"]["template"]["spec"]["containers"] = [container("redis", image) | {"args": list(words)}]
    return obj


def lost(obj: dict[str, Any], *more: dict[str, Any], **settings: Any) -> list[str]:
    return differences(obj, (obj, *more), Redis.model_validate(settings))


@pytest.mark.parametrize(
    ("words", "settings", "text"),
    [
        (
            ("--maxmemory-policy", "noeviction"),
            {},
            "keeps keys without an expiry (noeviction), and the shared Redis evicts them (allkeys-lru)",
        ),
        (
            ("--maxmemory-policy", "volatile-lru"),
            {},
            "keeps keys without an expiry (volatile-lru), and the shared Redis evicts them (allkeys-lru)",
        ),
        (
            ("--maxmemory-policy=allkeys-lfu",),
            {"memory": {"policy": "volatile-lru"}},
            "evicts any key (allkeys-lfu), and the shared Redis only keys with an expiry (volatile-lru): set one on each cache key",
        ),
        (
            ("--maxmemory-policy", "allkeys-lru"),
            {"memory": {"policy": "noeviction"}},
            "evicts any key (allkeys-lru), and the shared Redis rejects writes when it is full",
        ),
        (
            ("--maxmemory-policy", "noeviction"),
            {"memory": {"policy": "volatile-ttl"}},
            "evicts no key, and the shared Redis evicts keys with an expiry (volatile-ttl)",
        ),
        (("--databases", "32"), {}, "has 32 databases, and the shared Redis has 16: the numbers from 16 on do not exist there"),
        (
            ("--notify-keyspace-events", "Ex"),
            {},
            "publishes keyspace events (Ex), and the shared Redis publishes none: an application that waits for them receives none",
        ),
        (("--maxmemory", "4gb"), {}, "has maxmemory 4gb for itself, and the shared Redis has 1gb for all clients"),
        (("--maxmemory", "0"), {}, "has no memory limit, and the shared Redis has 1gb for all clients"),
        (("--loadmodule", "/usr/lib/redis/rejson.so"), {}, "has modules, and the shared Redis has none: their commands fail"),
        (("--appendonly", "yes"), {"appendOnly": False}, "stores its keys on disk, and the shared Redis loses them at a restart"),
        (
            ("--appendonly", "yes"),
            {"appendOnly": False, "savePoints": ["3600 1"]},
            "writes each change to its append-only file, and the shared Redis only saves at its save points (3600 1)",
        ),
        (("--appendfsync", "always"), {}, "syncs each write to disk, and the shared Redis can lose about a second of writes"),
        (("--cluster-enabled", "yes"), {}, "is a Redis Cluster, and the shared Redis is none: a client in cluster mode fails"),
        (("--aclfile", "/etc/users.acl"), {}, "has users of its own (ACL), and the shared Redis only has the user default"),
    ],
)
def test_each_setting_that_gets_worse_is_told(words: tuple[str, ...], settings: dict[str, Any], text: str) -> None:
    assert lost(server(*words), **settings) == [text]


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("--maxmemory-policy", "allkeys-lru"), {}),
        (("--maxmemory-policy", "volatile-lru"), {"memory": {"policy": "volatile-lfu"}}),
        (("--databases", "16"), {}),
        (("--databases", "32"), {"databases": 32}),
        (("--maxmemory", "512mb"), {}),
        (("--maxmemory", "lots"), {}),
        (("--notify-keyspace-events", "Ex"), {"values": {"commonConfiguration": "notify-keyspace-events Ex"}}),
        (("--appendonly", "yes"), {}),
        (("--appendonly", "no"), {"appendOnly": False}),
        (("--save", "60"), {"appendOnly": False, "savePoints": ["3600 1"]}),
        (("--requirepass", "correct-horse-battery"), {}),
        ((), {}),
    ],
)
def test_what_stays_or_improves_is_not_told(words: tuple[str, ...], settings: dict[str, Any]) -> None:
    assert lost(server(*words), **settings) == []


@pytest.mark.parametrize(("use", "count"), [((), 0), (("sessions",), 1), (("cache", "sessions"), 1), (("cache",), 0), (("queue",), 0)])
def test_the_default_policy_counts_for_other_data_than_a_cache(use: tuple[Use, ...], count: int) -> None:
    text = "evicts no key (noeviction, the default of Redis), and the shared Redis evicts any key when its memory is full (allkeys-lru)"
    obj = server()
    assert differences(obj, (obj,), Redis(), use) == [text] * count


def test_settings_are_read_from_files_images_and_shells_too() -> None:
    obj = server(image="docker.io/redis/redis-stack-server:7")
    obj["spec"]["template"]["spec"]["volumes"] = [{"name": "conf", "configMap": {"name": "redis-conf"}}]
    conf = config_map("redis-conf", **{"redis.conf": "# databases 99\nmaxmemory 2gb\nrequirepass correct-horse-battery\n"})
    assert lost(obj, conf) == [
        "has maxmemory 2gb for itself, and the shared Redis has 1gb for all clients",
        "has modules, and the shared Redis has none: their commands fail",
    ]
    shell = server("sh", "-c", "exec redis-server --databases 20 --save ''")
    assert lost(shell) == ["has 20 databases, and the shared Redis has 16: the numbers from 16 on do not exist there"]


def test_only_the_old_redis_of_the_client_is_compared() -> None:
    other = server("--databases", "99")
    other["metadata"]["name"] = "other"
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    objects = InputObjects(
        (server("--databases", "32"), other, service(), workload(container(REDIS_HOST="redis", REDIS_PASSWORD=secret_key("a", "b"))))
    )
    (client,) = clients_of(objects).clients
    compare([client], objects, Redis())
    assert [text for text in client.remarks["previous"] if "databases" in text] == [
        "Deployment/redis has 32 databases, and the shared Redis has 16: the numbers from 16 on do not exist there"
    ]
