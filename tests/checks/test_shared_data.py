"""Clients that share data in one old Redis: they keep one database, and move together."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from rediskit.yamlio.writer import dump
from tests.init.live import container, workload
from tests.samples import loaded, migration

URL = "redis://:${password}@${address}/${database}"
ONE = {"number": 2, "shared": True}


def over(folder: Path, old: tuple[str, str], new: tuple[Any, Any], steps: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Return two clients in two namespaces, with these values now, databases and steps."""
    clients = []
    for name, value, database, step in zip(("shop", "jobs"), old, new, steps, strict=True):
        content = workload(container(BROKER_URL=value), name=name, namespace=name)
        (folder / "chocolandia").mkdir(exist_ok=True)
        (folder / f"chocolandia/{name}.yaml").write_text(dump(content), encoding="utf-8")
        moved = {"manifest": f"chocolandia/{name}.yaml", "containers": {"app": {"env": {"BROKER_URL": URL}}}}
        section = {
            "name": name,
            "namespace": name,
            "use": ["queue"],
            "databases": {"default": copy.copy(database)},
            "workloads": [moved],
            **copy.deepcopy(more),
        }
        clients.append({**section, "previous": {"host": "redis.shop", "data": "discard"}, "migration": migration(step)})
    return {"clients": clients, "redis": {"memory": {"policy": "noeviction"}}}


def reported(folder: Path, *arguments: Any, accept: str = "", **more: Any) -> list[tuple[str, str, str]]:
    data = over(folder, *arguments, **more)
    if accept:
        data["accept"] = [{"code": code, "on": "jobs", "reason": "no shared data"} for code in accept.split()]
    environment = loaded(folder, over=data)
    findings = check(environment, render(environment))
    codes = ("database-split", "move-apart", "accept-unused", "database-clash", "database-merged")
    return [(finding.code, finding.severity, finding.message) for finding in findings if finding.code in codes]


@pytest.mark.parametrize("old", [("redis://redis:6379/0", "redis://redis.shop:6379/0"), ("redis://redis.shop", "redis://redis.shop:6379/")])
@pytest.mark.parametrize(("steps", "severity"), [(("prepare", "prepare"), "warning"), (("reconfigure", "reconfigure"), "error")])
def test_one_database_of_an_old_redis_must_not_become_two(
    old: tuple[str, str], steps: tuple[str, str], severity: str, tmp_path: Path
) -> None:
    ((code, actual, message),) = reported(tmp_path, old, (0, 1), steps)
    assert (code, actual) == ("database-split", severity)
    assert message == "shop and jobs have database 0 of redis.shop, and get 0 and 1: they no longer share data, such as tasks"
    assert reported(tmp_path, old, (0, 1), steps, accept="database-split") == []
    assert reported(tmp_path, old, (ONE, ONE), steps) == []


def test_two_databases_of_an_old_redis_stay_two(tmp_path: Path) -> None:
    assert reported(tmp_path, ("redis://redis.shop/0", "redis://redis.shop/1"), (0, 1), ("prepare", "prepare")) == []


def test_databases_of_different_old_redis_are_not_compared(tmp_path: Path) -> None:
    data = over(tmp_path, ("redis://redis.shop/0", "redis://redis.jobs/0"), (0, 1), ("reconfigure", "prepare"))
    data["clients"][1]["previous"]["host"] = "redis.jobs"
    environment = loaded(tmp_path, over=data)
    codes = {finding.code for finding in check(environment, render(environment))}
    assert codes.isdisjoint({"database-split", "move-apart"})


@pytest.mark.parametrize(
    ("steps", "severity"),
    [
        (("reconfigure", "prepare"), "error"),
        (("prepare", "reconfigure"), "error"),
        (("validate", "prepare"), "error"),
        (("validate", "rolled-back"), "warning"),
        (("complete", "prepare"), "warning"),
        (("reconfigure", "scale-down"), ""),
        (("validate", "deploy"), ""),
        (("prepare", "scale-down"), ""),
        (("validate", "scale-up"), ""),
        (("rolled-back", "prepare"), ""),
    ],
)
def test_clients_with_shared_data_move_in_one_downtime(steps: tuple[str, str], severity: str, tmp_path: Path) -> None:
    old = ("redis://redis.shop/0", "redis://redis.shop/0")
    findings = reported(tmp_path, old, (ONE, ONE), steps)
    assert [(code, actual) for code, actual, _ in findings] == ([("move-apart", severity)] if severity else [])
    assert all("tasks of one do not reach the other" in message for _, _, message in findings)
    if severity:
        assert reported(tmp_path, old, (ONE, ONE), steps, accept="move-apart") == []
    assert reported(tmp_path, old, (ONE, ONE), steps, use=["cache"]) == []


LOGOUT = "a session of one does not exist in the other, and a logout in one ends no session in the other"


@pytest.mark.parametrize(
    ("use", "new", "words"),
    [
        (["sessions"], (ONE, ONE), LOGOUT),
        (["cache", "sessions"], (ONE, ONE), LOGOUT),
        (["sessions"], (0, 1), ""),
        (["cache"], (ONE, ONE), ""),
        ([], (ONE, ONE), ""),
    ],
    ids=["sessions", "cache-and-sessions", "two-numbers", "cache", "unknown"],
)
def test_clients_that_keep_sharing_sessions_move_in_one_downtime(use: list[str], new: tuple[Any, Any], words: str, tmp_path: Path) -> None:
    """Two numbers state that they share none: many applications have database 0 of one old Redis."""
    old = ("redis://redis.shop/0", "redis://redis.shop/0")
    findings = [finding for finding in reported(tmp_path, old, new, ("validate", "prepare"), use=use) if finding[0] == "move-apart"]
    assert [(severity, message.rpartition(": ")[2]) for _, severity, message in findings] == ([("error", words)] if words else [])


@pytest.mark.parametrize(
    ("now", "then", "databases", "expected"),
    [
        (("redis://redis/0", "redis://redis/1"), (URL, URL), {"default": 3}, "0, 1 of redis.shop, and gets 3"),
        (("redis://redis", "redis://redis/1"), (URL, "redis://${address}/3"), {"default": 3}, "0, 1 of redis.shop, and gets 3"),
        (("2", "redis://redis/1"), ("${database}", URL), {"default": 3}, "1, 2 of redis.shop, and gets 3"),
        (("redis://redis/0", "redis://redis/1"), (URL, "redis://${address}"), {"default": 0}, "0, 1 of redis.shop, and gets 0"),
        (("redis://redis/0", "redis://redis/1"), (URL, "redis://${address}/${database.queue}"), {"default": 0, "queue": 1}, ""),
        (("redis://redis/1", "redis://redis/1"), (URL, URL), {"default": 3}, ""),
        (("redis://redis:6379", "2"), ("redis://${address}", "${database}"), {"default": 0}, ""),
        (("redis://redis:6379?ssl=1", "2"), (URL, "${database}"), {"default": 0}, ""),
    ],
)
@pytest.mark.parametrize(("use", "severity"), [(["queue"], "error"), (["cache"], "warning"), ([], "warning")])
def test_two_databases_of_an_old_redis_do_not_become_one(
    now: tuple[str, str], then: tuple[str, str], databases: dict[str, Any], expected: str, use: list[str], severity: str, tmp_path: Path
) -> None:
    """An address without a number beside a variable with one is no second database."""
    data = over(tmp_path, ("redis://redis.shop/0", "redis://redis.shop/0"), (0, 1), ("prepare", "prepare"))
    app = workload(container(CACHE=now[0], QUEUE=now[1]), name="jobs", namespace="jobs")
    (tmp_path / "chocolandia/jobs.yaml").write_text(dump(app), encoding="utf-8")
    jobs = data["clients"][1] | {"use": use, "databases": databases}
    jobs["workloads"][0]["containers"]["app"]["env"] = dict(zip(("CACHE", "QUEUE"), then, strict=True))
    environment = loaded(tmp_path, over={**data, "clients": [jobs]})
    findings = [finding for finding in check(environment, render(environment)) if finding.code == "database-merged"]
    assert [finding.severity for finding in findings] == ([severity] if expected else [])
    assert all(f"jobs has databases {expected} for all of them: equal keys" in finding.message for finding in findings)
    assert [finding.hint.partition(" under")[0] for finding in findings] == ["declare a number for each"] * len(findings)
