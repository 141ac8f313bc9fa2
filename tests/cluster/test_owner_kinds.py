"""Owners whose build is not to be touched: the snippet in their own Application or Kustomization carries each step, and the way back."""

from __future__ import annotations

from tests.cluster import owner
from tests.cluster.conftest import MakeScene
from tests.cluster.processes import FailedError, until
from tests.cluster.scene import Scene
from tests.cluster.states import STATES, State, equal_start, hold, quiet, started
from tests.cluster.tool import Tool

KINDS = {"argocd": "argocd-app", "flux": "flux-kustomization"}
STEPS = ("scale-down", "deploy", "reconfigure", "scale-up")


def test_patches_of_the_owners_own_unit_carry_each_step(make_scene: MakeScene, tool: Tool) -> None:
    """The unit lies in the owner's repository and he applies it: nothing of ours touches it."""
    scene = make_scene("snippet", replicas=3)
    scene.owner_kind = KINDS[tool.name]
    _, start = started(scene)
    hold(scene, STATES["prepare"], start)
    equal_start(scene, start)
    for step in STEPS:
        # Of ours, only what `deploy` brings has to be there before the state is looked at.
        scene.ignored = set() if step == "deploy" else ours(scene)
        scene.take(step)
        hold(scene, STATES[step], start)
    quiet(scene)
    before = scene.workload()
    plain(scene)
    {"argocd": refused, "flux": taken}[tool.name](scene)
    assert scene.workload()["metadata"]["generation"] == before["metadata"]["generation"]
    scene.theirs.revert()
    tool.refresh(scene.expected())
    tool.settled(scene.expected())
    scene.take("rolled-back")
    hold(scene, State(release=True), start)
    equal_start(scene, start)


def ours(scene: Scene) -> set[str]:
    """The names of all units but the owner's."""
    return {name for _, name, _, _ in scene.expected().units} - {content["metadata"]["name"] for content in scene.owner_objects}


def plain(scene: Scene) -> None:
    """The owner's folder without any kustomization.yaml, in one commit."""
    files = owner.files(scene.client_namespace, scene.replicas, component=False)
    texts = {path.rpartition("/")[2]: text for path, text in files.items() if not path.endswith("/kustomization.yaml")}
    scene.theirs.replace(owner.FOLDER, {name: text if isinstance(text, bytes) else text.encode() for name, text in texts.items()})
    scene.theirs.commit("no kustomization.yaml")
    scene.tool.refresh(scene.expected())


def taken(scene: Scene) -> None:
    """Flux makes a kustomization.yaml of the folder, and lays the patches upon that."""
    scene.tool.settled(scene.expected())


def refused(scene: Scene) -> None:
    """Argo CD says that it can't build that folder, and leaves what is live."""
    expected = scene.expected()

    def said() -> bool | None:
        if any("kustomization file not found in the path" in complaint for complaint in scene.tool.complaints(expected)):
            return True
        raise FailedError(str(scene.tool.complaints(expected)))

    until("the refusal", said)
