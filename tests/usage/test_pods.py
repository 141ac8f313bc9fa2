"""A pod of a StatefulSet is a host of the old Redis, whatever the names of the StatefulSet and of its Service are."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rediskit.model.environment import Environment
from rediskit.model.files import Manifest
from rediskit.usage.address import Address, of_client, parse
from rediskit.usage.clients import users
from rediskit.usage.finder import uses
from rediskit.usage.patterns import patterns
from rediskit.usage.services import completed
from tests.samples import backend, environment_of, merged
from tests.usage.test_corpus import deployment

HEADLESS = parse("redis-headless", "shop").plus(parse("redis", "shop"))
OLD = HEADLESS._replace(stateful_sets=(("redis-node", "shop"),))
HOSTS = ("redis-node-0.redis-headless", "redis-node-12.redis", "redis-node-0.redis-headless.shop", "redis-node-0.redis.shop.svc.k8s.lan.")
TEXTS = ("{}", "{}:6379", "redis://{}:6379/0", "redis://:pass@{}/1", "a:1,{}:26379", "redis-cli -h {} ping")
OBJECTS: dict[str, dict[str, Any]] = {
    "StatefulSet": {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "redis-node", "namespace": "shop"},
        "spec": {
            "serviceName": "redis-headless",
            "template": {"metadata": {"labels": {"app": "redis"}}, "spec": {"containers": [{"name": "redis", "image": "redis:7.2"}]}},
        },
    },
    "Service": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "shop"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 6379}]},
    },
}


def strengths(text: str, address: Address, name: str = "REDIS_NODES") -> list[str]:
    return [use.strength for use in uses([deployment(env=[{"name": name, "value": text}])], address, namespace="shop")]


@pytest.mark.parametrize("address", [HEADLESS, OLD], ids=["services", "stateful-set"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("host", HOSTS)
def test_a_pod_behind_a_service_of_the_old_redis_is_certain(host: str, text: str, address: Address) -> None:
    assert strengths(text.format(host), address) == ["certain"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis-node-0.other-headless:6379", ["certain"]),
        ("redis-node-0.other.shop:6379", ["certain"]),
        ("redis-node-0.other.shop.svc.cluster.local", ["certain"]),
        ("redis-node-0.other:6379", ["possible"]),
        ("redis-node-$i.other:6379", ["possible"]),
        ("redis-node-0.other.cart.svc", []),
        ("redis-node-a.other:6379", []),
        ("my-redis-node-0.other:6379", []),
    ],
)
def test_a_pod_of_a_removed_stateful_set_has_any_service(text: str, expected: list[str]) -> None:
    """Without the objects, the Service of a StatefulSet is not known; `redis-node-0.other` can be a Service in a namespace."""
    assert strengths(text, Address(stateful_sets=(("redis-node", "shop"),))) == expected


@pytest.mark.parametrize("text", ["redis-node-$i.redis-headless", "redis-node-$(ID).redis-headless", "x-{{ .i }}.redis", "a-%d.redis"])
def test_a_pod_with_a_placeholder_is_possible(text: str) -> None:
    assert "possible" in strengths(text, HEADLESS)


@pytest.mark.parametrize("text", ["cache-0.other:6379", "redis-0.redis.cart.svc", "redis.io", "redis-headless.example.com"])
def test_a_host_of_another_service_is_no_pod_of_the_old_redis(text: str) -> None:
    assert strengths(text, HEADLESS) == []


@pytest.mark.parametrize(
    ("host", "services"),
    [
        ("redis-node-0.redis", (("redis", "shop"), ("redis-node-0", "redis"))),
        ("redis-node-0.redis-headless", (("redis-headless", "shop"),)),
        ("redis-node-0.redis.shop", (("redis", "shop"),)),
        ("redis-node-0.redis.cart", (("redis", "cart"),)),
        ("valkey-0.old.shop", (("old", "shop"),)),
        ("redis-node-0.redis.svc", (("redis-node-0", "redis"),)),
        ("redis-0.redis.svc", (("redis-0", "redis"),)),
        ("cache-1.databases", (("cache-1", "databases"),)),
    ],
)
def test_a_host_that_can_be_a_pod_has_its_service(host: str, services: tuple[tuple[str, str], ...]) -> None:
    assert parse(host, "shop").services == services


def moved(host: str, *remove: str, **env: str) -> Environment:
    """Return an environment whose old Redis has this host and these objects, and whose workload has these variables beside."""
    content = backend()
    container = content["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [*container["env"], *({"name": name, "value": value} for name, value in env.items())]
    over = {"previous": {"host": host, "remove": list(remove)}, "workloads": {0: {"manifest": Manifest("backend.yaml", content)}}}
    return environment_of("validate", over={"clients": {0: over}})


@pytest.mark.parametrize(
    ("host", "remove", "node"),
    [
        ("redis", ("StatefulSet/redis-node", "Service/redis", "Service/redis-headless"), "redis-node-0.redis-headless:6379"),
        ("redis", ("StatefulSet/redis-node", "Service/redis"), "redis-node-0.redis-headless:6379"),
        ("cache-1.redis", ("StatefulSet/cache", "Service/old"), "redis:6379"),
        ("cache-1.redis", ("Service/redis",), "cache-0.redis:6379"),
    ],
)
def test_the_config_finds_a_pod_of_a_removed_stateful_set_in_its_manifests(host: str, remove: tuple[str, ...], node: str) -> None:
    environment = moved(host, *remove, REDIS_NODES=node)
    assert [user.strength for user in users(environment, environment.clients[0])] == ["certain"]


def test_a_removed_stateful_set_adds_its_service() -> None:
    address = of_client(moved("redis.beersystem", "StatefulSet/redis-node").clients[0])
    assert address is not None
    assert address.stateful_sets == (("redis-node", "beersystem"),)
    service = completed(Address(), [OBJECTS["StatefulSet"]], "shop", ["StatefulSet/redis-node"])
    assert (service.services, service.stateful_sets) == ((("redis-headless", "shop"),), (("redis-node", "shop"),))


def test_a_selected_stateful_set_is_part_of_the_redis() -> None:
    assert completed(parse("redis", "shop"), list(OBJECTS.values()), "shop").stateful_sets == (("redis-node", "shop"),)
    app = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "app:1"}, {"name": "redis", "image": "redis:7"}]}}}}
    beside = [merged(OBJECTS["StatefulSet"], app), OBJECTS["Service"]]
    assert completed(parse("redis", "shop"), beside, "shop").stateful_sets == ()


def test_a_service_that_serves_other_pods_too_is_not_that_of_the_redis() -> None:
    both = merged(OBJECTS["Service"], {"metadata": {"name": "redis-headless"}, "spec": {"selector": {"release": "shop"}}})
    redis = merged(OBJECTS["StatefulSet"], {"spec": {"template": {"metadata": {"labels": {"release": "shop"}}}}})
    web = merged(redis, {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}})
    address = completed(Address(), [both, redis, web], "shop", ["StatefulSet/redis-node"])
    assert (address.services, address.stateful_sets) == ((), (("redis-node", "shop"),))


@pytest.mark.parametrize(
    "text", ["a-1-" * 20000, "1-" * 40000, "a-" + "1" * 80000, "redis-node-" + "0" * 80000, "a-1." * 20000, "$a" * 40000]
)
def test_a_hostile_text_is_searched_in_linear_time(text: str) -> None:
    known = patterns(OLD, "shop")
    start = time.perf_counter()
    for pattern in (known.complete, known.local, known.partial):
        assert pattern is not None
        assert pattern.search(f"{text}!redis-headless") is None
    assert time.perf_counter() - start < 2
