"""The old values of the switched variables in the build: one of another Redis than `previous` is reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rediskit.model.migration import Step
from tests.cli.checkout import owner
from tests.cli.test_scan import at, named
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend

BROKER = "redis://redis-queue.beersystem:6379/1"
NEW = "redis://:${password}@${address}"
REFERENCE = {"name": "settings", "key": "broker"}
SOURCES: dict[str, tuple[dict[str, Any], Object]] = {
    "a literal": ({"env": [{"name": "CELERY_BROKER_URL", "value": BROKER}]}, named("ConfigMap", "settings")),
    "a ConfigMap": (
        {"env": [{"name": "CELERY_BROKER_URL", "valueFrom": {"configMapKeyRef": REFERENCE}}]},
        named("ConfigMap", "settings", data={"broker": BROKER}),
    ),
    "a Secret": (
        {"env": [{"name": "CELERY_BROKER_URL", "valueFrom": {"secretKeyRef": REFERENCE}}]},
        named("Secret", "settings", stringData={"broker": BROKER}),
    ),
    "envFrom": (
        {"envFrom": [{"configMapRef": {"name": "settings"}}]},
        named("ConfigMap", "settings", data={"CELERY_BROKER_URL": BROKER}),
    ),
    "envFrom of a Secret": (
        {"envFrom": [{"secretRef": {"name": "settings"}}]},
        named("Secret", "settings", stringData={"CELERY_BROKER_URL": BROKER}),
    ),
}


SEVERITIES: dict[Step, str] = {"prepare": "warning", "scale-down": "error", "validate": "error", "rolled-back": "warning"}


def application(source: dict[str, Any]) -> Object:
    """Return the application with one more variable."""
    content = backend()
    container = content["spec"]["template"]["spec"]["containers"][0]
    container["env"] += source.get("env", [])
    if "envFrom" in source:
        container["envFrom"] = source["envFrom"]
    return content


def differs(run: Run, folder: Path, step: str, variables: dict[str, str | None], **previous: Any) -> list[tuple[str, str]]:
    """Return severity and message of each finding about another Redis."""
    file = at(folder, step, workloads={0: {"containers": {"backend": {"env": variables}}}}, previous=previous)
    _, output, _ = run("check", file, "--owner", "owner/prod", "--json")
    reported = json.loads(output)["findings"]
    return [(finding["severity"], finding["message"]) for finding in reported if finding["code"] == "owner-previous"]


@pytest.mark.parametrize(
    ("step", "severity"), [("prepare", "warning"), ("scale-down", "error"), ("validate", "error"), ("rolled-back", "warning")]
)
@pytest.mark.parametrize("name", SOURCES)
def test_a_switched_variable_of_another_redis_is_an_error_from_scale_down_on(
    name: str, step: Step, severity: str, tmp_path: Path, run: Run
) -> None:
    source, settings = SOURCES[name]
    owner(tmp_path, application(source), *OLD_REDIS, settings)
    message = "Deployment/beersystem-backend has redis-queue.beersystem in CELERY_BROKER_URL, but previous.host is "
    assert differs(run, tmp_path, step, {"CELERY_BROKER_URL": NEW}) == [(severity, f"{message}redis.beersystem.svc.cluster.local")]


@pytest.mark.parametrize("value", ["redis://redis:6379/1", "redis-alias", "redis-shared-master.redis.svc.cluster.local"])
def test_other_names_of_the_old_and_the_shared_redis_are_no_other_redis(value: str, tmp_path: Path, run: Run) -> None:
    """The base can contain the new values early, and a second Service can select the pods of the old Redis."""
    alias = {**OLD_REDIS[1], "metadata": {"name": "redis-alias", "namespace": "beersystem"}}
    settings = named("ConfigMap", "settings", data={"broker": value})
    owner(tmp_path, application(SOURCES["a ConfigMap"][0]), *OLD_REDIS, alias, settings)
    assert differs(run, tmp_path, "scale-down", {"CELERY_BROKER_URL": NEW}) == []


def test_a_removed_url_of_another_redis_is_reported_too(tmp_path: Path, run: Run) -> None:
    source, settings = SOURCES["a ConfigMap"]
    owner(tmp_path, application(source), *OLD_REDIS, settings)
    assert [severity for severity, _ in differs(run, tmp_path, "scale-down", {"CELERY_BROKER_URL": None})] == ["error"]


def test_a_value_in_the_manifest_is_reported_once(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    file = at(tmp_path, "scale-down", previous={"host": "redis.other", "remove": ["Deployment/redis"]})
    _, output, _ = run("check", file, "--owner", "owner/prod", "--json")
    codes = [finding["code"] for finding in json.loads(output)["findings"]]
    assert (codes.count("previous-differs"), codes.count("owner-previous")) == (1, 0)


def test_a_value_in_the_manifest_of_another_redis_blocks_the_render_of_scale_down(tmp_path: Path, run: Run) -> None:
    for step, expected in (("prepare", 0), ("scale-down", 1)):
        code, _, errors = run("render", at(tmp_path, step, previous={"host": "redis.other"}))
        assert (code, "[previous-differs]" in errors) == (expected, True)


def test_the_difference_is_accepted_by_client(tmp_path: Path, run: Run) -> None:
    source, settings = SOURCES["a ConfigMap"]
    owner(tmp_path, application(source), *OLD_REDIS, settings)
    assert differs(run, tmp_path, "scale-down", {"CELERY_BROKER_URL": NEW})
    with (tmp_path / "chocolandia.yaml").open("a", encoding="utf-8") as stream:
        stream.write("accept: [{code: owner-previous, on: beersystem, reason: one Redis with two names}]\n")
    _, output, _ = run("check", "chocolandia.yaml", "--owner", "owner/prod", "--json")
    assert "owner-previous" not in output
    assert "accept-unused" not in run("check", "chocolandia.yaml")[2], "without --owner nobody looked"
