"""`migrate scan --live` through the real kubectl, with pods, ReplicaSets and Jobs that controllers have created."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import load
from tests.cli.test_scan import AT, cron_job
from tests.cli.test_scan import at as config_at
from tests.cluster.kube import Object
from tests.cluster.plane import Plane, program
from tests.cluster.processes import until
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import ONE_CONTAINER, backend, merged

HOST = "redis-shared-master.redis.svc.cluster.local"


def test_a_live_scan_reads_what_runs_and_not_what_is_over(
    plane: Plane, namespace: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application is switched in place, so that an old ReplicaSet with the old address stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECTL", str(program("kubectl")))
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    here: Object = {"metadata": {"namespace": namespace}}
    workload = merged(backend(), here)
    for content in (workload, *(merged(entry, here) for entry in OLD_REDIS)):
        plane.kube.create(content)
    until("the pods of the application", lambda: _ready(plane, namespace) or None, 60)
    workload["spec"]["template"]["spec"]["containers"][0]["env"] = _switched(workload)
    plane.kube.apply(workload)
    until("two ReplicaSets", lambda: len(_sets(plane, namespace)) == 2 or None, 60)
    until("the old one without pods", lambda: 0 in [entry["spec"]["replicas"] for entry in _sets(plane, namespace)] or None, 60)
    host = f"redis.{namespace}.svc.cluster.local"
    listed = [{"kind": "Deployment", "name": "beersystem-backend", "replicas": 1, "containers": ONE_CONTAINER}]
    previous = {"host": host, "data": "none"}
    config_at(tmp_path, kind="external", namespace=namespace, previous=previous, workloads=listed)
    scan = ("migrate", "scan", "chocolandia.yaml", "--at", AT, "--live", "--json")
    document = _scanned(run, *scan, code=0)
    assert document["source"].startswith("cluster ")
    assert document["scan"]["uses"] == []
    plane.kube.create(merged(cron_job(f"redis://redis.{namespace}:6379/0"), here))
    document = _scanned(run, *scan, "--record", code=1)
    assert [(entry["object"], entry["namespace"], entry["strength"]) for entry in document["scan"]["uses"]] == [
        ("CronJob/nightly", namespace, "certain")
    ]
    migration = load(tmp_path / "chocolandia.yaml").clients[0].migration
    assert migration is not None
    assert migration.scan is not None
    assert (migration.scan.value, migration.scan.source) == ("1", document["source"])


def _scanned(run: Run, *arguments: str, code: int) -> Any:
    done, output, errors = run(*arguments)
    assert done == code, output + errors
    return json.loads(output)


def _switched(workload: Object) -> list[Object]:
    env: list[Object] = yaml.safe_load(yaml.safe_dump(workload["spec"]["template"]["spec"]["containers"][0]["env"]))
    return [{**entry, "value": HOST} if entry["name"] == "REDIS_HOST" else entry for entry in env]


def _ready(plane: Plane, namespace: str) -> bool:
    live = plane.kube.get("apps/v1", "Deployment", "beersystem-backend", namespace) or {}
    return bool(live.get("status", {}).get("readyReplicas"))


def _sets(plane: Plane, namespace: str) -> list[Object]:
    return [
        content for content in plane.kube.find("apps/v1", "ReplicaSet", namespace) if content["metadata"]["name"].startswith("beersystem")
    ]
