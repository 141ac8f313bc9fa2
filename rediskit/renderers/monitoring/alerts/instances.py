"""Alerts about instances that are down, and about instances without metrics."""

from collections.abc import Iterator

from rediskit.chart.names import INSTANCE, Release
from rediskit.renderers.monitoring.alerts.rule import ERROR, POD, VALUE, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object

_RESTARTS, _RESTART_MINUTES = 2, 15
"""A new password or image causes one restart. Two restarts within these minutes are a loop."""


def instances(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about instances and their exporters.

    An exporter is a container of the Redis pod, so its series end with the pod. A Redis runs if it rejects its exporter with an error, or
    if another instance is connected to it.
    """
    yield from _down(release, series)
    yield from _unseen(release, series)
    yield from _primaries(release, series)
    yield rule(
        "RestartingAgain",
        "critical",
        series.hold(1),
        "count by (pod) (count by (pod, run_id) "
        f"(max_over_time(redis_instance_info{{{series.selector}}}[{series.range(_RESTART_MINUTES)}]))) - 1 >= {_RESTARTS}",
        f"An instance of {release.fullname} restarts repeatedly",
        f"Redis in {POD} has restarted at least {VALUE} times within {series.range(_RESTART_MINUTES)}. Each restart of the primary "
        f"interrupts all clients, and a crash loses up to a second of writes. Find the cause: kubectl -n {release.namespace} describe "
        f"pod {POD}; kubectl -n {release.namespace} logs {POD} -c {release.container} --previous. Usual causes: the memory limit, a "
        "failing liveness probe, the volume.",
    )


def _missing(series: Series) -> str:
    """Return the condition that an instance does not answer its exporter and no other instance is connected to it.

    A primary counts its replicas, and a replica reports its link to the primary. Either exporter may be down.
    """
    counted = f"{series.connected_replicas} + count({series.primaries}) >= {series.instances}"
    through_a_replica = f"count({series.answering}) + 1 >= {series.instances} and on () {series.linked} == 1"
    return (
        f"(count({series.answering}) or vector(0)) < {series.instances}\n"
        f"unless on () absent({series.scraped})\n"
        f"unless on () ({counted})\n"
        f"unless on () ({through_a_replica} unless on () {series.primaries} unless on () ({series.refusals}))"
    )


def _down(release: Release, series: Series) -> Iterator[Object]:
    pods = f"kubectl -n {release.namespace} get pods -l {INSTANCE}={release.name} -o wide"
    yield rule(
        "InstanceDown",
        "critical",
        series.hold(2),
        _missing(series),
        f"An instance of {release.fullname} is down",
        f"{VALUE} of {series.instances} Redis instances answer. No other instance is connected to a missing one. Check its pod: "
        f"{pods}. A Pending pod may wait for the node with its volume. If its containers restart, read the log: kubectl "
        f"-n {release.namespace} logs <pod> -c {release.container} --previous.",
    )
    yield rule(
        "NoMetrics",
        "critical",
        series.hold(2),
        f"absent({series.scraped})",
        f"Prometheus has no metrics of {release.fullname}",
        f"Alerts about {release.fullname} cannot fire without them. Either no pod runs, or Prometheus does not find or reach "
        f"the exporters. Check the pods: {pods}. If they run, open Status > Targets in Prometheus. It finds the Service "
        f"{release.metrics_service} through the ServiceMonitor {release.fullname}, and the NetworkPolicy {release.fullname} must allow it.",
    )


def _unseen(release: Release, series: Series) -> Iterator[Object]:
    if series.instances > 1:
        yield _not_scraped(release, series)
    yield rule(
        "ExporterBlind",
        "warning",
        series.hold(2),
        series.locked_out,
        f"Redis rejects the exporter of {release.fullname}",
        f'Redis in {POD} runs, but answers its exporter with the error "{ERROR}". Without metrics, alerts about it cannot fire. The '
        f"container {release.exporter_container} reads the password only at its start: restart the pod after a change of the password.",
    )


def _not_scraped(release: Release, series: Series) -> Object:
    return rule(
        "MetricsMissing",
        "warning",
        series.hold(5),
        f"count({series.scraped}) < {series.instances}\nunless on () (\n{_missing(series)}\n)",
        f"Prometheus does not scrape every instance of {release.fullname}",
        f"Prometheus scrapes {VALUE} of {series.instances} exporters. All Redis instances run, because they are connected to each other. "
        f"Alerts about the missing one cannot fire. Check the container {release.exporter_container} of its pod (memory limit, log) and "
        f"the NetworkPolicy {release.fullname}.",
    )


def _primaries(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about primaries. A primary may reject its exporter, or be known only from its connected replica."""
    yield rule(
        "NoPrimary",
        "critical",
        series.hold(2),
        f"(count({series.primaries}) or vector(0)) == 0\n"
        f"unless on () absent({series.scraped})\n"
        f"unless on () {series.linked} == 1\n"
        f"unless on () ({series.refusals})",
        f"{release.fullname} has no primary",
        "No instance with metrics is a primary, and no replica is connected to one. Writes fail, unless the primary is disconnected "
        f"only from Prometheus and its replicas. Check {release.primary_statefulset} first. If its pod is restarting, wait. If "
        "it does not restart, follow docs/failover.md of the rendered manifests step by step, to keep the data of the replica.",
    )
    yield rule(
        "SeveralPrimaries",
        "critical",
        series.hold(2),
        f"count({series.primaries}) > 1",
        f"{release.fullname} has more than one primary",
        f"{VALUE} instances are primaries, and they do not replicate each other. Connect all clients to one of them. REPLICAOF makes "
        "the others its replicas, and deletes the writes that only they have. Follow docs/failover.md of the rendered manifests.",
    )
