"""The units of `platform/`: what they hold, and that the real kustomize builds each of them, and all together, into exactly that."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import Environment, render, write
from rediskit.renderers.tree import Tree
from tests.samples import STEPS, client, config, environment_of

NAMESPACE = "platform/redis/namespace-redis.yaml"
POLICY = "platform/redis/networkpolicy-redis-shared.yaml"
EXTERNAL = "platform/redis-external/service-redis-shared-external.yaml"
VARIANTS: dict[str, dict[str, Any]] = {
    "as decided": {},
    "another release": {"redis": {"release": "cache", "namespace": "databases"}},
    "another name": {"redis": {"values": {"fullnameOverride": "shared-cache", "master": {"containerPorts": {"redis": 6400}}}}},
    "no monitoring": {"monitoring": {"enabled": False}},
    "monitoring elsewhere": {"monitoring": {"namespace": "observability", "release": "prometheus"}},
    "many networks": {"network": {"allow": ["192.168.4.0/24", "10.8.0.0/16"], "metallb": "0.13.12"}},
    "odd labels": {"redis": {"labels": {"name": "redis", "on": "off", "version": "1.10", "a.b/c": "0x1F"}}},
    "flux": {"gitops": {"tool": "flux"}},
}


def without_network() -> Environment:
    data = config()
    del data["network"]
    return Environment.model_validate({**data, "clients": []})


def identity(content: dict[str, Any]) -> tuple[str, str, str]:
    return content["kind"], content["metadata"].get("namespace", ""), content["metadata"]["name"]


def build(kustomize: Path, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([kustomize, "build", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [content for content in yaml.safe_load_all(done.stdout) if content]


def rendered(tree: Tree, folder: str) -> list[dict[str, Any]]:
    inside = [path for path in tree.objects if path.startswith(f"{folder}/") and not path.endswith("/kustomization.yaml")]
    return [tree.objects[path] for path in inside]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("step", ["prepare", "validate"])
def test_the_real_kustomize_builds_every_folder_into_its_objects(tmp_path: Path, kustomize: Path, step: str, variant: str) -> None:
    environment = environment_of(step, over=VARIANTS[variant])
    tree = render(environment)
    write(tree, tmp_path)
    root = tmp_path / environment.name
    folders = [path.removesuffix("/kustomization.yaml") for path in tree.files if path.endswith("/kustomization.yaml")]
    folders = [folder for folder in folders if not folder.startswith("owners/")]
    assert {"platform", "platform/redis"} <= set(folders)
    for folder in folders:
        ours = [content for content in rendered(tree, folder) if folder != "flux" or content["kind"] != "HelmRelease"]
        assert sorted(build(kustomize, root / folder), key=identity) == sorted(ours, key=identity), folder


@pytest.mark.parametrize("order", ["scale-down-first", "deploy-first"])
@pytest.mark.parametrize("step", STEPS)
def test_which_units_are_there_at_each_step(step: str, order: str) -> None:
    """Before `deploy` nothing of the release: no Service that waits for an address, no ServiceMonitor of nothing."""
    units = {
        path.split("/")[1] for path in render(environment_of(step, order)).files if path.startswith("platform/") and path.count("/") == 2
    }
    before = step == "prepare" or (step == "scale-down" and order == "scale-down-first")
    assert units == ({"redis"} if before else {"redis", "redis-external", "monitoring"})


def test_an_empty_component_is_omitted() -> None:
    paths = render(without_network()).files
    assert not [path for path in paths if "redis-external" in path]
    assert not [path for path in render(environment_of(over=VARIANTS["no monitoring"])).files if "platform/monitoring" in path]


def test_a_client_namespace_is_never_ours() -> None:
    """In mode manual nothing of ours is in a client's namespace, and no workload of a client ever is (docs/gitops.md)."""
    tree = render(environment_of(over={"clients": [*config()["clients"], client("shop", "decommission"), client("wiki", None)]}))
    applied = [content for path, content in tree.objects.items() if not path.startswith("owners/") and "metadata" in content]
    assert {content["metadata"]["namespace"] for content in applied if content["kind"] != "Namespace"} == {"redis", "monitoring", "argocd"}


def test_the_namespace_is_kept_by_both_tools() -> None:
    """From the first render on: both tools read the guard from the live object (docs/gitops.md)."""
    assert render(environment_of("prepare")).objects[NAMESPACE] == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "redis",
            "labels": {
                "name": "redis",
                "type": "shared-service",
                "app.kubernetes.io/managed-by": "rediskit",
                "app.kubernetes.io/part-of": "redis-shared",
            },
            "annotations": {
                "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
                "kustomize.toolkit.fluxcd.io/prune": "disabled",
            },
        },
    }


def test_the_network_policy_opens_two_ports_and_no_more() -> None:
    assert render(environment_of("prepare")).objects[POLICY]["spec"] == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/instance": "redis-shared", "app.kubernetes.io/name": "redis"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": {}}, {"ipBlock": {"cidr": "192.168.4.0/24"}}],
                "ports": [{"port": 6379, "protocol": "TCP"}],
            },
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
                "ports": [{"port": 9121, "protocol": "TCP"}],
            },
        ],
    }


def test_the_network_policy_opens_the_ports_of_both_roles() -> None:
    values = {
        "master": {"containerPorts": {"redis": 6400}},
        "replica": {"containerPorts": {"redis": 6401}},
        "metrics": {"containerPorts": {"http": 9200}},
    }
    ingress = render(environment_of(over={"redis": {"values": values}})).objects[POLICY]["spec"]["ingress"]
    assert [[port["port"] for port in rule["ports"]] for rule in ingress] == [[6400, 6401], [9200]]


def test_without_monitoring_or_network_their_ports_are_blocked() -> None:
    ingress = render(without_network()).objects[POLICY]["spec"]["ingress"]
    assert ingress[0]["from"] == [{"namespaceSelector": {}}]
    closed = render(environment_of(over=VARIANTS["no monitoring"])).objects[POLICY]["spec"]["ingress"]
    assert [port["port"] for rule in closed for port in rule["ports"]] == [6379]


def test_the_external_service() -> None:
    """`Local` and source ranges admit the private network alone, and no node port bypasses them (docs/charts.md)."""
    assert render(environment_of()).objects[EXTERNAL] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "redis-shared-external",
            "namespace": "redis",
            "labels": {"app.kubernetes.io/managed-by": "rediskit", "app.kubernetes.io/part-of": "redis-shared"},
            "annotations": {"metallb.io/address-pool": "eero-pool", "metallb.io/loadBalancerIPs": "192.168.4.203"},
        },
        "spec": {
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": False,
            "externalTrafficPolicy": "Local",
            "loadBalancerSourceRanges": ["192.168.4.0/24"],
            "ports": [{"name": "tcp-redis", "port": 6379, "protocol": "TCP", "targetPort": "redis"}],
            "selector": {
                "app.kubernetes.io/component": "master",
                "app.kubernetes.io/instance": "redis-shared",
                "app.kubernetes.io/name": "redis",
            },
        },
    }


@pytest.mark.parametrize(
    ("metallb", "prefix"),
    [
        ("0.13.12", "metallb.universe.tf"),
        ("0.14.8", "metallb.universe.tf"),
        ("0.14.9", "metallb.io"),
        ("0.15.3", "metallb.io"),
        ("1.0.0", "metallb.io"),
    ],
)
def test_the_annotations_are_those_that_this_metallb_reads(metallb: str, prefix: str) -> None:
    """`metallb.io` is read from 0.14.9 on; before that it is ignored without a word, and any free address is given."""
    annotations = render(environment_of(over={"network": {"metallb": metallb}})).objects[EXTERNAL]["metadata"]["annotations"]
    assert annotations == {f"{prefix}/address-pool": "eero-pool", f"{prefix}/loadBalancerIPs": "192.168.4.203"}


def test_what_a_user_moves_is_moved_in_the_service() -> None:
    values = {"fullnameOverride": "cache", "nameOverride": "valkey", "master": {"service": {"ports": {"redis": 6400}}}}
    service = render(environment_of(over={"redis": {"values": values}})).objects["platform/redis-external/service-cache-external.yaml"]
    assert service["spec"]["ports"] == [{"name": "tcp-redis", "port": 6400, "protocol": "TCP", "targetPort": "redis"}]
    assert service["spec"]["selector"]["app.kubernetes.io/name"] == "valkey"
    assert service["spec"]["selector"]["app.kubernetes.io/instance"] == "redis-shared"


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_object_a_file_named_after_it(variant: str) -> None:
    for path, content in render(environment_of(over=VARIANTS[variant])).objects.items():
        name = path.rpartition("/")[2]
        if name != "kustomization.yaml" and not path.startswith("owners/"):
            assert name == f"{content['kind']}-{content['metadata']['name']}.yaml".lower()
            assert list(content)[:3] == ["apiVersion", "kind", "metadata"]


def test_every_yaml_file_has_a_comment_with_its_source() -> None:
    first = b"# Generated by rediskit from config/chocolandia.yaml; edit that and run rediskit render\n"
    files = render(environment_of("decommission")).files
    assert len(files) > 20
    ours = {path: content for path, content in files.items() if path.endswith(".yaml")}
    assert all(content.startswith(first) for path, content in ours.items() if not path.startswith("owners/"))


def test_files_for_the_application_repository_name_ours_and_the_command_that_writes_them() -> None:
    """Their first line named a config and a command that are not in that repository."""
    environment = environment_of("decommission")
    first = f"# Generated by rediskit from config/chocolandia.yaml of {environment.gitops.repository}; "
    files = [content.decode() for path, content in render(environment).files.items() if path.startswith("owners/")]
    assert files
    assert all(content.startswith(f"{first}do not edit: rediskit migrate export replaces it\n") for content in files)


def test_nothing_carries_a_label_that_argo_cd_may_track_by() -> None:
    for path, content in render(environment_of("decommission")).objects.items():
        assert "app.kubernetes.io/instance" not in (content.get("metadata") or {}).get("labels", {}), path
