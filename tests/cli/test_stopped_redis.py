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
    "rolled-back": "warning",
    "decommission": "",
}


def reported(run: Run, folder: Path, code: str, step: str, *objects: Object, remove: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return severity and message of each finding of `check --owner` with a code."""
    owner(folder, backend(), *objects)
    file = at(folder, step, previous={"remove": ["Deployment/redis", "Service/redis", *remove]})
    findings = json.loads(run("check", file, "--owner", "owner/prod", "--json")[1])["findings"]
    return [(finding["severity"], finding["message"]) for finding in findings if finding["code"] == code]


@pytest.mark.parametrize(("step", "severity"), SEVERITIES.items())
def test_an_old_redis_without_replicas_is_no_rollback(step: Step, severity: str, tmp_path: Path, run: Run) -> None:
    """Teams stop the old Redis in the validation to see who notices. Nothing starts it again in a rollback."""
    message = "Deployment/redis has 0 replicas in the build: after a rollback, the application has no Redis"
    assert reported(run, tmp_path, "owner-stopped", step, STOPPED, SERVICE) == ([(severity, message)] if severity else [])


def test_the_export_of_a_rollback_warns_about_an_old_redis_without_replicas(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), STOPPED, SERVICE)
    code, _, errors = run("migrate", "export", at(tmp_path, "rolled-back"), "--to", "owner/prod")
    assert code == 0
    assert "warning[owner-stopped]: Deployment/redis has 0 replicas in the build" in errors


def test_replicas_of_a_primary_can_have_none(tmp_path: Path, run: Run) -> None:
    """The chart of Bitnami renders a StatefulSet for the replicas of a primary, with 0 for none."""
    secondary = merged(STOPPED, {"metadata": {"name": "redis-replicas"}})
    assert reported(run, tmp_path, "owner-stopped", "validate", SERVER, SERVICE, secondary, remove=("Deployment/redis-replicas",)) == []


@pytest.mark.parametrize(("step", "severity"), SEVERITIES.items())
@pytest.mark.parametrize("missing", OLD_REDIS, ids=lambda content: str(content["kind"]))
def test_an_old_redis_that_is_deleted_too_early_is_an_error(missing: Object, step: Step, severity: str, tmp_path: Path, run: Run) -> None:
    rest = [content for content in OLD_REDIS if content is not missing]
    end = ": after a rollback, the application has no Redis" if severity == "error" else ""
    message = f"{missing['kind']}/redis of previous.remove is not in the build{end}"
    assert reported(run, tmp_path, "owner-removal", step, *rest) == ([(severity, message)] if severity else [])


def test_a_missing_object_that_redis_does_not_need_is_a_warning(tmp_path: Path, run: Run) -> None:
    findings = reported(run, tmp_path, "owner-removal", "validate", *OLD_REDIS, remove=("ServiceMonitor/redis",))
    assert findings == [("warning", "ServiceMonitor/redis of previous.remove is not in the build")]
