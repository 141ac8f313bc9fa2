"""Two configs of one project whose clients have the same old Redis."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import load, render
from rediskit.cli.check import _other_configs
from rediskit.migrate import other_configs
from rediskit.model.environment import Environment
from tests.cli.test_scan import AT, at
from tests.conftest import Run

ADVANCE = ("migrate", "advance", "chocolandia.yaml", "--at", AT, "--confirm-irreversible")
STILL_USED = "queues.yaml: worker still uses redis.beersystem.svc.cluster.local, which beersystem of chocolandia.yaml removes"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    at(tmp_path)
    return partial(run)


def other(folder: Path, step: str, cluster: str = "chocolandia", host: str = "redis.beersystem") -> None:
    """Write the config of a second shared Redis with a client at a step."""
    worker: dict[str, Any] = {
        "name": "worker",
        "namespace": "beersystem",
        "workloads": [{"kind": "Deployment", "name": "worker", "replicas": 1, "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}}],
        "previous": {"host": host, "remove": ["Service/redis"]},
        "migration": {"step": step, "history": [{"step": step, "at": "2026-03-01T22:00:00-03:00"}]},
    }
    data = {
        "name": "queues",
        "cluster": cluster,
        "gitops": {"tool": "argocd", "repository": "https://git.example.org/ops/lab.git"},
        "redis": {"release": "queues", "namespace": "queues", "auth": {"secret": "queues-credentials"}},
        "clients": [worker],
    }
    (folder / "queues.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


def evidence(folder: Path) -> None:
    """Record a scan of the application repository without a use."""
    file = folder / "chocolandia.yaml"
    data = yaml.safe_load(file.read_text())
    about = "redis.beersystem.svc.cluster.local:6379 Deployment/redis Service/redis"
    data["clients"][0]["migration"]["evidence"].append(
        {"kind": "scan", "step": "validate", "at": AT, "by": "measured", "source": "a" * 40, "about": about, "value": "0"}
    )
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000))


@pytest.mark.parametrize("step", ["prepare", "scale-down", "deploy"])
def test_a_client_of_another_config_keeps_its_old_redis(step: str, tmp_path: Path, run: Run) -> None:
    evidence(tmp_path)
    other(tmp_path, step)
    code, _, errors = run(*ADVANCE)
    assert (code, f"error[old-redis-in-use]: clients[0].previous: beersystem: {STILL_USED}" in errors) == (1, True), errors
    other(tmp_path, "reconfigure")
    code, _, errors = run(*ADVANCE)
    assert (code, "worker of queues.yaml cannot roll back after this step" in errors) == (0, True), errors


@pytest.mark.parametrize("differs", [{"cluster": "lab"}, {"host": "redis.other"}])
def test_the_redis_of_another_cluster_or_name_is_another_one(differs: dict[str, str], tmp_path: Path, run: Run) -> None:
    evidence(tmp_path)
    other(tmp_path, "prepare", **differs)
    if "host" in differs:
        file = tmp_path / "queues.yaml"
        file.write_text(file.read_text().replace("Service/redis", "Service/other"))
    code, _, errors = run(*ADVANCE)
    assert code == 0, errors


def test_check_reports_it_after_a_merge_and_a_rollback_to_it_is_refused(tmp_path: Path, run: Run) -> None:
    evidence(tmp_path)
    assert run(*ADVANCE)[0] == 0
    assert run("render", "chocolandia.yaml")[0] == 0
    other(tmp_path, "prepare")
    code, _, errors = run("check", "chocolandia.yaml")
    assert (code, f"error[old-redis-in-use]: clients[0].previous: {STILL_USED}" in errors) == (1, True), errors
    other(tmp_path, "validate")
    assert run("check", "chocolandia.yaml")[0] == 0
    code, _, errors = run("migrate", "rollback", "queues.yaml", "--at", AT, "--reason", "slow")
    message = "error[old-redis-gone]: clients[0].previous: worker: beersystem of chocolandia.yaml has removed the old Redis"
    assert (code, message in errors) == (1, True), errors


def test_a_config_that_does_not_load_blocks_the_removal_and_no_rollback(tmp_path: Path, run: Run) -> None:
    evidence(tmp_path)
    (tmp_path / "queues.yaml").write_text("gitops: {tool: nothing}\n")
    code, _, errors = run(*ADVANCE)
    assert (code, "queues.yaml does not load, and its clients can use the old Redis" in errors) == (1, True), errors
    assert run("migrate", "status", "chocolandia.yaml")[0] == 0
    code, _, errors = run("migrate", "rollback", "chocolandia.yaml", "--at", AT, "--reason", "slow")
    assert code == 0, errors


def test_check_reads_another_config_once_for_all_environments(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence(tmp_path)
    assert run(*ADVANCE)[0] == 0
    other(tmp_path, "validate", cluster="lab")
    configs: list[str] = []

    def counted(config: str) -> Environment:
        configs.append(config)
        return load(config)

    monkeypatch.setattr(other_configs, "load", counted)
    comparison = _other_configs()
    for _ in range(3):
        environment = load("chocolandia.yaml")
        assert list(comparison.look(environment, render(environment))) == []
    assert configs == ["queues.yaml"]


NETWORK = {"address": "192.168.4.203", "pool": {"name": "pool", "addresses": "192.168.4.200-192.168.4.210"}, "allow": ["192.168.4.0/24"]}
SERVER = {"argocd": {"destination": {"server": "https://10.0.0.5:6443"}}}

OTHER_POOL = {"name": "pool", "addresses": "192.168.4.204-192.168.4.210"}
SHOP: dict[str, Any] = {"clients": [{"name": "shop", "namespace": "shop"}]}
QUEUE: dict[str, Any] = {"redis": {"release": "redis-queue", "namespace": "redis-queue"}}


def pair(folder: Path, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Write two configs of one project beside each other."""
    (folder / "chocolandia.yaml").unlink()
    for name, sections in (("alpha", first), ("beta", second)):
        gitops = {"tool": "argocd", "repository": "https://git.example.org/ops/lab.git", **sections.get("gitops", {})}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, **sections, "gitops": gitops}, sort_keys=False))


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"network": NETWORK}, {"network": NETWORK}, "beta.yaml also has the address 192.168.4.203, and neither sets cluster"),
        ({"gitops": SERVER}, {"gitops": SERVER}, "beta.yaml also has the destination https://10.0.0.5:6443"),
        ({"network": NETWORK, "cluster": "home"}, {"network": NETWORK}, "address 192.168.4.203, and only this config sets cluster: "),
        (
            {"network": NETWORK},
            {"network": NETWORK, "cluster": "home"},
            "address 192.168.4.203, and only that config sets cluster (home): ",
        ),
        ({"network": NETWORK, "cluster": "north"}, {"network": NETWORK, "cluster": "south"}, ""),
        ({**SHOP, "cluster": "beta"}, {**SHOP, **QUEUE}, ""),
        ({"network": NETWORK}, {"network": {**NETWORK, "address": "192.168.4.204"}}, "beta.yaml also has the pool pool (192.168.4.200-"),
        ({"network": NETWORK}, {"network": {**NETWORK, "pool": OTHER_POOL, "address": "192.168.4.204"}}, ""),
        (SHOP, {**SHOP, **QUEUE}, "beta.yaml also has the Secret redis-credentials in namespace shop, and neither sets cluster"),
        (SHOP, {**SHOP, "redis": {"namespace": "queue"}}, "beta.yaml also has the Secret redis-credentials in namespace shop"),
        (SHOP, SHOP, ""),
        ({**SHOP, "cluster": "home"}, {**SHOP, **QUEUE}, "redis-credentials in namespace shop, and only this config sets cluster"),
        (SHOP, {**SHOP, "redis": {**QUEUE["redis"], "auth": {"secret": "redis-queue"}}}, ""),
        (SHOP, {**QUEUE, "clients": [{"name": "shop", "namespace": "other"}]}, ""),
        (
            {"gitops": {"argocd": {"destination": {"name": "in-cluster"}}}},
            {"gitops": {"argocd": {"destination": {"name": "in-cluster"}}}},
            "",
        ),
        ({}, {}, ""),
    ],
)
def test_two_configs_of_one_cluster_that_do_not_name_it_are_a_warning(
    first: dict[str, Any], second: dict[str, Any], words: str, tmp_path: Path, run: Run
) -> None:
    pair(tmp_path, first, second)
    assert run("render", "alpha.yaml")[0] == 0
    code, _, errors = run("check", "alpha.yaml")
    assert (code, errors.count("warning[cluster-unnamed]"), words in errors) == (0, int(bool(words)), True), errors
