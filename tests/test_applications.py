"""Frequent applications of docs/applications.md: each section renders, checks, and gives the application the values that it reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, load, render
from rediskit.yamlio.writer import dump
from tests.renderers.client_shapes import VERSIONS, Part, Shape
from tests.renderers.owner_build import Object
from tests.renderers.owner_repository import Repository
from tests.renderers.test_client_shapes import HOST, assert_values, pod
from tests.samples import ROOT

SECTIONS: dict[str, Any] = {
    name: yaml.safe_load(text)[0]
    for name, text in re.findall(r"```yaml (\S+)\n(.*?)```", (ROOT / "docs/applications.md").read_text(encoding="utf-8"), re.DOTALL)
}
REDIS = {"memory": {"policy": "volatile-lru"}}
STEPS = ("reconfigure", "rolled-back")


def config(folder: Path, step: str, *clients: Any) -> Path:
    """Write a config with clients at a step."""
    history = [{"step": step, "at": "2026-03-01T00:00:00Z", **({"reason": "a test"} if step == "rolled-back" else {})}]
    moving = [
        {**client, "previous": {"host": f"redis.{client['namespace']}.svc.cluster.local"}, "migration": {"step": step, "history": history}}
        for client in clients
    ]
    gitops = {"tool": "flux", "repository": "https://git.example.org/platform/cluster.git"}
    file = folder / "applications.yaml"
    file.write_text(dump({"name": "applications", "gitops": gitops, "redis": REDIS, "clients": moving}), encoding="utf-8")
    return file


def parts(client: Any) -> tuple[Part, ...]:
    """Return the workloads of a section as they were before the migration: each variable has its old value."""
    return tuple(Part(workload(client, section), {"containers": section["containers"]}, ()) for section in client["workloads"])


def workload(client: Any, section: Any) -> Object:
    containers = []
    for name, container in section["containers"].items():
        names = container.get("env", client.get("env", {})) if "external" not in container else {}
        env = [{"name": variable, "value": "old"} for variable in reversed(names)]
        containers.append({"name": name, "image": "registry.example.org/app:1", **({"env": env} if env else {})})
    template = {"metadata": {"labels": {"app": section["name"]}}, "spec": {"containers": containers}}
    spec: Object = {"replicas": section.get("replicas"), "template": template}
    if section["kind"] == "CronJob":
        spec = {"schedule": "0 4 * * *", "suspend": False, "jobTemplate": {"spec": {"template": template}}}
    head = {"apiVersion": VERSIONS.get(section["kind"], "apps/v1"), "kind": section["kind"]}
    return {**head, "metadata": {"name": section["name"], "namespace": client["namespace"]}, "spec": spec}


@pytest.mark.parametrize("name", SECTIONS)
def test_an_application_gets_the_values_that_it_reads_and_returns_to_the_old_ones(name: str, tmp_path: Path, kustomize: Path) -> None:
    client = SECTIONS[name]
    shape = Shape(client, parts(client))
    repository = Repository(tmp_path, kustomize, tuple(part.content for part in shape.parts))
    before = repository.at(None)
    for step in STEPS:
        environment = load(config(tmp_path, step, client))
        findings = check(environment, render(environment))
        assert [finding for finding in findings if finding.severity == "error"] == []
        after = repository.at(environment)
        assert after.code == 0, after.complaint
        if step == "rolled-back":
            assert after.text == before.text
            continue
        for part in shape.parts:
            content = after.objects[part.content["kind"], client["namespace"], part.content["metadata"]["name"]]
            assert_values(shape, part, content)
            assert content["spec"].get("suspend", True) is True
            assert content["spec"].get("replicas", 0) == 0


def test_all_applications_share_one_redis_without_a_clash(tmp_path: Path) -> None:
    environment = load(config(tmp_path, "reconfigure", *SECTIONS.values()))
    findings = check(environment, render(environment))
    assert [finding for finding in findings if finding.severity == "error"] == []


def test_a_person_is_told_what_to_change_by_hand(tmp_path: Path) -> None:
    """The commands of `reconfigure` and of the rollback, and no other step, have the new and the old place of an external container."""
    environment = load(config(tmp_path, "reconfigure", SECTIONS["harbor"], SECTIONS["litellm"]))
    files = render(environment).files
    told = [line for line in files["docs/migration-harbor.md"].decode().splitlines() if line.startswith("# Deployment/")]
    new = f"{HOST}:6379, and the password of Secret redis-credentials, key redis-password"
    old = "redis.harbor.svc.cluster.local:6379"
    assert told == [
        f"# Deployment/harbor-{part}, container {part}: set config.yml of ConfigMap/harbor-{part} to {address}"
        for address in (new, old)
        for part in ("jobservice", "registry")
    ]
    assert "# Deployment/" not in files["docs/migration-litellm.md"].decode()


def test_no_command_of_a_runbook_lists_all_variables(tmp_path: Path) -> None:
    """A container that switches only its arguments has no variable to verify."""
    client = {**SECTIONS["litellm"], "env": {}}
    content = workload(client, client["workloads"][0])
    pod(content)["containers"][0]["args"] = ["--redis", "redis:6379"]
    (tmp_path / "litellm.yaml").write_text(dump(content), encoding="utf-8")
    args = [{"from": "redis:6379", "to": "${address}"}]
    client["workloads"] = [{"manifest": "litellm.yaml", "containers": {"litellm": {"args": args}}}]
    page = render(load(config(tmp_path, "reconfigure", client))).files["docs/migration-litellm.md"].decode()
    assert "set env" not in page
