"""Cases of clients that share data in one old Redis."""

from __future__ import annotations

from typing import Any

from tests.checks.cases import Case
from tests.checks.client_cases import two_clients
from tests.samples import config


def two_databases(first: str, second: str, **sections: Any) -> dict[str, Any]:
    """Return two clients whose manifests have one database of one old Redis, and that get two."""
    workloads = [{"manifest": "chocolandia/worker.yaml", "containers": config("prepare")["clients"][0]["workloads"][0]["containers"]}]
    return two_clients(first, second, workloads=workloads, databases={"default": 1}, use=["queue"], **sections) | {
        "redis": {"memory": {"policy": "noeviction"}}
    }


SHARED = [
    Case(
        "database-split",
        "beersystem and worker have database 0 of redis.beersystem.svc.cluster.local, and get 0 and 1: they no longer share data",
        "default: 1",
        two_databases("prepare", "prepare"),
        severity="warning",
    ),
    Case(
        "move-apart",
        "beersystem uses the shared Redis, and worker is at prepare with database 0 of the same old Redis",
        "prepare",
        two_databases("reconfigure", "prepare"),
    ),
]
