"""Alerts about replication."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.renderers.monitoring.alerts.rule import REPLICA, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object

_SECONDS_BEHIND = 10
_MEBIBYTES_BEHIND = 32
"""Half of the lag at which Redis disconnects a replica (client-output-buffer-limit: 64 MiB for 60 s)."""


def replication(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about replicas.

    The first copy of a replica is normal: the primary counts the replica, and its offset is excluded. Only the metrics of a primary count
    replicas, because a replica itself always reports 0.
    """
    replicas = series.instances - 1
    yield rule(
        "ReplicationBroken",
        "warning",
        series.hold(5),
        f"{series.connected_replicas} < {replicas}\nor count(redis_master_link_up{{{series.selector}}} == 0) > 0",
        f"A replica of {release.fullname} does not follow the primary",
        f"The primary has fewer than {replicas} replicas, or the link of a replica to its primary is down. New writes are "
        f"on one node only. If the primary runs, find the cause: kubectl -n {release.namespace} logs "
        f"statefulset/{release.replicas_statefulset} -c {release.container}. Usual causes: the replica is down, a wrong password, DNS, a "
        "NetworkPolicy, a full copy that fails or takes very long.",
    )
    yield rule(
        "ReplicaLagging",
        "warning",
        series.hold(1),
        f"redis_connected_slave_lag_seconds{{{series.selector}}} > {_SECONDS_BEHIND}\nor {series.behind()} > {_MEBIBYTES_BEHIND * 2**20}",
        f"A replica of {release.fullname} is far behind",
        f"The replica {REPLICA} has acknowledged nothing for more than {_SECONDS_BEHIND} s, or is more than {_MEBIBYTES_BEHIND} MiB "
        "behind its primary. Reads from it are stale. Redis disconnects a replica that stays behind, and a full copy follows. Check for a "
        "burst of writes, a slow disk or network, and the CPU limit of the replica.",
    )
