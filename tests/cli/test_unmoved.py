"""A workload of the build that the config lacks does not stay on the old queue unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit.migrate.owner.released import key_of
from rediskit.migrate.owner.unmoved import unmoved
from tests.cli.checkout import owner
from tests.cli.test_scan import at, cron_job, named
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.init.live import container, workload
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, environment_of, merged

QUEUE: dict[str, Any] = {"use": ["queue"]}
TEXT = "uses the old Redis redis.beersystem.svc.cluster.local, and no client of the config moves it: tasks of beersystem do not reach it"


def worker(**env: Any) -> Object:
    """Return a worker with these variables, or with the host of the old Redis."""
    return workload(container(**(env or {"REDIS_HOST": "redis"})), name="worker", namespace="beersystem")


def reported(*objects: Object, step: str = "prepare", use: tuple[str, ...] = ("queue",)) -> list[str]:
    environment = environment_of(step)
    client = environment.clients[0].model_copy(update={"use": use})
    everything = {key_of(content): content for content in (backend(), *OLD_REDIS, *objects)}
    return [f"{kind}/{name}" for (kind, _, name), _ in unmoved(environment, client, everything)]


def test_check_and_export_refuse_a_worker_that_stays_on_the_old_queue(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, worker())
    errors = run("check", at(tmp_path, "prepare", **QUEUE), "--owner", "owner/prod")[2]
    assert f"error[owner-unmoved]: Deployment/worker {TEXT}" in errors
    code, _, errors = run("migrate", "export", at(tmp_path, "scale-down", **QUEUE), "--to", "owner/prod")
    assert (code, f"error[owner-unmoved]: Deployment/worker {TEXT}" in errors) == (1, True)
    code, _, errors = run("migrate", "export", at(tmp_path, "rolled-back", **QUEUE), "--to", "owner/prod")
    assert (code, "owner-unmoved" in errors) == (0, False)


@pytest.mark.parametrize("step", ["prepare", "scale-down", "reconfigure", "validate"])
def test_a_worker_that_no_client_moves_is_refused_until_decommission(step: str) -> None:
    assert reported(worker(), step=step) == ["Deployment/worker"]
    assert reported(worker(), step=step, use=("cache", "sessions")) == []


@pytest.mark.parametrize("step", ["rolled-back", "decommission", "complete"])
def test_no_worker_is_refused_where_the_old_redis_serves_all_or_none(step: str) -> None:
    assert reported(worker(), step=step) == []


@pytest.mark.parametrize(
    ("objects", "names"),
    [
        ((cron_job("redis://redis:6379/0"),), ["CronJob/nightly"]),
        ((worker(BROKER_URL="redis://redis.beersystem:6379"),), ["Deployment/worker"]),
        ((worker(BROKER_URL="redis://redis:6379/5"),), []),
        ((cron_job("redis://redis:6379/5"),), []),
        ((worker(BROKER_URL="redis://other:6379/0"),), []),
        ((merged(worker(), {"metadata": {"namespace": "other"}}),), []),
        ((merged(worker(), {"metadata": {"name": "beersystem-backend"}}),), []),
        ((workload(container("metrics", "oliver006/redis_exporter:v1", REDIS_ADDR="redis://redis:6379"), namespace="beersystem"),), []),
    ],
    ids=["cron-job", "url", "number", "number-of-a-cron-job", "other-redis", "other-namespace", "listed", "exporter"],
)
def test_only_a_workload_with_the_database_of_the_queue_counts(objects: tuple[Object, ...], names: list[str]) -> None:
    """The manifest of the client has no number, so its queue is in database 0."""
    assert reported(*objects) == names


def test_a_worker_reads_the_host_from_a_config_map() -> None:
    settings = named("ConfigMap", "settings", data={"REDIS_HOST": "redis"})
    content = worker(OTHER="a")
    content["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    assert reported(settings, content) == ["Deployment/worker"]
    assert reported(settings, worker(OTHER="a")) == []
