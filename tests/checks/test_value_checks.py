"""The checks of config values: each case is reported with a hint, at the position of the value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from rediskit.model.gitops import PLACEHOLDER_REPOSITORY
from tests.checks.cases import Case, assert_reported, name_of, value
from tests.samples import backend, client, config, loaded, merged

OWNED = "chart-owned-value"
TEMPLATE = {"apiVersion": "v1", "kind": '{{ print "Sec" "ret" }}', "metadata": {"name": "extra"}, "stringData": {"key": "short"}}
CLUSTER_ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}}
POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "open"}}
DOOR = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "door"}, "spec": {"type": "NodePort"}}
ELSEWHERE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "beersystem"}}
METRICS_LABELS = {
    f"app.kubernetes.io/{key}": text for key, text in (("component", "metrics"), ("instance", "redis-shared"), ("name", "redis"))
}
METRICS_TOO = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics-too", "labels": METRICS_LABELS}}
CONF = 'maxmemory 1gb\nmaxmemory-policy allkeys-lru\nappendonly yes\nappendfsync everysec\nsave ""'


def conf(line: str, message: str, instead_of: str = "") -> Case:
    """Return a case with another line in redis.conf, or with one line replaced."""
    kept = [known for known in CONF.splitlines() if known != instead_of]
    return value("redis-conf", message, "commonConfiguration", "\n".join([*kept, line]), "'")


def values(code: str, message: str, at: str, content: dict[str, Any]) -> Case:
    return Case(code, message, at, {"redis": {"values": content}})


def first_client(step: str = "validate", **sections: Any) -> dict[str, Any]:
    return {"clients": [merged(config(step)["clients"][0], sections)]}


def two_clients(first: str, second: str | None, **sections: Any) -> dict[str, Any]:
    """The config with a second client in the same namespace, of the same old Redis."""
    other = client("worker", second, namespace="beersystem", **({"previous": {"host": "redis"}} | sections))
    return {"clients": [config(first)["clients"][0], other]}


def unscanned() -> dict[str, Any]:
    """The config at decommission without the evidence of a scan."""
    first = config("decommission")["clients"][0]
    evidence = [one for one in first["migration"]["evidence"] if one["kind"] != "scan"]
    return {"clients": [{**first, "migration": {**first["migration"], "evidence": evidence}}]}


def with_env(*entries: dict[str, str], container: int = 0) -> dict[str, Any]:
    """The real Deployment with further variables at the end."""
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][container]["env"] += entries
    return workload


KEYS = [
    value("chart-key", "the chart has no value master.replicaCount", "master.replicaCount", 1),
    value("chart-key", "expected a whole number", "master.count", "one"),
    value("chart-key", "expected a mapping", "auth", "off", "'off'"),
    value(OWNED, "architecture is standalone instead of replication", "architecture", "standalone"),
    value(OWNED, "auth.enabled is false instead of true", "auth.enabled", False),
    value(OWNED, "auth.existingSecret is other instead of redis-credentials", "auth.existingSecret", "other"),
    value(OWNED, "auth.existingSecretPasswordKey is other instead", "auth.existingSecretPasswordKey", "other"),
    value(OWNED, "auth.usePasswordFiles is false", "auth.usePasswordFiles", False),
    value(OWNED, "auth.acl.enabled is true instead of false", "auth.acl.enabled", True),
    value(OWNED, "diagnosticMode.enabled is true", "diagnosticMode.enabled", True),
    value(OWNED, 'existingConfigmap is mine instead of ""', "existingConfigmap", "mine"),
    value(OWNED, "global.imageRegistry is mirror.example.com", "global.imageRegistry", "mirror.example.com"),
    value(OWNED, "global.security.allowInsecureImages is false", "global.security.allowInsecureImages", False),
    value(OWNED, 'global.storageClass is fast instead of ""', "global.storageClass", "fast"),
    value(OWNED, "master.count is 0 instead of 1", "master.count", 0),
    value(OWNED, "master.kind is Deployment", "master.kind", "Deployment"),
    value(OWNED, "master.disableCommands is KEYS instead of FLUSHDB, FLUSHALL", "master.disableCommands", ["KEYS"], "- KEYS"),
    value(OWNED, "replica.disableCommands is none instead of", "replica.disableCommands", []),
    value(OWNED, "master.persistence.enabled is false", "master.persistence.enabled", False),
    value(OWNED, "replica.persistence.size is 20Gi instead of 10Gi", "replica.persistence.size", "20Gi"),
    value(OWNED, "master.persistence.storageClass is fast", "master.persistence.storageClass", "fast"),
    value(OWNED, "whenDeleted is Delete instead of Retain", "master.persistentVolumeClaimRetentionPolicy.whenDeleted", "Delete"),
    value(OWNED, "master.service.type is LoadBalancer", "master.service.type", "LoadBalancer"),
    value(OWNED, "master.service.externalIPs is 10.0.0.9 instead of none", "master.service.externalIPs", ["10.0.0.9"], "- 10.0.0.9"),
    value(OWNED, "replica.service.type is NodePort", "replica.service.type", "NodePort"),
    value(OWNED, "metrics.service.type is NodePort", "metrics.service.type", "NodePort"),
    value(OWNED, "metrics.service.enabled is false instead of true", "metrics.service.enabled", False),
    value(OWNED, "metrics.enabled is false instead of true", "metrics.enabled", False),
    value(OWNED, "metrics.serviceMonitor.enabled is true", "metrics.serviceMonitor.enabled", True),
    value(OWNED, "metrics.podMonitor.enabled is true", "metrics.podMonitor.enabled", True),
    value(OWNED, "metrics.prometheusRule.enabled is true", "metrics.prometheusRule.enabled", True),
    value(OWNED, 'namespaceOverride is other instead of ""', "namespaceOverride", "other"),
    value(OWNED, "networkPolicy.enabled is true", "networkPolicy.enabled", True),
    value(OWNED, "replica.replicaCount is 5 instead of 1", "replica.replicaCount", 5),
    value(OWNED, "replica.autoscaling.enabled is true", "replica.autoscaling.enabled", True),
    value(OWNED, "replica.externalMaster.enabled is true", "replica.externalMaster.enabled", True),
    value(OWNED, "replica.kind is DaemonSet", "replica.kind", "DaemonSet"),
    value(OWNED, "sentinel.enabled is true instead of false", "sentinel.enabled", True),
    value(OWNED, "serviceBindings.enabled is true", "serviceBindings.enabled", True),
    value(OWNED, "tls.enabled is true instead of false", "tls.enabled", True),
    value(OWNED, "auth.existingSecret is removed", "auth", None),
    value(OWNED, "networkPolicy.enabled is removed", "networkPolicy.enabled", None),
    value("chart-label", "commonLabels sets app.kubernetes.io/instance", "commonLabels.app~kubernetes~io/instance", "x"),
    value("chart-label", "commonLabels sets app.kubernetes.io/component", "commonLabels.app~kubernetes~io/component", "x"),
    value("chart-label", "master.podLabels sets app.kubernetes.io/component", "master.podLabels.app~kubernetes~io/component", "x"),
    value("chart-label", "replica.podLabels sets app.kubernetes.io/name", "replica.podLabels.app~kubernetes~io/name", "x"),
    value("chart-label", "metrics.podLabels sets app.kubernetes.io/name", "metrics.podLabels.app~kubernetes~io/name", "x"),
    value("chart-label", "metrics.podLabels sets helm.sh/chart", "metrics.podLabels.helm~sh/chart", "x"),
    values("chart-label", "metrics.podLabels sets team", "a", {"metrics": {"podLabels": {"team": "a"}}, "commonLabels": {"team": "b"}}),
    values(
        "chart-label",
        "metrics.podLabels sets team",
        "a",
        {"metrics": {"podLabels": {"team": "a"}}, "replica": {"podLabels": {"team": "b"}}},
    ),
    value("chart-label", "master.podAnnotations sets prometheus.io/port", "master.podAnnotations.prometheus~io/port", "9121", "'9121'"),
    value("chart-label", "replica.podAnnotations sets prometheus.io/scrape", "replica.podAnnotations.prometheus~io/scrape", "never"),
    value("chart-label", "master.podAnnotations sets checksum/secret", "master.podAnnotations.checksum/secret", "x"),
    values("chart-label", "sets mine", "a", {"metrics": {"podAnnotations": {"mine": "b"}}, "master": {"podAnnotations": {"mine": "a"}}}),
    value("chart-name", "has 53 characters, more than 52", "fullnameOverride", "r" * 44),
    value("extra-object", "extraDeploy[0] is not an object", "extraDeploy", ["kind: ConfigMap"], "'kind: ConfigMap'"),
    value("extra-object", "extraDeploy[0] is not an object", "extraDeploy", [{"kind": "ConfigMap"}], "kind: ConfigMap"),
    value("extra-object", "has a template as kind", "extraDeploy", [TEMPLATE], "apiVersion"),
    value("extra-object", "is a cluster-wide ClusterRole", "extraDeploy", [CLUSTER_ROLE], "apiVersion"),
    value("extra-object", "a second NetworkPolicy", "extraDeploy", [POLICY], "apiVersion"),
    value("extra-object", "is a Service with external access", "extraDeploy", [DOOR], "apiVersion"),
    value("extra-object", "in namespace beersystem", "extraDeploy", [ELSEWHERE], "apiVersion"),
    value("service-monitor", "selects metrics-too, redis-shared-metrics instead of redis-shared-metrics", "extraDeploy", [METRICS_TOO], ""),
]

SERVER = [
    conf("replica-priority 1\nmasteruser someone", "redis.conf sets masteruser, which overrides the setting of the chart"),
    conf("REPLICAOF a 1", "redis.conf sets replicaof"),
    conf("timeout 5 # seconds", "has a comment after timeout"),
    conf("timeout 5 #", "has a comment after timeout"),
    conf("dbfilename {{ x }}", "contains {{ in dbfilename"),
    conf('rename-command KEYS ""', "renames a command"),
    conf("maxmemory 512mb", "sets maxmemory 512mb, but redis.memory.max makes it 1gb"),
    conf("maxmemory-policy noeviction", "sets maxmemory-policy noeviction, but redis.memory.policy makes it allkeys-lru"),
    conf("appendonly no", "sets appendonly no, but redis.appendOnly makes it yes"),
    conf("save 60 1", "has the save points 60 1, but redis.savePoints is none"),
    conf("tcp-keepalive 60", "does not set maxmemory, so that Redis uses 0", "maxmemory 1gb"),
    conf("tcp-keepalive 60", "does not set maxmemory-policy, so that Redis uses noeviction", "maxmemory-policy allkeys-lru"),
    conf("tcp-keepalive 60", "does not set appendonly, so that Redis uses no", "appendonly yes"),
    conf("tcp-keepalive 60", "does not set save, so that Redis uses its default save points", 'save ""'),
    value("redis-conf", "does not set maxmemory", "commonConfiguration", None),
    value("redis-conf", "sets port, which overrides the setting of the chart", "master.configuration", "port 6380"),
    value("redis-conf", "sets maxmemory 3gb", "replica.configuration", "maxmemory 3gb"),
    value("redis-conf", "sets bind", "master.extraFlags", ["--bind", "127.0.0.1"], "- --bind"),
    value("redis-conf", "sets appendonly no", "replica.extraFlags", ["--appendonly no"], "- --appendonly no"),
    value("redis-conf", "has the save points 60 1", "master.extraFlags", ["--save 60 1"], "- --save 60 1"),
    value("memory-limit", "maxmemory 1gb is not below the memory limit 1Gi of replica", "replica.resources.limits.memory", "1Gi", "limits"),
    value(
        "memory-limit",
        "maxmemory 3gb is not below the memory limit 2Gi of replica",
        "replica.configuration",
        "maxmemory 3gb",
    ),
    value("memory-limit", "master has no memory limit", "master.resources", None),
    value("memory-limit", "metrics has no memory limit", "metrics.resources", None),
    value("memory-limit", "replica has no memory limit", "replica.resources.limits", None, "limits"),
    value("memory-limit", "lots is not a Kubernetes quantity", "master.resources.limits.memory", "lots"),
    value("request-above-limit", "master requests 64 of cpu, more than its limit 1000m", "master.resources.requests.cpu", "64", "'64'"),
    value(
        "request-above-limit",
        "metrics requests 64Mi of memory, more than its limit 32Mi",
        "metrics.resources.limits.memory",
        "32Mi",
        "limits",
    ),
    value(
        "chart-owned-value", "metrics.extraArgs.redis\\.addr is localhost:6380 instead of", "metrics.extraArgs.redis~addr", "localhost:6380"
    ),
    value("replica-probe", "replica.customLivenessProbe is missing", "replica.customLivenessProbe", None),
    value(
        "replica-probe",
        "replica.customReadinessProbe also tests the primary",
        "replica.customReadinessProbe.exec.command",
        ["/health/ping_readiness_local_and_master.sh 1"],
        "exec",
    ),
    value("image-pin", "image is not pinned: latest", "image.tag", "latest", "tag"),
    value("image-pin", "metrics.image is not pinned: the default", "metrics.image.tag", "", "tag"),
    value("image-pin", "volumePermissions.image is not pinned", "volumePermissions.enabled", True, "enabled: true"),
]

WARNINGS = [
    Case(
        "chart-unknown",
        "rediskit does not know the chart oci://example.org/charts/redis",
        "oci://example.org/charts/redis",
        {"redis": {"chart": {"repository": "oci://example.org/charts/redis"}}},
    ),
    Case("chart-unknown", "rediskit does not know major version 22 of the chart", "22.0.7", {"redis": {"chart": {"version": "22.0.7"}}}),
    Case(
        "secret-refresh",
        "the operator reads the store every 1h",
        "1h",
        {"secrets": {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis", "refresh": "1h"}},
    ),
    Case("memory-headroom", "the memory limit of master and replica is 2Gi: 2 times maxmemory 1gb, less than 2.2", "name: chocolandia"),
    Case("memory-headroom", "2Gi: 1.2 times maxmemory 1700mb", "1700mb", {"redis": {"memory": {"max": "1700mb"}}}),
    Case("memory-headroom", "2Gi: 2.19 times maxmemory 935mb", "935mb", {"redis": {"memory": {"max": "935mb"}}}),
    Case(
        "repository-placeholder",
        "is a placeholder: no GitOps tool can reach it",
        PLACEHOLDER_REPOSITORY,
        {"gitops": {"repository": PLACEHOLDER_REPOSITORY}},
    ),
    Case(
        "memory-headroom",
        "the memory limit of replica is 1300Mi: 1.27 times maxmemory 1gb",
        "1gb",
        {"redis": {"memory": {"max": "1gb"}, "values": {"replica": {"resources": {"limits": {"memory": "1300Mi"}}}}}},
    ),
    Case(
        "volume-headroom",
        "the volume 500Mi is less than 3 times redis.memory.max 1gb",
        "500Mi",
        {"redis": {"storage": {"size": "500Mi"}}},
    ),
    Case(
        "volume-headroom",
        "the volume 1Gi is less than 3 times redis.memory.max 3gb",
        "1Gi",
        {
            "redis": {
                "storage": {"size": "1Gi"},
                "memory": {"max": "3gb"},
                "resources": {"primary": {"limits": {"memory": "8Gi"}}, "replica": {"limits": {"memory": "8Gi"}}},
            }
        },
    ),
    Case(
        "liveness-probe",
        "master.customLivenessProbe does not accept MISCONF and max number of clients reached",
        "null",
        {"redis": {"values": {"master": {"customLivenessProbe": None}}}},
    ),
    Case(
        "liveness-probe",
        "replica.customLivenessProbe does not accept MISCONF and max number of clients reached",
        "exec",
        {"redis": {"values": {"replica": {"customLivenessProbe": {"exec": {"command": ["/health/ping_liveness_local.sh", "5"]}}}}}},
    ),
    Case(
        "image-shell",
        "library/redis:8.2.1-alpine has no bash, with which the chart starts it",
        "repository: library/redis",
        {"redis": {"image": {"repository": "library/redis", "tag": "8.2.1-alpine"}}},
    ),
    Case(
        "image-shell",
        "oliver006/redis_exporter:v1.80.0 has no bash",
        "repository: oliver006",
        {"redis": {"exporterImage": {"repository": "oliver006/redis_exporter", "tag": "v1.80.0"}}},
    ),
    Case("frozen-image", "bitnamilegacy/redis and bitnamilegacy/redis-exporter: frozen since 2025-08-28", "name: chocolandia"),
    Case(
        "previous-differs",
        "REDIS_HOST=redis.beersystem.svc.cluster.local, but previous.host is redis.other",
        "redis.other",
        first_client(previous={"host": "redis.other"}),
    ),
    Case(
        "old-redis-in-use",
        "Deployment/beersystem-backend uses the old Redis redis.beersystem.svc.cluster.local at /spec/template/spec/containers/0/env/18",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "CACHE_URL", "value": "redis://redis.beersystem.svc.cluster.local:6379/1"}),
    ),
    Case(
        "old-redis-in-use",
        "beersystem-backend.yaml: redis.beersystem",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "SHORT", "value": "redis.beersystem"}),
    ),
    Case(
        "old-redis-in-use",
        "beersystem-backend.yaml: redis:6379",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "BARE", "value": "redis:6379"}),
    ),
    Case(
        "old-redis-possible",
        "may use the old Redis redis.beersystem.svc.cluster.local at /spec/template/spec/containers/0/env/18/value",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "REDIS_HOSTS", "value": "redis"}),
    ),
    *(
        Case(
            "old-redis-possible",
            f"worker may use the old Redis redis.beersystem.svc.cluster.local, which beersystem removes: {host} can be the same",
            host,
            two_clients("decommission", "prepare", previous={"host": host}),
        )
        for host in ("10.43.0.7", "redis-master", "redis.example.com")
    ),
    Case(
        "previous-differs",
        "has redis.other in REDIS_URL, but previous.host is redis.beersystem.svc.cluster.local",
        "redis.beersystem",
        first_client(workload={"containers": {"backend": {"url": "REDIS_URL"}}}),
        manifest=with_env({"name": "REDIS_URL", "value": "redis://redis.other:6379"}),
    ),
    Case(
        "previous-differs",
        "has database 4 in REDIS_URL, but the new URL has 0",
        "backend:",
        first_client(workload={"containers": {"backend": {"url": "REDIS_URL"}}}),
        manifest=with_env({"name": "REDIS_URL", "value": "redis://redis:6379/4"}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_HSOT in backend",
        "REDIS_HSOT",
        first_client(workload={"containers": {"backend": {"host": "REDIS_HSOT", "port": "REDIS_PORT", "password": "REDIS_PASSWORD"}}}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_ULR in backend",
        "REDIS_ULR",
        first_client(workload={"containers": {"backend": {"url": "REDIS_ULR"}}}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_PROT in backend",
        "REDIS_PROT",
        first_client(workload={"containers": {"backend": {"port": "REDIS_PROT"}}}, previous={"port": 6380}),
    ),
    Case("scrape-interval", "the scrape interval is 16s, longer than 15s", "16s", {"monitoring": {"interval": "16s"}}),
    Case(
        "flux-credentials",
        "bootstrap/gitrepository-redis-shared.yaml has no key for ssh://git@git.example.org/cluster.git",
        "ssh://git@",
        {"gitops": {"tool": "flux", "repository": "ssh://git@git.example.org/cluster.git"}},
    ),
    Case(
        "migration-history",
        "beersystem is at scale-down without a history",
        "scale-down",
        first_client("scale-down", migration={"history": []}),
        step="scale-down",
    ),
]

CLIENTS = [
    Case(
        "client-variables",
        "backend has REDIS_HOST twice: kustomize would keep the last one and lose the patch",
        "chocolandia/beersystem-backend.yaml",
        step=step,
        manifest=with_env({"name": "REDIS_HOST", "value": "elsewhere"}),
    )
    for step in ("prepare", "reconfigure", "validate", "rolled-back")
]


OLD_REDIS = [
    Case(
        "old-redis-in-use",
        "worker still uses redis.beersystem.svc.cluster.local, which beersystem removes: it is at prepare",
        "prepare",
        two_clients("decommission", "prepare"),
    ),
    Case(
        "old-redis-in-use",
        "worker still uses redis.beersystem.svc.cluster.local, which beersystem removes: it has no migration",
        "host: redis",
        two_clients("complete", None, previous={"host": "redis"}),
    ),
    Case(
        "old-redis-in-use",
        "worker still uses redis.beersystem.svc.cluster.local, which beersystem removes: it is rolled back",
        "rolled-back",
        two_clients("decommission", "rolled-back"),
    ),
    Case(
        "old-redis-in-use",
        "worker still uses redis.beersystem.svc.cluster.local, which beersystem removes: it is at prepare",
        "prepare",
        two_clients("decommission", "prepare", previous={"host": "redis-0.redis"}),
    ),
    Case(
        "old-redis-gone",
        "worker is rolled back to redis, which beersystem has removed",
        "rolled-back",
        two_clients("decommission", "rolled-back"),
    ),
    Case(
        "old-redis-in-use",
        "Deployment/beersystem-backend uses the old Redis",
        "chocolandia/beersystem-backend.yaml",
        step="decommission",
        manifest=with_env({"name": "BARE", "value": "redis:6379"}),
    ),
    Case(
        "scan-missing",
        "beersystem is at decommission, but the evidence has no scan of the application repository without a certain use",
        "decommission",
        unscanned(),
    ),
    Case(
        "previous-shared",
        "redis-shared-replicas.redis.svc is the shared Redis itself: beersystem already uses it",
        "redis-shared-replicas.redis.svc",
        first_client(previous={"host": "redis-shared-replicas.redis.svc"}),
    ),
]

CASES = [*KEYS, *SERVER, *CLIENTS, *OLD_REDIS, *(case._replace(severity="warning") for case in WARNINGS)]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_value_that_other_objects_do_not_support_is_reported(tmp_path: Path, case: Case) -> None:
    assert_reported(case, tmp_path)


@pytest.mark.parametrize("case", ["port as before", "from a ConfigMap"])
def test_a_missing_port_and_a_container_with_envfrom_are_not_reported(tmp_path: Path, case: str) -> None:
    live = backend()
    container = live["spec"]["template"]["spec"]["containers"][0]
    gone = "REDIS_PORT" if case == "port as before" else "REDIS_HOST"
    container["env"] = [entry for entry in container["env"] if entry["name"] != gone]
    if case == "from a ConfigMap":
        container["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    environment = loaded(tmp_path, "validate", manifest=live)
    assert "variable-absent" not in {finding.code for finding in check(environment, render(environment))}
