"""Alerts about the copies of the data: persistence and replication."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.redis import Redis
from rediskit.renderers.monitoring.alerts.rule import POD, REPLICA, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object

_SECONDS_BEHIND = 10
_MEBIBYTES_BEHIND = 32
"""Half of the lag at which Redis disconnects a replica (client-output-buffer-limit: 64 MiB for 60 s)."""


def persistence(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Yield the rules about the enabled forms of persistence. A disabled one never runs again, so its last failure would stay.

    A restart and a successful probe reset these states, so the rules use the worst state of the window.
    """
    disk = f"kubectl -n {release.namespace} exec {POD} -c {release.container} -- df -h /data"
    if redis.append_only:
        yield rule(
            "AppendOnlyWriteFailing",
            "critical",
            series.hold(1),
            _failed(series, "aof_last_write_status"),
            f"{release.fullname} cannot write to its disk",
            f"{POD} could not write its append-only file within {series.window}. Until this is fixed, a primary rejects every write "
            f"(MISCONF), and a replica keeps writes in memory only. The usual cause is a full disk: {disk}. Free space on the node, or "
            "delete keys and run BGREWRITEAOF.",
        )
        yield rule(
            "AppendOnlyRewriteFailing",
            "warning",
            series.hold(10),
            f"redis_aof_last_bgrewrite_status{{{series.selector}}} == 0",
            f"The append-only file of {release.fullname} grows",
            f"The last rewrite of the append-only file of {POD} failed, so the file grows with every write. Its log has the cause. "
            f"Usual causes are a full disk ({disk}) or too little memory for the fork.",
        )
    if redis.save_points:
        durability = (
            "All writes since the last snapshot are in memory only." if not redis.append_only else "The append-only file is not affected."
        )
        yield rule(
            "SnapshotFailing",
            "critical",
            series.hold(1),
            _failed(series, "rdb_last_bgsave_status"),
            f"{release.fullname} cannot save its snapshot",
            f"{POD} could not write its RDB snapshot within {series.window}. Until a snapshot succeeds, a primary rejects every write "
            f"(MISCONF). {durability} Its log has the cause. Usual causes are a full disk ({disk}) or too little memory for the fork.",
        )


def _failed(series: Series, state: str) -> str:
    return f"min by (pod) (min_over_time(redis_{state}{{{series.selector}}}[{series.window}])) == 0"


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
