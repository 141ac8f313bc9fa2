"""A chart from an HTTP repository with Argo CD and Flux: a commit installs it, and another one upgrades it to the next version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rediskit.chart.profiles import PROFILES
from tests.charts.archives import archive
from tests.charts.repository import ChartRepository, next_version
from tests.cluster.conftest import MakeScene
from tests.cluster.plane import Plane
from tests.cluster.processes import until
from tests.cluster.registry import Registry
from tests.cluster.scene import Scene
from tests.cluster.states import started

OVER_HTTP = [name for name, profile in PROFILES.items() if profile.over_http]


@pytest.fixture
def repository(plane: Plane, registry: Registry, request: pytest.FixtureRequest) -> Iterator[ChartRepository]:
    """Yield a repository with the certificate that the controllers trust."""
    folder = plane.folder / f"charts-{request.node.callspec.id}"
    folder.mkdir()
    repository = ChartRepository(folder, registry.certificate)
    yield repository
    repository.stop()


def version_of(scene: Scene) -> str | None:
    """Return chart and version that the live StatefulSet is from."""
    statefulset = scene.live("apps/v1", "StatefulSet", scene.release)
    return statefulset["metadata"]["labels"]["helm.sh/chart"] if statefulset else None


@pytest.mark.parametrize("profile", OVER_HTTP)
def test_a_commit_installs_the_chart_and_another_one_upgrades_it(
    profile: str, make_scene: MakeScene, repository: ChartRepository, tmp_path: Path
) -> None:
    chart, (after, upgraded) = PROFILES[profile].chart, next_version(tmp_path, profile)
    before = PROFILES[profile].listed
    repository.add(archive(profile))
    scene = make_scene(f"http-{profile}")
    scene.over = {"redis": {"chart": {"profile": profile, "repository": repository.url, "version": before}}}
    tool, _ = started(scene)
    scene.take("scale-down")
    scene.take("deploy")
    statefulset = scene.live("apps/v1", "StatefulSet", scene.release)
    assert statefulset
    assert statefulset["status"]["readyReplicas"] == 1 + PROFILES[profile].capabilities.replicas
    assert version_of(scene) == f"{chart}-{before}"
    service = scene.live("v1", "Service", f"{scene.release}-master")
    assert service
    assert service["spec"]["selector"]["statefulset.kubernetes.io/pod-name"] == f"{scene.release}-0"

    repository.add(upgraded)
    scene.over["redis"]["chart"]["version"] = after
    scene.publish("the next version of the chart")
    tool.refresh(scene.expected())
    # Flux reads the index again after its interval, or when it is asked to.
    tool.reconcile(scene.expected())
    until("the next version", lambda: version_of(scene) == f"{chart}-{after}" or None, 120)
    tool.settled(scene.expected())
    assert not tool.complaints(scene.expected())
