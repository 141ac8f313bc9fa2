"""The rendered verification Jobs: they run at `deploy`, and a failed one degrades its own Application only and blocks no commit."""

from __future__ import annotations

from tests.cluster.argocd import ArgoCD
from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.plane import Plane
from tests.cluster.processes import until
from tests.cluster.scene import Scene
from tests.cluster.states import started

JOB, POD = ("batch/v1", "Job"), ("v1", "Pod")


def jobs(scene: Scene) -> dict[str, Object]:
    """Return the verification Jobs by name."""
    return {job["metadata"]["name"]: job for job in scene.kube.find(*JOB, scene.namespace) if "-check-" in job["metadata"]["name"]}


def conditions(job: Object) -> set[str]:
    return {condition["type"] for condition in job.get("status", {}).get("conditions", ()) if condition["status"] == "True"}


def fail(scene: Scene, names: set[str]) -> None:
    """End the pods of these Jobs as a failed script does: no kubelet is there."""
    for pod in scene.kube.find(*POD, scene.namespace):
        if pod["metadata"].get("labels", {}).get("job-name") in names and pod["status"].get("phase") == "Pending":
            scene.kube.patch(*POD, pod["metadata"]["name"], scene.namespace, {"status": {"phase": "Failed"}}, part="status")


def test_a_failed_verification_blocks_no_commit(make_scene: MakeScene, plane: Plane) -> None:
    scene = make_scene("verify")
    scene.over = {"verification": {"jobs": True}}
    tool, _ = started(scene)
    scene.take("scale-down")
    scene.take("deploy")
    first = jobs(scene)
    phases = {name.rpartition("-")[0].rpartition("-")[2] for name in first}
    assert (len(first), phases) == (3, {"connectivity", "replication", "performance"})
    until("the end of all Jobs", lambda: all("Complete" in conditions(job) for job in jobs(scene).values()) or None, 60)
    tool.settled(scene.expected())

    checks = f"{scene.release}-checks"
    plane.programs["kwok"].stop()
    try:
        scene.over = {"verification": {"jobs": True, "run": 2}}
        scene.publish("verify again")
        scene.ignored = {checks}
        tool.refresh(scene.expected())
        second = until("the Jobs of the next run", lambda: jobs(scene).keys() - first.keys() or None, 120)

        def failed() -> bool | None:
            fail(scene, set(jobs(scene)))
            live = jobs(scene)
            return (len(live) == 3 and not live.keys() & first.keys() and all("Failed" in conditions(job) for job in live.values())) or None

        until("failed Jobs, and no old ones", failed, 120)
        assert second <= jobs(scene).keys()
        if isinstance(tool, ArgoCD):
            until("a degraded Application", lambda: "Degraded" in tool.health_of(checks) or None, 60)
        tool.settled(scene.expected())
    finally:
        plane.programs["kwok"].start()

    scene.take("reconfigure")
    scene.ignored = set()
    until("new Jobs that succeed", lambda: all("Complete" in conditions(job) for job in jobs(scene).values()) or None, 120)
    tool.settled(scene.expected())
    assert not jobs(scene).keys() & (first.keys() | second)
