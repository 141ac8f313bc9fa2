"""The old Redis in the build until `decommission`: it has pods, and its objects are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rediskit.model.migration import Step
from tests.cli.checkout import owner
from tests.cli.test_scan import at
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, merged

SERVER, SERVICE = OLD_REDIS
STOPPED = merged(SERVER, {"spec": {"replicas": 0}})
SEVERITIES: dict[Step, str] = {
    "prepare": "warning",
    "scale-down": "error",
    "reconfigure": "error",
    "validate": "error",
    "rolled-back": "error",
    "decommission": "",
}
AFTER = "after a rollback, the application has no Redis"
NOW = "the application has no Redis"
CLAIM: Object = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "redis-data", "namespace": "beersystem"}}
SECRET: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "redis-old", "namespace": "beersystem"}}
NEEDING = merged(
    SERVER,
    {
        "spec": {
            "template": {
                "spec": {
                    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "redis-data"}}],
                    "containers": [{"name": "redis", "image": "redis:7", "envFrom": [{"secretRef": {"name": "redis-old"}}]}],
                }
            }
        }
    },
)


def reported(run: Run, folder: Path, code: str, step: str, *objects: Object, remove: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return severity and message of each finding of `check --owner` with a code."""
    owner(folder, backend(), *objects)
    file = at(folder, step, previous={"remove": ["Deployment/redis", "Service/redis", *remove]})
    findings = json.loads(run("check", file, "--owner", "owner/prod", "--json")[1])["findings"]
    return [(finding["severity"], finding["message"]) for finding in findings if finding["code"] == code]


@pytest.mark.parametrize(("step", "severity"), SEVERITIES.items())
def test_an_old_redis_without_replicas_is_no_rollback(step: Step, severity: str, tmp_path: Path, run: Run) -> None:
    """Teams stop the old Redis in the validation to see who notices. Nothing starts it again in a rollback."""
    message = f"Deployment/redis has 0 replicas in the build: {NOW if step == 'rolled-back' else AFTER}"
    assert reported(run, tmp_path, "owner-stopped", step, STOPPED, SERVICE) == ([(severity, message)] if severity else [])


def test_the_export_of_a_rollback_writes_its_files_and_reports_an_old_redis_without_replicas(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), STOPPED, SERVICE)
    code, _, errors = run("migrate", "export", at(tmp_path, "rolled-back"), "--to", "owner/prod")
    assert code == 1
    assert (tmp_path / "owner/prod/rediskit/beersystem/kustomization.yaml").is_file()
    assert "error[owner-stopped]: Deployment/redis has 0 replicas in the build: the application has no Redis" in errors


def test_replicas_of_a_primary_can_have_none(tmp_path: Path, run: Run) -> None:
    """The chart of Bitnami renders a StatefulSet for the replicas of a primary, with 0 for none."""
    secondary = merged(STOPPED, {"metadata": {"name": "redis-replicas"}})
    assert reported(run, tmp_path, "owner-stopped", "validate", SERVER, SERVICE, secondary, remove=("Deployment/redis-replicas",)) == []


@pytest.mark.parametrize(("step", "severity"), SEVERITIES.items())
@pytest.mark.parametrize("missing", OLD_REDIS, ids=lambda content: str(content["kind"]))
def test_an_old_redis_that_is_deleted_too_early_is_an_error(missing: Object, step: Step, severity: str, tmp_path: Path, run: Run) -> None:
    rest = [content for content in OLD_REDIS if content is not missing]
    end = f": {NOW if step == 'rolled-back' else AFTER}" if severity == "error" else ""
    message = f"{missing['kind']}/redis of previous.remove is not in the build{end}"
    assert reported(run, tmp_path, "owner-removal", step, *rest) == ([(severity, message)] if severity else [])


def test_a_missing_object_that_redis_does_not_need_is_a_warning(tmp_path: Path, run: Run) -> None:
    findings = reported(run, tmp_path, "owner-removal", "validate", *OLD_REDIS, remove=("ServiceMonitor/redis",))
    assert findings == [("warning", "ServiceMonitor/redis of previous.remove is not in the build")]


@pytest.mark.parametrize(("step", "severity"), [("prepare", "warning"), ("validate", "error"), ("rolled-back", "error")])
@pytest.mark.parametrize("missing", [CLAIM, SECRET], ids=lambda content: str(content["kind"]))
def test_an_object_that_the_pods_of_the_old_redis_need_is_an_error(
    missing: Object, step: Step, severity: str, tmp_path: Path, run: Run
) -> None:
    names = ("PersistentVolumeClaim/redis-data", "Secret/redis-old")
    objects = [content for content in (NEEDING, SERVICE, CLAIM, SECRET) if content is not missing]
    ((actual, message),) = reported(run, tmp_path, "owner-removal", step, *objects, remove=names)
    assert actual == severity
    assert message.startswith(f"{names[missing is SECRET]} of previous.remove is not in the build")


def test_what_creates_the_secret_of_the_old_redis_counts_as_the_secret(tmp_path: Path, run: Run) -> None:
    objects = (NEEDING, SERVICE, CLAIM)
    findings = reported(run, tmp_path, "owner-removal", "validate", *objects, remove=("SealedSecret/redis-old", "SealedSecret/other"))
    assert [severity for severity, _ in findings] == ["error", "warning"]
