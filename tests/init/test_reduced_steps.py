"""A reduced manifest of each kind goes through all steps: it has every field that a later step renders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, load, render
from rediskit.init.project import Options, new_project
from rediskit.yamlio.writer import dump
from tests.init.live import Object, container, redis, service, text, workload
from tests.samples import STEPS, migration

APP = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": ""}


def cron_job(schedule: str, **spec: Any) -> Object:
    pod = {"containers": [container(**APP)], "restartPolicy": "Never"}
    job = {"spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}}}
    head = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "web", "namespace": "shop"}}
    return {**head, "spec": {"schedule": schedule, "jobTemplate": job, **spec}}


def of(kind: str, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """Return a workload of a kind with these labels and more fields."""
    content = workload(container(**APP), kind=kind)
    if kind == "Rollout":
        content["apiVersion"] = "argoproj.io/v1alpha1"
    if labels is not None:
        content["spec"]["selector"] = {"matchLabels": labels}
        content["spec"]["template"]["metadata"]["labels"] = labels
    content["spec"] |= spec
    return content


WORKLOADS = {
    "Deployment": of("Deployment"),
    "Deployment-labels": of("Deployment", {"version": "3", "Team": "Shop_1"}),
    "Deployment-expressions": of("Deployment", selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
    "StatefulSet": of("StatefulSet", serviceName="web"),
    "StatefulSet-no-service": of("StatefulSet", {"version": "3"}, serviceName=""),
    "Rollout": of("Rollout", strategy={"canary": {}}),
    "CronJob": cron_job("0 3 * * *"),
    "CronJob-suspended": cron_job("@hourly", suspend=True),
    "CronJob-words": cron_job("*/5 0-4 1,2 JAN MON"),
    "CronJob-time-zone": cron_job("CRON_TZ=America/Costa_Rica 0 3 * * *"),
}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_reduced_manifest_goes_through_all_steps(name: str, tmp_path: Path) -> None:
    live = text(WORKLOADS[name], redis(), service())
    options = Options("/nowhere/home", repository="https://git.example.org/a.git", source=(live.encode(), "live.yaml"))
    files = new_project(options).files
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    config = tmp_path / "config/home.yaml"
    data = yaml.safe_load(config.read_text(encoding="utf-8"))
    (client,) = data["clients"]
    for step in STEPS:
        moving = {**client, "previous": {**client["previous"], "data": "discard"}, "migration": migration(step)}
        config.write_text(dump({**data, "clients": [moving]}), encoding="utf-8")
        environment = load(config)
        findings = check(environment, render(environment))
        assert [finding.message for finding in findings if finding.code == "schema"] == [], step


@pytest.mark.parametrize(
    ("schedule", "kept"),
    [("0 3 * * *", "0 3 * * *"), ("@daily", "@daily"), ("correct-horse-battery", "0 0 31 2 *"), ("@aB3xQ9", "0 0 31 2 *")],
)
def test_only_a_schedule_is_copied(schedule: str, kept: str) -> None:
    options = Options(
        "/nowhere/home",
        repository="https://git.example.org/a.git",
        source=(text(cron_job(schedule), redis(), service()).encode(), "live.yaml"),
    )
    manifest = yaml.safe_load(new_project(options).files["config/home/web.yaml"])
    assert manifest["spec"]["schedule"] == kept
