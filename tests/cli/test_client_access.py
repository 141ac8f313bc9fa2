"""`rediskit check --base REV`: an application that uses the shared Redis keeps its access."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.yamlio.writer import dump
from tests.cli.migrations import git
from tests.conftest import Run
from tests.samples import merged, migration

BLOG: dict[str, Any] = {"name": "blog", "namespace": "blog"}


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    (tmp_path / "config/lab").mkdir(parents=True)
    for name in ("web", "worker"):
        (tmp_path / f"config/lab/{name}.yaml").write_text(dump(deployment(name)))
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(tmp_path)
    return run


def deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "blog"}, "spec": spec}


def workload(name: str) -> dict[str, Any]:
    return {"manifest": f"lab/{name}.yaml", "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}}


def closed(*names: str, **more: Any) -> dict[str, Any]:
    return {**BLOG, "egress": "networkpolicy", "workloads": [workload(name) for name in names], **more}


def migrating(step: str, *names: str, **more: Any) -> dict[str, Any]:
    return closed(*names, previous={"host": "redis.blog"}, migration={"step": step}, **more)


def write(folder: Path, *clients: dict[str, Any], **sections: Any) -> None:
    gitops = {"tool": "argocd", "repository": "https://git.example.org/ops/lab.git"}
    config = {"name": "lab", "gitops": gitops, "clients": [{"name": "other", "namespace": "other"}, *clients], **sections}
    (folder / "config/lab.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def removed(run: Run, folder: Path, before: dict[str, Any], *after: dict[str, Any], **sections: Any) -> list[str]:
    """Return the messages of the errors about lost access."""
    write(folder, before)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a config")
    write(folder, *after, **sections)
    code, _, errors = run("render", "--force")
    assert code == 0, errors
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert code < 2, output
    findings = [finding for finding in json.loads(output)["findings"] if finding["code"] == "client-removed"]
    assert all(finding["severity"] == "error" and finding["on"] == ["blog"] and finding["hint"] for finding in findings)
    assert code == 1 or not findings
    return [finding["message"] for finding in findings]


def test_the_removal_of_a_client_in_use_is_an_error_until_it_is_accepted(tmp_path: Path, run: Run) -> None:
    (message,) = removed(run, tmp_path, BLOG)
    assert "blog uses the shared Redis and is removed" in message
    assert removed(run, tmp_path, BLOG, accept=[{"code": "client-removed", "on": "blog", "reason": "it is switched off"}]) == []


@pytest.mark.parametrize("before", [BLOG, {**migrating("complete", "web"), "migration": migration("complete")}])
def test_another_name_or_namespace_of_a_client_in_use_is_an_error(before: dict[str, Any], tmp_path: Path, run: Run) -> None:
    assert len(removed(run, tmp_path, before, {**BLOG, "name": "news"})) == 1
    (message,) = removed(run, tmp_path, BLOG, {**BLOG, "namespace": "news"})
    assert "leaves the namespace blog" in message


@pytest.mark.parametrize(
    ("after", "policies"),
    [
        (closed("web", "worker", egress=None), "redis-shared-deployment-web in blog, NetworkPolicy/redis-shared-deployment-worker"),
        (closed("web"), "loses NetworkPolicy/redis-shared-deployment-worker in blog"),
        (closed("web", "worker", egress="cilium"), "loses NetworkPolicy/redis-shared-deployment-web"),
        (migrating("prepare", "web", "worker"), "loses NetworkPolicy/redis-shared-deployment-web"),
    ],
)
def test_a_client_in_use_without_its_policy_is_an_error(after: dict[str, Any], policies: str, tmp_path: Path, run: Run) -> None:
    (message,) = removed(run, tmp_path, closed("web", "worker"), after)
    assert policies in message


def test_a_migration_loses_its_policy_only_by_a_step_back(tmp_path: Path, run: Run) -> None:
    steps = ("scale-down", "deploy", "reconfigure")
    history = [{"step": step, "at": f"2026-03-01T22:0{minute}:00Z"} for minute, step in enumerate(steps)]
    switched = merged(migrating("reconfigure", "web"), {"migration": {"history": history}})
    assert len(removed(run, tmp_path, switched, {**switched, "egress": None})) == 1
    deployed = merged(migrating("deploy", "web"), {"migration": {"history": history[:2]}})
    stopped = merged(migrating("scale-down", "web"), {"migration": {"history": history[:1]}})
    assert removed(run, tmp_path, deployed, stopped) == []
    assert removed(run, tmp_path, migrating("prepare", "web")) == []


@pytest.mark.parametrize(
    ("before", "after", "numbers"),
    [
        ({"databases": {"default": 1}}, {"name": "news", "databases": {"default": 1}}, [1]),
        ({"databases": {"default": 1, "queue": {"number": 2}}}, {"name": "news", "databases": {"default": 2, "queue": 1}}, [1, 2]),
        ({"databases": {"default": 1}}, {"name": "news", "databases": {"default": 2}}, []),
        ({"databases": {"default": 1}}, {"databases": {"other": 1}}, []),
        ({**migrating("rolled-back", "web"), "databases": {"default": 1}}, {"name": "news", "databases": {"default": 1}}, []),
    ],
)
def test_a_database_of_a_removed_client_is_a_warning(
    before: dict[str, Any], after: dict[str, Any], numbers: list[int], tmp_path: Path, run: Run
) -> None:
    """A client that never ran on the shared Redis has no keys there."""
    accept = [{"code": "client-removed", "on": "blog", "reason": "it is switched off"}]
    removed(run, tmp_path, {**BLOG, **before}, {**BLOG, **after}, accept=accept)
    _, output, _ = run("check", "--base", "HEAD", "--json")
    findings = [finding for finding in json.loads(output)["findings"] if finding["code"] == "database-reused"]
    assert [(finding["message"], finding["severity"]) for finding in findings] == [
        (f"news gets database {number}, which blog used at HEAD: its keys stay in Redis", "warning") for number in numbers
    ]
