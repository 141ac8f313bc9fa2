"""Alerts about persistence."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.redis import Redis
from rediskit.renderers.monitoring.alerts.rule import POD, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object


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
        kept = (
            "All writes since the last snapshot are in memory only." if not redis.append_only else "The append-only file is not affected."
        )
        yield rule(
            "SnapshotFailing",
            "critical",
            series.hold(1),
            _failed(series, "rdb_last_bgsave_status"),
            f"{release.fullname} cannot save its snapshot",
            f"{POD} could not write its RDB snapshot within {series.window}. Until a snapshot succeeds, a primary rejects every write "
            f"(MISCONF). {kept} Its log has the cause. Usual causes are a full disk ({disk}) or too little memory for the fork.",
        )


def _failed(series: Series, state: str) -> str:
    return f"min by (pod) (min_over_time(redis_{state}{{{series.selector}}}[{series.window}])) == 0"
