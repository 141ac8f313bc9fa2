"""What deploys a workload, and the kind of owner that `init` writes for it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from rediskit.init.clients import clients_of
from rediskit.init.config_text import client_lines
from rediskit.init.objects import read_objects
from rediskit.model.deployed_by import deployed_by
from rediskit.yamlio.writer import dump
from tests.samples import backend

FLUX = {"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "media"}
HELM = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "shop-1.2.3"}
INSTALLED = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "media"}
TRACKED = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:media/shop"}
OPERATOR = [{"apiVersion": "example.org/v1", "kind": "Shop", "name": "shop", "controller": True, "uid": "1"}]
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "Flux HelmRelease": ({"labels": {**HELM, **FLUX}, "annotations": INSTALLED}, "HelmRelease media/shop", "external"),
    "helm install, or OpenTofu": ({"labels": HELM, "annotations": INSTALLED}, "Helm release shop", "external"),
    "a chart under Argo CD 3": ({"labels": HELM, "annotations": TRACKED}, "Argo CD Application shop, from a chart", "external"),
    "a chart under Argo CD 2": (
        {"labels": {**HELM, "argocd.argoproj.io/instance": "shop"}},
        "Argo CD Application shop, from a chart",
        "external",
    ),
    "helm template and kubectl": ({"labels": HELM}, "a Helm chart", "external"),
    "Argo CD 3": ({"annotations": TRACKED}, "Argo CD Application shop", ""),
    "Argo CD 2": ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "Argo CD Application shop", ""),
    "Flux Kustomization": (
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}},
        "Flux Kustomization flux-system/apps",
        "",
    ),
    "an operator": ({"ownerReferences": OPERATOR}, "Shop shop, the object of an operator", "external"),
    "nothing": ({}, "", ""),
}


def workload(metadata: dict[str, Any]) -> dict[str, Any]:
    content = backend()
    content["metadata"] = {"name": "shop", "namespace": "media", **metadata}
    return content


@pytest.mark.parametrize("name", CASES)
def test_the_kind_follows_from_the_marks_of_the_tool(name: str) -> None:
    metadata, described, kind = CASES[name]
    content = workload(metadata)
    by = deployed_by(content)
    assert (by.described if by else "") == described
    (detected,) = clients_of(read_objects(dump(content).encode(), "live.yaml")).clients
    assert detected.owner == kind
    assert any(described in text for text in detected.remarks.get("workload", [""]))
    lines = client_lines(detected, {(detected.name, "Deployment/shop"): "shop.yaml"})
    section = yaml.safe_load("\n".join(line.removeprefix("# ") for line in lines if not line.strip().startswith("# ")))
    assert section[0].get("owner") == ({"kind": kind} if kind else None)


def test_a_mark_with_an_unusual_text_is_not_repeated() -> None:
    content = workload({"annotations": {"meta.helm.sh/release-name": "hunter2\u001b[31m"}})
    (detected,) = clients_of(read_objects(dump(content).encode(), "live.yaml")).clients
    assert "hunter2" not in str(detected.remarks)
