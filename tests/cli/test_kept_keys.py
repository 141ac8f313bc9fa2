"""`check --owner` compares the eviction policy of the old Redis in the build with that of the shared one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit.migrate.kept_keys import kept_keys, other_settings
from tests.cli.checkout import owner
from tests.cli.test_scan import at
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.init.live import config_map
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, environment_of, merged

SERVER, SERVICE = OLD_REDIS
DEFAULT = "Deployment/redis evicts no key (noeviction, the default of Redis), and the shared Redis evicts any key when its memory is full"


def server(*words: str, **more: Any) -> Object:
    """Return the old Redis with arguments, and further keys of its container."""
    (container,) = SERVER["spec"]["template"]["spec"]["containers"]
    return merged(SERVER, {"spec": {"template": {"spec": {"containers": [{**container, "args": list(words), **more}]}}}})


def with_file(*names: str) -> Object:
    """Return the old Redis with the ConfigMaps of its settings."""
    volumes = [{"name": name, "configMap": {"name": name}} for name in names]
    return merged(server("/etc/redis.conf"), {"spec": {"template": {"spec": {"volumes": volumes}}}})


def reported(
    *objects: Object, use: tuple[str, ...] = ("sessions",), policy: str = "allkeys-lru", step: str = "prepare", **previous: Any
) -> list[str]:
    environment = environment_of(step, over={"redis": {"memory": {"policy": policy}}})
    client = environment.clients[0]
    assert client.previous is not None
    changed = client.model_copy(update={"use": use, "previous": client.previous.model_copy(update=previous)})
    return [finding.problem.message for finding in kept_keys(environment, changed, objects)]


def test_check_owner_reports_the_default_policy_of_the_old_redis(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    arguments = ("check", at(tmp_path, "prepare", use=["sessions"]), "--owner", "owner/prod")
    message = f"owner-eviction]: {DEFAULT} (allkeys-lru): beersystem can lose sessions"
    assert f"warning[{message}" in run(*arguments)[2]
    at(tmp_path, "prepare", use=["cache"])
    assert "owner-eviction" not in run(*arguments)[2]


@pytest.mark.parametrize(
    ("use", "policy", "words", "text"),
    [
        (("sessions",), "allkeys-lru", (), "evicts no key (noeviction, the default of Redis), and the shared Redis evicts any key"),
        (("cache", "sessions"), "allkeys-lru", (), "beersystem can lose sessions"),
        ((), "allkeys-lfu", ("--maxmemory-policy", "noeviction"), "beersystem can lose data that is no cache"),
        ((), "allkeys-lfu", (), ""),
        (("sessions",), "volatile-lru", (), "evicts keys with an expiry (volatile-lru): beersystem can lose sessions"),
        (("sessions",), "allkeys-lru", ("--maxmemory-policy", "volatile-lru"), "keeps keys without an expiry (volatile-lru)"),
        (("sessions",), "allkeys-lru", ("--maxmemory-policy", "noeviction"), "evicts no key (noeviction), and"),
        (("cache",), "allkeys-lru", (), ""),
        (("queue",), "volatile-lru", (), ""),
        (("queue", "sessions"), "allkeys-lru", (), ""),
        (("sessions",), "noeviction", (), ""),
        (("sessions",), "allkeys-lru", ("--maxmemory-policy", "allkeys-lru"), ""),
        (("sessions",), "volatile-ttl", ("--maxmemory-policy=volatile-lru",), ""),
        ((), "volatile-lru", (), ""),
    ],
)
def test_only_what_the_client_keeps_in_the_old_redis_counts(use: tuple[str, ...], policy: str, words: tuple[str, ...], text: str) -> None:
    """A queue with `allkeys-*` is the error `queue-evicted`, and its keys have no expiry. `use-unknown` asks for an unknown use."""
    messages = reported(server(*words), SERVICE, use=use, policy=policy)
    assert len(messages) == (1 if text else 0)
    assert all(text in message for message in messages)


@pytest.mark.parametrize(
    ("objects", "is_reported"),
    [
        ((with_file("conf"), config_map("conf", **{"redis.conf": "maxmemory-policy allkeys-lru"})), False),
        ((with_file("conf"), config_map("conf", **{"redis.conf": "maxmemory-policy noeviction"})), True),
        ((with_file("conf"), config_map("conf", **{"redis.conf": "appendonly yes"})), True),
        ((with_file("conf"),), False),
        ((with_file(),), False),
        ((server(env=[{"name": "REDIS_ARGS", "value": "--maxmemory-policy allkeys-lru"}]),), False),
        ((server("--maxmemory-policy", "$(POLICY)"),), False),
    ],
    ids=["other", "same", "without", "absent", "file-of-the-image", "variable", "unknown"],
)
def test_settings_in_a_file_that_the_build_does_not_contain_are_not_guessed(objects: tuple[Object, ...], is_reported: bool) -> None:
    named = [merged(content, {"metadata": {"namespace": "beersystem"}}) for content in objects]
    assert bool(reported(*named, SERVICE)) == is_reported


@pytest.mark.parametrize(("step", "count"), [("prepare", 1), ("validate", 1), ("rolled-back", 1), ("decommission", 0)])
def test_the_finding_ends_with_the_old_redis(step: str, count: int) -> None:
    assert len(reported(*OLD_REDIS, step=step)) == count


def test_the_redis_behind_the_host_counts_without_remove() -> None:
    other = merged(SERVER, {"metadata": {"name": "other"}, "spec": {"template": {"metadata": {"labels": {"app": "other"}}}}})
    assert len(reported(other, SERVER, SERVICE, remove=())) == 1
    assert reported(other, SERVICE, remove=()) == []


def lost(*words: str, use: tuple[str, ...] = ("queue",), step: str = "prepare", **redis: Any) -> list[str]:
    """Return the messages about other settings of the old Redis than its policy."""
    environment = environment_of(step, over={"redis": redis})
    client = environment.clients[0].model_copy(update={"use": use})
    return [finding.problem.message for finding in other_settings(environment, client, [server(*words), SERVICE])]


HOURLY: dict[str, Any] = {"appendOnly": False, "savePoints": ["3600 1"]}


def test_check_owner_reports_the_settings_that_the_shared_redis_lacks(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), server("--appendonly", "yes", "--maxmemory", "4gb"), SERVICE)
    errors = run("check", at(tmp_path, "prepare", use=["sessions"]), "--owner", "owner/prod")[2]
    message = "Deployment/redis has maxmemory 4gb for itself, and the shared Redis has 1gb for all clients"
    assert f"warning[owner-settings]: {message}" in errors


@pytest.mark.parametrize(
    ("words", "redis", "text"),
    [
        (("--appendonly", "yes"), HOURLY, "writes each change to its append-only file, and the shared Redis only saves at its save points"),
        (("--appendonly", "yes", "--appendfsync", "always"), HOURLY, "; it syncs each write to disk, and the shared Redis can lose all"),
        (("--maxmemory", "4gb"), {"memory": {"max": "128mb"}}, "has maxmemory 4gb for itself, and the shared Redis has 128mb"),
        (("--notify-keyspace-events", "Ex"), {}, "publishes keyspace events (Ex)"),
    ],
)
def test_a_queue_keeps_its_settings(words: tuple[str, ...], redis: dict[str, Any], text: str) -> None:
    (message,) = lost(*words, **redis)
    assert text in message
    assert lost(*words, step="decommission", **redis) == []


@pytest.mark.parametrize("words", [("--appendonly", "yes"), ("--save", "60"), ("--appendfsync", "always")])
def test_a_cache_can_lose_what_is_on_disk(words: tuple[str, ...]) -> None:
    assert lost(*words, use=("cache",), appendOnly=False, savePoints=[]) == []
    assert lost("--maxmemory-policy", "noeviction", use=("cache",)) == []
    assert len(lost("--databases", "32", use=("cache",))) == 1


def test_a_pod_as_the_host_has_the_settings_of_its_service() -> None:
    environment = environment_of("prepare", over={"clients": {0: {"previous": {"host": "redis-0.redis", "remove": []}}}})
    findings = list(other_settings(environment, environment.clients[0], [server("--databases", "32"), SERVICE]))
    assert [finding.object for finding in findings] == ["Deployment/redis"]
