"""The commands of the runbooks that stop and start pods of one StatefulSet, with the real controller and kubectl."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.renderers.helm import merged_values
from rediskit.renderers.pages.documents import failover_page
from rediskit.yamlio.writer import dump
from tests.checks.test_changes import environment, redis
from tests.cluster.kube import Object, condition
from tests.cluster.plane import Plane, program, volume
from tests.cluster.processes import until
from tests.cluster.registry import Chart
from tests.live.runbook import blocks

NAME = "redis-shared"
FENCE = "Fail over when the primary is lost"


class Release:
    """The StatefulSet of the chart in a namespace, and the page about it."""

    def __init__(self, plane: Plane, namespace: str, folder: Path) -> None:
        self.plane, self.namespace, self.folder = plane, namespace, folder
        described = environment(redis(chart={"profile": "cloudpirates"}, namespace=namespace))
        self.page = failover_page(described)
        (folder / "values.yaml").write_text(dump(merged_values(described)), encoding="utf-8")
        chart = Chart("cloudpirates").path
        command = [program("helm"), "template", NAME, chart, "--namespace", namespace, "--values", folder / "values.yaml"]
        rendered = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout
        for index in range(2):
            plane.kube.create(volume(f"{namespace}-{index}"))
        for content in yaml.safe_load_all(rendered):
            if content:
                plane.kube.apply(content)
        until("both pods", lambda: self.ready() == [f"{NAME}-0", f"{NAME}-1"] or None)

    def pods(self) -> dict[str, Object]:
        return {pod["metadata"]["name"]: pod for pod in self.plane.kube.find("v1", "Pod", self.namespace)}

    def ready(self) -> list[str]:
        return sorted(name for name, pod in self.pods().items() if condition(pod, "Ready") == "True")

    def uid(self, pod: str) -> str:
        return str(self.pods()[pod]["metadata"]["uid"])

    def run(self, heading: str, containing: str) -> None:
        """Run the commands of a block that need no Redis: those that begin with kubectl."""
        (block,) = (block for block in blocks(self.page) if block.heading == heading and containing in block.code)
        commands = "".join(f"{line}\n" for line in block.code.splitlines() if line.startswith("kubectl "))
        path = f"{program('kubectl').parent}:{os.environ['PATH']}"
        variables = {"PATH": path, "HOME": str(self.folder), "KUBECONFIG": str(self.plane.kubeconfig)}
        done = subprocess.run(
            ["bash", "-euc", commands], env=variables, capture_output=True, text=True, check=False, timeout=150, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, f"{commands}{done.stdout}{done.stderr}"


@pytest.fixture
def release(plane: Plane, namespace: str, tmp_path: Path) -> Release:
    return Release(plane, namespace, tmp_path)


def test_a_fence_keeps_the_replica_and_a_fail_back_starts_the_primary_again(release: Release) -> None:
    replica, primary = release.uid(f"{NAME}-1"), release.uid(f"{NAME}-0")
    release.run(FENCE, "--for=delete")
    assert release.ready() == [f"{NAME}-1"]
    release.run("Fail back", '"ordinals":null')
    assert release.ready() == [f"{NAME}-0", f"{NAME}-1"]
    assert release.uid(f"{NAME}-1") == replica, "the promoted replica restarted"
    assert release.uid(f"{NAME}-0") != primary
    claims = release.plane.kube.find("v1", "PersistentVolumeClaim", release.namespace)
    assert sorted(claim["metadata"]["name"] for claim in claims) == [f"data-{NAME}-0", f"data-{NAME}-1"]


def test_a_restore_after_a_fence_starts_the_primary_first(release: Release) -> None:
    release.run(FENCE, "--for=delete")
    release.run("Restore a saved copy", '"replicas":0')
    assert release.pods() == {}
    release.run("Restore a saved copy", "--replicas=1")
    assert release.ready() == [f"{NAME}-0"]
    release.run("Restore a saved copy", "--replicas=2")
    assert release.ready() == [f"{NAME}-0", f"{NAME}-1"]


def test_the_controller_stops_no_pod_while_the_replica_is_not_ready_and_the_fence_does(release: Release) -> None:
    unready: dict[str, Any] = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    release.plane.kube.patch("v1", "Pod", f"{NAME}-1", release.namespace, unready, part="status")
    until("a replica that is not ready", lambda: release.ready() == [f"{NAME}-0"] or None)
    only_patch = {"spec": {"ordinals": {"start": 1}, "replicas": 1}}
    release.plane.kube.patch("apps/v1", "StatefulSet", NAME, release.namespace, only_patch)
    content = until("the controller has read it", lambda: _observed(release))
    assert content["status"]["replicas"] == 2
    assert f"{NAME}-0" in release.pods()
    release.run(FENCE, "--for=delete")
    assert list(release.pods()) == [f"{NAME}-1"]


def _observed(release: Release) -> Object | None:
    content = release.plane.kube.get("apps/v1", "StatefulSet", NAME, release.namespace)
    assert content
    return content if content["status"].get("observedGeneration") == content["metadata"]["generation"] else None
