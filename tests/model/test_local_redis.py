"""An old Redis in the pods of the application: when it is one, and what its steps report and require."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit import render
from rediskit.model.client import Client
from rediskit.model.local_redis import is_local
from rediskit.renderers.pages.following import following
from rediskit.state_machine.transitions import Transition, gates, migration_of
from rediskit.usage.clients import gone_by
from tests.samples import backend, client, config, environment_of, merged, owned_by

SIDECAR = {"name": "redis", "image": "docker.io/library/redis:7-alpine"}
"""A container with a Redis."""


def with_sidecar(**container: Any) -> dict[str, Any]:
    """Return the real Deployment with one more container."""
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"].append({**SIDECAR, **container})
    return workload


def client_of(host: str, *remove: str, manifest: dict[str, Any] | None = None) -> Client:
    return owned_by(manifest or backend(), "prepare")[1].model_copy(
        update={"previous": environment_of("prepare", over=of(host, *remove)).clients[0].previous}
    )


def of(host: str, *remove: str, **sections: Any) -> dict[str, Any]:
    """Return the config with this old Redis."""
    return {"clients": [merged(config("prepare")["clients"][0], {"previous": {"host": host, "remove": list(remove)}, **sections})]}


@pytest.mark.parametrize("host", ["localhost", "localhost.localdomain", "127.0.0.1", "127.1.2.3", "0.0.0.0", "ip6-localhost"])
def test_a_loopback_address_is_a_redis_in_the_pods(host: str) -> None:
    assert is_local(client_of(host, "Deployment/redis"))


@pytest.mark.parametrize(
    ("expected", "host", "remove", "manifest"),
    [
        (True, "shop", (), with_sidecar()),
        (True, "shop.beersystem.svc.cluster.local", ("Service/shop",), with_sidecar()),
        (False, "shop.beersystem.svc.cluster.local", ("Service/redis", "Deployment/redis"), with_sidecar()),
        (False, "redis.other.svc", (), with_sidecar()),
        (False, "redis.example.com", (), with_sidecar()),
        (False, "redis", (), with_sidecar(image="example/redis-worker:1")),
        (False, "redis", (), backend()),
        (False, "localhost.example.com", (), backend()),
    ],
)
def test_a_service_of_the_own_pods_is_a_redis_in_the_pods(
    expected: bool, host: str, remove: tuple[str, ...], manifest: dict[str, Any]
) -> None:
    assert is_local(client_of(host, *remove, manifest=manifest)) is expected


def test_the_queues_of_a_local_redis_are_read_before_scale_down() -> None:
    local = environment_of("prepare", over=of("localhost", use=["queue"])).clients[0]
    forward = {
        target: gates(Transition("forward", "prepare", target), local, migration_of(local)) for target in ("scale-down", "reconfigure")
    }
    assert forward["scale-down"][-2:] == ("drained", "old-data")
    assert "drained" not in forward["reconfigure"]
    other = environment_of("prepare", over=of("redis", use=["queue"])).clients[0]
    assert not {"drained", "old-data"} & set(gates(Transition("forward", "prepare", "scale-down"), other, migration_of(other)))
    assert "drained" in gates(Transition("forward", "deploy", "reconfigure"), other, migration_of(other))


LOST = "The old Redis is in the pods: its data is lost at scale-down, and after a rollback it starts empty"
KEPT = "The old Redis is in the pods: after a rollback it starts with the data on its volume"


@pytest.mark.parametrize(("data", "expected", "other"), [("discard", LOST, KEPT), (None, LOST, KEPT), ("keep", KEPT, LOST)])
def test_the_runbook_shows_what_scale_down_loses(data: str | None, expected: str, other: str) -> None:
    """It had: No data is lost."""
    previous: dict[str, Any] = {"host": "localhost", "remove": [], "data": data}
    page = (
        render(environment_of("prepare", over={"clients": [merged(config("prepare")["clients"][0], {"previous": previous})]}))
        .files["docs/migration-beersystem.md"]
        .decode()
    )
    assert expected in page
    assert other not in page
    assert ("possible (see Roll back). No data is lost" in page) is (data == "keep")
    assert "No step removes its container: remove it from the base after `decommission`" in page


def test_the_next_command_reads_the_queues_before_scale_down() -> None:
    secret = [{"kind": "secret", "step": "prepare", "at": "2026-03-01T21:00:00-03:00"}]
    window = {"start": "2026-03-01T22:00:00-03:00", "duration": "1h"}
    over = of("localhost", use=["queue"], migration={"evidence": secret, "window": window, "history": []})
    over["redis"] = {"memory": {"policy": "volatile-lru"}}
    environment = environment_of("prepare", over=over)
    assert "--drained --observed TEXT   # after you read the queues in each pod" in following(environment, environment.clients[0]).text
    drained = [*secret, {"kind": "drained", "step": "prepare", "at": "2026-03-01T21:30:00-03:00", "value": "0"}]
    over = merged(over, {"clients": {0: {"migration": {"evidence": drained}}}})
    environment = environment_of("prepare", over=over)
    assert following(environment, environment.clients[0]).text.endswith("# after you set previous.data")


def test_another_client_can_not_remove_a_local_redis() -> None:
    first = merged(config("decommission")["clients"][0], {"previous": {"host": "localhost", "remove": ["ConfigMap/redis"]}})
    second = client("worker", "validate", namespace="beersystem", previous={"host": "localhost"})
    environment = environment_of("decommission", over={"clients": [first, second]})
    assert gone_by(environment, environment.clients[1]) is None
