"""At each step, an error that can never become healthy, then its fix: the time until the fix is live."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests.cluster import owner
from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.processes import until
from tests.cluster.report import Report
from tests.cluster.scene import FORWARD, Scene
from tests.cluster.states import STATES, hold, started
from tests.cluster.tool import Tool

AT_ONCE = 3
"""Scenes side by side. Each hangs in one Kustomization, and kustomize-controller works on four at a time."""
NOTICED_SECONDS = 90
LIVE_SECONDS = 240
TOO_MUCH = "64"
"""CPU cores: no node has so many."""
OVERLAY = f"{owner.FOLDER}/kustomization.yaml"


class Mistake(NamedTuple):
    """How it comes into Git and goes out again, and how both show in the cluster."""

    make: Callable[[Scene], None]
    noticed: Callable[[Scene], bool]
    fix: Callable[[Scene], None]
    fixed: Callable[[Scene], bool]


def test_the_fix_gets_through_at_each_step(make_scene: MakeScene, tool: Tool, report: Report) -> None:
    scenes = {step: make_scene(f"fix-{step}") for step in MISTAKES}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for step, seconds in zip(scenes, pool.map(fix, scenes.values(), scenes), strict=True):
            report.add(tool.name, tool.versions, f"the fix of a broken {step} is live", seconds)


def fix(scene: Scene, step: str) -> float:
    """Take a step with a mistake and fix it. Return the seconds from that commit until it is live."""
    tool, start = started(scene)
    before = FORWARD[1 : FORWARD.index(step)]
    for passed in before[:-1]:
        scene.commit(passed)
    if before:
        scene.take(before[-1])
    if step != "prepare":
        scene.remember(step)
    mistake = MISTAKES[step]
    mistake.make(scene)
    tool.refresh(scene.expected())
    until(f"the mistake of {step}", lambda: mistake.noticed(scene) or None, NOTICED_SECONDS)
    mistake.fix(scene)
    begin = time.monotonic()
    tool.refresh(scene.expected())
    until(f"the fix of {step}", lambda: mistake.fixed(scene) or None, LIVE_SECONDS)
    seconds = time.monotonic() - begin
    if mistake is NO_ROOM:
        replace_the_pod_that_stays(scene)
    tool.settled(scene.expected())
    hold(scene, STATES[step], start)
    return seconds


def replace_the_pod_that_stays(scene: Scene) -> None:
    """Do what the runbook describes: delete the pod, and scale the StatefulSet if Kubernetes creates it from the old template again.

    In Kubernetes 1.36, `status.currentReplicas` still counts a pod that was deleted without a node. Without `rollingUpdate`, the new pod
    then has the old revision (pkg/controller/statefulset/stateful_set_utils.go, newVersionedStatefulSetPod).
    """
    name = f"{scene.release}-master"
    old = until("the new revision of the StatefulSet", lambda: _outdated(scene, name))
    assert _cpu(old["spec"]) == TOO_MUCH, "Kubernetes replaces such a pod: the runbook does not need to delete it"
    scene.kube.delete("v1", "Pod", f"{name}-0", scene.namespace)
    again = until("the next pod", lambda: _other_pod(scene, f"{name}-0", old["metadata"]["uid"]))
    if _cpu(again["spec"]) == TOO_MUCH:
        for command in (
            ("scale", "statefulset", name, "--replicas=0"),
            ("wait", "--for=delete", f"pod/{name}-0", "--timeout=2m"),
            ("scale", "statefulset", name, "--replicas=1"),
        ):
            scene.kube.kubectl("-n", scene.namespace, *command)


def _outdated(scene: Scene, name: str) -> Object | None:
    """Return the pod of a StatefulSet if it has not its newest revision."""
    revision = (scene.live("apps/v1", "StatefulSet", name) or {}).get("status", {}).get("updateRevision")
    pod: Object = scene.live("v1", "Pod", f"{name}-0") or {}
    return pod if revision and pod and pod["metadata"]["labels"]["controller-revision-hash"] != revision else None


def _other_pod(scene: Scene, name: str, uid: str) -> Object | None:
    pod = scene.live("v1", "Pod", name)
    return pod if pod and pod["metadata"]["uid"] != uid else None


def at_once(scene: Scene) -> bool:
    """Where nothing shows in the cluster but the carriers themselves."""
    return not scene.tool.unsettled(scene.expected())


# A unit of ours that cannot be built: its list names a file that is not there.


def _lose_a_file(scene: Scene) -> None:
    path = f"rendered/{scene.name}/platform/redis/kustomization.yaml"
    scene.ours.write({path: (scene.ours.tree / path).read_text() + "- lost.yaml\n"})
    scene.ours.commit("a merge that went wrong")


def _find_it(scene: Scene) -> None:
    scene.ours.revert()


def _file_is_missed(scene: Scene) -> bool:
    return "lost.yaml" in scene.tool.unsettled(scene.expected())


# A release whose pod fits on no node.


def _ask_too_much(scene: Scene) -> None:
    scene.over = {"redis": {"values": {"master": {"resources": {"requests": {"cpu": TOO_MUCH}, "limits": {"cpu": TOO_MUCH}}}}}}
    scene.publish("the release, with a primary for which no node has room")


def _ask_less(scene: Scene) -> None:
    scene.over = {}
    scene.publish("the release, fixed")


def _requested(scene: Scene) -> str:
    stateful_set: Object = scene.live("apps/v1", "StatefulSet", f"{scene.release}-master") or {}
    return _cpu(stateful_set.get("spec", {}).get("template", {}).get("spec", {}))


def _cpu(pod: Object) -> str:
    container: Object = next((container for container in pod.get("containers", []) if container["name"] == "redis"), {})
    return str(container.get("resources", {}).get("requests", {}).get("cpu", ""))


# A mistake of the owner, beside our Component.


def _patched(change: str) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        text = (scene.theirs.tree / OVERLAY).read_text()
        patch = f"patches:\n- target: {{kind: Deployment, name: {owner.WORKLOAD}}}\n  patch: |-\n    - {change}\n"
        scene.theirs.write({OVERLAY: text + patch})
        scene.publish("a step, and a mistake beside it")

    return make


def _unpatch(scene: Scene) -> None:
    text = (scene.theirs.tree / OVERLAY).read_text()
    scene.theirs.write({OVERLAY: text.partition("patches:")[0]})
    scene.theirs.commit("fixed")


def _selects_nodes(scene: Scene) -> bool:
    return "nodeSelector" in scene.workload()["spec"]["template"]["spec"]


NO_FILE = Mistake(_lose_a_file, _file_is_missed, _find_it, at_once)
NO_ROOM = Mistake(
    _ask_too_much, lambda scene: _requested(scene) == TOO_MUCH, _ask_less, lambda scene: _requested(scene) not in ("", TOO_MUCH)
)
REFUSED = Mistake(
    _patched("{op: add, path: /spec/selector/matchLabels/another, value: one}"),
    lambda scene: "spec.selector: Invalid value" in scene.tool.unsettled(scene.expected()),
    _unpatch,
    at_once,
)
UNSCHEDULABLE = Mistake(
    _patched("{op: add, path: /spec/template/spec/nodeSelector, value: {nowhere: here}}"),
    _selects_nodes,
    _unpatch,
    lambda scene: not _selects_nodes(scene),
)
MISTAKES = {
    "deploy": NO_ROOM,
    "scale-up": UNSCHEDULABLE,
    "validate": UNSCHEDULABLE,
    "decommission": UNSCHEDULABLE,
    "prepare": NO_FILE,
    "scale-down": REFUSED,
    "reconfigure": REFUSED,
}
"""Those that take longest first."""
