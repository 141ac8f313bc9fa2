"""One control plane for the whole run, with everything a cluster has before rediskit comes; its logs stay when a test fails."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.cluster.argocd import ArgoCD
from tests.cluster.flux import Flux
from tests.cluster.git import GitServer
from tests.cluster.metallb import MetalLB
from tests.cluster.plane import Plane
from tests.cluster.registry import Registry
from tests.cluster.report import Report
from tests.cluster.scene import Scene
from tests.cluster.sealed_secrets import SealedSecrets
from tests.cluster.tool import Tool
from tests.tools.install import locate_folder

MONITORING = ("monitoring.coreos.com_servicemonitors", "monitoring.coreos.com_prometheusrules")


LONG_WAITS = ("test_fix", "test_missing")
"""Where Flux waits for its own timers for minutes."""
REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """One worker of pytest-xdist a group: each has a plane of its own, and one tool on it. Flux waits longest: it gets two."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        tool = next((kind.name for kind in (ArgoCD, Flux) if f"[{kind.name}" in test), "plane")
        return f"{tool}, {LONG_WAITS}" if tool == Flux.name and Path(module).stem in LONG_WAITS else tool


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the measurements of a worker to the main process, which writes them."""
    report = session.config.stash[REPORT]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["measured"] = report.measured
    else:
        report.write()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the measurements of a worker that has ended. A crashed worker has sent none."""
    measured = getattr(node, "workeroutput", {}).get("measured", ())
    node.config.stash[REPORT].measured += [(tool, versions, row, seconds) for tool, versions, row, seconds in measured]


@pytest.fixture(scope="session")
def plane(request: pytest.FixtureRequest) -> Iterator[Plane]:
    """Yield the control plane, without any CRD yet."""
    folder = Path(tempfile.mkdtemp(prefix="rediskit-plane-"))
    running = Plane(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        if request.session.testsfailed:
            print(f"\nthe logs of the control plane are in {folder}")
        else:
            shutil.rmtree(folder)


@pytest.fixture
def namespace(plane: Plane) -> str:
    """Return a namespace of the test's own."""
    name = f"test-{uuid4().hex[:8]}"
    plane.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture(scope="session")
def git(plane: Plane) -> Iterator[GitServer]:
    """Yield the Git server that both tools read."""
    server = GitServer(plane.folder / "git")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def registry(plane: Plane) -> Registry:
    """Return the OCI registry with the charts in it."""
    return Registry(plane.programs)


@pytest.fixture(scope="session")
def metallb(plane: Plane) -> MetalLB:
    """Return the controller that assigns addresses to Services."""
    return MetalLB(plane)


@pytest.fixture(scope="session")
def sealed_secrets(plane: Plane) -> SealedSecrets:
    """Return the controller that decrypts SealedSecrets, with its own key."""
    controller = SealedSecrets(plane)
    controller.start()
    return controller


@pytest.fixture(scope="session")
def monitoring(plane: Plane) -> None:
    """Install the CRDs of the Prometheus operator, and the namespace of the stack."""
    plane.install_crds(locate_folder("prometheus-operator", "crds"), *MONITORING)
    plane.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}})


@pytest.fixture(scope="session", params=[ArgoCD, Flux], ids=lambda tool: tool.name)
def tool(request: pytest.FixtureRequest, plane: Plane, registry: Registry) -> Iterator[Tool]:
    """Argo CD, then Flux: each is there while its own tests run."""
    running: Tool = request.param(plane, registry.authority)
    running.start()
    yield running
    for name in reversed(running.programs()):
        plane.programs[name].stop()


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Return the report of all measurements, which is written at the end of the run."""
    return pytestconfig.stash[REPORT]


class MakeScene(Protocol):
    """Makes a scene of a test."""

    def __call__(self, name: str, replicas: int = 1, address: str = "", profile: str = "bitnami") -> Scene: ...


_ADDRESSES = count()


@pytest.fixture
def make_scene(tool: Tool, git: GitServer, registry: Registry, metallb: MetalLB, monitoring: None) -> Iterator[MakeScene]:  # noqa: ARG001
    """Environments of the test's own, in a cluster that has MetalLB and the monitoring stack."""
    scenes: list[Scene] = []

    def make(name: str, replicas: int = 1, address: str = "", profile: str = "bitnami") -> Scene:
        chosen = address or f"192.168.4.{204 + next(_ADDRESSES) % 7}"
        scene = Scene(tool, git, f"{name}-{tool.name}", registry.source(profile), chosen, replicas, profile)
        scenes.append(scene)
        return scene

    yield make
    for scene in scenes:
        scene.abandon()
