"""Alerts about memory, connections and calls."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.redis import Redis
from rediskit.renderers.monitoring.alerts.rule import COMMAND, NUMBER, PERCENT, POD, rule
from rediskit.renderers.monitoring.series import LATENCY_OBJECTIVE, Series
from rediskit.renderers.tree import Object

_NORMAL_REJECTIONS = 10
"""Errors per window that are normal: Redis 7.0 rejects a connecting replica once before it authenticates."""


def memory(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Yield the rules about memory, by policy. With `allkeys-*`, a full memory is normal."""
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
            f"{POD} evicts {NUMBER} keys per second to stay below maxmemory ({policy}). This is normal for a cache. If sessions or queues "
            "are in this Redis too, they are evicted as well: raise redis.memory.max, or set a shorter expiry on the cache keys.",
        )
    left = "" if policy == "noeviction" else f" {policy} has no more keys to evict."
    yield rule(
        "WritesRefused",
        "critical",
        series.hold(1),
        f'sum by (pod) (increase(redis_errors_total{{{series.selector},err="OOM"}}[{series.window}])) > 0',
        f"{release.fullname} rejects writes: memory is full",
        f"{POD} rejected about {NUMBER} commands within {series.window} with the error OOM: its memory is full ({policy}).{left} Find "
        "large keys (redis-cli --bigkeys, redis-cli --memkeys), set an expiry, or raise redis.memory.max together with the memory "
        "limits.",
    )


def _almost_full(release: Release, series: Series, policy: str) -> Object:
    full = "writes fail" if policy == "noeviction" else "keys with an expiry are evicted, and writes fail when none is left"
    return rule(
        "MemoryAlmostFull",
        "critical" if policy == "noeviction" else "warning",
        series.hold(10),
        f"redis_memory_used_bytes{{{series.selector}}} / (redis_memory_max_bytes{{{series.selector}}} > 0) > 0.9",
        f"The memory of {release.fullname} is almost full",
        f"{POD} uses {PERCENT} of its maxmemory. When it is full, {full} ({policy}). Find large keys (redis-cli --bigkeys, redis-cli "
        "--memkeys), set an expiry, or raise redis.memory.max together with the memory limits.",
    )


def _beyond_the_limit(release: Release, series: Series, policy: str) -> Object:
    """Return the rule about memory above the limit.

    Redis excludes the buffers of replicas and of the append-only file from its comparison (evict.c). Replicas do not evict.
    """
    used, buffers, limit = (
        f"redis_{name}_bytes{{{series.selector}}}" for name in ("memory_used", "mem_not_counted_for_eviction", "memory_max")
    )
    return rule(
        "MemoryBeyondLimit",
        "warning",
        series.hold(5),
        f"({used} - {buffers}) / ({limit} > 0) > 1.05 and on (pod) {series.primaries}",
        f"{release.fullname} uses more memory than maxmemory",
        f"{POD} uses {PERCENT} of its maxmemory, although it may evict any key ({policy}). Either Redis evicts keys more slowly than "
        "clients write, or other data uses the memory: check the output buffers of clients (CLIENT LIST, omem). The memory limit of "
        "the container is the next limit.",
    )


def connections(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about connections.

    A Redis without a free connection also rejects the exporter, so its metrics end. The rules use the last metrics and the error of the
    exporter. The limit is `redis_max_clients`, from INFO, because `redis_config_maxclients` needs CONFIG.
    """
    clients, limit = (f"redis_{name}{{{series.selector}}}" for name in ("connected_clients", "max_clients"))
    yield rule(
        "TooManyConnections",
        "warning",
        series.hold(2),
        f"(\n  max by (pod) ({clients} / {limit})\n"
        f"  or max by (pod) (last_over_time({clients}[{series.window}]) / last_over_time({limit}[{series.window}]))\n) > 0.8",
        f"{release.fullname} is running out of connections",
        f"{POD} used {PERCENT} of its connections at the last scrape. At 100 % it rejects clients. CLIENT LIST shows "
        "the clients. The usual cause is an application that opens a connection per request instead of using a pool.",
    )
    rejected = f"increase(redis_rejected_connections_total{{{series.selector}}}[{series.window}])"
    yield rule(
        "ConnectionsRejected",
        "critical",
        series.hold(1),
        f"sum by (pod) ({rejected}) > 0\nor count by (pod) ({series.saturated})",
        f"{release.fullname} rejects clients",
        f"{POD} rejected connections within {series.window}: maxclients is reached, and applications get errors. The exporter "
        "may be among them, so metrics may be missing. Find the clients (CLIENT LIST, on an open connection), restart that application, "
        "and fix its connection pool.",
    )


def calls(release: Release, series: Series, redis: Redis) -> Iterator[Object]:
    """Yield the rules about calls. Without LATENCY, the exporter has no histogram, so the rule about latency could never fire."""
    if "LATENCY" not in redis.disabled_commands:
        latency = series.latency('cmd=~"get|set"', series.window)
        yield rule(
            "LatencyHigh",
            "warning",
            series.hold(10),
            f"{latency} > {LATENCY_OBJECTIVE}",
            f"{release.fullname} is slow",
            f"5 % of the {COMMAND} calls at {POD} take about {NUMBER} ms or longer inside Redis; the objective is {LATENCY_OBJECTIVE} ms. "
            "The figure is an estimate, because Redis counts calls in powers of two. Check slow commands (SLOWLOG GET), CPU throttling "
            "of the pod, and the disk.",
        )
    yield rule(
        "AuthenticationFailing",
        "warning",
        series.hold(5),
        f'sum by (pod) (increase(redis_errors_total{{{series.selector},err=~"NOAUTH|WRONGPASS"}}[{series.window}])) > {_NORMAL_REJECTIONS}',
        f"Clients fail to authenticate to {release.fullname}",
        f"{POD} rejected about {NUMBER} logins or commands within {series.window}. After a password change, restart the clients "
        "that still use the old password. Otherwise a client has no password or a wrong one, or this is an attack. ACL LOG shows the "
        "addresses.",
    )
