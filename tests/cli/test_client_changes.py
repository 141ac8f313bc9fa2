"""`rediskit check --base REV`: what a change of a client does to its application in the middle of a migration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.migrations import git
from tests.conftest import Run
from tests.samples import merged

ENV = {"REDIS_HOST": "${host}", "REDIS_DB": "${database}"}
STEPS = ("scale-down", "deploy", "reconfigure", "scale-up", "validate")


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    (tmp_path / "config").mkdir()
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(tmp_path)
    return run


def deployment(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Deployment", "name": name, "replicas": 1, "containers": {"app": {"env": dict(ENV)}}, **more}


def shop(step: str = "validate", **more: Any) -> dict[str, Any]:
    """Return a client with two workloads after the steps before and at a step."""
    history = [{"step": step, "at": f"2026-03-01T22:0{minute}:00-03:00"} for minute, step in enumerate(STEPS)]
    migration = {"step": step, "history": history[: STEPS.index(step) + 1] if step in STEPS else []}
    section = {
        "name": "shop",
        "namespace": "shop",
        "databases": {"default": 0},
        "workloads": [deployment("web"), deployment("worker")],
        "owner": {"repository": "https://git.example.org/apps/shop.git"},
        "previous": {"host": "redis.shop"},
        "migration": migration,
    }
    return merged(section, more)


def write(folder: Path, *clients: dict[str, Any]) -> None:
    gitops = {"tool": "argocd", "repository": "https://git.example.org/ops/lab.git"}
    config = {"name": "lab", "gitops": gitops, "clients": [{"name": "other", "namespace": "other"}, *clients]}
    (folder / "config/lab.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def compared(run: Run, folder: Path, before: dict[str, Any], after: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Commit a client, change it, and return the exit code and the findings of the comparison with the commit."""
    write(folder, before)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a config")
    write(folder, after)
    assert run("render", "--force")[0] == 0
    code, output, _ = run("check", "--base", "HEAD", "--json")
    findings: list[dict[str, Any]] = json.loads(output)["findings"]
    return code, findings


def client_findings(run: Run, folder: Path, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return code, severity and message of each finding about the client."""
    code, everything = compared(run, folder, before, after)
    findings = [finding for finding in everything if finding["code"].startswith("client-")]
    assert code == int(any(finding["severity"] == "error" for finding in findings)), everything
    assert all("shop" in finding["on"] for finding in findings)
    return [(finding["code"], finding["severity"], finding["message"]) for finding in findings]


@pytest.mark.parametrize("step", ["scale-down", "reconfigure", "validate"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"owner": {"kind": "external"}}, "changes from owner.kind kustomize to external"),
        ({"owner": {"path": "overlays/prod"}}, "changes from owner.path None to overlays/prod"),
        ({"namespace": "store"}, "changes from namespace shop to store"),
        ({"workloads": [deployment("web")]}, "no longer lists Deployment/worker"),
    ],
)
def test_what_leaves_its_place_in_the_middle_of_a_step_is_an_error(
    change: dict[str, Any], words: str, step: str, tmp_path: Path, run: Run
) -> None:
    ((code, severity, message),) = client_findings(run, tmp_path, shop(step), shop(step, **change))
    assert (code, severity, f"shop is at {step} and {words}" in message) == ("client-moved", "error", True), message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (
            {"workloads": [deployment("web", containers={"app": {"env": {**ENV, "CACHE": "${host}"}}}), deployment("worker")]},
            "Deployment/web /spec/template/spec/containers/app/env/CACHE",
        ),
        ({"workloads": [deployment("web"), deployment("worker", replicas=4)]}, "Deployment/worker /spec/replicas"),
        ({"workloads": [deployment("web"), deployment("worker"), deployment("cron")]}, "Deployment/cron /spec/replicas"),
    ],
)
def test_a_change_of_the_application_without_a_step_is_a_warning(change: dict[str, Any], field: str, tmp_path: Path, run: Run) -> None:
    ((code, severity, message),) = client_findings(run, tmp_path, shop(), shop(**change))
    assert (code, severity, field in message) == ("client-changed", "warning", True), message


def test_before_and_after_the_steps_a_client_can_change(tmp_path: Path, run: Run) -> None:
    change: dict[str, Any] = {"databases": {"default": 3}, "namespace": "store", "workloads": [deployment("web")]}
    assert client_findings(run, tmp_path, shop("prepare"), shop("prepare", **change)) == []


def test_the_same_application_in_other_words_is_no_change(tmp_path: Path, run: Run) -> None:
    short: dict[str, Any] = {"env": ENV, "workloads": [deployment(name, containers={"app": {}}) for name in ("web", "worker")]}
    assert client_findings(run, tmp_path, shop(), shop(**short)) == []
    assert client_findings(run, tmp_path, shop("scale-up"), shop("validate")) == []


def test_clients_that_do_not_load_at_the_revision_are_not_passed_over(tmp_path: Path, run: Run) -> None:
    (tmp_path / "config/web.yaml").write_text(yaml.safe_dump({"apiVersion": "apps/v1", **_object("web")}))
    write(tmp_path, shop(workloads=[{"manifest": "web.yaml", "containers": {"app": {"env": ENV}}}]))
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "with a manifest")
    (tmp_path / "config/web.yaml").unlink()
    write(tmp_path, shop())
    run("render")
    _, output, _ = run("check", "--base", "HEAD", "--json")
    messages = [finding["message"] for finding in json.loads(output)["findings"] if finding["code"] == "client-changed"]
    assert len(messages) == 1
    assert "the clients at HEAD are not compared" in messages[0]


def _object(name: str) -> dict[str, Any]:
    pod = {"containers": [{"name": "app", "image": "app:1"}]}
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": "shop"}, "spec": {"replicas": 1, "template": {"spec": pod}}}
