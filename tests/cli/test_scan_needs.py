"""The scan of what pods need of the objects in `previous.remove`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.test_scan import at, findings, named
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import backend, merged

NEEDS: dict[str, tuple[str, dict[str, Any]]] = {
    "envFrom": ("ConfigMap/shared", {"containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "shared"}}]}]}),
    "a variable": (
        "Secret/shared",
        {"containers": [{"name": "a", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "shared", "key": "k"}}}]}]},
    ),
    "a volume": ("Secret/shared", {"containers": [{"name": "a"}], "volumes": [{"name": "v", "secret": {"secretName": "shared"}}]}),
    "a projected volume": (
        "Secret/shared",
        {"containers": [{"name": "a"}], "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "shared"}}]}}]},
    ),
    "a claim": (
        "PersistentVolumeClaim/shared",
        {"containers": [{"name": "a"}], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "shared"}}]},
    ),
    "a service account": ("ServiceAccount/shared", {"containers": [{"name": "a"}], "serviceAccountName": "shared"}),
}


@pytest.mark.parametrize("name", NEEDS)
def test_an_object_to_be_removed_that_pods_of_others_need_is_in_use(name: str, tmp_path: Path, run: Run) -> None:
    removed, pod = NEEDS[name]
    for container in pod["containers"]:
        container["image"] = "shop:1"
    worker = named("Deployment", "worker", spec={"template": {"spec": pod}}) | {"apiVersion": "apps/v1"}
    owner(tmp_path, backend(), *OLD_REDIS, worker)
    file = at(tmp_path, previous={"remove": ["Deployment/redis", "Service/redis", removed], "data": "discard"})
    code, reported = findings(run, file)
    assert code == 1
    assert [finding[2] for finding in reported if finding[0] == "old-redis-in-use" and f"its pods need {removed}" in finding[2]]


CREATORS: dict[str, dict[str, Any]] = {
    "ExternalSecret": {"target": {"name": "shared"}},
    "SealedSecret": {"template": {"metadata": {"name": "shared"}}},
    "Certificate": {"secretName": "shared"},
    "VaultStaticSecret": {"destination": {"name": "shared"}},
}


@pytest.mark.parametrize("remains", [False, True], ids=["its only creator", "another creator"])
@pytest.mark.parametrize("kind", CREATORS)
def test_an_object_to_be_removed_that_creates_a_secret_of_pods_is_in_use(kind: str, remains: bool, tmp_path: Path, run: Run) -> None:
    """Running pods keep it, and the next pod does not start: after decommission, when no rollback is left."""
    creator = named(kind, "rotated", spec=CREATORS[kind]) | {"apiVersion": "example.org/v1"}
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "shared"}}]
    others = [merged(creator, {"metadata": {"name": "another"}})] if remains else []
    owner(tmp_path, workload, *OLD_REDIS, creator, *others)
    removed = ["Deployment/redis", "Service/redis", f"{kind}/rotated"]
    _, reported = findings(run, at(tmp_path, previous={"remove": removed, "data": "discard"}))
    message = f"its pods need Secret/shared, which {kind}/rotated of previous.remove creates"
    assert any(finding[0] == "old-redis-in-use" and message in finding[2] for finding in reported) != remains


FLUX = {
    "HelmRelease": "helm.toolkit.fluxcd.io/v2",
    "Kustomization": "kustomize.toolkit.fluxcd.io/v1",
    "ExternalSecret": "external-secrets.io/v1",
}
AWAITS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a dependency": ("HelmRelease", "HelmRelease/redis", {"dependsOn": [{"name": "redis"}]}),
    "a health check": (
        "Kustomization",
        "Deployment/redis",
        {"healthChecks": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "redis", "namespace": "beersystem"}]},
    ),
    "a source": (
        "HelmRelease",
        "HelmRepository/charts",
        {"chart": {"spec": {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}},
    ),
    "values": ("HelmRelease", "Secret/redis", {"valuesFrom": [{"kind": "Secret", "name": "redis"}]}),
    "variables": ("Kustomization", "ConfigMap/redis", {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "redis"}]}}),
    "a key": ("Kustomization", "Secret/age", {"decryption": {"provider": "sops", "secretRef": {"name": "age"}}}),
    "a store": ("ExternalSecret", "SecretStore/vault", {"secretStoreRef": {"name": "vault"}}),
}


def awaiting(kind: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return merged(named(kind, "shop", spec=spec), {"apiVersion": FLUX[kind], "metadata": metadata})


@pytest.mark.parametrize("name", AWAITS)
def test_an_object_to_be_removed_for_which_flux_waits_is_in_use(name: str, tmp_path: Path, run: Run) -> None:
    """Flux reports `dependency not found` or a failed health check, and applies no later commit of the application."""
    kind, removed, spec = AWAITS[name]
    owner(tmp_path, backend(), *OLD_REDIS, awaiting(kind, spec))
    removes = list(dict.fromkeys(["Deployment/redis", "Service/redis", removed]))
    code, reported = findings(run, at(tmp_path, previous={"remove": removes, "data": "discard"}))
    assert code == 1
    message = f"it needs {removed}, which previous.remove lists"
    assert [finding[2] for finding in reported if finding[0] == "old-redis-in-use" and message in finding[2]]


def test_flux_waits_in_another_folder_of_the_checkout(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    (top / "flux").mkdir()
    unit = awaiting("Kustomization", AWAITS["a health check"][2], namespace="flux-system")
    (top / "flux/shop.yaml").write_text(dump(unit), encoding="utf-8")
    _, reported = findings(run, at(tmp_path))
    assert any("Kustomization/shop in flux-system" in finding[2] and "it needs Deployment/redis" in finding[2] for finding in reported)


def test_flux_waits_possibly_where_the_namespace_is_not_known(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    (top / "flux").mkdir()
    unit = awaiting("HelmRelease", {"dependsOn": [{"name": "redis"}]}, namespace="")
    (top / "flux/shop.yaml").write_text(dump(unit), encoding="utf-8")
    _, reported = findings(run, at(tmp_path, previous={"remove": ["HelmRelease/redis"], "data": "discard"}))
    assert [finding[:2] for finding in reported if "it needs HelmRelease/redis" in finding[2]] == [("scan-possible", "warning")]


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "another namespace": ("HelmRelease", {"dependsOn": [{"name": "redis", "namespace": "other"}]}),
    "another object": ("HelmRelease", {"dependsOn": [{"name": "postgres"}]}),
    "another kind": ("Kustomization", {"dependsOn": [{"name": "redis"}]}),
    "an optional one": ("HelmRelease", {"valuesFrom": [{"kind": "Secret", "name": "redis", "optional": True}]}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_flux_does_not_wait_for_what_stays(name: str, tmp_path: Path, run: Run) -> None:
    kind, spec = OTHERS[name]
    owner(tmp_path, backend(), *OLD_REDIS, awaiting(kind, spec))
    removes = ["Deployment/redis", "Service/redis", "HelmRelease/redis", "Secret/redis"]
    _, reported = findings(run, at(tmp_path, previous={"remove": removes, "data": "discard"}))
    assert not [finding for finding in reported if "it needs" in finding[2]]
