"""Names of the objects of the chart: compared with the output of chart 23.1.1, and with its naming rules for other releases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, load, render
from rediskit.chart.bitnami import BITNAMI
from rediskit.chart.names import INSTANCE, Release, chart_kinds

DATA = Path(__file__).parent / "data"
EFFECTS: list[dict[str, Any]] = yaml.safe_load((DATA / "effects_23.1.1.yaml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((DATA / "values_23.1.1.yaml").read_text())
RELEASE = Release.of(BITNAMI, "redis-shared", "redis", VALUES)


def effects(kind: str) -> dict[str, dict[str, Any]]:
    return {effect["name"]: effect for effect in EFFECTS if effect["kind"] == kind}


def test_services_are_those_of_the_chart_with_their_labels() -> None:
    assert RELEASE.services == {name: service["labels"] for name, service in effects("Service").items()}


def test_each_service_has_its_name_selector_and_port() -> None:
    services = effects("Service")
    facts = {
        name: (service["selector"], service["ports"][0]["port"], service["ports"][0]["targetPort"]) for name, service in services.items()
    }
    assert facts == {
        RELEASE.primary_service: (RELEASE.primary_selector, RELEASE.port, RELEASE.port_name),
        RELEASE.replicas_service: (RELEASE.replica_selector, RELEASE.replicas_port, RELEASE.port_name),
        RELEASE.headless_service: (RELEASE.selector, RELEASE.port, RELEASE.port_name),
        RELEASE.metrics_service: (RELEASE.selector, RELEASE.metrics_port, "metrics"),
    }
    assert services[RELEASE.metrics_service]["ports"][0]["name"] == RELEASE.metrics_port_name


def test_the_chart_has_no_external_service() -> None:
    assert RELEASE.external_service == "redis-shared-external"
    assert RELEASE.external_service not in effects("Service")


def test_statefulsets_their_pods_and_volume_claims() -> None:
    sets = effects("StatefulSet")
    assert set(sets) == {RELEASE.primary_statefulset, RELEASE.replicas_statefulset}
    assert sets[RELEASE.primary_statefulset]["podLabels"] == RELEASE.primary_selector
    assert sets[RELEASE.replicas_statefulset]["podLabels"] == RELEASE.replica_selector
    assert all(content["serviceName"] == RELEASE.headless_service for content in sets.values())
    claims = tuple(f"{claim}-{name}-0" for name, content in sorted(sets.items()) for claim in content["volumeClaimTemplates"])
    assert (
        claims
        == tuple(RELEASE.volume_claim(pod) for pod in (RELEASE.primary_pod, *RELEASE.replica_pods))
        == ("redis-data-redis-shared-master-0", "redis-data-redis-shared-replicas-0")
    )


def test_container_ports() -> None:
    ports = {
        (name, port["name"]): port["containerPort"]
        for name, observed in effects("StatefulSet").items()
        for container in observed["containers"]
        for port in container["ports"]
    }
    assert ports == {
        (RELEASE.primary_statefulset, "redis"): RELEASE.container_port,
        (RELEASE.replicas_statefulset, "redis"): RELEASE.replicas_container_port,
        (RELEASE.primary_statefulset, "metrics"): RELEASE.metrics_container_port,
        (RELEASE.replicas_statefulset, "metrics"): RELEASE.metrics_container_port,
    }


def test_the_metrics_labels_are_what_the_charts_own_service_monitor_selects_without_the_instance() -> None:
    """Argo CD overwrites the instance label of a Service where it tracks objects by label."""
    (monitor,) = effects("ServiceMonitor").values()
    assert monitor["name"] == RELEASE.fullname
    assert monitor["spec"]["selector"]["matchLabels"] == {**RELEASE.metrics_service_labels, INSTANCE: RELEASE.name}


def test_dns_names() -> None:
    replica = effects("StatefulSet")[RELEASE.replicas_statefulset]
    assert RELEASE.primary_host == "redis-shared-master.redis.svc.cluster.local"
    assert RELEASE.replicas_host == "redis-shared-replicas.redis.svc.cluster.local"
    assert replica["env"]["REDIS_MASTER_HOST"] == (
        f"{RELEASE.primary_statefulset}-0.{RELEASE.headless_service}.{RELEASE.namespace}.svc.{RELEASE.cluster_domain}"
    )


def test_kinds_are_those_of_the_chart() -> None:
    groups = {"StatefulSet": "apps", "PodDisruptionBudget": "policy"}
    switched_off = {"ServiceMonitor"}
    assert chart_kinds(BITNAMI, VALUES) == {
        (groups.get(effect["kind"], ""), effect["kind"]) for effect in EFFECTS if effect["kind"] not in switched_off
    }


@pytest.mark.parametrize(
    ("release", "values", "fullname", "name_label"),
    [
        ("redis-shared", {}, "redis-shared", "redis"),
        ("shared", {}, "shared-redis", "redis"),
        ("cache", {}, "cache-redis", "redis"),
        ("redis", {}, "redis", "redis"),
        ("myredis", {}, "myredis", "redis"),
        ("redis-shared", {"nameOverride": "x"}, "redis-shared-x", "x"),
        ("redis-shared", {"nameOverride": "shared"}, "redis-shared", "shared"),
        ("redis-shared", {"fullnameOverride": "cache"}, "cache", "redis"),
        ("redis-shared", {"fullnameOverride": "cache", "nameOverride": "x"}, "cache", "x"),
        ("redis-shared", {"fullnameOverride": "", "nameOverride": ""}, "redis-shared", "redis"),
        ("redis-shared", {"fullnameOverride": None}, "redis-shared", "redis"),
        ("a" * 53, {"nameOverride": "b" * 9}, f"{'a' * 53}-{'b' * 9}", "b" * 9),
        ("a" * 53, {"nameOverride": "b" * 20}, f"{'a' * 53}-{'b' * 9}", "b" * 20),
        ("a" * 53, {"fullnameOverride": "c" * 62 + "-d"}, "c" * 62, "redis"),
        ("a", {"nameOverride": "b" * 62 + "-c"}, "a-" + "b" * 61, "b" * 62),
        ("a", {"fullnameOverride": "b" * 61 + "--c"}, "b" * 61 + "-", "redis"),
    ],
)
def test_names_of_other_releases(release: str, values: dict[str, Any], fullname: str, name_label: str) -> None:
    """Return the release name if it contains `redis` (or nameOverride), else both, cut at 63 characters without a trailing dash."""
    names = Release.of(BITNAMI, release, "ns", values)
    assert names.fullname == fullname
    assert names.selector == {"app.kubernetes.io/instance": release, "app.kubernetes.io/name": name_label}
    assert names.primary_host == f"{fullname}-master.ns.svc.cluster.local"
    assert set(names.services) == {f"{fullname}-{end}" for end in ("master", "replicas", "headless", "metrics")}


def test_the_whole_override_decides_whether_the_release_contains_it() -> None:
    """`contains` compares before `trunc` (charts/common/templates/_names.tpl:26-38)."""
    override = "a" * 63 + "-b"
    assert Release.of(BITNAMI, "a" * 53, "ns", {"nameOverride": override}).fullname == ("a" * 53 + "-" + override)[:63]


def test_a_port_of_a_config_file_renders_as_a_number_that_the_checks_read(tmp_path: Path) -> None:
    config = tmp_path / "ports.yaml"
    config.write_text(
        "name: ports\ngitops: {tool: argocd, repository: https://git.example.org/a/b.git}\n"
        "redis: {values: {master: {service: {ports: {redis: 6400}}}}}\n"
        "network: {address: 10.0.0.2, pool: {name: lan, addresses: 10.0.0.1-10.0.0.9}, allow: [10.0.0.0/24]}\nsecrets: {mode: manual}\n"
    )
    environment = load(config)
    assert not [finding for finding in check(environment, render(environment)) if finding.severity == "error"]


def test_ports_and_domain_follow_the_values() -> None:
    release = Release.of(
        BITNAMI,
        "redis-shared",
        "redis",
        {
            "clusterDomain": "k8s.example",
            "master": {"service": {"ports": {"redis": 6400}}, "containerPorts": {"redis": 6401}},
            "replica": {"service": {"ports": {"redis": 6402}}, "containerPorts": {"redis": 6403}},
            "metrics": {"service": {"ports": {"http": 9200}}, "containerPorts": {"http": 9201}},
        },
    )
    assert (release.port, release.container_port, release.replicas_port, release.replicas_container_port) == (6400, 6401, 6402, 6403)
    assert (release.metrics_port, release.metrics_container_port) == (9200, 9201)
    assert release.primary_host == "redis-shared-master.redis.svc.k8s.example"


SERVICE_ACCOUNT, BUDGET = ("", "ServiceAccount"), ("policy", "PodDisruptionBudget")
ROLE, BINDING = ("rbac.authorization.k8s.io", "Role"), ("rbac.authorization.k8s.io", "RoleBinding")


@pytest.mark.parametrize(
    ("values", "more", "fewer"),
    [
        ({}, set(), set()),
        ({"master": {"pdb": {"create": False}}}, set(), set()),
        ({role: {"pdb": {"create": False}} for role in ("master", "replica")}, set(), {BUDGET}),
        ({role: {"serviceAccount": {"create": False}} for role in ("master", "replica")}, set(), {SERVICE_ACCOUNT}),
        ({"rbac": {"create": True}}, {ROLE, BINDING}, set()),
        ({"rbac": {"create": False}}, set(), set()),
        ({"extraDeploy": [{"apiVersion": "batch/v1", "kind": "CronJob"}]}, {("batch", "CronJob")}, set()),
        ({"extraDeploy": [{"apiVersion": "v1", "kind": "ConfigMap"}, "kind: Secret"]}, set(), set()),
        ({"extraDeploy": 5}, set(), set()),
    ],
)
def test_kinds_follow_the_switches(values: dict[str, Any], more: set[tuple[str, str]], fewer: set[tuple[str, str]]) -> None:
    standing = {("", "ConfigMap"), ("", "Service"), ("apps", "StatefulSet"), SERVICE_ACCOUNT, BUDGET}
    assert chart_kinds(BITNAMI, values) == (standing | more) - fewer
