"""Our Applications and Kustomizations suspended, and names changed in Git: what is in use stays, and the way on is open."""

from __future__ import annotations

import shutil

from tests.cluster.argocd import ArgoCD
from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.processes import until
from tests.cluster.scene import CLIENT, Scene
from tests.cluster.sealed_secrets import SealedSecrets
from tests.cluster.states import STATES, hold, standing, started
from tests.cluster.test_claims import carrier, refused
from tests.cluster.test_prune import our_carriers
from tests.cluster.test_rollback import kept


def test_suspended_and_renamed_take_nothing_that_is_in_use(make_scene: MakeScene, sealed_secrets: SealedSecrets) -> None:
    scene = make_scene("renamed")
    scene.seal(sealed_secrets)
    scene.over["cluster"] = scene.name
    tool, start = started(scene)
    scene.commit("scale-down")
    scene.take("deploy")
    before, at_first = kept(scene), standing(scene)

    suspend(scene, suspended=True)
    shutil.rmtree(scene.ours.tree / "rendered" / scene.name / "platform")
    scene.ours.commit("all units gone")
    looked(scene)
    assert (kept(scene), standing(scene)) == (before, at_first)
    scene.publish("all units back")
    suspend(scene, suspended=False)
    tool.refresh(scene.expected())
    tool.settled(scene.expected())
    assert (kept(scene), standing(scene)) == (before, at_first)

    # The environment: its config and its folder in the tree have another name.
    rename_environment(scene)
    looked(scene)
    assert (kept(scene), standing(scene)) == (before, at_first)
    scene.bootstrap()
    tool.settled(scene.expected())
    assert (kept(scene), standing(scene)) == (before, at_first)

    # The client has another name in the config. Argo CD assigns remaining objects to the deleted Application permanently.
    scene.client = "brewery"
    scene.publish("the client renamed")
    tool.refresh(scene.expected())
    until("the old unit to go", lambda: None if carrier(scene, CLIENT) else True)
    if tool.name == ArgoCD.name:
        refused(scene, scene.client, "Shared resource found: SealedSecret/redis-credentials is part of applications")
        left = ("sealedsecret/redis-credentials", "argocd.argoproj.io/tracking-id-")
        scene.kube.kubectl("-n", scene.client_namespace, "annotate", *left)
    tool.settled(scene.expected())
    assert kept(scene) == before
    hold(scene, STATES["deploy"], start)


def suspend(scene: Scene, *, suspended: bool) -> None:
    """Stop or lets go all of ours, the root first: it would take the change of the others back."""
    spec: Object = {"syncPolicy": {"automated": {"enabled": not suspended}}} if scene.tool.name == ArgoCD.name else {"suspend": suspended}
    order = our_carriers(scene) if suspended else reversed(our_carriers(scene))
    for kind, name, place in order:
        scene.kube.patch(scene.tool.version_of(kind), kind, name, place, {"spec": spec})


def looked(scene: Scene) -> None:
    """Wait until the tool has processed the newest commit, with any result."""
    head = scene.ours.head()
    tool = scene.tool
    tool.refresh(scene.expected())

    def seen() -> bool | None:
        if tool.name == ArgoCD.name:
            status = carrier(scene, "root").get("status", {})
            lost = any(condition["type"] == "ComparisonError" for condition in status.get("conditions", []))
            return lost or status.get("sync", {}).get("revision") == head or None
        source = scene.kube.get(tool.version_of("GitRepository"), "GitRepository", scene.release, tool.namespace) or {}
        return source.get("status", {}).get("artifact", {}).get("revision", "").endswith(head) or None

    until("a look at the newest commit", seen)


def rename_environment(scene: Scene) -> None:
    """As a person does it: config, its folder and the tree move."""
    old, new = scene.name, f"{scene.name}-2"
    config = scene.ours.tree / "config"
    (config / old).rename(config / new)
    (config / f"{old}.yaml").unlink()
    shutil.rmtree(scene.ours.tree / "rendered" / old)
    scene.name = new
    scene.over["secrets"]["certificate"] = f"{new}/sealing.crt"
    scene.publish("the environment renamed")
