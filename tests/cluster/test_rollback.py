"""Back to the old Redis from every step by one commit, and forward again: each way forward begins where a rollback ended."""

from __future__ import annotations

from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.processes import until
from tests.cluster.report import Report
from tests.cluster.scene import FORWARD, Scene
from tests.cluster.states import STATES, State, equal_start, hold, quiet, started

ON_THE_WAY = FORWARD[1 : FORWARD.index("decommission")]


def kept(scene: Scene) -> dict[str, str]:
    """Return the identity of what a rollback may not touch: the old Redis, namespaces, Secrets, volumes."""
    objects: list[Object] = [
        content for name in (scene.namespace, scene.client_namespace) if (content := scene.kube.get("v1", "Namespace", name))
    ]
    objects += scene.kube.find("v1", "PersistentVolumeClaim", scene.namespace)
    for namespace in (scene.namespace, scene.client_namespace):
        objects += scene.kube.find("v1", "Secret", namespace, "!owner")
    objects += [scene.live("apps/v1", "Deployment", "redis", scene.client_namespace) or {}]
    return {f"{content['metadata'].get('namespace', '')}/{content['metadata']['name']}": content["metadata"]["uid"] for content in objects}


def test_one_commit_rolls_back_every_step_and_the_next_attempt_works(make_scene: MakeScene, report: Report) -> None:
    scene = make_scene("rollback", replicas=3)
    tool, start = started(scene)
    deployed = False
    for last in ON_THE_WAY:
        for step in ON_THE_WAY[: ON_THE_WAY.index(last)]:
            scene.commit(step)
        scene.take(last)
        deployed = deployed or STATES[last].release
        hold(scene, STATES[last]._replace(release=deployed), start)
        before = kept(scene)
        seconds = scene.take("rolled-back")
        report.add(tool.name, tool.versions, f"rolled-back from {last}", seconds)
        hold(scene, State(release=deployed), start)
        equal_start(scene, start)
        assert kept(scene) == before
    quiet(scene)


def test_back_step_by_step_leaves_the_release_to_a_person(make_scene: MakeScene) -> None:
    """Prune=false on the Application, `prune: disabled` on the HelmRelease: and yet no commit after that one waits for anything."""
    scene = make_scene("steps")
    tool, start = started(scene)
    for step in ON_THE_WAY[:-1]:
        scene.commit(step)
    scene.take("validate")
    before = kept(scene)
    for step in reversed(FORWARD[: FORWARD.index("validate")]):
        state = STATES[step]
        if not state.release:
            scene.left = {f"{scene.release}-release"}
            state = state._replace(release=True, left=True)
        scene.take(step)
        hold(scene, state, start)
    equal_start(scene, start)
    assert kept(scene) == before
    scene.commit("scale-down")
    scene.take("deploy")
    hold(scene, STATES["deploy"], start)
    scene.take("scale-down")
    tool.delete_release(scene.release, scene.namespace)
    until("no Redis any more", lambda: scene.kube.find("apps/v1", "StatefulSet", scene.namespace) == [] or None)
    assert kept(scene) == before
