"""One repository for the config and the application: the overlay lists the rendered folder, and each step is one commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cluster import owner
from tests.cluster.conftest import MakeScene
from tests.cluster.plane import program
from tests.cluster.scene import Scene
from tests.cluster.states import STATES, State, equal_start, hold
from tests.cluster.test_owner_kinds import settled
from tests.cluster.tool import Tool
from tests.samples import merged

PATHS = "argocd.argoproj.io/manifest-generate-paths"


def test_one_commit_carries_each_step_and_the_live_objects_show_it(make_scene: MakeScene, tool: Tool) -> None:
    scene = make_scene("in-place", replicas=2)
    scene.theirs, scene.in_place = scene.ours, True
    scene.own()
    settled(scene)
    start = scene.workload()
    if tool.name == "flux":
        scene.owner_objects[-1]["spec"]["wait"] = False
    scene.commit("prepare")
    listed = owner.files(scene.client_namespace, scene.replicas, component=False)[f"{owner.FOLDER}/kustomization.yaml"]
    components = f"components:\n- ../rendered/{scene.name}/owners/{scene.client}\n"
    scene.ours.write({f"{owner.FOLDER}/kustomization.yaml": f"{listed!s}{components}"})
    scene.ours.commit("list the rendered folder")
    settled(scene)
    equal_start(scene, start)
    assert verified(scene) == []
    if tool.name == "argocd":
        ignored_without_the_folder(scene)
    for step in ("scale-down", "reconfigure", "scale-up"):
        scene.commit(step)
        settled(scene)
        hold(scene, STATES[step]._replace(release=False), start)
        assert verified(scene) == [], step
    scene.remember("validate")
    scene.remember("decommission")
    scene.write_config()
    assert {difference["object"] for difference in verified(scene)} == {"Deployment/redis", "Service/redis"}
    del scene.history[-2:]
    scene.commit("rolled-back")
    settled(scene)
    hold(scene, State(), start)
    equal_start(scene, start)
    assert verified(scene) == []


def ignored_without_the_folder(scene: Scene) -> None:
    """With an annotation that lacks the rendered folder, Argo CD is at the new commit with the old manifests: `owner-paths`."""
    unit = scene.owner_objects[-1]
    for paths, stopped in ((".", False), (f".;/rendered/{scene.name}/owners/{scene.client}", True)):
        scene.owner_objects[-1] = merged(unit, {"metadata": {"annotations": {PATHS: paths}}})
        scene.kube.apply(scene.owner_objects[-1])
        scene.commit("scale-down")
        settled(scene)
        assert (scene.workload()["spec"]["replicas"] == 0) == stopped, paths
        scene.commit("rolled-back")
        settled(scene)
        assert scene.workload()["spec"]["replicas"] == scene.replicas


def verified(scene: Scene) -> list[dict[str, str]]:
    """Return the differences that `rediskit migrate verify --live` reports through the real kubectl."""
    config = Path(scene.ours.tree, f"config/{scene.name}.yaml")
    command = [sys.executable, "-m", "rediskit", "migrate", "verify", str(config), "--live", "--json"]
    programs = {"KUBECONFIG": str(scene.kube.kubeconfig), "KUBECTL": str(program("kubectl"))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **programs})
    assert done.returncode in (0, 1), done.stderr
    differences: list[dict[str, str]] = json.loads(done.stdout)["differences"]
    assert done.returncode == bool(differences)
    return differences
