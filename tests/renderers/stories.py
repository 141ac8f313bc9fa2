"""What can happen to a shared Redis, as the series that Prometheus scrapes then, and the alerts that have to fire."""

from __future__ import annotations

from tests.renderers.prometheus import MINUTE, PRIMARY, REPLICA, Fleet, changed, ended, fleet, matching, then

HEALTHY = fleet()


def both(**changes: str) -> Fleet:
    """The healthy fleet with other values for some metrics of both pods."""
    result = HEALTHY
    for metric, values in changes.items():
        result = changed(result, f"redis_{metric}", values)
    return result


def dead(pod: str) -> Fleet:
    """A pod that died: its series end, and the other one notices."""
    result = ended(HEALTHY, pod=pod)
    if pod == PRIMARY:
        return changed(result, "redis_master_link_up", then("1", "0"))
    result = changed(result, "redis_connected_slaves", then("1", "0"), pod=PRIMARY)
    return ended(result, slave_port="6379")


def promoted(*, fenced: bool) -> Fleet:
    """The replica made a primary after ten minutes, by the runbook or by accident."""
    result = ended(HEALTHY, pod=PRIMARY) if fenced else changed(HEALTHY, "redis_connected_slaves", then("1", "0"), pod=PRIMARY)
    for metric in ("redis_master_link_up", "redis_instance_info"):
        result = ended(result, metric, pod=REPLICA)
    (was,) = matching(result, "redis_instance_info", pod=REPLICA)
    return {**result, was.replace('"slave"', '"master"'): f"_x{10 * MINUTE} 1x{50 * MINUTE}"}


def restarted() -> Fleet:
    """A primary that is away for a minute and comes back with another address and run_id; the old series end late."""
    late = {name: values.replace(f"x{10 * MINUTE} stale", f"x{10 * MINUTE + 6} stale") for name, values in dead(PRIMARY).items()}
    back = {
        name.replace("10.42.0.0:9121", "10.42.0.9:9121").replace("master1", "master2"): f"_x{11 * MINUTE} {values}"
        for name, values in HEALTHY.items()
        if PRIMARY in name
    }
    return {**changed(late, "redis_master_link_up", then("1", "0", 1)), **back}


def syncing(minutes: int) -> Fleet:
    """A replica that takes its time over the first sync: connected, its link not up, its offset 0."""
    result = changed(HEALTHY, "redis_master_link_up", then("1", "0", minutes))
    (lag,) = matching(result, "redis_connected_slave_lag_seconds")
    (offset,) = matching(result, "redis_connected_slave_offset_bytes")
    result = {**result, offset: f"999950000+50000x{10 * MINUTE} stale", lag: f"1x{10 * MINUTE} stale"}
    sync = f"_x{10 * MINUTE} 0x{minutes * MINUTE} stale"
    return {**result, **{name.replace("online", "send_bulk"): sync for name in (offset, lag)}}


def slow(share: float, *, only: str = "") -> Fleet:
    """That share of the get and set calls takes 17 to 34 ms, at both pods or at one of them; the rest is fast."""
    result = HEALTHY
    labels = {"pod": only} if only else {}
    for limit, calls in (("1", 0.0), ("16", 1 - share), ("16909", 1 - share)):
        for command in ("get", "set"):
            grown = round(1000 * calls)
            result = changed(result, "redis_commands_latencies_usec_bucket", f"0+{grown}x{60 * MINUTE}", cmd=command, le=limit, **labels)
    slowest = {name.replace('"16909"', '"33818"'): f"0+1000x{60 * MINUTE}" for name in matching(result, le="16909", **labels)}
    return {**result, **slowest}


def behind(distance: int) -> Fleet:
    """A replica whose offset is that many bytes behind, and stays so."""
    return changed(HEALTHY, "redis_connected_slave_offset_bytes", then("999950000+50000", f"{1_002_000_000 - distance}+50000"))


RECONNECTS = " ".join(f"{count}x{2 * MINUTE - 1}" for count in range(3, 33))
"""One refused login every two minutes: each connection of a replica begins with one."""
FOREIGN = fleet(namespace="argocd", service="argocd-redis-metrics")

STORIES: dict[str, tuple[Fleet, dict[str, int]]] = {
    "all fine": (HEALTHY, {}),
    "idle": (both(commands_latencies_usec_bucket=f"70x{60 * MINUTE}", keyspace_hits_total=f"9x{60 * MINUTE}"), {}),
    "primary killed": (dead(PRIMARY), {"InstanceDown": 1, "NotOnePrimary": 1, "ReplicationBroken": 1}),
    "replica killed": (dead(REPLICA), {"InstanceDown": 1, "ReplicationBroken": 1}),
    "both killed": (ended(HEALTHY), {"InstanceDown": 1, "NotOnePrimary": 1}),
    "never there": ({"up": f"1x{60 * MINUTE}"}, {"InstanceDown": 1, "NotOnePrimary": 1}),
    "another release in trouble": ({**HEALTHY, **ended(FOREIGN, pod=PRIMARY)}, {}),
    "another release alone": (FOREIGN, {"InstanceDown": 1, "NotOnePrimary": 1}),
    "redis gone, exporter there": (
        changed(ended(HEALTHY, pod=PRIMARY), "redis_up", then("1", "0"), pod=PRIMARY),
        {"InstanceDown": 1, "NotOnePrimary": 1},
    ),
    "exporter of the primary gone": (ended(HEALTHY, pod=PRIMARY), {"InstanceDown": 1, "NotOnePrimary": 1}),
    "exporter of the replica gone": (ended(HEALTHY, pod=REPLICA), {"InstanceDown": 1}),
    "primary restarted": (restarted(), {}),
    "two primaries": (promoted(fenced=False), {"NotOnePrimary": 1, "ReplicationBroken": 1}),
    "failover by the runbook": (promoted(fenced=True), {"InstanceDown": 1, "ReplicationBroken": 1}),
    "link down": (both(master_link_up=then("1", "0")), {"ReplicationBroken": 1}),
    "first sync": (syncing(4), {}),
    "sync without end": (syncing(20), {"ReplicationBroken": 1}),
    "replica does not answer": (both(connected_slave_lag_seconds=then("1", "40")), {"ReplicaLagging": 1}),
    "replica cannot keep up": (behind(40_000_000), {"ReplicaLagging": 1}),
    "replica is 16 MiB behind": (behind(2**24), {}),
    "memory at 95 %": (both(memory_used_bytes=then("500000000", "1020000000")), {"MemoryAlmostFull": 2}),
    "memory at 95 % for a while": (both(memory_used_bytes=then("500000000", "1020000000", 5)), {}),
    "no maxmemory": (both(memory_max_bytes=f"0x{60 * MINUTE}"), {}),
    "evictions": (changed(HEALTHY, "redis_evicted_keys_total", then("0", "0+5"), pod=PRIMARY), {"EvictingKeys": 1}),
    "evictions for a moment": (changed(HEALTHY, "redis_evicted_keys_total", f"0x{10 * MINUTE} 0+5x8 40x{45 * MINUTE}", pod=PRIMARY), {}),
    "many connections": (changed(HEALTHY, "redis_connected_clients", then("20", "8500"), pod=PRIMARY), {"TooManyConnections": 1}),
    "connections rejected": (
        changed(HEALTHY, "redis_rejected_connections_total", then("0", "30"), pod=PRIMARY),
        {"ConnectionsRejected": 1},
    ),
    "6 % slow": (slow(0.06), {"LatencyHigh": 4}),
    "4 % slow": (slow(0.04), {}),
    "primary slow, replica fast": (slow(0.06, only=PRIMARY), {"LatencyHigh": 2}),
    "disk full": (both(aof_last_write_status=then("1", "0")), {"AppendOnlyWriteFailing": 2}),
    "rewrite fails": (both(aof_last_bgrewrite_status=then("1", "0")), {"AppendOnlyRewriteFailing": 2}),
    "snapshot fails": (both(rdb_last_bgsave_status=then("1", "0")), {"SnapshotFailing": 2}),
    "wrong password": (changed(HEALTHY, "redis_errors_total", then("3", "3+2"), err="NOAUTH", pod=PRIMARY), {"AuthenticationFailing": 1}),
    "replica connects again and again": (changed(HEALTHY, "redis_errors_total", RECONNECTS, err="NOAUTH", pod=PRIMARY), {}),
}
"""What happens, and how many alerts of each name fire at some time of that hour. No other may."""
