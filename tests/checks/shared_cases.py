"""Cases of clients that share data in one old Redis."""

from __future__ import annotations

from typing import Any

from tests.checks.cases import Case
from tests.checks.client_cases import first_client, two_clients, with_databases
from tests.samples import backend, client, config, merged


def two_databases(first: str, second: str, **sections: Any) -> dict[str, Any]:
    """Return two clients whose manifests have one database of one old Redis, and that get two."""
    workloads = [{"manifest": "chocolandia/worker.yaml", "containers": config("prepare")["clients"][0]["workloads"][0]["containers"]}]
    return two_clients(first, second, workloads=workloads, databases={"default": 1}, use=["queue"], **sections) | {
        "redis": {"memory": {"policy": "noeviction"}}
    }


URL = "redis://:${password}@${address}/${database}"
NUMBERS = {"CACHE_URL": 0, "RESULT_URL": 1}


def two_urls() -> dict[str, Any]:
    """Return the real Deployment with an address per database of its old Redis."""
    workload = backend()
    env = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    env += [{"name": name, "value": f"redis://redis.beersystem.svc.cluster.local/{number}"} for name, number in NUMBERS.items()]
    return workload


def one_database() -> dict[str, Any]:
    """Return the client whose two addresses get one number."""
    first = config("validate")["clients"][0]
    containers = {"backend": {"env": {**first["workloads"][0]["containers"]["backend"]["env"], **dict.fromkeys(NUMBERS, URL)}}}
    return {"clients": [{**first, "databases": {"default": 0}, "workloads": [{**first["workloads"][0], "containers": containers}]}]}


def one_number() -> dict[str, Any]:
    """Return two clients with an old Redis of their own, and one number in the shared Redis."""
    clients: list[dict[str, Any]] = [config("validate")["clients"][0], client("worker", "prepare")]
    return {"clients": [{**content, "databases": {"default": {"number": 0, "shared": True}}} for content in clients]}


SHARED = [
    Case(
        "database-split",
        "beersystem and worker have database 0 of redis.beersystem.svc.cluster.local, and get 0 and 1: they no longer share data",
        "default: 1",
        two_databases("prepare", "prepare"),
        severity="warning",
    ),
    Case(
        "database-merged",
        "beersystem has databases 0, 1 of redis.beersystem.svc.cluster.local, and gets 0 for all of them: equal keys overwrite each other",
        "default: 0",
        one_database(),
        severity="warning",
        manifest=two_urls(),
    ),
    Case(
        "database-joined",
        "beersystem and worker have database 0 of redis.beersystem.svc.cluster.local and a database of redis.worker.svc.cluster.local",
        "number: 0",
        one_number(),
        severity="warning",
    ),
    Case(
        "move-apart",
        "beersystem uses the shared Redis, and worker is at prepare with database 0 of the same old Redis",
        "prepare",
        two_databases("reconfigure", "prepare"),
    ),
    Case(
        "commands-shared",
        "FLUSHALL is enabled for 2 clients: each of beersystem and worker can delete the keys of the others",
        "- FLUSHDB",
        two_clients("prepare", "prepare") | {"redis": {"disabledCommands": ["FLUSHDB"]}},
        severity="warning",
    ),
    Case(
        "commands-shared",
        "FLUSHDB is enabled, and worker can delete the sessions of beersystem in database 1, which both use",
        "- FLUSHALL",
        merged(
            with_databases({"default": {"number": 1, "shared": True}}, {"cache": {"number": 1, "shared": True}}),
            {"redis": {"disabledCommands": ["FLUSHALL"]}, "clients": {0: {"use": ["sessions"]}}},
        ),
        severity="warning",
    ),
    Case(
        "command-needed",
        "beersystem stores a queue, and EVALSHA is disabled",
        "- queue",
        first_client(use=["queue"]) | {"redis": {"disabledCommands": ["FLUSHALL", "EVALSHA"], "memory": {"policy": "noeviction"}}},
        severity="warning",
    ),
]
