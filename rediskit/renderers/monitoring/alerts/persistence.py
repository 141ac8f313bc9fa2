"""Alerts about the files that Redis keeps its data in."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.redis import Redis
from rediskit.renderers.monitoring.alerts.rule import POD, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object


def persistence(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Yield the rules about what is switched on: a failure of something that never runs again would stand for ever.

    A restart resets these states, and each probe that succeeds in between too: the worst of the window counts.
    """
    disk = f"kubectl -n {release.namespace} exec {POD} -c redis -- df -h /data"
    if redis.append_only:
        yield rule(
            "AppendOnlyWriteFailing",
            "critical",
            series.hold(1),
            _failed(series, "aof_last_write_status"),
            f"{release.fullname} cannot write to its disk",
            f"{POD} could not write its append-only file within {series.window}. As long as that lasts, a primary refuses every write "
            f"(MISCONF), and a replica has the writes in memory alone. Most often the disk is full: {disk}. Free space on the node, or "
            "delete keys and run BGREWRITEAOF.",
        )
        yield rule(
            "AppendOnlyRewriteFailing",
            "warning",
            series.hold(10),
            f"redis_aof_last_bgrewrite_status{{{series.selector}}} == 0",
            f"The append-only file of {release.fullname} grows",
            f"The last rewrite of the append-only file of {POD} failed, so the file grows with every write. Its log has the reason; most "
            f"often there is no disk space ({disk}) or no memory for the fork.",
        )
    if redis.save_points:
        kept = (
            "What was written since the last snapshot is in memory alone."
            if not redis.append_only
            else "The append-only file is not affected."
        )
        yield rule(
            "SnapshotFailing",
            "critical",
            series.hold(1),
            _failed(series, "rdb_last_bgsave_status"),
            f"{release.fullname} cannot save its snapshot",
            f"{POD} could not write its RDB snapshot within {series.window}. Until one succeeds, a primary refuses every write "
            f"(MISCONF). {kept} Its log has the reason; most often there is no disk space ({disk}) or no memory for the fork.",
        )


def _failed(series: Series, state: str) -> str:
    return f"min by (pod) (min_over_time(redis_{state}{{{series.selector}}}[{series.window}])) == 0"
