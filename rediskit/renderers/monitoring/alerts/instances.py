"""Alerts about instances that are down, and about instances that Prometheus does not see."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import INSTANCE, Release
from rediskit.renderers.monitoring.alerts.rule import ERROR, POD, VALUE, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object

_RESTARTS, _RESTART_MINUTES = 2, 15
"""One restart is a new password or another image. Two within these minutes are a loop."""


def instances(release: Release, series: Series) -> Iterator[Object]:
    """Yield the rules about instances and the exporter beside each of them.

    An exporter is a container of the Redis pod, so its series end with the pod. A Redis that refuses the exporter runs, and so does one
    that
    another instance is connected to.
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
        f"An instance of {release.fullname} restarts again and again",
        f"Redis in {POD} has restarted at least {VALUE} times within {series.range(_RESTART_MINUTES)}. Each restart of the primary "
        f"interrupts all clients, and a crash loses up to a second of writes. Read why it ended: kubectl -n {release.namespace} describe "
        f"pod {POD}; kubectl -n {release.namespace} logs {POD} -c redis --previous. Usual causes: the memory limit, a failing liveness "
        "probe, the volume.",
    )


def _missing(series: Series) -> str:
    """Return a condition: some instance does not answer its exporter, and no other instance is connected to it.

    A primary counts its replicas, and a replica reports its link to the primary. The exporter of either may be gone.
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
        f"{VALUE} of {series.instances} Redis instances answer, and no other instance is connected to a missing one. Look for its pod: "
        f"{pods}. A Pending pod may wait for the node that has its volume. If its containers restart: kubectl -n {release.namespace} "
        "logs <pod> -c redis --previous.",
    )
    yield rule(
        "NoMetrics",
        "critical",
        series.hold(2),
        f"absent({series.scraped})",
        f"Prometheus has no metrics of {release.fullname}",
        f"Alerts about {release.fullname} cannot fire as long as that lasts. Either no pod runs, or Prometheus does not find or reach "
        f"the exporters. Look for the pods: {pods}. If they run, open Status > Targets in Prometheus. It finds the Service "
        f"{release.metrics_service} through the ServiceMonitor {release.fullname}, and the NetworkPolicy {release.fullname} admits it.",
    )


def _unseen(release: Release, series: Series) -> Iterator[Object]:
    yield rule(
        "MetricsMissing",
        "warning",
        series.hold(5),
        f"count({series.scraped}) < {series.instances}\nunless on () (\n{_missing(series)}\n)",
        f"Prometheus does not see every instance of {release.fullname}",
        f"Prometheus reaches {VALUE} of {series.instances} exporters. All Redis instances run: they are connected with each other. "
        "Alerts about the missing one cannot fire. Look at the container metrics of its pod (its memory limit, its log) and at the "
        f"NetworkPolicy {release.fullname}.",
    )
    yield rule(
        "ExporterBlind",
        "warning",
        series.hold(2),
        series.locked_out,
        f"Redis refuses the exporter of {release.fullname}",
        f'Redis in {POD} runs and answers its exporter with the error "{ERROR}". There are no metrics of it, so alerts about it cannot '
        "fire. The container metrics reads the password when it starts: after a change of the password the pod needs a restart.",
    )


def _primaries(release: Release, series: Series) -> Iterator[Object]:
    """A primary that refuses its exporter is a primary all the same, and so is one that a replica is connected to."""
    yield rule(
        "NoPrimary",
        "critical",
        series.hold(2),
        f"(count({series.primaries}) or vector(0)) == 0\n"
        f"unless on () absent({series.scraped})\n"
        f"unless on () {series.linked} == 1\n"
        f"unless on () ({series.refusals})",
        f"{release.fullname} has no primary",
        "No instance that Prometheus sees is a primary, and no replica is connected to one. Writes fail, unless the primary is cut off "
        f"from Prometheus and its replicas alone. Look at {release.primary_statefulset} first: if its pod restarts by itself, wait. If "
        "it does not come back, follow docs/failover.md of the rendered manifests. Its order keeps the data of the replica.",
    )
    yield rule(
        "SeveralPrimaries",
        "critical",
        series.hold(2),
        f"count({series.primaries}) > 1",
        f"{release.fullname} has more than one primary",
        f"{VALUE} instances are primaries, and none of them gets the writes of another. Keep all clients on one of them. REPLICAOF makes "
        "the others its replicas: that drops what was written to them. docs/failover.md of the rendered manifests has the order.",
    )
