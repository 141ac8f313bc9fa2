"""The maintained chart, deployed by both tools: live, quiet, and through a failover that the tools do not revert."""

from __future__ import annotations

from tests.cluster.conftest import MakeScene
from tests.cluster.processes import until
from tests.cluster.scene import Scene
from tests.cluster.states import STATES, hold, quiet, started
from tests.cluster.tool import Tool


def suspend(scene: Scene, tool: Tool, *, stop: bool) -> None:
    """Suspend or resume everything that renders the release, as the page does."""
    automated = {"spec": {"syncPolicy": {"automated": {"enabled": not stop}}}}
    names = ["root", "release"] if stop else ["release", "root"]
    for name in names:
        kind = "Application" if tool.name == "argocd" else "Kustomization"
        change = automated if tool.name == "argocd" else {"spec": {"suspend": stop}}
        tool.kube.patch(tool.version_of(kind), kind, f"{scene.release}-{name}", tool.namespace, change)
    if tool.name == "flux":
        tool.kube.patch(tool.version_of("HelmRelease"), "HelmRelease", scene.release, scene.namespace, {"spec": {"suspend": stop}})


def test_the_maintained_chart_is_live_and_quiet_and_fails_over(make_scene: MakeScene, tool: Tool) -> None:
    scene = make_scene("maintained", profile="cloudpirates")
    _, start = started(scene)
    scene.commit("scale-down")
    scene.take("deploy")
    hold(scene, STATES["deploy"], start)
    quiet(scene)
    replica = _uid(scene, 1)
    suspend(scene, tool, stop=True)
    _change(scene, {"ordinals": {"start": 1}, "replicas": 1})
    until("the end of the primary", lambda: scene.live("v1", "Pod", f"{scene.release}-0") is None or None)
    _change(scene, {"ordinals": None, "replicas": 2})
    until("both pods", lambda: _ready(scene) == 2 or None)
    suspend(scene, tool, stop=False)
    tool.settled(scene.expected())
    quiet(scene)
    hold(scene, STATES["deploy"], start)
    assert _uid(scene, 1) == replica, "the tool restarted the promoted replica"


def _change(scene: Scene, spec: dict[str, object]) -> None:
    scene.kube.patch("apps/v1", "StatefulSet", scene.release, scene.namespace, {"spec": spec})


def _ready(scene: Scene) -> int:
    content = scene.live("apps/v1", "StatefulSet", scene.release)
    return int(content["status"].get("readyReplicas", 0)) if content else 0


def _uid(scene: Scene, number: int) -> str:
    pod = scene.live("v1", "Pod", f"{scene.release}-{number}")
    assert pod
    return str(pod["metadata"]["uid"])
