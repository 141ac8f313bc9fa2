"""The scan of an application repository: volumes that go with the old Redis although the config keeps them, or does not mention them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.checkout import owner
from tests.cli.test_scan import at, findings, named, scans
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import backend, merged

CLAIMS = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
GOES = {**CLAIMS, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}


@pytest.mark.parametrize(
    ("data", "spec", "words"),
    [
        ("keep", GOES, "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted: it deletes its claims, which previous.data keeps"),
        ("none", CLAIMS, "/spec/volumeClaimTemplates: it has volumes, and previous.data is none"),
        ("keep", CLAIMS, ""),
        ("discard", GOES, ""),
        ("keep", {}, "/spec: it has no volume that outlives it"),
    ],
)
def test_volumes_that_go_with_the_old_redis_block_its_removal(
    data: str, spec: dict[str, Any], words: str, tmp_path: Path, run: Run
) -> None:
    """With whenDeleted: Delete, Kubernetes deletes the claims of a StatefulSet together with it."""
    redis = merged(OLD_REDIS[0], {"kind": "StatefulSet", "spec": spec})
    owner(tmp_path, backend(), redis, *OLD_REDIS[1:])
    file = at(tmp_path, previous={"data": data, "remove": ["StatefulSet/redis", "Service/redis"]})
    sure = [finding[2] for finding in findings(run, file)[1] if finding[0] == "old-redis-in-use"]
    assert [words in message for message in sure] == ([True] if words else []), sure
    assert scans(tmp_path) == [("validate", str(len(sure)))]


def pod(volume: dict[str, Any], path: str = "/data") -> dict[str, Any]:
    """Return the spec of a Deployment of Redis with a volume."""
    container = {"name": "redis", "image": "redis:7-alpine", "volumeMounts": [{"name": "data", "mountPath": path}]}
    return {"template": {"spec": {"containers": [container], "volumes": [{"name": "data", **volume}]}}}


EPHEMERAL: dict[str, Any] = {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}}
CLAIM = {"persistentVolumeClaim": {"claimName": "data"}}


@pytest.mark.parametrize(
    ("data", "spec", "words"),
    [
        ("keep", pod(EPHEMERAL), "volumes/0: its volume of type ephemeral goes with the pod, and previous.data is keep"),
        ("keep", pod({"emptyDir": {}}), "volumes/0: its volume of type emptyDir goes with the pod, and previous.data is keep"),
        ("keep", pod({"emptyDir": {}}, "/tmp"), "/spec: it has no volume that outlives it, and previous.data is keep"),
        ("keep", merged(pod({"emptyDir": {}}), CLAIMS), "volumes/0: its volume of type emptyDir goes with the pod"),
        ("keep", merged(pod({"emptyDir": {}}, "/tmp"), CLAIMS), ""),
        ("keep", pod(CLAIM), ""),
        ("keep", pod({"hostPath": {"path": "/srv/redis"}}), ""),
        ("none", pod({"emptyDir": {}}), ""),
        ("discard", pod(EPHEMERAL), ""),
    ],
)
def test_only_a_volume_that_outlives_its_pod_keeps_data(data: str, spec: dict[str, Any], words: str, tmp_path: Path, run: Run) -> None:
    redis = merged(OLD_REDIS[0], {"spec": spec})
    owner(tmp_path, backend(), redis, *OLD_REDIS[1:])
    sure = [message for code, _, message in findings(run, at(tmp_path, previous={"data": data}))[1] if code == "old-redis-in-use"]
    assert [words in message for message in sure] == ([True] if words else []), sure


FINALIZER = {"finalizers": ["resources-finalizer.argocd.argoproj.io/background"]}


@pytest.mark.parametrize(
    ("kind", "parts", "goes"),
    [
        ("HelmRelease", {"spec": {}}, True),
        ("HelmChart", {"spec": {}}, True),
        ("Redis", {"spec": {}}, True),
        ("Unknown", {}, True),
        ("Application", {"metadata": FINALIZER}, True),
        ("Application", {}, False),
        ("Kustomization", {"spec": {"prune": True}}, True),
        ("Kustomization", {"spec": {"prune": True, "deletionPolicy": "Orphan"}}, False),
        ("Kustomization", {"spec": {"prune": False}}, False),
        ("ConfigMap", {}, False),
        ("PodDisruptionBudget", {}, False),
    ],
)
@pytest.mark.parametrize("data", ["keep", "discard"])
def test_an_object_that_manages_others_keeps_no_data(
    data: str, kind: str, parts: dict[str, Any], goes: bool, tmp_path: Path, run: Run
) -> None:
    manager = merged({**named(kind, "old"), "apiVersion": "example.org/v1"}, parts)
    owner(tmp_path, backend(), OLD_REDIS[1], manager)
    file = at(tmp_path, previous={"data": data, "remove": ["Service/redis", f"{kind}/old"]})
    reported = findings(run, file)[1]
    sure = [message for code, _, message in reported if code == "old-redis-in-use"]
    assert [f"{kind}/old" in message and "previous.data keeps" in message for message in sure] == [True] * (goes and data == "keep"), sure
    hidden = [message for code, _, message in reported if code == "scan-not-visible" and f"{kind}/old" in message]
    assert bool(hidden) == (kind not in ("ConfigMap", "PodDisruptionBudget"))


def test_a_monitor_and_a_sentinel_have_no_data(tmp_path: Path, run: Run) -> None:
    redis = merged(OLD_REDIS[0], {"kind": "StatefulSet", "spec": CLAIMS})
    others = [merged(OLD_REDIS[0], {"metadata": {"name": name}}) for name in ("exporter", "sentinel")]
    for other, image in zip(others, ("oliver006/redis_exporter:v1.86.0", "bitnami/redis-sentinel:7"), strict=True):
        other["spec"]["template"]["spec"]["containers"][0]["image"] = image
    owner(tmp_path, backend(), redis, *others, OLD_REDIS[1])
    remove = ["StatefulSet/redis", "Service/redis", "Deployment/exporter", "Deployment/sentinel"]
    reported = findings(run, at(tmp_path, previous={"data": "keep", "remove": remove}))[1]
    assert [message for code, _, message in reported if code == "old-redis-in-use"] == []
