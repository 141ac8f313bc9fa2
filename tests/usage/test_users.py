"""Other clients with the old Redis of a client: a few are listed, and more than that are one entry."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.migrate.status import status
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest
from rediskit.usage.clients import LISTED, User, users
from tests.samples import client, environment_of, merged

AT = "2026-03-03T22:00:00-03:00"


def sharing(count: int, step: str | None, host: str = "redis", namespace: str = "shop") -> list[dict[str, Any]]:
    """Return clients that remove nothing."""
    return [
        merged(client(f"app{number}", step), {"namespace": namespace, "previous": {"host": host, "remove": []}})
        | {"workloads": [{"kind": "Deployment", "name": f"app{number}", "replicas": 1, "containers": {"app": {"env": {"H": "${host}"}}}}]}
        for number in range(count)
    ]


def environment(*others: dict[str, Any], host: str = "redis") -> Environment:
    """Return an environment whose last client removes its old Redis."""
    shop = merged(client("shop", "validate"), {"namespace": "shop", "previous": {"host": host, "remove": ["Service/redis"]}})
    workload = {"kind": "Deployment", "name": "shop", "replicas": 1, "containers": {"app": {"env": {"H": "${host}"}}}}
    return environment_of("prepare", over={"clients": [*others, shop | {"workloads": [workload]}]})


def users_of(env: Environment) -> tuple[User, ...]:
    return users(env, env.clients[-1])


@pytest.mark.parametrize("count", [LISTED, LISTED + 1, LISTED + 20])
def test_more_than_ten_clients_with_the_old_redis_are_one_more_entry(count: int) -> None:
    listed = users_of(environment(*sharing(count, "prepare")))
    assert [user.object for user in listed[:LISTED]] == [f"app{number}" for number in range(LISTED)]
    more = ["more than 10 clients still use redis, which shop removes"] if count > LISTED else []
    assert [user.message for user in listed[LISTED:]] == more
    assert {user.strength for user in listed} == {"certain"}


def test_a_certain_client_is_listed_after_many_possible_ones() -> None:
    others = sharing(30, "prepare", host="cache")
    certain = merged(client("last", "prepare"), {"namespace": "shop", "previous": {"host": "redis", "remove": []}})
    certain["workloads"] = [{"kind": "Deployment", "name": "last", "replicas": 1, "containers": {"app": {"env": {"H": "${host}"}}}}]
    listed = users_of(environment(*others, certain))
    assert [user.object for user in listed if user.strength == "certain"] == ["last"]
    assert [user.object for user in listed if user.strength == "possible"] == [*(f"app{number}" for number in range(LISTED)), "shop"]
    assert listed[-1].message == "more than 10 clients may use the old Redis redis, which shop removes"
    assert listed[-1].path == ("clients", 31, "previous")


@pytest.mark.parametrize("count", [LISTED, LISTED + 1])
def test_more_than_ten_clients_that_lose_their_rollback_are_one_note(count: int) -> None:
    env = environment(*sharing(count, "validate"))
    options = status(env, env.clients[-1], AT).transitions
    notes = [note for option in options for note in option.warnings if "cannot roll back" in note]
    each = [f"app{number} cannot roll back after this step: it has the same old Redis" for number in range(LISTED)]
    all_others = "more than 10 clients cannot roll back after this step: they have the same old Redis"
    assert notes == [*each, *([all_others] if count > LISTED else [])]


def test_a_workload_of_another_namespace_is_not_the_removed_object_of_the_same_name() -> None:
    proxy: dict[str, Any] = {"name": "app", "env": [{"name": "UPSTREAM", "value": "redis.shop.svc:6379"}]}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "redis-proxy", "namespace": "billing"},
        "spec": {"replicas": 1, "selector": {}, "template": {"spec": {"containers": [proxy]}}},
    }
    billing = client("billing", "prepare")
    billing["workloads"] = [{"manifest": Manifest("proxy.yaml", manifest), "containers": {"app": {"env": {"OWN": "${host}"}}}}]
    shop = merged(client("shop", "validate"), {"previous": {"host": "redis", "remove": ["Service/redis", "Deployment/redis-proxy"]}})
    env = environment_of("prepare", over={"clients": [billing, shop]})
    assert [(user.strength, user.object) for user in users_of(env)] == [("certain", "Deployment/redis-proxy")]
