"""The checks of a running shared Redis as data: what each measures, and its limit."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Phase = Literal["connectivity", "replication", "performance", "monitoring"]
Status = Literal["passed", "failed", "skipped", "unknown"]
PHASES: tuple[Phase, ...] = ("connectivity", "replication", "performance", "monitoring")
STATUSES: tuple[Status, ...] = ("passed", "failed", "skipped", "unknown")
"""`unknown` is a check without data. It is never passed."""


class Check(NamedTuple):
    """One check.

    Attributes:
        title: What must be true.
        sc: The success criterion that it proves; "" for none.
        limit: The limit of the measured value; "" where the title contains it.
        unit: The unit of value and limit.
    """

    phase: Phase
    title: str
    sc: str = ""
    limit: str = ""
    unit: str = ""


CHECKS: Mapping[str, Check] = {
    "resolves": Check("connectivity", "the name of the Service has an address"),
    "connect-time": Check("connectivity", "a TCP connection to Redis opens within the limit", "SC-003", "100", "ms"),
    "ping": Check("connectivity", "Redis accepts the password of the Secret"),
    "unauthenticated": Check("connectivity", "Redis refuses commands without the password or with a wrong one", "SC-008", "0", "commands"),
    "read-write": Check("connectivity", "a key is written, read and deleted"),
    "disabled-commands": Check("connectivity", "the disabled commands do not exist"),
    "settings": Check("connectivity", "memory limit, eviction policy and persistence are those of the config"),
    "secrets-equal": Check("connectivity", "the Secret has one value in all namespaces", "SC-008"),
    "external-service": Check("connectivity", "the external Service has the address of the config and no node port", "SC-004"),
    "refused-outside": Check("connectivity", "a machine outside of network.allow gets no connection", "SC-004", "3", "s"),
    "client-connection": Check(
        "connectivity", "each container with the Redis variables has a connection with the password, to its database"
    ),
    "client-refusals": Check("connectivity", "Redis refuses no client during the observation", "SC-008", "0", "refusals"),
    "roles": Check("replication", "the Service for writes leads to a primary, and each replica is connected to its primary"),
    "replicas-online": Check("replication", "all replicas are online", "SC-002", "", "replicas"),
    "replica-lag": Check("replication", "each replica acknowledged the replication stream at most 1 s ago", "", "1", "s"),
    "replica-offset": Check("replication", "each replica is at most 1 MiB behind the primary", "", "1048576", "bytes"),
    "wait": Check("replication", "all replicas acknowledge a write within 1 s", "", "", "replicas"),
    "replica-reads": Check("replication", "a written value can be read on each replica", "SC-002"),
    "replica-refuses-writes": Check("replication", "a replica refuses writes"),
    "reads-without-replica": Check("replication", "reads continue while a replica restarts (--disruptive)", "SC-002"),
    "reads-without-primary": Check("replication", "reads continue while the primary restarts (--disruptive)", "SC-002"),
    "data-survives": Check("replication", "data survives both restarts (--disruptive)", "SC-007"),
    "roles-return": Check("replication", "the roles are as before both restarts (--disruptive)"),
    "operations-set": Check(
        "performance", "operations per second of SET, median of three runs of redis-benchmark", "SC-006", "", "operations/s"
    ),
    "operations-get": Check(
        "performance", "operations per second of GET, median of three runs of redis-benchmark", "SC-006", "", "operations/s"
    ),
    "p95-set": Check("performance", "95th percentile of the latency of SET, median of three runs of redis-benchmark", "SC-001", "", "ms"),
    "p95-get": Check("performance", "95th percentile of the latency of GET, median of three runs of redis-benchmark", "SC-001", "", "ms"),
    "targets-up": Check("monitoring", "Prometheus scrapes each instance, and its exporter reaches Redis", "SC-005", "", "instances"),
    "target-labels": Check("monitoring", "each instance has one series with the labels namespace, service and pod"),
    "scrapes": Check("monitoring", "the scrapes of the last 5 minutes are as frequent as configured", "SC-005", "", "scrapes"),
    "scrape-interval": Check("monitoring", "each instance is scraped every 15 s or more often", "SC-005", "15", "s"),
    "rules": Check("monitoring", "Prometheus has loaded all rules of the config"),
    "rules-health": Check("monitoring", "no rule fails", "", "0", "rules"),
    "panel": Check("monitoring", "a panel of the dashboard has data"),
    "alerts": Check("monitoring", "no alert about this Redis fires", "", "0", "alerts"),
    "dashboard": Check("monitoring", "the ConfigMap of the dashboard has the label that Grafana requires"),
}
"""All checks by name, in the order of a report."""


def limit_of(name: str, operations: int, p95: str) -> str:
    """Return limit and unit of a check for a page.

    Args:
        operations: `verification.operations`.
        p95: `verification.p95`.
    """
    if name.startswith("operations-"):
        return f"{operations} {CHECKS[name].unit}"
    return p95 if name.startswith("p95-") else f"{CHECKS[name].limit} {CHECKS[name].unit}".strip() if CHECKS[name].limit else ""
