"""What can go wrong with a shared Redis, as something that a lab does, and the alerts that fire then.

A cause starts the trouble and returns while it lasts; what it opens on the stack ends with the scenario.
"""

from __future__ import annotations

import copy
import resource
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from random import SystemRandom
from typing import Any, NamedTuple

from tests.cluster.processes import until
from tests.live.kube_state_metrics import kube_state_metrics
from tests.live.lab import Lab
from tests.live.pods import Pod
from tests.live.repeating import repeated
from tests.live.resp import Connection, RedisError
from tests.live.slow import SlowLink

Cause = Callable[[Lab, ExitStack], None]


class Scenario(NamedTuple):
    """alerts: the names of all that fire, without the prefix. redis: the version of the server. config: of the lab, over its own.

    profile: the chart. Each profile has about half of the scenarios with each version.
    """

    cause: Cause
    alerts: frozenset[str]
    redis: str = "8.2"
    config: Mapping[str, Any] = {}
    profile: str = "bitnami"


def _fill(lab: Lab, pod: Pod, prefix: str, count: int, size: int = 100_000) -> None:
    """Write values that do not compress."""
    random = SystemRandom()
    with lab.connect(pod) as connection:
        for number in range(count):
            connection.call("SET", f"{prefix}:{number}", random.randbytes(size // 2).hex())


def limit_files(pod: Pod, size: int) -> None:
    """Let a write beyond this size of a file fail, as one to a full disk does."""
    resource.prlimit(pod.containers["redis"].pid, resource.RLIMIT_FSIZE, (size, size))


def primary_down(lab: Lab, _: ExitStack) -> None:
    lab.stop_primary()


def replica_down(lab: Lab, _: ExitStack) -> None:
    lab.scale_replicas(0)
    until("the end of the replica", lambda: len(lab.cluster.pods) == 1 or None, 60)


def server_down(lab: Lab, _: ExitStack) -> None:
    """Stop the server of the primary, while its exporter runs."""
    container = lab.primary.containers["redis"]
    container.spec["command"], container.spec["args"] = ["/bin/false"], []
    lab.primary.kill("redis")


def second_primary(lab: Lab, _: ExitStack) -> None:
    lab.redis(lab.replica, "REPLICAOF", "NO", "ONE")


def link_down(lab: Lab, _: ExitStack) -> None:
    """Give the replica a wrong password."""
    lab.redis(lab.replica, "CONFIG", "SET", "masterauth", "wrong")
    lab.redis(lab.replica, "CLIENT", "KILL", "TYPE", "master")


def slow_link(lab: Lab, stack: ExitStack) -> None:
    """Clients write more than the network between primary and replica carries."""
    primary = lab.primary
    link = stack.enter_context(SlowLink((primary.address, primary.port("redis")), 200_000))
    lab.redis(lab.replica, "REPLICAOF", *link.address)
    lab.wait_for_replicas()
    connection = stack.enter_context(lab.connect(primary))
    value = SystemRandom().randbytes(100_000).hex()
    stack.enter_context(repeated(lambda: connection.call("SET", "burst", value), 0.2))


def _lives(lab: Lab) -> float | None:
    """Return the number of servers of the primary that Prometheus has seen."""
    seen = f'max_over_time(redis_instance_info{{pod="{lab.release.primary_pod}"}}[15m])'
    return lab.prometheus.value(f"count(count by (run_id) ({seen}))")


def restarts(lab: Lab, _: ExitStack) -> None:
    """Kill the server of the primary three times."""
    server = lab.primary.containers["redis"]
    while server.restarts < 3:
        lab.primary.kill("redis", signal.SIGKILL)
        until("the death of the server", lambda: not lab.primary.ready or None, 30)
        lab.wait_ready()
        lab.wait_for_replicas(60)
        until("a scrape of this server", lambda: _lives(lab) == 1 + server.restarts or None, 60)


def wrong_password_of_the_exporter(lab: Lab, _: ExitStack) -> None:
    """Give the exporter of the primary a wrong password."""
    container = lab.primary.containers["metrics"]
    wrong = "a-password-of-before"
    for variable in container.spec["env"]:
        if variable["name"] == "REDIS_PASSWORD_FILE":
            (container.mounts["/secrets"] / "of-before").write_text(wrong)
            variable["value"] = "/secrets/of-before"
        if variable["name"] == "REDIS_PASSWORD":
            variable.pop("valueFrom")
            variable["value"] = wrong
    lab.primary.kill("metrics")


def exporter_gone(lab: Lab, _: ExitStack) -> None:
    """Stop the exporter of the primary."""
    container = lab.primary.containers["metrics"]
    container.spec["command"], container.spec["args"] = ["/bin/false"], []
    lab.primary.kill("metrics")


def no_targets(lab: Lab, _: ExitStack) -> None:
    """Delete the Service that the ServiceMonitor selects."""
    lab.cluster.remove("Service", lab.namespace, lab.release.metrics_service)


def connections(lab: Lab, stack: ExitStack) -> None:
    """Clients take 85 % of the connections, and after some scrapes all of them."""
    limit = 60
    lab.redis(lab.primary, "CONFIG", "SET", "maxclients", limit)
    address = lab.primary.address, lab.primary.port("redis")
    held = stack.enter_context(ExitStack())

    def connect() -> None:
        connection = socket.create_connection(address, 2)
        connection.settimeout(0.2)
        with suppress(TimeoutError):
            # A refused connection is told so and ends; one that was taken hears nothing.
            if connection.recv(100):
                connection.close()
                return
        held.enter_context(connection)

    while int(lab.info(lab.primary, "clients")["connected_clients"]) < limit * 0.87:
        connect()
    lab.prometheus.wait_for_samples(5, 180, since=time.time())
    stack.enter_context(repeated(connect, 0.005))


def full_disk(lab: Lab, stack: ExitStack) -> None:
    """Limit the size of the append-only file of the primary."""
    limit_files(lab.primary, 1)
    connection = stack.enter_context(lab.connect(lab.primary))
    stack.enter_context(repeated(lambda: connection.call("SET", "key", "value"), 0.5))


def full_disk_for_a_rewrite(lab: Lab, _: ExitStack) -> None:
    """There is space for the next writes, and none for a rewrite of the append-only file."""
    _fill(lab, lab.primary, "data", 60)
    lab.redis(lab.primary, "BGREWRITEAOF")
    until("the first rewrite", lambda: lab.info(lab.primary, "persistence")["aof_rewrite_in_progress"] == "0" or None, 30)
    limit_files(lab.primary, 2**20)
    lab.redis(lab.primary, "BGREWRITEAOF")


def failing_snapshot(lab: Lab, stack: ExitStack) -> None:
    """Fill the disk of a Redis that writes snapshots only."""
    limit_files(lab.primary, 1)
    connection = stack.enter_context(lab.connect(lab.primary))
    stack.enter_context(repeated(lambda: connection.call("SET", "key", "value"), 0.5))


def full_cache(lab: Lab, stack: ExitStack) -> None:
    """Fill a cache while clients continue to write."""
    _fill(lab, lab.primary, "fill", 250)
    number = iter(range(10**9))
    stack.enter_context(repeated(lambda: _fill(lab, lab.primary, f"more:{next(number)}", 2), 0.3))


def full_memory(lab: Lab, stack: ExitStack) -> None:
    """Fill the memory of a Redis that evicts nothing, while clients continue to write."""
    with suppress(RedisError):
        _fill(lab, lab.primary, "fill", 250)
    number = iter(range(10**9))
    stack.enter_context(repeated(lambda: _fill(lab, lab.primary, f"more:{next(number)}", 5), 0.3))


def unread_answers(lab: Lab, stack: ExitStack) -> None:
    """Request large answers without reading them, so the output buffer fills the memory."""
    connection = stack.enter_context(lab.connect(lab.primary))
    connection.send("EVAL", f"return string.rep('x', {60 * 2**20})", 0)


def wrong_password_of_a_client(lab: Lab, stack: ExitStack) -> None:
    def log_in() -> None:
        Connection(lab.primary.address, lab.primary.port("redis"), "wrong").close()

    stack.enter_context(repeated(log_in, 0.2))


def failed_verification(lab: Lab, stack: ExitStack) -> None:
    """Start a verification Job that expects a replica that is not there."""
    stack.enter_context(kube_state_metrics(lab))
    pods = [name for name in lab.cluster.pods if "-check-" in name]
    until("the end of the first Jobs", lambda: all(lab.pod(name).status()["status"]["phase"] == "Succeeded" for name in pods) or None, 90)
    (job,) = [content for (kind, _, name), content in lab.cluster.objects.items() if kind == "Job" and "-check-replication-" in name]
    failing = copy.deepcopy(job)
    failing["metadata"]["name"] += "0"
    for variable in failing["spec"]["template"]["spec"]["containers"][0]["env"]:
        if variable["name"] == "REPLICAS":
            variable["value"] += " " + variable["value"].replace("replicas-0", "replicas-1")
        if variable["name"] == "WAIT":
            variable["value"] = "5"
    lab.cluster.apply([failing])


def slow_calls(lab: Lab, stack: ExitStack) -> None:
    """Read one very large value repeatedly."""
    with lab.connect(lab.primary) as connection:
        connection.call("SETRANGE", "large", 150 * 2**20, "x")
    reader = stack.enter_context(lab.connect(lab.primary))
    stack.enter_context(repeated(lambda: reader.call("GET", "large"), 1.5))


def _memory(size: str, policy: str) -> Mapping[str, Any]:
    return {"redis": {"memory": {"max": size, "policy": policy}}}


SCENARIOS: Mapping[str, Scenario] = {
    "primary-down": Scenario(primary_down, frozenset({"InstanceDown", "NoPrimary", "ReplicationBroken"}), profile="cloudpirates"),
    "replica-down": Scenario(replica_down, frozenset({"InstanceDown", "ReplicationBroken"}), "7.0", profile="cloudpirates"),
    "server-down": Scenario(server_down, frozenset({"InstanceDown", "NoPrimary", "ReplicationBroken"}), "7.0"),
    "second-primary": Scenario(second_primary, frozenset({"SeveralPrimaries", "ReplicationBroken"})),
    "link-down": Scenario(link_down, frozenset({"ReplicationBroken", "AuthenticationFailing"}), "7.0", profile="cloudpirates"),
    "slow-link": Scenario(slow_link, frozenset({"ReplicaLagging"})),
    "restarts": Scenario(restarts, frozenset({"RestartingAgain"}), profile="cloudpirates"),
    "exporter-password": Scenario(wrong_password_of_the_exporter, frozenset({"ExporterBlind"}), profile="cloudpirates"),
    "exporter-gone": Scenario(exporter_gone, frozenset({"MetricsMissing"})),
    "no-targets": Scenario(no_targets, frozenset({"NoMetrics"})),
    "connections": Scenario(connections, frozenset({"TooManyConnections", "ConnectionsRejected"})),
    "full-disk": Scenario(full_disk, frozenset({"AppendOnlyWriteFailing"})),
    "full-disk-rewrite": Scenario(full_disk_for_a_rewrite, frozenset({"AppendOnlyRewriteFailing"}), profile="cloudpirates"),
    "failing-snapshot": Scenario(
        failing_snapshot, frozenset({"SnapshotFailing"}), "7.0", {"redis": {"appendOnly": False, "savePoints": ["5 1"]}}
    ),
    "full-cache": Scenario(full_cache, frozenset({"EvictingKeys"}), config=_memory("20mb", "allkeys-lru")),
    "full-memory": Scenario(full_memory, frozenset({"MemoryAlmostFull", "WritesRefused"}), config=_memory("20mb", "noeviction")),
    "unread-answers": Scenario(
        unread_answers, frozenset({"MemoryBeyondLimit"}), config=_memory("30mb", "allkeys-lfu"), profile="cloudpirates"
    ),
    "client-password": Scenario(wrong_password_of_a_client, frozenset({"AuthenticationFailing"}), "7.0", profile="cloudpirates"),
    "failed-verification": Scenario(
        failed_verification, frozenset({"VerificationFailed"}), config={"verification": {"jobs": True, "requests": 2000}}
    ),
    "slow-calls": Scenario(slow_calls, frozenset({"LatencyHigh"})),
}
"""All scenarios of the alerts. Together they fire every rule."""
