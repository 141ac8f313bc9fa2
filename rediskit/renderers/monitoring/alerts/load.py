"""Alerts about memory, connections and calls."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.redis import Redis
from rediskit.renderers.monitoring.alerts.rule import COMMAND, NUMBER, PERCENT, POD, rule
from rediskit.renderers.monitoring.series import LATENCY_OBJECTIVE, Series
from rediskit.renderers.tree import Object

_REFUSALS = 10
"""Refusals in one window that are no accident: a replica that connects is refused once before it logs in (seen on Redis 7.0)."""


def memory(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Yield the rules about memory. What a full memory means depends on the policy: a cache with `allkeys-*` is full by design."""
    policy = redis.memory.policy
    if policy.startswith("allkeys"):
        yield _beyond_the_limit(release, series, policy)
    else:
        yield _almost_full(release, series, policy)
    if policy != "noeviction":
        yield rule(
            "EvictingKeys",
            "info",
            series.hold(10),
            f"rate(redis_evicted_keys_total{{{series.selector}}}[{series.window}]) > 0",
            f"{release.fullname} evicts keys",
            f"{POD} drops {NUMBER} keys a second to stay below maxmemory ({policy}). A cache may do that. If sessions or queues are in "
            "this Redis too, they are lost with it: raise redis.memory.max, or let the keys of the cache expire sooner.",
        )
    left = "" if policy == "noeviction" else f" No key is left that {policy} may drop."
    yield rule(
        "WritesRefused",
        "critical",
        series.hold(1),
        f'sum by (pod) (increase(redis_errors_total{{{series.selector},err="OOM"}}[{series.window}])) > 0',
        f"{release.fullname} refuses writes: its memory is full",
        f"{POD} refused about {NUMBER} commands within {series.window} with the error OOM: its memory is full ({policy}).{left} Find "
        "what grows (redis-cli --bigkeys, redis-cli --memkeys), let keys expire, or raise redis.memory.max together with the memory "
        "limits.",
    )


def _almost_full(release: Release, series: Series, policy: str) -> Object:
    full = "writes fail" if policy == "noeviction" else "keys with an expiry are dropped, and writes fail when there are none"
    return rule(
        "MemoryAlmostFull",
        "critical" if policy == "noeviction" else "warning",
        series.hold(10),
        f"redis_memory_used_bytes{{{series.selector}}} / (redis_memory_max_bytes{{{series.selector}}} > 0) > 0.9",
        f"The memory of {release.fullname} is almost full",
        f"{POD} uses {PERCENT} of its maxmemory. When it is full, {full} ({policy}). Find what grows (redis-cli --bigkeys, redis-cli "
        "--memkeys), let keys expire, or raise redis.memory.max together with the memory limits.",
    )


def _beyond_the_limit(release: Release, series: Series, policy: str) -> Object:
    """Redis leaves the buffers of replicas and of the append-only file out when it compares (evict.c), and a replica does not compare."""
    used, buffers, limit = (
        f"redis_{name}_bytes{{{series.selector}}}" for name in ("memory_used", "mem_not_counted_for_eviction", "memory_max")
    )
    return rule(
        "MemoryBeyondLimit",
        "warning",
        series.hold(5),
        f"({used} - {buffers}) / ({limit} > 0) > 1.05 and on (pod) {series.primaries}",
        f"{release.fullname} uses more memory than maxmemory",
        f"{POD} uses {PERCENT} of its maxmemory, although it may drop any key ({policy}). Either keys are dropped more slowly than "
        "clients write, or the memory is not in keys: look at the output buffers of clients (CLIENT LIST, omem). The memory limit of "
        "the container comes next.",
    )


def connections(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about connections.

    A Redis without a free connection refuses the exporter too, so its metrics end when they matter: the last ones count on, and the error
    that the exporter gets is proof. The limit is `redis_max_clients`, from INFO: `redis_config_maxclients` goes when CONFIG is disabled.
    """
    clients, limit = (f"redis_{name}{{{series.selector}}}" for name in ("connected_clients", "max_clients"))
    yield rule(
        "TooManyConnections",
        "warning",
        series.hold(2),
        f"(\n  max by (pod) ({clients} / {limit})\n"
        f"  or max by (pod) (last_over_time({clients}[{series.window}]) / last_over_time({limit}[{series.window}]))\n) > 0.8",
        f"{release.fullname} is running out of connections",
        f"{POD} had {PERCENT} of its connections in use when Prometheus last saw it; at 100 % it turns clients away. CLIENT LIST shows "
        "who has them: mostly an application that opens a new one for each request instead of using a pool.",
    )
    rejected = f"increase(redis_rejected_connections_total{{{series.selector}}}[{series.window}])"
    yield rule(
        "ConnectionsRejected",
        "critical",
        series.hold(1),
        f"sum by (pod) ({rejected}) > 0\nor count by (pod) ({series.saturated})",
        f"{release.fullname} turns clients away",
        f"{POD} rejected connections within {series.window}: maxclients is reached, and applications get errors. The exporter may be "
        "among them, then there are no metrics. Find who has the connections (CLIENT LIST, on a connection that is open), restart that "
        "application, and fix its pool.",
    )


def calls(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Yield the rules about calls. Without LATENCY the exporter has no histogram, and a rule that can't fire only looks like safety."""
    if "LATENCY" not in redis.disabled_commands:
        latency = series.latency('cmd=~"get|set"', series.window)
        yield rule(
            "LatencyHigh",
            "warning",
            series.hold(10),
            f"{latency} > {LATENCY_OBJECTIVE}",
            f"{release.fullname} is slow",
            f"5 % of the {COMMAND} calls at {POD} take about {NUMBER} ms or longer inside Redis; the objective is {LATENCY_OBJECTIVE} ms. "
            "The figure is an estimate: Redis counts calls by powers of two. Look for slow commands (SLOWLOG GET), for CPU throttling "
            "of the pod and for a slow disk.",
        )
    yield rule(
        "AuthenticationFailing",
        "warning",
        series.hold(5),
        f'sum by (pod) (increase(redis_errors_total{{{series.selector},err=~"NOAUTH|WRONGPASS"}}[{series.window}])) > {_REFUSALS}',
        f"Somebody has the wrong password for {release.fullname}",
        f"{POD} refused about {NUMBER} logins or commands within {series.window}. After a change of the password, something that was not "
        "restarted still has the old one. Else a client has no password or a wrong one, or somebody is trying: ACL LOG shows the "
        "addresses.",
    )
