"""The alerts: a PrometheusRule that says in plain words what is wrong with the shared Redis and what to do.

Metric names are those of redis_exporter 1.76 (facts: chart §4), and all of them stay when the command CONFIG is disabled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rediskit.chart.names import INSTANCE, Release
from rediskit.model.environment import Environment
from rediskit.model.redis import Memory, Redis
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.series import LATENCY_OBJECTIVE, Series
from rediskit.renderers.tree import Object

Severity = Literal["critical", "warning", "info"]

PREFIX = "SharedRedis"
"""What the name of every alert begins with."""

_POD, _COMMAND, _REPLICA = "{{ $labels.pod }}", "{{ $labels.cmd }}", "{{ $labels.slave_ip }}"
_VALUE, _NUMBER, _PERCENT = "{{ $value }}", "{{ $value | humanize }}", "{{ $value | humanizePercentage }}"
"""Filled in by Prometheus when the alert fires. `slave_ip` is the exporter's word."""

_SECONDS_BEHIND = 10
_MEBIBYTES_BEHIND = 32
"""Half of what Redis lets a replica be behind before it drops it (client-output-buffer-limit, replica 64 MiB for 60 s)."""
_REFUSALS = 10
"""Refusals in one window that are no accident: a replica that connects is refused once before it logs in (seen on Redis 7.0)."""


def alerts(environment: Environment) -> Object:
    """The PrometheusRule of the release, in Prometheus's namespace, with the label that its ruleSelector asks for."""
    settings, redis, release, series = environment.monitoring, environment.redis, release_of(environment), Series.of(environment)
    rules = [
        *_instances(release, series),
        *_replication(release, series),
        *_memory(release, series, redis.memory),
        *_connections(release, series),
        *_calls(release, series, redis),
        *_persistence(release, series, redis),
    ]
    # An aggregated series has no labels of its own: without these two, the alerts of two releases would be one to Alertmanager.
    for rule in rules:
        rule["labels"].update({"namespace": release.namespace, "service": release.metrics_service})
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata(release.fullname, settings.namespace, {**labels(environment), "release": settings.release}),
        "spec": {"groups": [{"name": release.fullname, "rules": rules}]},
    }


def _rule(name: str, severity: Severity, hold: str, expr: str, summary: str, description: str) -> Object:
    return {
        "alert": PREFIX + name,
        "expr": expr,
        "for": hold,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }


def _instances(release: Release, series: Series) -> Iterator[Object]:
    """A pod that died takes its exporter along: its series end, so absence has to count as 0."""
    yield _rule(
        "InstanceDown",
        "critical",
        series.hold(2),
        f"(sum(redis_up{{{series.selector}}}) or vector(0)) < {series.instances}",
        f"An instance of {release.fullname} is down",
        f"{_VALUE} of {series.instances} Redis instances answer. Look for the missing pod: kubectl -n {release.namespace} get pods "
        f"-l {INSTANCE}={release.name} -o wide. A Pending one may wait for the node that holds its volume. If all of them run, look at "
        "their metrics container: the password it started with, its memory, the NetworkPolicy.",
    )
    yield _rule(
        "NotOnePrimary",
        "critical",
        series.hold(2),
        f"(count({series.primaries}) or vector(0)) != 1",
        f"{release.fullname} does not have exactly one primary",
        f"{_VALUE} instances call themselves primary. With 0 nobody can write: bring {release.primary_statefulset} back; if that is not "
        "possible, save the data of a replica before you promote it. With 2 or more the data drifts apart: keep all clients on one of "
        "them and make the others its replicas, which drops what was written to them.",
    )


def _replication(release: Release, series: Series) -> Iterator[Object]:
    """A first sync is no fault: the primary counts such a replica, the replica's own word has to last, and its offset is left out.

    Only a primary is asked for its replicas. Where its exporter alone is gone, the replica's 0 would look like a broken replication.
    """
    replicas = series.instances - 1
    yield _rule(
        "ReplicationBroken",
        "warning",
        series.hold(5),
        f"sum(redis_connected_slaves{{{series.selector}}} and on (pod) {series.primaries}) < {replicas}\n"
        f"or count(redis_master_link_up{{{series.selector}}} == 0) > 0",
        f"A replica of {release.fullname} does not follow the primary",
        f"Fewer replicas than {replicas} are connected to the primary, or one of them has lost it. Its data grows old, and with the "
        f"primary all newer data would be lost. If the primary runs, read why: kubectl -n {release.namespace} logs "
        f"statefulset/{release.replicas_statefulset}. Usual causes: a wrong password, DNS, a NetworkPolicy, a full sync that fails and "
        "starts again.",
    )
    yield _rule(
        "ReplicaLagging",
        "warning",
        series.hold(1),
        f"redis_connected_slave_lag_seconds{{{series.selector}}} > {_SECONDS_BEHIND}\nor {series.behind()} > {_MEBIBYTES_BEHIND * 2**20}",
        f"A replica of {release.fullname} is far behind",
        f"The replica at {_REPLICA} is more than {_SECONDS_BEHIND} s or {_MEBIBYTES_BEHIND} MiB behind its primary. Reads from it are old, "
        "and Redis drops a replica that stays behind, which costs a full sync. Look for a burst of writes, a slow disk or network, and "
        "the replica's CPU limit.",
    )


def _memory(release: Release, series: Series, memory: Memory) -> Iterator[Object]:
    """What a full memory means depends on the policy. A full cache evicts, as it should: that is information only."""
    full = "keys are dropped, whosever they are, sessions too"
    if memory.policy == "noeviction":
        full = "writes fail"
    elif memory.policy.startswith("volatile"):
        full = "keys with an expiry are dropped, and writes fail when there are none"
    yield _rule(
        "MemoryAlmostFull",
        "critical" if memory.policy == "noeviction" else "warning",
        series.hold(10),
        f"redis_memory_used_bytes{{{series.selector}}} / (redis_memory_max_bytes{{{series.selector}}} > 0) > 0.9",
        f"The memory of {release.fullname} is almost full",
        f"{_POD} uses {_PERCENT} of its maxmemory. When it is full, {full} ({memory.policy}). Find what grows (redis-cli --bigkeys, "
        "redis-cli --memkeys), let keys expire, or raise redis.memory.max together with the memory limits.",
    )
    yield _rule(
        "EvictingKeys",
        "info",
        series.hold(10),
        f"rate(redis_evicted_keys_total{{{series.selector}}}[{series.window}]) > 0",
        f"{release.fullname} evicts keys",
        f"{_POD} drops {_NUMBER} keys a second to stay below maxmemory ({memory.policy}). A cache may do that. If sessions or queues lie "
        "in this Redis too, they are lost with it: raise redis.memory.max, or let the cache's keys expire sooner.",
    )


def _connections(release: Release, series: Series) -> Iterator[Object]:
    """The limit is `redis_max_clients`, from INFO: `redis_config_maxclients` goes when CONFIG is disabled."""
    yield _rule(
        "TooManyConnections",
        "warning",
        series.hold(5),
        f"redis_connected_clients{{{series.selector}}} / redis_max_clients{{{series.selector}}} > 0.8",
        f"{release.fullname} is running out of connections",
        f"{_POD} has {_PERCENT} of the connections it allows; at 100 % it turns clients away. CLIENT LIST shows whose they are: mostly an "
        "application that opens a new one for each request instead of using a pool.",
    )
    yield _rule(
        "ConnectionsRejected",
        "critical",
        series.hold(1),
        f"increase(redis_rejected_connections_total{{{series.selector}}}[{series.window}]) > 0",
        f"{release.fullname} turns clients away",
        f"{_POD} rejected {_NUMBER} connections within {series.window}: maxclients is reached, and applications see errors now. CLIENT "
        "LIST shows who holds the connections: restart that application, then mend its pool.",
    )


def _calls(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Latency, unless LATENCY is disabled: the exporter has no histogram then, and a rule that can't fire only looks like safety."""
    if "LATENCY" not in redis.disabled_commands:
        latency = series.latency('cmd=~"get|set"', series.window)
        yield _rule(
            "LatencyHigh",
            "warning",
            series.hold(10),
            f"{latency} > {LATENCY_OBJECTIVE}",
            f"{release.fullname} is slow",
            f"5 % of the {_COMMAND} calls at {_POD} take {_NUMBER} ms or longer inside Redis; the objective is {LATENCY_OBJECTIVE} ms. "
            "Look for slow commands (SLOWLOG GET), for CPU throttling of the pod and for a slow disk.",
        )
    yield _rule(
        "AuthenticationFailing",
        "warning",
        series.hold(5),
        f'sum by (pod) (increase(redis_errors_total{{{series.selector},err=~"NOAUTH|WRONGPASS"}}[{series.window}])) > {_REFUSALS}',
        f"Somebody has the wrong password for {release.fullname}",
        f"{_POD} refused {_NUMBER} logins or commands within {series.window}. After a change of the password: something that was not "
        "restarted since still has the old one. Else a client has no password or a wrong one, or somebody is trying: ACL LOG shows the "
        "addresses.",
    )


def _persistence(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Only what is switched on: a failure of something that never runs again would stand for ever."""
    disk = f"kubectl -n {release.namespace} exec {_POD} -- df -h /data"
    if redis.append_only:
        yield _rule(
            "AppendOnlyWriteFailing",
            "critical",
            series.hold(1),
            f"redis_aof_last_write_status{{{series.selector}}} == 0",
            f"{release.fullname} cannot write to its disk",
            f"{_POD} cannot write its append-only file, and Redis refuses writes until it can. Most often the disk is full: {disk}. Make "
            "room on the node, or drop data.",
        )
        yield _rule(
            "AppendOnlyRewriteFailing",
            "warning",
            series.hold(10),
            f"redis_aof_last_bgrewrite_status{{{series.selector}}} == 0",
            f"The append-only file of {release.fullname} grows",
            f"{_POD} could not rewrite its append-only file, which now grows until the disk is full. Its log says why; most often there is "
            f"no disk space ({disk}) or no memory for the fork.",
        )
    if redis.save_points:
        yield _rule(
            "SnapshotFailing",
            "critical",
            series.hold(1),
            f"redis_rdb_last_bgsave_status{{{series.selector}}} == 0",
            f"{release.fullname} cannot save its snapshot",
            f"{_POD} could not write its RDB snapshot, and Redis refuses writes until it can. Its log says why; most often there is no "
            f"disk space ({disk}) or no memory for the fork.",
        )
