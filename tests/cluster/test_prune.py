"""Whatever happens to our Applications and Kustomizations: the application, namespaces, Secrets in use and volumes stay."""

from __future__ import annotations

import pytest

from tests.cluster.argocd import ArgoCD
from tests.cluster.conftest import MakeScene
from tests.cluster.processes import until
from tests.cluster.scene import Scene
from tests.cluster.states import STATES, equal_start, hold, started
from tests.cluster.test_rollback import kept
from tests.cluster.tool import Tool


def our_carriers(scene: Scene) -> list[tuple[str, str, str]]:
    """Kind, name and namespace of our Applications or Kustomizations, the root first."""
    kinds = ("Application", "Kustomization")
    owners = {content["metadata"]["name"] for content in scene.owner_objects}
    carriers = [(kind, name, place) for kind, name, place, _ in scene.expected().units if kind in kinds and name not in owners]
    return sorted(carriers, key=lambda unit: not unit[1].endswith("-root"))


def test_all_of_ours_deleted_takes_nothing_that_is_in_use(make_scene: MakeScene) -> None:
    scene = make_scene("deleted")
    tool, start = started(scene)
    scene.commit("scale-down")
    scene.commit("deploy")
    scene.take("rolled-back")
    before = kept(scene)
    for kind, name, place in our_carriers(scene):
        scene.kube.delete(tool.version_of(kind), kind, name, place)
    for kind, name, place in our_carriers(scene):
        gone = tool.version_of(kind), kind, name, place
        until(f"{name} to be gone", lambda gone=gone: scene.kube.get(*gone) is None or None)  # type: ignore[misc]
    assert kept(scene) == before
    equal_start(scene, start)


def test_an_emptied_folder_takes_nothing(make_scene: MakeScene) -> None:
    """One commit removes all resources from the component with the namespace."""
    scene = make_scene("emptied")
    tool, start = started(scene)
    scene.commit("scale-down")
    scene.take("deploy")
    before = kept(scene)
    path = f"rendered/{scene.name}/platform/redis/kustomization.yaml"
    scene.ours.write({path: "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"})
    scene.ours.commit("emptied")
    tool.reconcile(scene.expected())
    assert kept(scene) == before
    hold(scene, STATES["deploy"], start)


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_the_project_refuses_a_workload_of_the_client(make_scene: MakeScene, tool: Tool) -> None:
    scene = make_scene("refused")
    started(scene)
    text = (scene.theirs.tree / "beersystem/base/deployment-redis.yaml").read_text().replace("name: redis\n", "name: smuggled\n", 1)
    unit = f"rendered/{scene.name}/platform/redis"
    listed = (scene.ours.tree / unit / "kustomization.yaml").read_text() + "- deployment-smuggled.yaml\n"
    scene.ours.write({f"{unit}/deployment-smuggled.yaml": text, f"{unit}/kustomization.yaml": listed})
    scene.ours.commit("smuggled")
    tool.refresh(scene.expected())
    name = f"{scene.release}-redis"

    def refused() -> str | None:
        message = tool.said_of(name)
        return message if "is not permitted in project" in message or "not match any of the allowed destinations" in message else None

    until("the refusal", refused)
    assert scene.live("apps/v1", "Deployment", "smuggled", scene.client_namespace) is None
