"""The rule `volume-template` on a real API server: what it reports is refused, the rest is accepted, and the steps of the how-to work."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from rediskit.checks.changes import findings
from rediskit.renderers.helm import merged_values
from rediskit.yamlio.writer import dump
from tests.checks.test_changes import Sections, environment, redis
from tests.cluster.kube import Object, RefusedError
from tests.cluster.plane import Plane, program
from tests.cluster.processes import until
from tests.cluster.registry import Chart

NAME = "redis-shared-master"
CHANGES: dict[str, tuple[Sections, bool]] = {
    "size": (redis(storage={"size": "20Gi"}), True),
    "class": (redis(storage={"class": "longhorn"}), True),
    "resources": (redis(resources={"primary": {"limits": {"memory": "4Gi"}}}), False),
    "image": (redis(image={"tag": "8.4.0"}), False),
}


def statefulset(sections: Sections, namespace: str, folder: Path) -> Object:
    """Return the StatefulSet of the primary, as Helm renders it."""
    values = folder / "values.yaml"
    values.write_text(dump(merged_values(environment(sections))), encoding="utf-8")
    command = [program("helm"), "template", "redis-shared", Chart().path, "--namespace", namespace, "--values", values]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    objects: list[Object] = [content for content in yaml.safe_load_all(done.stdout) if content]
    return next(content for content in objects if (content["kind"], content["metadata"]["name"]) == ("StatefulSet", NAME))


@pytest.mark.parametrize("change", CHANGES)
def test_the_api_server_refuses_exactly_what_the_rule_reports(change: str, plane: Plane, namespace: str, tmp_path: Path) -> None:
    sections, refused = CHANGES[change]
    codes = {finding.code for finding in findings(environment({}), environment(sections))}
    assert ("volume-template" in codes) == refused
    plane.kube.apply(statefulset({}, namespace, tmp_path))
    new = statefulset(sections, namespace, tmp_path)
    if refused:
        with pytest.raises(RefusedError, match="updates to statefulset spec for fields other than") as error:
            plane.kube.apply(new)
        assert error.value.code == 422
    else:
        plane.kube.apply(new)


def test_a_statefulset_that_leaves_its_pods_can_come_back_with_other_volumes(plane: Plane, namespace: str, tmp_path: Path) -> None:
    """The last step of "A larger volume" in both how-tos: the pod stays the same, and the new StatefulSet takes it over."""
    plane.kube.kubectl("--namespace", namespace, "create", "serviceaccount", NAME)
    plane.kube.apply(statefulset({}, namespace, tmp_path))

    def pod() -> Object | None:
        return plane.kube.get("v1", "Pod", f"{NAME}-0", namespace)

    before = until("the pod", pod)
    plane.kube.kubectl("--namespace", namespace, "delete", "statefulset", NAME, "--cascade=orphan")
    until("a pod without an owner", lambda: ((live := pod()) and "ownerReferences" not in live["metadata"]) or None)
    plane.kube.apply(statefulset(redis(storage={"size": "20Gi"}), namespace, tmp_path))
    adopted = until("an adopted pod", lambda: live if (live := pod()) and live["metadata"].get("ownerReferences") else None)
    assert adopted["metadata"]["uid"] == before["metadata"]["uid"]
