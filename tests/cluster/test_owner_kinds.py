"""Applications whose build must not change: the snippet in their Application or Kustomization carries each step, and the rollback."""

from __future__ import annotations

from dataclasses import replace

import yaml

from tests.cluster import owner
from tests.cluster.conftest import MakeScene
from tests.cluster.processes import FailedError, until
from tests.cluster.scene import Scene
from tests.cluster.states import STATES, State, equal_start, hold
from tests.cluster.tool import Expected, Tool

KINDS = {"argocd": "argocd-app", "flux": "flux-kustomization"}
STEPS = ("scale-down", "deploy", "reconfigure", "scale-up")


def test_patches_in_the_application_itself_carry_each_step(make_scene: MakeScene, tool: Tool) -> None:
    """The carrier is in the application repository. Nothing of ours is in the cluster, so nothing else can have changed it."""
    scene = make_scene("snippet", replicas=3)
    scene.owner_kind = KINDS[tool.name]
    scene.own()
    settled(scene)
    start = scene.workload()
    if tool.name == "flux":
        # Its health check polls every 5 seconds; here the test itself looks at what is live.
        scene.owner_objects[-1]["spec"]["wait"] = False
    scene.commit("prepare")
    for step in STEPS:
        scene.commit(step)
        settled(scene)
        hold(scene, STATES[step]._replace(release=False), start)
    before = scene.workload()
    plain(scene)
    if tool.name == "argocd":
        refused(scene, "kustomization file not found in the path")
    else:
        settled(scene)
    scene.theirs.revert()
    another_container_comes_first(scene)
    refused(scene, "testing value /spec/template/spec/containers/0/name failed")
    assert scene.workload()["metadata"]["generation"] == before["metadata"]["generation"]
    scene.theirs.revert()
    scene.commit("rolled-back")
    settled(scene)
    hold(scene, State(), start)
    equal_start(scene, start)


def settled(scene: Scene) -> None:
    """Wait until the content of the carrier is live."""
    expected = of_owner(scene)
    scene.tool.refresh(expected)
    scene.tool.settled(expected)


def of_owner(scene: Scene) -> Expected:
    """Return the carriers of the application repository alone."""
    expected, names = scene.expected(), {content["metadata"]["name"] for content in scene.owner_objects}
    return replace(expected, units=tuple(unit for unit in expected.units if unit[1] in names))


def plain(scene: Scene) -> None:
    """Remove kustomization.yaml from the application's folder. Flux then generates one and applies the patches to it."""
    files = owner.files(scene.client_namespace, scene.replicas, component=False)
    texts = {path.rpartition("/")[2]: text for path, text in files.items() if not path.endswith("/kustomization.yaml")}
    scene.theirs.replace(owner.FOLDER, {name: text if isinstance(text, bytes) else text.encode() for name, text in texts.items()})
    scene.theirs.commit("no kustomization.yaml")


def another_container_comes_first(scene: Scene) -> None:
    """Insert a container at the position of the patched one, which the patches could change by mistake."""
    content = owner.workload(scene.client_namespace, scene.replicas)
    content["spec"]["template"]["spec"]["containers"].insert(0, {"name": "proxy", "image": "proxy:1"})
    scene.theirs.write({f"{owner.FOLDER}/base/deployment-backend.yaml": yaml.safe_dump(content)})
    scene.theirs.commit("a proxy")


def refused(scene: Scene, words: str) -> None:
    """Wait until the tool reports with these words that it can't build the folder."""
    expected = of_owner(scene)
    scene.tool.refresh(expected)

    def complained() -> bool | None:
        complaint = scene.tool.unsettled(expected)
        if words in complaint:
            return True
        raise FailedError(complaint)

    until(words, complained, 20)
