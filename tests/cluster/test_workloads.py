"""An application of web, worker and CronJob moves as one: every step, one rollback, and back step by step."""

from __future__ import annotations

import copy
import time
from datetime import UTC, datetime
from typing import Any

from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.processes import FailedError, until
from tests.cluster.report import Report
from tests.cluster.scene import FORWARD, Scene
from tests.cluster.states import STATES, State, equal_start, hold, quiet, started

MOVING = FORWARD[1 : FORWARD.index("decommission")]
MINUTE = 65
"""The longest time until the controller starts a Job of a CronJob with `* * * * *`."""
OLD = [
    {"name": "REDIS_HOST", "value": "redis"},
    {"name": "LOG_LEVEL", "value": "info"},
    {"name": "REDIS_PORT", "value": "6379"},
]


def worker(namespace: str) -> Object:
    labels = {"component": "worker"}
    pod = {"containers": [{"name": "app", "image": "registry.example.org/beersystem:1", "env": OLD}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "beersystem-worker", "namespace": namespace},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def report_job(namespace: str) -> Object:
    containers = [{"name": "app", "image": "registry.example.org/beersystem:1", "env": OLD}]
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": containers}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "beersystem-report", "namespace": namespace},
        "spec": {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": job}},
    }


class Others:
    """The worker and the CronJob, as they were live before the migration and as they are now."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.start = self.live()

    def live(self) -> tuple[Object, Object]:
        worker = self.scene.live("apps/v1", "Deployment", "beersystem-worker", self.scene.client_namespace)
        cronjob = self.scene.live("batch/v1", "CronJob", "beersystem-report", self.scene.client_namespace)
        assert worker, "the Deployment is gone"
        assert cronjob, "the CronJob is gone"
        return worker, cronjob

    def hold(self, state: State) -> None:
        """Assert that both are in a state, and that nothing else of them has changed."""
        worker, cronjob = self.live()
        assert [content["metadata"]["uid"] for content in (worker, cronjob)] == [content["metadata"]["uid"] for content in self.start]
        assert worker["spec"]["replicas"] == (0 if state.stopped else 2)
        assert cronjob["spec"]["suspend"] is state.stopped
        for content, start in zip((worker, cronjob), self.start, strict=True):
            assert variables(content) == (self.switched(start) if state.switched else variables(start))
            assert bare(content) == bare(start)
        until("the pods of the worker", lambda: self._pods(0 if state.stopped else 2))

    def equal_start(self) -> None:
        for content, start in zip(self.live(), self.start, strict=True):
            assert content["spec"] == start["spec"]

    def switched(self, start: Object) -> dict[str, Object]:
        secret = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
        return {
            **variables(start),
            "REDIS_HOST": {"value": f"{self.scene.release}-master.{self.scene.namespace}.svc.cluster.local"},
            "REDIS_PASSWORD": {"valueFrom": secret},
        }

    def jobs(self, after: datetime) -> list[Object]:
        """Return the Jobs of the CronJob that were created after a time."""
        jobs = self.scene.kube.find("batch/v1", "Job", self.scene.client_namespace)
        return [job for job in jobs if datetime.fromisoformat(job["metadata"]["creationTimestamp"]) > after]

    def _pods(self, wanted: int) -> bool | None:
        pods = self.scene.kube.find("v1", "Pod", self.scene.client_namespace, "component=worker")
        if len(pods) != wanted:
            raise FailedError(f"{len(pods)} pods")
        return True


def pod(content: Object) -> Any:
    spec = content["spec"]
    return (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]


def variables(content: Object) -> dict[str, Object]:
    """Return name to the rest of each variable."""
    return {entry["name"]: {key: value for key, value in entry.items() if key != "name"} for entry in pod(content)["containers"][0]["env"]}


def bare(content: Object) -> Object:
    """Return the specification without what the migration may change."""
    result = copy.deepcopy(content)
    del pod(result)["containers"][0]["env"]
    return {key: value for key, value in result["spec"].items() if key not in ("replicas", "suspend")}


def take(scene: Scene, step: str, state: State, start: Object, others: Others) -> float:
    """Take a step and assert the state of all three workloads."""
    seconds = scene.take(step)
    hold(scene, state, start)
    others.hold(state)
    return seconds


def scene_of(make_scene: MakeScene, name: str) -> tuple[Scene, Object, Others]:
    scene = make_scene(name, replicas=2)
    scene.more = {
        "deployment-worker.yaml": worker(scene.client_namespace),
        "cronjob-report.yaml": report_job(scene.client_namespace),
    }
    _, start = started(scene)
    return scene, start, Others(scene)


def test_web_worker_and_cronjob_move_forward_and_are_rolled_back_as_one(make_scene: MakeScene, report: Report) -> None:
    """The CronJob starts a Job every minute: before the downtime, none during it, and after it one that reads the shared Redis."""
    scene, start, others = scene_of(make_scene, "workloads")
    before = datetime.now(UTC)
    until("a Job before the downtime", lambda: others.jobs(before) or None, MINUTE)
    for step in ("scale-down", "deploy", "reconfigure"):
        take(scene, step, STATES[step], start, others)
    seconds = take(scene, "rolled-back", State(release=True), start, others)
    report.add(scene.tool.name, scene.tool.versions, "rolled-back: web, worker and CronJob", seconds)
    equal_start(scene, start)
    others.equal_start()
    take(scene, "scale-down", STATES["scale-down"]._replace(release=True), start, others)
    stopped = datetime.now(UTC)
    for step in ("deploy", "reconfigure"):
        take(scene, step, STATES[step], start, others)
    time.sleep(max(0.0, MINUTE - (datetime.now(UTC) - stopped).total_seconds()))
    assert others.jobs(stopped) == []
    quiet(scene)
    take(scene, "scale-up", STATES["scale-up"], start, others)
    running = datetime.now(UTC)
    (job, *_) = until("a Job after the downtime", lambda: others.jobs(running) or None, MINUTE)
    assert variables({"spec": job["spec"]}) == others.switched(others.start[1])
    for step in ("validate", "decommission", "complete"):
        if step == "complete":
            scene.fold()
        take(scene, step, STATES[step], start, others)
    quiet(scene)


def test_web_worker_and_cronjob_go_back_step_by_step(make_scene: MakeScene) -> None:
    scene, start, others = scene_of(make_scene, "workback")
    for step in MOVING[:-1]:
        scene.commit(step)
    take(scene, "validate", STATES["validate"], start, others)
    for step in reversed(FORWARD[: FORWARD.index("validate")]):
        state = STATES[step]
        if not state.release:
            scene.left = {f"{scene.release}-release"}
            state = state._replace(release=True, left=True)
        take(scene, step, state, start, others)
    equal_start(scene, start)
    others.equal_start()
