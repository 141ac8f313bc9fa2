"""The control plane itself: what the other tests take for granted."""

from __future__ import annotations

from tests.cluster.kube import Object
from tests.cluster.plane import NODES, Plane
from tests.cluster.processes import until
from tests.tools.install import table


def test_the_api_server_reports_a_version_that_charts_can_read(plane: Plane) -> None:
    assert plane.kube.request("GET", "/version")["gitVersion"] == table()["kubernetes"].version


def test_a_deployment_runs_on_the_nodes(plane: Plane, namespace: str) -> None:
    labels = {"app": "anything"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    plane.kube.create(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "anything", "namespace": namespace}, "spec": spec}
    )

    def ready() -> Object | None:
        deployment = plane.kube.get("apps/v1", "Deployment", "anything", namespace)
        return deployment if deployment and deployment.get("status", {}).get("readyReplicas") == 3 else None

    until("three ready replicas", ready)
    pods = plane.kube.find("v1", "Pod", namespace)
    assert {pod["spec"]["nodeName"] for pod in pods} <= set(NODES)
    plane.kube.patch("apps/v1", "Deployment", "anything", namespace, {"spec": {"replicas": 0}})
    until("no pods", lambda: plane.kube.find("v1", "Pod", namespace) == [] or None)
