"""The expected live state at each migration step, defined here independently of rediskit."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.cluster import owner
from tests.cluster.kube import Object
from tests.cluster.processes import FailedError, until
from tests.cluster.scene import Scene
from tests.cluster.tool import Tool

ROUNDS = 3


class State(NamedTuple):
    """stopped: no pods of beersystem. switched: it knows the shared Redis. release: that one runs. old: the old Redis is there.

    left: the release runs on although Git no longer contains it; its external Service is gone.
    """

    stopped: bool = False
    switched: bool = False
    release: bool = False
    old: bool = True
    left: bool = False


STATES = {
    "prepare": State(),
    "scale-down": State(stopped=True),
    "deploy": State(stopped=True, release=True),
    "reconfigure": State(stopped=True, switched=True, release=True),
    "scale-up": State(switched=True, release=True),
    "validate": State(switched=True, release=True),
    "decommission": State(switched=True, release=True, old=False),
    "complete": State(switched=True, release=True, old=False),
}


def hold(scene: Scene, state: State, start: Object) -> None:
    """Assert all of a state. `start` is the Deployment of beersystem as it was live before anything began."""
    live = scene.workload()
    assert live["metadata"]["uid"] == start["metadata"]["uid"]
    assert live["spec"]["replicas"] == (0 if state.stopped else scene.replicas)
    _pods(scene, state)
    assert _without_changes(live["spec"]) == _without_changes(start["spec"])
    before, now = _variables(start), _variables(live)
    if state.switched:
        assert (len(before), len(now)) == (18, 19)
        changed = {name: value for name, value in now.items() if before.get(name) != value}
        host = f"{scene.release}-master.{scene.namespace}.svc.cluster.local"
        secret = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
        assert changed == {"REDIS_HOST": {"value": host}, "REDIS_PASSWORD": {"valueFrom": secret}}
        assert set(before) <= set(now)
    else:
        assert live["spec"]["template"]["spec"]["containers"][0]["env"] == start["spec"]["template"]["spec"]["containers"][0]["env"]
    _old(scene, state)
    _release(scene, state)


def equal_start(scene: Scene, start: Object) -> None:
    """Assert that specification, labels and UID of the Deployment of beersystem equal the start."""
    live = scene.workload()
    assert live["spec"] == start["spec"]
    assert live["metadata"]["labels"] == start["metadata"]["labels"]
    assert live["metadata"]["uid"] == start["metadata"]["uid"]


def quiet(scene: Scene) -> None:
    """Many rounds change nothing: generations stay the same, and no status has an error."""
    expected = scene.expected()
    before = standing(scene)
    for _ in range(ROUNDS):
        scene.tool.reconcile(expected)
    scene.tool.settled(expected)
    assert standing(scene) == before
    assert scene.tool.complaints(expected) == []


def standing(scene: Scene) -> dict[str, Any]:
    """Each object of ours, of the chart and of the application: its generation, or its version where it has none."""
    seen = {}
    for content in objects(scene):
        meta = content["metadata"]
        name = f"{content['kind']} {meta.get('namespace', '')}/{meta['name']}"
        seen[name] = (meta["uid"], meta.get("generation") or meta["resourceVersion"])
    return seen


def objects(scene: Scene) -> list[Object]:
    """Return the live objects of Redis and of the application that a client wrote, as the API server has them."""
    live = []
    for namespace in (scene.namespace, scene.client_namespace):
        for version, kind in WRITTEN:
            live += [{"apiVersion": version, "kind": kind, **content} for content in scene.kube.find(version, kind, namespace)]
    return live


WRITTEN = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
)


def _pods(scene: Scene, state: State) -> None:
    wanted = 0 if state.stopped else scene.replicas

    def complete() -> bool | None:
        pods = scene.kube.find("v1", "Pod", scene.client_namespace, "component=backend")
        if len(pods) != wanted:
            raise FailedError(f"{len(pods)} pods of beersystem")
        return True

    until(f"{wanted} pods of beersystem", complete)


def _old(scene: Scene, state: State) -> None:
    for version, kind in (("apps/v1", "Deployment"), ("v1", "Service")):
        assert (scene.live(version, kind, owner.OLD, scene.client_namespace) is not None) == state.old, kind


def _release(scene: Scene, state: State) -> None:
    ready = {f"{scene.release}-master": 1, f"{scene.release}-replicas": 1} if scene.profile == "bitnami" else {scene.release: 2}
    sets = [scene.live("apps/v1", "StatefulSet", name) for name in ready]
    external = scene.live("v1", "Service", f"{scene.release}-external")
    if not state.release or state.left:
        assert external is None
    if not state.release:
        assert not any(sets)
        return
    assert [stateful_set["status"].get("readyReplicas") if stateful_set else None for stateful_set in sets] == list(ready.values())
    if state.left:
        return
    assert external
    assert [ingress["ip"] for ingress in external["status"]["loadBalancer"].get("ingress", [])] == [scene.address]


def _variables(deployment: Object) -> dict[str, Object]:
    """Name to the rest of each variable."""
    variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    return {entry["name"]: {key: value for key, value in entry.items() if key != "name"} for entry in variables}


def _without_changes(spec: Object) -> Object:
    """Return the specification without what the migration may change."""
    pod = spec["template"]["spec"]
    containers = [{key: value for key, value in container.items() if key != "env"} for container in pod["containers"]]
    template = {**spec["template"], "spec": {**pod, "containers": containers}}
    return {**spec, "template": template, "replicas": None}


def started(scene: Scene) -> tuple[Tool, Object]:
    """Return the scene at `prepare`: beersystem as it is, our tree bootstrapped, Secrets there. The Deployment as it was before."""
    scene.own()
    scene.tool.settled(scene.expected())
    start = scene.workload()
    scene.commit("prepare")
    scene.bootstrap()
    scene.tool.settled(scene.expected())
    scene.bring_secrets()
    return scene.tool, start
