"""Measure the criteria of a validation: restarts, errors in logs, connections and latency. No data is unknown."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rediskit.errors import MissingToolError
from rediskit.live import kubectl
from rediskit.live.connections import client_results
from rediskit.live.pod_names import pods_of
from rediskit.live.prometheus import Prometheus
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import moment
from rediskit.model.nested import list_at, mapping_at, text_at
from rediskit.model.workload import Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.series import LATENCY_OBJECTIVE, Series
from rediskit.renderers.verification.checks import Status

COVERED = 0.98
"""The share of the period that Prometheus must have samples of."""
_ERRORS = re.compile(r"ECONN|NOAUTH|WRONGPASS|READONLY|MISCONF|\bOOM command|timed? ?out", re.IGNORECASE)
"""The errors in a log that the runbook names."""
_LATE = 600
"""Seconds after the start of the period: a pod that started later replaced another one, whose log is gone."""


class Measurement(NamedTuple):
    """A measured criterion.

    Attributes:
        criterion: Its name.
        status: passed, failed or unknown.
        measured: The measured value with its unit; "" without data.
        limit: The limit.
        coverage: The share of the period with data, such as `99 %`; "" where it does not apply.
        source: The query or command.
        note: Why it is not passed.
    """

    criterion: str
    status: Status
    measured: str
    limit: str
    coverage: str
    source: str
    note: str


class Period(NamedTuple):
    """The period of a validation: two Timestamps."""

    start: str
    until: str

    @property
    def seconds(self) -> int:
        """Its length in whole seconds, at least 1."""
        return max(1, int((moment(self.until) - moment(self.start)).total_seconds()))

    @property
    def range(self) -> str:
        """Its length as a PromQL duration."""
        return f"{self.seconds}s"

    @property
    def end(self) -> str:
        """Its end for the API of Prometheus: UTC, because `+` has a meaning in a URL."""
        return moment(self.until).astimezone(UTC).isoformat().replace("+00:00", "Z")


def measure(environment: Environment, client: Client, period: Period, prometheus: Prometheus, context: str) -> Iterator[Measurement]:
    """Yield the four criteria that can be measured. Without an answer of kubectl or Prometheus, a criterion is unknown."""
    checks = {"no-restarts": _restarts, "no-redis-errors": _errors, "stable-connections": _connections, "latency": _latency}
    for name, check in checks.items():
        try:
            yield check(environment, client, period, prometheus, context)
        except MissingToolError as error:
            problem = error.problems[0]
            yield Measurement(name, "unknown", "", "", "", "kubectl and Prometheus", f"{problem.message}: {problem.hint}"[:300])


def _status(failed: bool, coverage: float) -> Status:
    return "failed" if failed else "passed" if coverage >= COVERED else "unknown"


def _share(samples: float | None, expected: float) -> float:
    return min(1.0, (samples or 0.0) / max(1.0, expected))


def _coverage(environment: Environment, metric: str, pods: Iterable[str], period: Period, prometheus: Prometheus) -> float:
    """Return the share of the period with samples of a metric, for the pod with the smallest share. Each answer of Redis has the metric."""
    series = Series.of(environment)
    query = f"sum by (pod) (count_over_time({metric}{{{series.selector}}}[{period.range}]))"
    samples = prometheus.by_pod(query, period.end)
    return min(_share(samples.get(pod), period.seconds / series.interval) for pod in pods)


def _increase(series: str, period: Period) -> str:
    """Return the query of the increase of counters. `increase` ignores the first value of a series that starts within the period."""
    return f"sum((max_over_time({series}[{period.range}]) unless {series} offset {period.range}) or increase({series}[{period.range}]))"


def _pods(client: Client, context: str) -> list[Any]:
    """Return the pods of the workloads that run permanently."""
    selectors = {workload.selector for workload in client.workloads if workload.kind != "CronJob"}
    return [
        pod for selector in sorted(filter(None, selectors)) for pod in kubectl.list_objects("pods", client.namespace, selector, context)
    ]


def _within(text: str, period: Period) -> bool:
    return bool(text) and moment(period.start) <= _time(text) <= moment(period.until)


def _time(text: str) -> datetime:
    """Return a time of the Kubernetes API, which can have nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def _restarts(environment: Environment, client: Client, period: Period, prometheus: Prometheus, context: str) -> Measurement:
    query = f"sum(increase({_restart_series(client, client.workloads)}[{period.range}]))"
    counted = prometheus.value(query, period.end)
    interval = Series.of(environment).interval
    permanent = [workload for workload in client.workloads if workload.kind != "CronJob" and not workload.is_idle]
    samples = {
        workload.reference: prometheus.value(
            f"count_over_time((count({_restart_series(client, (workload,))}) > 0)[{period.range}:{interval}s])", period.end
        )
        for workload in permanent
    }
    shares = {reference: _share(number, period.seconds / interval) for reference, number in samples.items()}
    coverage = min(shares.values(), default=0.0)
    states = [state for pod in _pods(client, context) for state in list_at(pod, "status", "containerStatuses")]
    ended = [text_at(state, "name") for state in states if _within(text_at(state, "lastState", "terminated", "finishedAt"), period)]
    number = max(round(counted or 0), len(ended))
    lacking = ", ".join(reference for reference, share in shares.items() if share < COVERED) or "a workload that runs permanently"
    note = f"restarted: {', '.join(sorted(set(ended)))}" if ended else ""
    note = note or ("" if coverage >= COVERED else f"no data of kube-state-metrics about {lacking}")
    measured = f"{number} restarts" if ended or counted is not None else ""
    return Measurement("no-restarts", _status(number > 0, coverage), measured, "0 restarts", f"{coverage:.0%}", query, note)


def _restart_series(client: Client, workloads: Iterable[Workload]) -> str:
    return f'kube_pod_container_status_restarts_total{{namespace="{client.namespace}",pod=~"{pods_of(workloads)}"}}'


def _errors(environment: Environment, client: Client, period: Period, prometheus: Prometheus, context: str) -> Measurement:
    selector, release = Series.of(environment).selector, release_of(environment)
    # Redis reports only errors that occurred, and the number of rejected connections always.
    refused = _increase(f'redis_errors_total{{{selector},err=~"MISCONF|OOM"}}', period)
    rejected = _increase(f"redis_rejected_connections_total{{{selector}}}", period)
    answers = prometheus.value(refused, period.end), prometheus.value(rejected, period.end)
    server = round(sum(filter(None, answers)))
    instances = (release.primary_pod, *release.replica_pods)
    coverage = _coverage(environment, "redis_rejected_connections_total", instances, period, prometheus)
    lines, gaps = _log_errors(client, period, context)
    gaps = [*([] if coverage >= COVERED else ["Prometheus does not cover the period"]), *gaps]
    failed = lines + server > 0
    note = f"{lines} lines in logs, {server} errors of Redis" if failed else "; ".join(gaps[:3])
    status: Status = "failed" if failed else "unknown" if gaps else "passed"
    source = f"kubectl logs; {refused}; {rejected}"
    return Measurement("no-redis-errors", status, f"{lines + server} errors", "0 errors", f"{coverage:.0%}", source, note)


def _log_errors(client: Client, period: Period, context: str) -> tuple[int, list[str]]:
    """Return the number of lines with an error in the logs of the client, and the gaps: why a log is not read completely."""
    containers = {name for workload in client.workloads for kind, name, _ in workload.redis_containers if kind == "containers"}
    pods = _pods(client, context)
    lines, gaps = 0, [] if pods else ["no pod of the client runs"]
    for pod in pods:
        name, began = text_at(pod, "metadata", "name"), text_at(pod, "status", "startTime")
        if not began or (_time(began) - moment(period.start)).total_seconds() > _LATE:
            gaps.append(f"the pod {name} started at {began or 'an unknown time'}")
        read = containers & {text_at(state, "name") for state in list_at(pod, "status", "containerStatuses")}
        gaps += [] if read or not containers else [f"the pod {name} has no container {' or '.join(sorted(containers))}"]
        for container in sorted(read):
            first = kubectl.logs(name, container, client.namespace, context, first=True).partition(" ")[0]
            if not first or (_time(first) - max(moment(period.start), _time(began or first))).total_seconds() > _LATE:
                gaps.append(f"the log of {name}/{container} starts at {first or 'no line'}")
            log = kubectl.logs(name, container, client.namespace, context, since=period.start)
            lines += sum(1 for line in log.splitlines() if _ERRORS.search(line) and _within(line.partition(" ")[0], period))
    return lines, [*gaps, *_unread(client, pods)]


def _unread(client: Client, pods: list[Any]) -> Iterator[str]:
    """Yield why the logs of a workload are not among those of these pods."""
    for workload in client.workloads:
        if workload.is_idle or not any(kind == "containers" for kind, _, _ in workload.redis_containers):
            continue  # It normally does not run, or only its init containers use Redis.
        labels = workload.pod_labels.items()
        if workload.kind == "CronJob":
            yield f"{workload.reference}: the logs of its ended pods are not kept"
        elif not labels:
            yield f"{workload.reference}: the config has no manifest with the labels of its pods"
        elif not any(labels <= mapping_at(pod, "metadata", "labels").items() for pod in pods):
            yield f"{workload.reference}: no pod runs"


def _connections(environment: Environment, client: Client, period: Period, prometheus: Prometheus, context: str) -> Measurement:
    series, release = Series.of(environment), release_of(environment)
    target = f'{{{series.selector},pod="{release.primary_pod}"}}'
    # A restarted Redis has another series: its pod has another address.
    query = f"min(min_over_time(redis_connected_clients{target}[{period.range}]))"
    least = prometheus.value(query, period.end)
    coverage = _coverage(environment, "redis_connected_clients", (release.primary_pod,), period, prometheus)
    results = [result for result in client_results(environment, (client,), context) if result.id == "client-connection"]
    failed = [result for result in results if result.status == "failed"]
    unknown = [result for result in results if result.status == "unknown"]
    # The exporter is a client, too: with 1, no application was connected.
    dropped = least is not None and least < 2
    status = _status(dropped or bool(failed), coverage)
    status = "unknown" if status == "passed" and (unknown or not results) else status
    notes = [f"{result.target}: {result.detail}" for result in (failed or unknown)[:2]]
    notes += ["only the exporter was connected at some time"] if dropped else []
    notes += [] if coverage >= COVERED else ["Prometheus does not cover the period"]
    measured = "" if least is None else f"{least:g} connections at least"
    note = "" if status == "passed" else "; ".join(notes)
    return Measurement("stable-connections", status, measured, "2 connections, the exporter included", f"{coverage:.0%}", query, note)


def _latency(environment: Environment, client: Client, period: Period, prometheus: Prometheus, context: str) -> Measurement:  # noqa: ARG001
    series, release = Series.of(environment), release_of(environment)
    target = f'{{{series.selector},pod="{release.primary_pod}"}}'
    buckets = f'redis_commands_latencies_usec_bucket{target[:-1]},cmd=~"get|set"}}'
    query = f"histogram_quantile(0.95, sum by (le) (increase({buckets}[{period.range}]))) / 1000"
    value = prometheus.value(query, period.end)
    coverage = _coverage(environment, "redis_connected_clients", (release.primary_pod,), period, prometheus)
    status: Status = "unknown" if value is None else _status(value >= LATENCY_OBJECTIVE, coverage)
    note = "Prometheus does not cover the period"
    if value is None:
        note = "no calls of GET and SET are counted"
    elif status != "unknown":
        note = "Redis counts calls in powers of two: the true value can differ by a factor of two"
    measured = "" if value is None else f"{value:.3g} ms"
    return Measurement("latency", status, measured, f"{LATENCY_OBJECTIVE} ms", f"{coverage:.0%}", query, note)
