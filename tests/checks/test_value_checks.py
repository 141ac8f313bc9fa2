"""The checks of config values: each case is reported with a hint, at the position of the value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, render
from tests.checks.cases import Case, assert_reported, name_of
from tests.samples import backend, client, config, loaded, merged

METRICS_LABELS = {
    f"app.kubernetes.io/{key}": text for key, text in (("component", "metrics"), ("instance", "redis-shared"), ("name", "redis"))
}


def first_client(step: str = "validate", **sections: Any) -> dict[str, Any]:
    return {"clients": [merged(config(step)["clients"][0], sections)]}


def two_clients(first: str, second: str | None, **sections: Any) -> dict[str, Any]:
    """Return the config with a second client of the same old Redis in the same namespace."""
    other = client("worker", second, namespace="beersystem", **({"previous": {"host": "redis"}} | sections))
    return {"clients": [config(first)["clients"][0], other]}


def with_databases(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return two clients that name these databases."""
    mine = {**config("validate")["clients"][0], **({"databases": first} if first else {})}
    other: dict[str, Any] = {"databases": second} if second else {}
    return {"clients": [mine, client("worker", None, **other)]}


def without_scan() -> dict[str, Any]:
    """Return the config at decommission without the evidence of a scan."""
    first = config("decommission")["clients"][0]
    evidence = [entry for entry in first["migration"]["evidence"] if entry["kind"] != "scan"]
    return {"clients": [{**first, "migration": {**first["migration"], "evidence": evidence}}]}


def with_env(*entries: dict[str, str], container: int = 0) -> dict[str, Any]:
    """Return the real Deployment with more variables at the end."""
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][container]["env"] += entries
    return workload


WARNINGS = [
    Case("memory-headroom", "the memory limit of master and replica is 2Gi: 2 times maxmemory 1gb, less than 2.2", "name: chocolandia"),
    Case("frozen-image", "bitnamilegacy/redis and bitnamilegacy/redis-exporter: frozen since 2025-08-28", "name: chocolandia"),
    Case(
        "database-unnamed",
        "worker, beersystem use database 0, and not all of them name it",
        "worker",
        with_databases({"default": 0}, {}),
    ),
    Case(
        "previous-differs",
        "has redis.beersystem.svc.cluster.local in REDIS_HOST, but previous.host is redis.other",
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
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}"}}}}}),
        manifest=with_env({"name": "REDIS_URL", "value": "redis://redis.other:6379"}),
    ),
    Case(
        "previous-differs",
        "has database 4 in REDIS_URL, but the new URL has 0",
        "redis://:${password}",
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}"}}}}}),
        manifest=with_env({"name": "REDIS_URL", "value": "redis://redis:6379/4"}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_HSOT in backend",
        "${host}",
        first_client(
            workloads={
                0: {"containers": {"backend": {"env": {"REDIS_HSOT": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}}}
            }
        ),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_ULR in backend",
        "redis://:${password}",
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_ULR": "redis://:${password}@${address}"}}}}}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_PROT in backend",
        "${port}",
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_PROT": "${port}"}}}}}, previous={"port": 6380}),
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
        "database-clash",
        "worker uses database 1, which beersystem uses too",
        "number: 1",
        with_databases({"default": 1}, {"cache": {"number": 1, "shared": True}}),
    ),
    Case(
        "queue-evicted",
        "beersystem stores a queue, and the policy allkeys-lru removes any key",
        "- queue",
        first_client(use=["cache", "queue"]),
    ),
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

VALUES = [Case(**entry) for entry in yaml.safe_load(Path(__file__).with_name("values.yaml").read_text(encoding="utf-8"))]
CASES = [*VALUES, *CLIENTS, *OLD_REDIS, *(case._replace(severity="warning") for case in WARNINGS)]


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
