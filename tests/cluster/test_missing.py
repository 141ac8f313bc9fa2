"""A missing CRD stops one component: the rest becomes healthy, the next step is applied, and the component recovers once it exists."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import owner
from tests.cluster.conftest import MONITORING, MakeScene
from tests.cluster.metallb import MetalLB
from tests.cluster.plane import Plane
from tests.cluster.processes import FailedError, until
from tests.cluster.scene import Scene
from tests.cluster.sealed_secrets import SealedSecrets
from tests.cluster.states import STATES, equal_start, hold, started
from tests.cluster.test_secretforms import NEIGHBOUR, Home, password, sealed
from tests.cluster.tool import Tool
from tests.tools.install import locate_folder

HEALED_SECONDS = 150
"""Both tools try a unit that failed again within a minute."""
UNHEALTHY_SECONDS = 15
"""So long both tools would have needed to call the external Service healthy, had they not looked for its address."""
CRD = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
GROUP = "monitoring.coreos.com"


class Bare:
    """The cluster without MetalLB, without the kinds of the Prometheus operator, without the namespace `monitoring`."""

    def __init__(self, plane: Plane, metallb: MetalLB) -> None:
        self.plane = plane
        self.kube = plane.kube
        self._missing = {"kinds": self.bring_kinds, "namespace": self.bring_namespace, "addresses": self.bring_addresses}
        self._metallb = metallb
        metallb.stop()
        for name in MONITORING:
            plural = name.partition("_")[2]
            self.kube.delete(*CRD, f"{plural}.{GROUP}")
            until(f"no {plural}", lambda plural=plural: self.kube.get(*CRD, f"{plural}.{GROUP}") is None or None)  # type: ignore[misc]
        self.kube.delete("v1", "Namespace", "monitoring")
        until("no namespace monitoring", lambda: self.kube.get("v1", "Namespace", "monitoring") is None or None)

    def bring_kinds(self) -> None:
        del self._missing["kinds"]
        self.plane.install_crds(locate_folder("prometheus-operator", "crds"), *MONITORING)

    def bring_namespace(self) -> None:
        del self._missing["namespace"]
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}})

    def bring_addresses(self) -> None:
        del self._missing["addresses"]
        self._metallb.start()

    def bring_all(self) -> None:
        for bring in list(self._missing.values()):
            bring()


@pytest.fixture
def bare(plane: Plane, metallb: MetalLB, monitoring: None) -> Iterator[Bare]:  # noqa: ARG001
    cluster = Bare(plane, metallb)
    yield cluster
    cluster.bring_all()


def test_no_monitoring_stack_and_no_addresses(make_scene: MakeScene, bare: Bare) -> None:
    scene = make_scene("bare")
    tool, start = started(scene)
    monitoring, external = (f"{scene.release}-{unit}" for unit in ("monitoring", "redis-external"))
    scene.ignored = {monitoring, external}
    scene.commit("scale-down")
    scene.take("deploy")
    ready(scene)
    until("a word on the kinds", lambda: GROUP in tool.said_of(monitoring) or None)
    service = until("the external Service", lambda: scene.live("v1", "Service", f"{scene.release}-external"))
    assert "ingress" not in service["status"]["loadBalancer"]
    scene.take("reconfigure")

    bare.bring_kinds()
    scene.ignored = {monitoring}
    with pytest.raises(FailedError, match=external):
        tool.settled(scene.expected(), UNHEALTHY_SECONDS)
    bare.bring_addresses()
    tool.settled(scene.expected(), HEALED_SECONDS)
    hold(scene, STATES["reconfigure"], start)

    until("a word on the namespace", lambda: '"monitoring" not found' in tool.said_of(monitoring) or None, HEALED_SECONDS)
    scene.take("scale-up")
    bare.bring_namespace()
    scene.ignored = set()
    tool.settled(scene.expected(), HEALED_SECONDS)
    assert scene.live(f"{GROUP}/v1", "ServiceMonitor", scene.release, "monitoring")
    assert scene.live(f"{GROUP}/v1", "PrometheusRule", scene.release, "monitoring")


def test_the_namespace_of_one_client(make_scene: MakeScene, tool: Tool, sealed_secrets: SealedSecrets) -> None:
    """Neither the release nor the other client waits for it: a step and a rollback get through meanwhile."""
    home = sealed(Home(make_scene("lonely")), sealed_secrets)
    scene = home.scene
    scene.own()
    missing = scene.neighbours[NEIGHBOUR]
    scene.kube.delete("v1", "Namespace", missing)
    until(f"no namespace {missing}", lambda: scene.kube.get("v1", "Namespace", missing) is None or None)
    start = until("beersystem", lambda: scene.live("apps/v1", "Deployment", owner.WORKLOAD, scene.client_namespace))
    for step in ("prepare", "scale-down", "deploy"):
        scene.remember(step)
    word = password()
    home.secret("new", value=word)
    unit = f"{scene.release}-{NEIGHBOUR}"
    scene.ignored = {unit}
    scene.publish("deploy")
    scene.bootstrap()
    tool.settled(scene.expected())
    hold(scene, STATES["deploy"], start)
    home.hold(dict.fromkeys((scene.namespace, scene.client_namespace), word))
    until("a word on the namespace", lambda: f'"{missing}" not found' in tool.said_of(unit) or None)
    scene.take("reconfigure")
    hold(scene, STATES["reconfigure"], start)
    scene.take("rolled-back")
    equal_start(scene, start)

    scene.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": missing}})
    scene.ignored = set()
    tool.settled(scene.expected(), HEALED_SECONDS)
    home.hold(dict.fromkeys(home.namespaces, word))


def ready(scene: Scene) -> None:
    """Both StatefulSets have their pod."""
    sets = scene.kube.find("apps/v1", "StatefulSet", scene.namespace)
    assert [content["status"].get("readyReplicas") for content in sets] == [1, 1]
