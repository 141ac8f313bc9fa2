"""Clients with values that the checks report, and the cases of their old Redis."""

from __future__ import annotations

from typing import Any

from tests.checks.cases import Case
from tests.samples import backend, client, config, merged

METRICS_LABELS = {
    f"app.kubernetes.io/{key}": text for key, text in (("component", "metrics"), ("instance", "redis-shared"), ("name", "redis"))
}
FULL = {"redis": {"memory": {"policy": "noeviction"}}}


def first_client(step: str = "validate", **sections: Any) -> dict[str, Any]:
    return {"clients": [merged(config(step)["clients"][0], sections)]}


def two_clients(first: str, second: str | None, **sections: Any) -> dict[str, Any]:
    """Return the config with a second client of the same old Redis in the same namespace."""
    other = client("worker", second, namespace="beersystem", **({"previous": {"host": "redis"}} | sections))
    return {"clients": [config(first)["clients"][0], other]}


def with_databases(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return two clients that name these databases."""
    first_client = {**config("validate")["clients"][0], **({"databases": first} if first else {})}
    other: dict[str, Any] = {"databases": second} if second else {}
    return {"clients": [first_client, client("worker", None, **other)]}


def with_variables(databases: dict[str, Any], **variables: str) -> dict[str, Any]:
    """Return a client without a manifest that declares these databases and switches these variables."""
    workload = {"kind": "Deployment", "name": "worker", "replicas": 1, "containers": {"app": {"env": variables}}}
    more: dict[str, Any] = {"databases": databases} if databases else {}
    return {"clients": [client("worker", None, workloads=[workload], **more)]}


def anywhere() -> dict[str, Any]:
    """Return the real Deployment without its namespace."""
    workload = backend()
    del workload["metadata"]["namespace"]
    return workload


def two_instances(**variables: str) -> dict[str, Any]:
    """Return the config with a second client of the same image, whose container switches more variables."""
    first = {**config("validate")["clients"][0], "databases": {"default": 1}}
    containers = {"backend": {"env": {**first["workloads"][0]["containers"]["backend"]["env"], **variables}}}
    workload = {**first["workloads"][0], "containers": containers}
    second = {"name": "second", "namespace": "second", "databases": {"default": 2}, "workloads": [workload]}
    return {"clients": [first, second]}


def without_scan() -> dict[str, Any]:
    """Return the config at decommission without the evidence of a scan."""
    first = config("decommission")["clients"][0]
    evidence = [entry for entry in first["migration"]["evidence"] if entry["kind"] != "scan"]
    return {"clients": [{**first, "migration": {**first["migration"], "evidence": evidence}}]}


def with_env(*entries: dict[str, Any], container: int = 0) -> dict[str, Any]:
    """Return the real Deployment with more variables at the end."""
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][container]["env"] += entries
    return workload


def as_kind(kind: str, workload: dict[str, Any]) -> dict[str, Any]:
    """Return a Deployment as a CronJob or a Rollout with the same pods."""
    template = workload["spec"]["template"]
    versions = {"CronJob": "batch/v1", "Rollout": "argoproj.io/v1alpha1"}
    job = {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}
    rollout = {**workload["spec"], "strategy": {"canary": {}}}
    spec = {"schedule": "0 4 * * *", "jobTemplate": {"spec": job}} if kind == "CronJob" else rollout
    return {**workload, "apiVersion": versions[kind], "kind": kind, "spec": spec}


def with_arguments(*words: str) -> dict[str, Any]:
    """Return the real Deployment with a command line."""
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][0]["args"] = list(words)
    return workload


def prefixed(*sources: dict[str, Any]) -> dict[str, Any]:
    """Return the real Deployment whose address comes from `envFrom`."""
    workload = backend()
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [entry for entry in container["env"] if entry["name"] != "REDIS_HOST"]
    container["envFrom"] = [{"configMapRef": {"name": "settings"}, **source} for source in sources]
    return workload


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
CLIENTS += [
    Case(
        "client-variables",
        f"backend has REDIS_HOST twice: {lost}",
        "chocolandia/beersystem-backend.yaml",
        manifest=as_kind(kind, with_env({"name": "REDIS_HOST", "value": "elsewhere"})),
    )
    for kind, lost in {
        "CronJob": "kustomize would keep the last one and lose the patch",
        "Rollout": "the pod uses the last one",
    }.items()
]
CLIENTS += [
    Case(
        "flux-substitution",
        f"{text} contains ${{ or $$, which Flux changes in a Kustomization with postBuild",
        f"'{text}'" if text.endswith(":") else text,
        over | first_client(workloads={0: {"containers": {"backend": {"env": {"PREFIX": text}}}}}, owner={"kind": kind}),
    )
    for text in ("$${APP}:", "$$(APP)")
    for over, kind in (({"gitops": {"tool": "flux"}}, "kustomize"), ({}, "flux-kustomization"))
]


URL = "redis://:${password}@${address}"
USES = [
    *(
        Case("database-undeclared", message, at, with_variables(databases, **variables))
        for message, at, databases, variables in (
            ("worker has database 1 in APP_URL, but databases declares 2", "redis://", {"default": 2}, {"APP_URL": f"{URL}/1"}),
            ("worker has database 1 in APP_URL, but without databases it uses 0", "redis://", {}, {"APP_URL": f"{URL}/1?timeout=5"}),
            ("has database 3 in APP_URL", "redis://", {}, {"APP_URL": f"{URL}?db=3"}),
            ("has database 3 in APP_SERVER", "${address}", {}, {"APP_SERVER": "${address},defaultDatabase=3"}),
            ("worker has database 1 in REDIS_DB, but databases declares 2", "'1'", {"default": 2}, {"HOST": "${host}", "REDIS_DB": "1"}),
            ("has database 4 in cache_redis_database", "'4'", {}, {"HOST": "${host}", "cache_redis_database": "4"}),
        )
    ),
    Case(
        "database-undeclared",
        "beersystem has database 5 in REDIS_DB of its manifest, but without databases it uses 0",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "REDIS_DB", "value": "5"}),
    ),
    Case(
        "database-unused",
        "no value of worker has database 2: an application without a number uses database 0",
        "2",
        with_variables({"default": 2}, HOST="${host}"),
        severity="warning",
    ),
    Case(
        "database-unused",
        "no value of worker has database 3",
        "3",
        with_variables({"default": 2, "results": 3}, APP_URL=URL + "/${database}"),
        severity="warning",
    ),
    Case(
        "channels-shared",
        "beersystem and second run registry.example.com/beersystem/backend: pub/sub has no databases",
        "second",
        two_instances(),
        severity="warning",
        manifest=anywhere(),
    ),
    Case(
        "use-missing",
        "worker seems to store queue in Redis, and use does not contain it: CELERY_BROKER_URL contains celery",
        "worker",
        with_variables({}, CELERY_BROKER_URL=URL),
        severity="warning",
    ),
    Case(
        "use-missing",
        "args of container backend of Deployment/beersystem-backend contains sidekiq",
        "- cache",
        severity="warning",
        manifest=with_arguments("bundle", "exec", "sidekiq"),
    ),
    Case(
        "use-unknown",
        "beersystem has no use, so rediskit treats its data as a cache: allkeys-lru evicts any key",
        "beersystem",
        first_client(use=[]),
        severity="warning",
    ),
    Case(
        "use-unknown",
        "beersystem has no use, so rediskit treats its data as a cache: no gate requires empty queues",
        "beersystem",
        first_client("prepare", use=[]) | {"redis": {"memory": {"policy": "noeviction"}}},
        severity="warning",
    ),
    Case("use-missing", "worker seems to store sessions", "worker", with_variables({}, SESSION_HOST="${host}"), severity="warning"),
    Case(
        "use-unsaved",
        "beersystem stores sessions and queue, and Redis has neither an append-only file nor save points",
        "- sessions",
        first_client(use=["sessions", "queue"]) | {"redis": {"appendOnly": False, "memory": {"policy": "noeviction"}}},
    ),
]


OLD_REDIS = [
    Case(
        "release-settings",
        "HelmRelease/shop is suspended: no step has an effect",
        "chocolandia/suspended.yaml",
        first_client(owner={"kind": "flux-helmrelease", "release": "chocolandia/suspended.yaml"}),
    ),
    Case(
        "release-chart",
        "HelmRelease/shop installs chart version 1.2.3, and 1.2.2 was installed before scale-down",
        "chocolandia/release.yaml",
        first_client(
            owner={"kind": "flux-helmrelease", "release": "chocolandia/release.yaml"},
            migration={"evidence": [{"kind": "installed", "step": "prepare", "at": "2026-03-01T21:00:00Z", "value": "1.2.2"}]},
        ),
    ),
    Case(
        "values-beaten",
        "helm.parameters of Application/shop sets web.replicas, which wins over the values of each step",
        "stopped:",
        first_client(
            owner={
                "kind": "helm-values",
                "release": "chocolandia/application.yaml",
                "values": {"stopped": {"web": {"replicas": 0}}, "switched": {"web": {"host": "${host}"}}},
            }
        ),
    ),
    Case(
        "database-clash",
        "worker uses database 1, which beersystem uses too",
        "number: 1",
        with_databases({"default": 1}, {"cache": {"number": 1, "shared": True}}),
    ),
    Case(
        "queue-evicted",
        "beersystem stores a queue, and the policy allkeys-lru removes any key",
        "- cache",
        first_client(use=["cache", "queue"]),
    ),
    Case("cache-fills", "Redis refuses queue of beersystem", "- cache", first_client(use=["cache", "queue"]) | FULL, severity="warning"),
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
        without_scan(),
    ),
    Case(
        "previous-shared",
        "redis-shared-replicas.redis.svc is the shared Redis itself: beersystem already uses it",
        "redis-shared-replicas.redis.svc",
        first_client(previous={"host": "redis-shared-replicas.redis.svc"}),
    ),
]
