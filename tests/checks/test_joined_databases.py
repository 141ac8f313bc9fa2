"""Clients that get one database with `shared: true`, and had one or two databases before."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from tests.checks.test_shared_data import ONE, over
from tests.samples import loaded

OWN: dict[str, Any] = {"previous": {"host": "redis.jobs", "data": "discard"}}
ONE_REDIS: dict[str, Any] = {}
URL_0, URL_1 = "redis://redis.shop/0", "redis://redis.shop/1"
TASKS = "workers run tasks of queues with an equal name"
KEYS = "equal keys overwrite each other"


def joined(folder: Path, old: tuple[str, str] = (URL_0, URL_0), accept: bool = False, **sections: Any) -> list[tuple[str, str]]:
    """Return severity and message of each finding. `sections` change the second client, `steps` and `use` both."""
    data = over(folder, old, (ONE, ONE), sections.pop("steps", ("prepare", "prepare")), use=sections.pop("use", ["queue"]))
    data["clients"] = [copy.deepcopy(client) for client in data["clients"]]
    data["clients"][1] |= copy.deepcopy(sections)
    if accept:
        data["accept"] = [{"code": "database-joined", "on": "jobs", "reason": "other names of queues"}]
    environment = loaded(folder, over=data)
    findings = check(environment, render(environment))
    return [(finding.severity, finding.message) for finding in findings if finding.code in ("database-joined", "accept-unused")]


@pytest.mark.parametrize(
    ("old", "sections", "origin"),
    [
        ((URL_0, "redis://redis.jobs/0"), OWN, "database 0 of redis.jobs"),
        ((URL_0, "redis://redis.jobs/4"), OWN, "database 4 of redis.jobs"),
        ((URL_0, URL_1), ONE_REDIS, "database 1 of redis.shop"),
        ((URL_0, "redis://10.0.0.9/2"), {"previous": {"host": "10.0.0.9", "remove": ["Deployment/redis"]}}, ""),
        ((URL_0, "redis://localhost/0"), {"previous": {"host": "localhost", "data": "discard"}}, "database 0 of localhost"),
    ],
    ids=["two-redis", "two-redis-and-numbers", "one-redis", "address", "sidecar"],
)
def test_two_databases_do_not_become_one_by_accident(old: tuple[str, str], sections: dict[str, Any], origin: str, tmp_path: Path) -> None:
    """An IP address can be that of any Redis, also of the one before."""
    words = f"shop and jobs have database 0 of redis.shop and {origin}, and get 2 for both: {TASKS}, and FLUSHDB deletes the data of both"
    assert joined(tmp_path, old, **sections) == ([("error", words)] if origin else [])
    if origin:
        assert joined(tmp_path, old, accept=True, **sections) == []


@pytest.mark.parametrize("host", ["redis.shop.svc.cluster.local", "redis-0.redis.shop.svc.cluster.local", "redis.shop.svc"])
def test_clients_of_one_old_database_share_it_without_a_finding(host: str, tmp_path: Path) -> None:
    assert joined(tmp_path, (URL_0, f"redis://{host}/0"), previous={"host": host, "data": "discard"}) == []


@pytest.mark.parametrize(
    ("use", "severity", "words"), [(["queue"], "error", TASKS), (["cache"], "warning", KEYS), (["cache", "sessions"], "warning", KEYS)]
)
def test_two_queues_that_become_one_are_an_error(use: list[str], severity: str, words: str, tmp_path: Path) -> None:
    ((actual, message),) = joined(tmp_path, (URL_0, "redis://redis.jobs/0"), use=use, **OWN)
    assert (actual, words in message) == (severity, True)


def test_a_queue_in_another_database_of_the_client_is_a_warning(tmp_path: Path) -> None:
    """The shared number can be that of its cache."""
    databases = {"default": copy.copy(ONE), "broker": 5}
    ((severity, message),) = joined(tmp_path, (URL_0, "redis://redis.jobs/0"), databases=databases, **OWN)
    assert (severity, KEYS in message) == ("warning", True)


@pytest.mark.parametrize(
    ("steps", "reported"),
    [(("validate", "prepare"), True), (("complete", "prepare"), True), (("validate", "validate"), True), (("complete", "complete"), False)],
)
def test_the_step_of_the_second_client_decides(steps: tuple[str, str], reported: bool, tmp_path: Path) -> None:
    """After `complete` of both, the data is in one database already."""
    assert bool(joined(tmp_path, (URL_0, "redis://redis.jobs/0"), steps=steps, **OWN)) == reported


def test_the_manifest_of_a_complete_client_does_not_have_its_old_number(tmp_path: Path) -> None:
    new = "redis://redis-shared-master.redis.svc.cluster.local:6379/2"
    assert joined(tmp_path, (new, URL_0), steps=("complete", "prepare")) == []


def test_a_number_in_another_source_is_not_compared(tmp_path: Path) -> None:
    """Without a manifest, nothing shows the old number."""
    workload = {"kind": "Deployment", "name": "jobs", "replicas": 1, "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}}
    assert joined(tmp_path, (URL_0, URL_1), workloads=[workload]) == []
