"""The declarations of a client that agree with its values: databases and use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from tests.checks.client_cases import anywhere, two_instances, with_variables
from tests.samples import config, loaded


@pytest.mark.parametrize(
    ("databases", "variables"),
    [
        ({}, {"APP_URL": "redis://:${password}@${address}"}),
        ({}, {"APP_URL": "redis://:${password}@${address}/0"}),
        ({"default": 2}, {"APP_URL": "redis://:${password}@${address}/2"}),
        ({"default": 2, "results": 3}, {"APP_URL": "redis://${address}/${database}", "R": "redis://${address}/${database.results}"}),
        ({"default": 2}, {"HOST": "${host}", "REDIS_DB": "2"}),
        ({"default": 0}, {"HOST": "${host}", "MYSQL_PORT": "3306", "DB_URL": "mysql://db/1"}),
        ({}, {"APP_URL": "redis://${address}/0/keys/7"}),
    ],
)
def test_a_declared_number_in_a_value_has_no_finding(tmp_path: Path, databases: dict[str, Any], variables: dict[str, str]) -> None:
    environment = loaded(tmp_path, over=with_variables(databases, **variables))
    codes = {finding.code for finding in check(environment, render(environment))}
    assert codes.isdisjoint({"database-undeclared", "database-unused"})


def test_a_number_that_envfrom_or_a_file_can_set_is_not_unused(tmp_path: Path) -> None:
    over = with_variables({"default": 2}, HOST="${host}")
    over["clients"][0]["workloads"][0]["containers"]["app"] = {"external": "config.yaml of ConfigMap/worker"}
    environment = loaded(tmp_path, over=over)
    assert "database-unused" not in {finding.code for finding in check(environment, render(environment))}


def test_a_declared_use_and_a_saved_queue_have_no_finding(tmp_path: Path) -> None:
    over = with_variables({}, CELERY_BROKER_URL="redis://:${password}@${address}")
    over["clients"][0]["use"] = ["queue"]
    over["redis"] = {"appendOnly": False, "savePoints": ["900 1"], "memory": {"policy": "noeviction"}}
    environment = loaded(tmp_path, over=over)
    assert {finding.code for finding in check(environment, render(environment))}.isdisjoint({"use-missing", "use-unsaved"})


def test_two_instances_with_different_prefixes_or_one_database_have_no_finding(tmp_path: Path) -> None:
    shared = two_instances()
    for section in shared["clients"]:
        section["databases"] = {"default": {"number": 1, "shared": True}}
    for over in (two_instances(CHANNEL_PREFIX="second"), shared):
        environment = loaded(tmp_path, over=over, manifest=anywhere())
        assert "channels-shared" not in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize(
    ("step", "use", "policy", "warned"),
    [
        ("prepare", [], "allkeys-lru", True),
        ("complete", [], "allkeys-lru", True),
        ("reconfigure", [], "volatile-lru", True),
        ("complete", [], "volatile-lru", False),
        ("validate", ["cache"], "allkeys-lru", False),
        ("validate", ["queue"], "noeviction", False),
        (None, [], "allkeys-lru", False),
    ],
)
def test_a_migration_without_use_is_a_warning(tmp_path: Path, step: str | None, use: list[str], policy: str, warned: bool) -> None:
    over = {"clients": [{**config(step)["clients"][0], "use": use}], "redis": {"memory": {"policy": policy}}}
    environment = loaded(tmp_path, step, over=over)
    assert ("use-unknown" in {finding.code for finding in check(environment, render(environment))}) is warned


def test_an_accepted_migration_without_use_has_no_finding(tmp_path: Path) -> None:
    accept = [{"code": "use-unknown", "on": "beersystem", "reason": "only locks"}]
    environment = loaded(tmp_path, over={"clients": [{**config()["clients"][0], "use": []}], "accept": accept})
    assert {finding.code for finding in check(environment, render(environment))}.isdisjoint({"use-unknown", "accept-unused"})


@pytest.mark.parametrize(
    ("policy", "uses", "expected"),
    [
        ("noeviction", (["cache"], ["queue"]), True),
        ("noeviction", (["cache"], ["sessions"]), True),
        ("noeviction", (["cache"], ["cache"]), False),
        ("noeviction", (["queue"], ["sessions"]), False),
        ("volatile-lru", (["cache"], ["queue"]), False),
    ],
)
def test_a_cache_fills_the_memory_of_what_must_be_kept(tmp_path: Path, policy: str, uses: tuple[list[str], ...], expected: bool) -> None:
    """No key is evicted, so the cache grows until Redis answers OOM to the writes of all clients."""
    clients = [
        {"name": name, "namespace": name, "use": use, "databases": {"default": number}}
        for number, (name, use) in enumerate(zip(("shop", "jobs"), uses, strict=True))
    ]
    environment = loaded(tmp_path, over={"redis": {"memory": {"policy": policy}}, "clients": clients})
    reported = [finding.on for finding in check(environment, render(environment)) if finding.code == "cache-fills"]
    assert reported == ([("shop",)] if expected else [])
