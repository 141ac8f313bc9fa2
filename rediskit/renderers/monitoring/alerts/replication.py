"""Alerts about the replication."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.renderers.monitoring.alerts.rule import REPLICA, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object

_SECONDS_BEHIND = 10
_MEBIBYTES_BEHIND = 32
"""Half of what Redis lets a replica be behind before it drops it (client-output-buffer-limit, replica 64 MiB for 60 s)."""


def replication(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about replicas.

    A first copy is no fault: the primary counts such a replica, its link has to stay down for long, and its offset is left out.
    Only a primary is asked for its replicas. Where its exporter alone is gone, the replica's 0 would look like a broken replication.
    """
    replicas = series.instances - 1
    yield rule(
        "ReplicationBroken",
        "warning",
        series.hold(5),
        f"{series.connected_replicas} < {replicas}\nor count(redis_master_link_up{{{series.selector}}} == 0) > 0",
        f"A replica of {release.fullname} does not follow the primary",
        f"The primary has fewer than {replicas} replicas, or the link of a replica to its primary is down. What the primary writes now "
        f"is on no other node. If the primary runs, read why: kubectl -n {release.namespace} logs "
        f"statefulset/{release.replicas_statefulset} -c redis. Usual causes: the replica is down, a wrong password, DNS, a "
        "NetworkPolicy, a full copy that fails or takes longer than this alert waits.",
    )
    yield rule(
        "ReplicaLagging",
        "warning",
        series.hold(1),
        f"redis_connected_slave_lag_seconds{{{series.selector}}} > {_SECONDS_BEHIND}\nor {series.behind()} > {_MEBIBYTES_BEHIND * 2**20}",
        f"A replica of {release.fullname} is far behind",
        f"The replica {REPLICA} has acknowledged nothing for more than {_SECONDS_BEHIND} s, or is more than {_MEBIBYTES_BEHIND} MiB "
        "behind its primary. Reads from it are old. Redis drops a replica that stays behind, which costs a full copy. Look for a burst "
        "of writes, a slow disk or network, and the CPU limit of the replica.",
    )
