"""What can happen to a shared Redis, as the series that Prometheus scrapes then, and the alerts that have to fire."""

from __future__ import annotations

from collections.abc import Iterable

from tests.renderers.prometheus import MINUTE, PRIMARY, REPLICA, Fleet, changed, ended, fleet, matching, then

HEALTHY = fleet()


def both(**changes: str) -> Fleet:
    """Return the healthy fleet with other values for some metrics of both pods."""
    result = HEALTHY
    for metric, values in changes.items():
        result = changed(result, f"redis_{metric}", values)
    return result


def dead(pod: str) -> Fleet:
    """Return a pod that died: its series end, and the other one notices."""
    return noticed(ended(HEALTHY, pod=pod), pod)


def noticed(scraped: Fleet, pod: str) -> Fleet:
    """Return the other pod has lost this one after ten minutes."""
    if pod == PRIMARY:
        return changed(scraped, "redis_master_link_up", then("1", "0"))
    result = changed(scraped, "redis_connected_slaves", then("1", "0"), pod=PRIMARY)
    return ended(result, slave_port="6379")


def refused(error: str, *pods: str) -> Fleet:
    """After ten minutes these exporters get an error in place of the metrics of their Redis."""
    result = HEALTHY
    for pod in pods:
        up, healthy = matching(result, "redis_up", pod=pod) + matching(result, "redis_exporter_last_scrape_error", pod=pod)
        result = {
            **ended(result, pod=pod),
            up: then("1", "0"),
            healthy.replace('err=""', f'err="{error}"'): f"_x{10 * MINUTE} 1x{50 * MINUTE}",
        }
    return result


def promoted(*, fenced: bool) -> Fleet:
    """Return the replica made a primary after ten minutes, by the runbook or by accident."""
    result = ended(HEALTHY, pod=PRIMARY) if fenced else changed(HEALTHY, "redis_connected_slaves", then("1", "0"), pod=PRIMARY)
    for metric in ("redis_master_link_up", "redis_instance_info"):
        result = ended(result, metric, pod=REPLICA)
    (was,) = matching(result, "redis_instance_info", pod=REPLICA)
    return {**result, was.replace('"slave"', '"master"'): f"_x{10 * MINUTE} 1x{50 * MINUTE}"}


def restarted(*, times: int = 1) -> Fleet:
    """Return a primary that is away for a minute and comes back with another address and run_id; the old series end late."""
    result = {name: values.replace(f"x{10 * MINUTE} stale", f"x{10 * MINUTE + 6} stale") for name, values in dead(PRIMARY).items()}
    for number in range(1, times + 1):
        end = f"x{2 * MINUTE} stale" if number < times else f"x{60 * MINUTE}"
        result |= {
            name.replace("10.42.0.0:9121", f"10.42.0.{number + 9}:9121").replace("master1", f"again{number}"): (
                f"_x{(8 + 3 * number) * MINUTE} " + values.replace(f"x{60 * MINUTE}", end)
            )
            for name, values in HEALTHY.items()
            if PRIMARY in name
        }
    return changed(result, "redis_master_link_up", "1x39" + " 0x3 1x7" * times + f" 1x{50 * MINUTE}")


def looping() -> Fleet:
    """Return a primary that the kubelet restarts every minute: the container has the address of its pod, so only the run_id changes."""
    (info,) = matching(HEALTHY, "redis_instance_info", pod=PRIMARY)
    lives = {info.replace("master1", f"life{number}"): f"_x{(10 + number) * MINUTE} 1x2 stale" for number in range(20)}
    up = f"1x{10 * MINUTE - 1}" + " 1x2 0" * 20 + f" 1x{30 * MINUTE}"
    result = ended(HEALTHY, pod=PRIMARY)
    (name,) = matching(result, "redis_up", pod=PRIMARY)
    return {**result, **lives, name: up}


def syncing(minutes: int) -> Fleet:
    """Return a replica that takes its time over the first sync: connected, its link not up, its offset 0."""
    result = changed(HEALTHY, "redis_master_link_up", then("1", "0", minutes))
    (lag,) = matching(result, "redis_connected_slave_lag_seconds")
    (offset,) = matching(result, "redis_connected_slave_offset_bytes")
    result = {**result, offset: f"999950000+50000x{10 * MINUTE} stale", lag: f"1x{10 * MINUTE} stale"}
    sync = f"_x{10 * MINUTE} 0x{minutes * MINUTE} stale"
    return {**result, **{name.replace("online", "send_bulk"): sync for name in (offset, lag)}}


def slow(share: float, *, only: str = "") -> Fleet:
    """Return a fleet in which a share of the get and set calls takes 17 to 34 ms, at both pods or at one."""
    result = HEALTHY
    labels = {"pod": only} if only else {}
    for limit, calls in (("1", 0.0), ("16", 1 - share), ("16909", 1 - share)):
        for command in ("get", "set"):
            grown = round(1000 * calls)
            result = changed(result, "redis_commands_latencies_usec_bucket", f"0+{grown}x{60 * MINUTE}", cmd=command, le=limit, **labels)
    slowest = {name.replace('"16909"', '"33818"'): f"0+1000x{60 * MINUTE}" for name in matching(result, le="16909", **labels)}
    return {**result, **slowest}


def behind(distance: int) -> Fleet:
    """Return a replica whose offset is that many bytes behind, and stays so."""
    return changed(HEALTHY, "redis_connected_slave_offset_bytes", then("999950000+50000", f"{1_002_000_000 - distance}+50000"))


def full(*, buffers: int = 0) -> Fleet:
    """Both pods at 1.1 times maxmemory, of which some bytes are buffers that Redis leaves out when it compares."""
    return both(memory_used_bytes=then("500000000", str(round(1.1 * 2**30))), mem_not_counted_for_eviction_bytes=f"{buffers}x{60 * MINUTE}")


def out_of_memory(values: str, pods: Iterable[str] = (PRIMARY,)) -> Fleet:
    """Errors of the code OOM that Redis counts; the series begins with the first of them."""
    names = [matching(HEALTHY, "redis_errors_total", err="NOAUTH", pod=pod)[0].replace("NOAUTH", "OOM") for pod in pods]
    return {**HEALTHY, **dict.fromkeys(names, values)}


def saturated() -> Fleet:
    """Return a primary that fills up with connections, and at the limit turns its exporter away as well."""
    result = refused(TOO_MANY, PRIMARY)
    (clients,) = matching(result, "redis_connected_clients", pod=PRIMARY)
    return {**result, clients: f"20x{9 * MINUTE} 8500x3 stale"}


RECONNECTS = " ".join(f"{count}x{2 * MINUTE - 1}" for count in range(3, 33))
"""One refused login every two minutes: each connection of a replica begins with one."""
FOREIGN = fleet(namespace="argocd", service="argocd-redis-metrics")
WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."
TOO_MANY = "ERR max number of clients reached"
NOT_THERE = "dial tcp [::1]:6379: connect: connection refused"


def failed_job(name: str, namespace: str = "redis") -> Fleet:
    """Return a Job that fails after ten minutes, as kube-state-metrics reports it: a series per reason."""
    labels = f'job="kube-state-metrics",instance="10.42.0.9:8080",namespace="{namespace}",job_name="{name}"'
    started = f"kube_job_status_failed{{{labels}}}"
    reasons = {"BackoffLimitExceeded": 1, "DeadlineExceeded": 0, "Evicted": 0}
    series = {reason: f'kube_job_status_failed{{{labels},reason="{reason}"}}' for reason in reasons}
    ended = {series[reason]: f"_x{10 * MINUTE} {value}x{50 * MINUTE}" for reason, value in reasons.items()}
    return {**HEALTHY, started: f"0x{10 * MINUTE - 1} stale", **ended}


STORIES: dict[str, tuple[Fleet, dict[str, int]]] = {
    "all fine": (HEALTHY, {}),
    "idle": (both(commands_latencies_usec_bucket=f"70x{60 * MINUTE}", keyspace_hits_total=f"9x{60 * MINUTE}"), {}),
    "primary killed": (dead(PRIMARY), {"InstanceDown": 1, "NoPrimary": 1, "ReplicationBroken": 1}),
    "replica killed": (dead(REPLICA), {"InstanceDown": 1, "ReplicationBroken": 1}),
    "both killed": (ended(HEALTHY), {"NoMetrics": 1}),
    "never there": ({"up": f"1x{60 * MINUTE}"}, {"NoMetrics": 1}),
    "another release in trouble": ({**HEALTHY, **ended(FOREIGN, pod=PRIMARY)}, {}),
    "another release alone": (FOREIGN, {"NoMetrics": 1}),
    "redis gone, exporter there": (
        noticed(refused(NOT_THERE, PRIMARY), PRIMARY),
        {"InstanceDown": 1, "NoPrimary": 1, "ReplicationBroken": 1},
    ),
    "both gone, exporters there": (refused(NOT_THERE, PRIMARY, REPLICA), {"InstanceDown": 1, "NoPrimary": 1}),
    "exporter of the primary gone": (ended(HEALTHY, pod=PRIMARY), {"MetricsMissing": 1}),
    "exporter of the replica gone": (ended(HEALTHY, pod=REPLICA), {"MetricsMissing": 1}),
    "exporter of the primary has the wrong password": (refused(WRONG_PASSWORD, PRIMARY), {"ExporterBlind": 1}),
    "exporter of the replica has the wrong password": (refused(WRONG_PASSWORD, REPLICA), {"ExporterBlind": 1}),
    "both exporters have the wrong password": (refused(WRONG_PASSWORD, PRIMARY, REPLICA), {"ExporterBlind": 2}),
    "wrong password of the exporter, and the replica has lost its primary": (
        noticed(refused(WRONG_PASSWORD, PRIMARY), PRIMARY),
        {"ExporterBlind": 1, "ReplicationBroken": 1},
    ),
    "primary restarted": (restarted(), {}),
    "primary restarted three times": (restarted(times=3), {"RestartingAgain": 1}),
    "primary restarts in a loop": (looping(), {"RestartingAgain": 1}),
    "two primaries": (promoted(fenced=False), {"SeveralPrimaries": 1, "ReplicationBroken": 1}),
    "failover by the runbook": (promoted(fenced=True), {"InstanceDown": 1, "ReplicationBroken": 1}),
    "link down": (both(master_link_up=then("1", "0")), {"ReplicationBroken": 1}),
    "first sync": (syncing(4), {}),
    "sync without end": (syncing(20), {"ReplicationBroken": 1}),
    "replica does not answer": (both(connected_slave_lag_seconds=then("1", "40")), {"ReplicaLagging": 1}),
    "replica cannot keep up": (behind(40_000_000), {"ReplicaLagging": 1}),
    "replica is 16 MiB behind": (behind(2**24), {}),
    "no maxmemory": (both(memory_max_bytes=f"0x{60 * MINUTE}"), {}),
    "full cache": (both(memory_used_bytes=then("500000000", "1062000000")), {}),
    "memory beyond maxmemory": (full(), {"MemoryBeyondLimit": 1}),
    "buffers of replicas beyond maxmemory": (full(buffers=2**27), {}),
    "evictions": (changed(HEALTHY, "redis_evicted_keys_total", then("0", "0+5"), pod=PRIMARY), {"EvictingKeys": 1}),
    "evictions for a moment": (changed(HEALTHY, "redis_evicted_keys_total", f"0x{10 * MINUTE} 0+5x8 40x{45 * MINUTE}", pod=PRIMARY), {}),
    "writes refused": (out_of_memory(f"_x{10 * MINUTE} 3+8x{50 * MINUTE}"), {"WritesRefused": 1}),
    "writes refused before": (out_of_memory(f"70x{60 * MINUTE}"), {}),
    "many connections": (changed(HEALTHY, "redis_connected_clients", then("20", "8500"), pod=PRIMARY), {"TooManyConnections": 1}),
    "no connection left": (saturated(), {"TooManyConnections": 1, "ConnectionsRejected": 1}),
    "no connection left, all at once": (refused(TOO_MANY, PRIMARY), {"ConnectionsRejected": 1}),
    "no connection left at the replica": (refused(TOO_MANY, REPLICA), {"ConnectionsRejected": 1}),
    "connections rejected": (
        changed(HEALTHY, "redis_rejected_connections_total", then("0", "30"), pod=PRIMARY),
        {"ConnectionsRejected": 1},
    ),
    "6 % slow": (slow(0.06), {"LatencyHigh": 4}),
    "4 % slow": (slow(0.04), {}),
    "primary slow, replica fast": (slow(0.06, only=PRIMARY), {"LatencyHigh": 2}),
    "disk full": (both(aof_last_write_status=then("1", "0")), {"AppendOnlyWriteFailing": 2}),
    "disk full, and restarts in between": (
        changed(HEALTHY, "redis_aof_last_write_status", f"1x{10 * MINUTE}" + " 0x1 1x5 stale _x2" * 10, pod=PRIMARY),
        {"AppendOnlyWriteFailing": 1},
    ),
    "rewrite fails": (both(aof_last_bgrewrite_status=then("1", "0")), {"AppendOnlyRewriteFailing": 2}),
    "snapshot fails": (both(rdb_last_bgsave_status=then("1", "0")), {"SnapshotFailing": 2}),
    "wrong password": (changed(HEALTHY, "redis_errors_total", then("3", "3+2"), err="NOAUTH", pod=PRIMARY), {"AuthenticationFailing": 1}),
    "a verification failed": (failed_job("redis-shared-check-replication-0a1b2c3d"), {"VerificationFailed": 1}),
    "a verification of another release failed": (failed_job("redis-check-connectivity-0a1b2c3d"), {}),
    "a verification of a namesake failed": (failed_job("redis-shared-check-connectivity-0a1b2c3d", "other"), {}),
    "another Job failed": (failed_job("backup"), {}),
    "replica connects again and again": (changed(HEALTHY, "redis_errors_total", RECONNECTS, err="NOAUTH", pod=PRIMARY), {}),
}
"""What happens, and how many alerts of each name fire at some time of that hour. No other may."""

BY_POLICY: dict[str, tuple[str, Fleet, dict[str, int]]] = {
    "95 % with noeviction": ("noeviction", both(memory_used_bytes=then("500000000", "1020000000")), {"MemoryAlmostFull": 2}),
    "95 % with volatile-lru": ("volatile-lru", both(memory_used_bytes=then("500000000", "1020000000")), {"MemoryAlmostFull": 2}),
    "95 % for a while": ("noeviction", both(memory_used_bytes=then("500000000", "1020000000", 5)), {}),
    "no maxmemory": ("noeviction", both(memory_max_bytes=f"0x{60 * MINUTE}"), {}),
    "writes refused": ("noeviction", out_of_memory(f"_x{10 * MINUTE} 3+8x{50 * MINUTE}"), {"WritesRefused": 1}),
    "a full cache is no fault": ("allkeys-lfu", both(memory_used_bytes=then("500000000", "1062000000")), {}),
}
"""What a full memory means under another policy than the default."""
