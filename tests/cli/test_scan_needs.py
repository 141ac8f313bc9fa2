"""The scan of what pods need of the objects in `previous.remove`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
