"""A workload of the build that the config lacks does not stay on the old queue unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit.migrate.owner.released import key_of
from rediskit.migrate.owner.unmoved import unmoved
from rediskit.model.files import Manifest
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


def moving(**over: Any) -> Object:
    """Return the listed workload with other parts of its pod: `containers` and `initContainers` are put beside the switched container."""
    content = backend()
    pod = content["spec"]["template"]["spec"]
    containers = [*pod["containers"], *over.pop("containers", ())]
    return merged(content, {"spec": {"template": {"spec": {"containers": containers, **over}}}})


def findings(*objects: Object, step: str = "prepare", use: tuple[str, ...] = ("queue",)) -> list[tuple[str, str]]:
    """Return the workload and the message of each finding."""
    environment = environment_of(step)
    client = environment.clients[0].model_copy(update={"use": use})
    everything = {key_of(content): content for content in (backend(), *OLD_REDIS, *objects)}
    return [(f"{kind}/{name}", finding.message) for (kind, _, name), finding in unmoved(environment, client, everything)]


def reported(*objects: Object, step: str = "prepare", use: tuple[str, ...] = ("queue",)) -> list[str]:
    return [name for name, _ in findings(*objects, step=step, use=use)]


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
        ((moving(),), []),
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


SETTINGS = named("ConfigMap", "settings", data={"REDIS_HOST": "redis", "OTHER": "x"})
FROM_SETTINGS = {"envFrom": [{"configMapRef": {"name": "settings"}}]}
MOUNTED = {"volumeMounts": [{"name": "conf", "mountPath": "/etc/app"}]}


def beside(**content: Any) -> Object:
    return {"name": "worker", "image": "app:1", **content}


def volume(*keys: str) -> list[Object]:
    return [{"name": "conf", "configMap": {"name": "settings", "items": [{"key": key, "path": key} for key in keys]}}]


@pytest.mark.parametrize(
    ("pod", "where"),
    [
        ({"containers": [beside(**FROM_SETTINGS)]}, "worker of Deployment/beersystem-backend stays"),
        ({"containers": [beside(env=[{"name": "REDIS_HOST", "value": "redis"}])]}, "/spec/template/spec/containers/1/env/0/value"),
        ({"containers": [beside(args=["--broker", "redis://redis:6379/0"])]}, "/spec/template/spec/containers/1/args/1"),
        ({"initContainers": [beside(command=["wait-for", "redis:6379"])]}, "/spec/template/spec/initContainers/0/command/1"),
        ({"containers": [beside(**MOUNTED)], "volumes": volume("REDIS_HOST")}, "/data/REDIS_HOST of ConfigMap/settings"),
        ({"containers": [beside(**MOUNTED)], "volumes": volume()}, "/data/REDIS_HOST of ConfigMap/settings"),
    ],
    ids=["config-map", "variable", "argument", "init-container", "file", "volume"],
)
@pytest.mark.parametrize("step", ["prepare", "reconfigure", "validate"])
def test_a_container_beside_the_switched_one_does_not_stay_on_the_old_queue(step: str, pod: dict[str, Any], where: str) -> None:
    ((name, message),) = findings(SETTINGS, moving(**pod), step=step)
    assert name == "Deployment/beersystem-backend"
    assert message.startswith("container worker of Deployment/beersystem-backend stays on the old Redis redis.beersystem.svc")
    assert where in message


def test_a_variable_of_the_switched_container_does_not_stay_on_the_old_queue() -> None:
    def with_broker(value: str) -> Object:
        content = moving()
        content["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "BROKER_URL", "value": value})
        return content

    assert reported(with_broker("redis://redis:6379/0")) == ["Deployment/beersystem-backend"]
    assert reported(with_broker("redis://redis:6379/5")) == []
    assert reported(with_broker("redis://other:6379/0")) == []


@pytest.mark.parametrize(
    "pod",
    [
        {"containers": [beside(**FROM_SETTINGS, env=[{"name": "REDIS_HOST", "value": "other"}])]},
        {"containers": [beside(**MOUNTED)], "volumes": volume("OTHER")},
        {"containers": [beside()], "volumes": volume()},
        {"containers": [beside(image="oliver006/redis_exporter:v1", env=[{"name": "REDIS_ADDR", "value": "redis://redis:6379"}])]},
    ],
    ids=["replaced-variable", "other-file", "not-mounted", "exporter"],
)
def test_a_container_that_does_not_read_the_old_host_may_stay(pod: dict[str, Any]) -> None:
    assert reported(SETTINGS, moving(**pod)) == []


def test_a_switched_variable_replaces_that_of_a_config_map() -> None:
    content = moving()
    content["spec"]["template"]["spec"]["containers"][0] |= FROM_SETTINGS
    assert reported(SETTINGS, content) == []


def test_a_person_switches_an_external_container() -> None:
    worker = beside(env=[{"name": "REDIS_HOST", "value": "redis"}])
    content = moving(containers=[worker])
    changes: dict[str, Any] = {"use": ["queue"], "workloads": {0: {"manifest": Manifest("a", content)}}}
    environment = environment_of("prepare", over={"clients": {0: changes}})
    everything = {key_of(entry): entry for entry in (content, *OLD_REDIS)}
    assert [finding.on for _, finding in unmoved(environment, environment.clients[0], everything)] == [
        ("beersystem", "Deployment/beersystem-backend")
    ]
    external = {"worker": {"external": "worker.yaml of ConfigMap/settings"}}
    changes = {"use": ["queue"], "workloads": {0: {"manifest": Manifest("a", content), "containers": external}}}
    environment = environment_of("prepare", over={"clients": {0: changes}})
    assert list(unmoved(environment, environment.clients[0], everything)) == []


def test_the_pod_itself_is_no_redis_of_other_workloads() -> None:
    environment = environment_of("prepare", over={"clients": {0: {"use": ["queue"], "previous": {"host": "localhost"}}}})
    everything = {key_of(entry): entry for entry in (backend(), worker(API_URL="http://localhost:8080"))}
    assert list(unmoved(environment, environment.clients[0], everything)) == []
