"""The manifests for Flux. What is asserted here was observed with real controllers (docs/gitops.md)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rediskit import Environment, Tree, check, load, render
from rediskit.model.redis import Redis

ROOT = Path(__file__).parent.parent.parent


def environment(**changes: Any) -> Environment:
    return load(ROOT / "config/chocolandia-flux.yaml").model_copy(update=changes)


def flux_objects(tree: Tree, kind: str) -> Iterator[dict[str, Any]]:
    for path, content in tree.objects.items():
        if content["kind"] == kind and "toolkit.fluxcd.io" in content["apiVersion"] and not path.startswith("bootstrap/"):
            yield content


def by_name(tree: Tree, kind: str) -> dict[str, dict[str, Any]]:
    return {content["metadata"]["name"]: content["spec"] for content in flux_objects(tree, kind)}


def test_the_sound_tree_has_no_errors() -> None:
    env = environment()
    assert [finding for finding in check(env, render(env)) if finding.severity == "error"] == []


def test_each_component_has_a_kustomization() -> None:
    tree = render(environment())
    specs = by_name(tree, "Kustomization")
    assert set(specs) == {f"redis-shared-{unit}" for unit in ("redis", "redis-external", "monitoring", "beersystem", "release", "checks")}
    for name, spec in specs.items():
        assert spec["prune"] is True
        assert spec["timeout"] in ("1m", "2m"), "a long health check delays the fix"
        assert spec["retryInterval"] == "1m"
        assert "postBuild" not in spec
        assert f"{spec['path'].removeprefix('./rendered/chocolandia-flux/')}/kustomization.yaml" in tree.files, name


def test_what_waits_for_what() -> None:
    specs = by_name(render(environment()), "Kustomization")
    waits = {name.removeprefix("redis-shared-"): [entry["name"] for entry in spec.get("dependsOn", [])] for name, spec in specs.items()}
    assert waits == {
        "redis": [],
        "beersystem": [],
        "release": ["redis-shared-redis"],
        "redis-external": ["redis-shared-release"],
        "monitoring": ["redis-shared-release"],
        "checks": ["redis-shared-release"],
    }


def test_what_goes_with_its_unit_and_what_stays() -> None:
    specs = by_name(render(environment()), "Kustomization")
    policies = {name.removeprefix("redis-shared-"): spec["deletionPolicy"] for name, spec in specs.items()}
    orphaned, mirrored = ("redis", "beersystem", "release"), ("redis-external", "monitoring", "checks")
    assert policies == dict.fromkeys(orphaned, "Orphan") | dict.fromkeys(mirrored, "MirrorPrune")
    tree = render(environment())
    kept = {content["kind"] for content in tree.objects.values() if _annotation(content, "kustomize.toolkit.fluxcd.io/prune") == "disabled"}
    assert kept == {"Namespace", "HelmRelease", "Secret", "ConfigMap"}


def _annotation(content: dict[str, Any], name: str) -> str | None:
    value: str | None = content.get("metadata", {}).get("annotations", {}).get(name)
    return value


def test_the_release() -> None:
    tree = render(environment())
    (release,) = flux_objects(tree, "HelmRelease")
    spec = release["spec"]
    assert release["apiVersion"] == "helm.toolkit.fluxcd.io/v2"
    assert spec["releaseName"] == "redis-shared", "without it the name would be redis-redis-shared"
    strategy = {"crds": "Skip", "strategy": {"name": "RetryOnFailure", "retryInterval": "1m"}}
    assert spec["install"] == spec["upgrade"] == strategy
    assert spec["driftDetection"] == {"mode": "enabled"}
    assert "rollback" not in spec
    values = next(file.content for file in tree.contents if file.path == "helm/redis-shared/values.yaml")
    assert spec["values"] == values
    (chart,) = flux_objects(tree, "OCIRepository")
    assert spec["chartRef"] == {"kind": "OCIRepository", "name": chart["metadata"]["name"], "namespace": "flux-system"}
    assert chart["spec"]["ref"] == {"tag": "23.2.12"}
    assert chart["spec"]["layerSelector"]["operation"] == "copy"


def test_a_chart_in_an_http_repository_has_a_helmrepository() -> None:
    tree = render(environment(redis=Redis.model_validate({"chart": {"profile": "valkey"}})))
    (release,) = flux_objects(tree, "HelmRelease")
    (repository,) = flux_objects(tree, "HelmRepository")
    assert not list(flux_objects(tree, "OCIRepository"))
    assert repository["spec"] == {"interval": "10m", "url": "https://valkey.io/valkey-helm"}
    source = {"kind": "HelmRepository", "name": repository["metadata"]["name"], "namespace": "flux-system"}
    assert release["spec"]["chart"] == {"spec": {"chart": "valkey", "version": "0.11.0", "sourceRef": source}}
    assert "chartRef" not in release["spec"]
    assert "helmrepository-redis-shared-chart.yaml" in tree.objects["flux/kustomization.yaml"]["resources"]
    assert "the chart's HelmRepository" in tree.files["README.md"].decode()


def test_the_helm_release_lies_apart_from_the_sources() -> None:
    tree = render(environment())
    listed = tree.objects["flux/kustomization.yaml"]["resources"]
    assert not any("helmrelease" in name or name.startswith("release") for name in listed), "else a deadlock on the missing namespace"
    assert tree.objects["flux/release/kustomization.yaml"]["resources"] == ["helmrelease-redis-shared.yaml"]


def test_bootstrap_creates_a_source_or_uses_the_existing_one() -> None:
    own = render(environment())
    assert {path for path in own.files if path.startswith("bootstrap/")} == {
        "bootstrap/gitrepository-redis-shared.yaml",
        "bootstrap/kustomization-redis-shared-root.yaml",
    }
    gitops = environment().gitops
    source = {"kind": "GitRepository", "name": "flux-system"}
    tree = render(environment(gitops=gitops.model_validate({**gitops.model_dump(), "flux": {"source": source}})))
    assert [path for path in tree.files if path.startswith("bootstrap/")] == ["bootstrap/kustomization-redis-shared-root.yaml"]
    assert all(spec["sourceRef"] == source for spec in by_name(tree, "Kustomization").values())
    root = tree.objects["bootstrap/kustomization-redis-shared-root.yaml"]["spec"]
    assert root["path"] == "./rendered/chocolandia-flux/flux"
    assert root["deletionPolicy"] == "Orphan"
    assert "wait" not in root


def test_before_deploy_there_is_no_release() -> None:
    env = environment()
    client = env.clients[0]
    assert client.migration is not None
    early = client.model_copy(update={"migration": client.migration.model_copy(update={"step": "prepare", "history": ()})})
    tree = render(environment(clients=(early,)))
    assert set(by_name(tree, "Kustomization")) == {"redis-shared-redis", "redis-shared-beersystem"}
    assert not [path for path in tree.files if path.startswith("flux/release/") or "ocirepository" in path]


@pytest.mark.parametrize(
    "folder", ["platform", "platform/redis", "platform/redis-external", "platform/monitoring", "checks", "flux", "flux/release"]
)
def test_kustomize_builds_every_folder(kustomize: Path, folder: str) -> None:
    done = subprocess.run([kustomize, "build", ROOT / "rendered/chocolandia-flux" / folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "kind:" in done.stdout


def broken(tree: Tree, path: str, change: Any) -> Tree:
    """Return the tree with one object changed."""
    contents = tuple(file._replace(content=change(file.content)) if file.path == path else file for file in tree.contents)
    return Tree(tree.name, tree.header, contents)


@pytest.mark.parametrize(
    ("code", "path", "change", "message"),
    [
        (
            "flux-values",
            "flux/release/helmrelease-redis-shared.yaml",
            lambda content: {**content, "spec": {**content["spec"], "values": {}}},
            "flux/release/helmrelease-redis-shared.yaml has other values than the values file",
        ),
        (
            "flux-dependency",
            "flux/kustomization-redis-shared-monitoring.yaml",
            lambda content: {**content, "spec": {**content["spec"], "dependsOn": [{"name": "gone"}]}},
            "flux/kustomization-redis-shared-monitoring.yaml depends on gone, which is not rendered",
        ),
        (
            "flux-dependency",
            "flux/kustomization-redis-shared-monitoring.yaml",
            lambda content: {**content, "spec": {**content["spec"], "path": "./rendered/chocolandia-flux/platform/gone"}},
            "flux/kustomization-redis-shared-monitoring.yaml applies platform/gone, which is not a rendered folder",
        ),
        (
            "flux-substitution",
            "platform/redis/namespace-redis.yaml",
            lambda content: {**content, "metadata": {**content["metadata"], "annotations": {"a": "x ${y}"}}},
            "platform/redis/namespace-redis.yaml at metadata.annotations.a contains ${ or $$, which Flux would change",
        ),
    ],
)
def test_each_check_of_flux_is_tripped(code: str, path: str, change: Any, message: str) -> None:
    env = environment()
    errors = [finding for finding in check(env, broken(render(env), path, change)) if finding.severity == "error"]
    assert [(finding.code, finding.message) for finding in errors] == [(code, message)]
    assert errors[0].location is not None
