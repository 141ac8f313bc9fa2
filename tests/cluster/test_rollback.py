"""Back to the old Redis from every step by one commit, and forward again: each way forward begins where a rollback ended."""

from __future__ import annotations

from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.report import Report
from tests.cluster.scene import FORWARD, Scene
from tests.cluster.states import STATES, State, equal_start, hold, quiet, started

ON_THE_WAY = FORWARD[1 : FORWARD.index("decommission")]


def kept(scene: Scene) -> dict[str, str]:
    """The identity of what a rollback may not touch: the old Redis, namespaces, Secrets, volumes."""
    found: list[Object] = [
        content for name in (scene.namespace, scene.client_namespace) if (content := scene.kube.get("v1", "Namespace", name))
    ]
    found += scene.kube.find("v1", "PersistentVolumeClaim", scene.namespace)
    for namespace in (scene.namespace, scene.client_namespace):
        found += scene.kube.find("v1", "Secret", namespace, "!owner")
    found += [scene.live("apps/v1", "Deployment", "redis", scene.client_namespace) or {}]
    return {f"{content['metadata'].get('namespace', '')}/{content['metadata']['name']}": content["metadata"]["uid"] for content in found}


def test_one_commit_leads_back_from_every_step_and_the_way_forward_is_open(make_scene: MakeScene, report: Report) -> None:
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
