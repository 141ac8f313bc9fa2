"""The criteria of a validation: no data is unknown, and each query is about the pods of this release and this client."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rediskit import Manifest
from rediskit.errors import MissingToolError
from rediskit.live import criteria
from rediskit.live.criteria import Measurement, Period, measure
from rediskit.live.pod_names import pods_of
from rediskit.model.workload import Workload
from tests.renderers.prometheus import promtool, samples, story
from tests.samples import config, environment_of
from tests.verify import answers

PERIOD = Period("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
LABELS = environment_of().clients[0].workloads[0].pod_labels
RUNNING = answers.pod("beersystem-backend-7d9f8b6c5d-x2k4p", LABELS, "backend", started="2026-02-28T00:00:00Z")
SAMPLES = PERIOD.seconds / 15
INSTANCES = [({"pod": "redis-shared-master-0"}, SAMPLES), ({"pod": "redis-shared-replicas-0"}, SAMPLES)]


def measured(
    monkeypatch: pytest.MonkeyPatch,
    replies: Mapping[str, Sequence[answers.Sample]],
    *pods: Mapping[str, Any],
    over: Mapping[str, Any] | None = None,
) -> dict[str, Measurement]:
    monkeypatch.setattr("rediskit.live.kubectl.list_objects", answers.listing(*pods))
    monkeypatch.setattr("rediskit.live.kubectl.logs", lambda *_, **__: "2026-03-01T00:00:00Z started\n")
    monkeypatch.setattr(criteria, "client_results", lambda *_: iter(()))
    environment = environment_of(over=over)
    listed = measure(environment, environment.clients[0], PERIOD, answers.prometheus(replies), "")
    return {measurement.criterion: measurement for measurement in listed}


def test_no_criterion_passes_without_data_of_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = measured(monkeypatch, {}, RUNNING)
    assert {name: measurement.status for name, measurement in listed.items()} == dict.fromkeys(listed, "unknown")
    assert "Prometheus does not cover the period" in listed["no-redis-errors"].note


def test_errors_of_redis_pass_only_if_each_instance_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = {"count_over_time.redis_rejected_connections_total": INSTANCES}
    assert measured(monkeypatch, covered, RUNNING)["no-redis-errors"].status == "passed"
    for partly in (INSTANCES[:1], [*INSTANCES[:1], (INSTANCES[1][0], SAMPLES / 2)]):
        listed = measured(monkeypatch, {"count_over_time.redis_rejected_connections_total": partly}, RUNNING)
        assert listed["no-redis-errors"].status == "unknown"
    other = {"count_over_time.redis_rejected_connections_total": [({"pod": "redis-shared-staging-master-0"}, SAMPLES), *INSTANCES[1:]]}
    assert measured(monkeypatch, other, RUNNING)["no-redis-errors"].status == "unknown"


def test_a_workload_whose_logs_are_not_read_leaves_the_errors_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = {"count_over_time.redis_rejected_connections_total": INSTANCES}
    workloads = config()["clients"][0]["workloads"]
    job = {"kind": "CronJob", "name": "report", "containers": {"report": {}}}
    worker = {"kind": "Deployment", "name": "worker", "replicas": 1, "containers": {"worker": {}}}
    env = {"REDIS_HOST": "${host}", "REDIS_PASSWORD": "${password}"}
    for added, expected in (
        (job, "unknown"),
        ({**job, "suspend": True}, "passed"),
        (worker, "unknown"),
        ({**worker, "replicas": 0}, "passed"),
    ):
        over = {"clients": {0: {"env": env, "workloads": [*workloads, added]}}}
        assert measured(monkeypatch, covered, RUNNING, over=over)["no-redis-errors"].status == expected, added
    without = answers.pod("beersystem-backend-7d9f8b6c5d-x2k4p", LABELS, "proxy", started="2026-02-28T00:00:00Z")
    assert measured(monkeypatch, covered, without)["no-redis-errors"].status == "unknown"


def test_a_redis_that_does_not_answer_is_no_coverage_of_its_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = measured(monkeypatch, {"redis_up": INSTANCES, "^min": [({}, 5)], "histogram_quantile": [({}, 1)]}, RUNNING)
    assert (listed["stable-connections"].status, listed["latency"].status) == ("unknown", "unknown")


def test_a_query_with_several_series_has_no_value() -> None:
    source = answers.prometheus({"redis_up": [({"instance": "10.0.0.1:9121"}, 1), ({"instance": "10.0.0.2:9121"}, 0)]})
    with pytest.raises(MissingToolError, match="2 series"):
        source.value("redis_up")


def test_the_series_of_both_pods_of_a_restarted_primary_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The restarted pod has another address, and so another label `instance`."""
    base = 'namespace="redis",service="redis-shared-metrics",pod="redis-shared-master-0"'
    history = {
        f'redis_connected_clients{{{base},instance="10.0.0.1:9121"}}': "9x119 stale",
        f'redis_connected_clients{{{base},instance="10.0.0.2:9121"}}': "_x119 1 9x119",
    }
    queries = _queries(monkeypatch, hours=1)
    lowest = next(query for query in queries if query.startswith("min"))
    count = next(query for query in queries if "count_over_time(redis_connected_clients" in query)
    checks = [samples(lowest, {"{}": 1}), samples(count, {'{pod="redis-shared-master-0"}': 240})]
    promtool(tmp_path, {"groups": []}, story(history, promql_expr_test=checks))


def test_errors_of_a_series_that_starts_within_the_period_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exporter has no series of an error before it occurs, and `increase` needs a value before."""
    labels = '{namespace="redis",service="redis-shared-metrics",pod="redis-shared-master-0",err="OOM"}'
    (refused,) = {query for query in _queries(monkeypatch, hours=1) if "redis_errors_total" in query}
    for values, expected in (("_x119 7x120", 7), ("7x240", 0), ("7x119 9x120", 2)):
        check = samples(f"round({refused})", {"{}": expected})
        promtool(tmp_path, {"groups": []}, story({f"redis_errors_total{labels}": values}, promql_expr_test=[check]))


def _queries(monkeypatch: pytest.MonkeyPatch, hours: int) -> list[str]:
    """Return the queries about a period."""
    source, asked = answers.recording()
    monkeypatch.setattr(criteria, "client_results", lambda *_: iter(()))
    monkeypatch.setattr("rediskit.live.kubectl.list_objects", answers.listing())
    environment = environment_of()
    period = Period("2026-03-01T00:00:00Z", f"2026-03-01T{hours:02}:00:00Z")
    assert len(list(measure(environment, environment.clients[0], period, source, ""))) == 4
    return asked


@pytest.mark.parametrize(
    ("kind", "name", "pods", "others"),
    [
        (
            "Deployment",
            "shop",
            ["shop-7d9f8b6c5d-x2k4p"],
            ["shop-postgres-0", "shop-worker-7d9f8b6c5d-x2k4p", "shop-0", "shop-agent-x2k4p"],
        ),
        ("Rollout", "shop", ["shop-58b7c-x2k4p"], ["shop-web-58b7c-x2k4p"]),
        ("StatefulSet", "shop", ["shop-0", "shop-12"], ["shop-postgres-0", "shop-7d9f8b6c5d-x2k4p"]),
        ("Deployment", "a.b", ["a.b-7d9f8b6c5d-x2k4p"], ["axb-7d9f8b6c5d-x2k4p"]),
        ("Deployment", "n" * 50, [f"{'n' * 50}-7d9f8b6x2k4p"], [f"{'n' * 50}-postgres-0"]),
        ("Deployment", "n" * 60, [f"{'n' * 58}x2k4p"], [f"{'n' * 58}-0"]),
        ("CronJob", "shop", [], ["shop-29000000-x2k4p"]),
    ],
)
def test_the_pods_of_a_workload_are_matched_by_the_form_of_their_names(kind: str, name: str, pods: list[str], others: list[str]) -> None:
    number = {} if kind == "CronJob" else {"replicas": 1}
    template = {"template": {"spec": {"containers": [{"name": "web", "image": "web"}]}}}
    spec = {"jobTemplate": {"spec": template}} if kind == "CronJob" else template
    manifest = Manifest("web.yaml", {"kind": kind, "metadata": {"name": name}, "spec": spec})
    workload = Workload.model_validate({"kind": kind, "name": name, **number, "manifest": manifest, "containers": {"web": {}}})
    pattern = pods_of([workload])
    assert "\\" not in pattern
    assert [bool(re.fullmatch(pattern, pod)) for pod in pods] == [True] * len(pods)
    assert [bool(re.fullmatch(pattern, pod)) for pod in others] == [False] * len(others)


def test_restarts_of_other_workloads_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "beersystem-backend"
    names = {f"{name}-7d9f8b6c5d-x2k4p": "0x240", f"{name}-postgres-0": "0+1x240", f"{name}-worker-7d9f8b6c5d-x2k4p": "0+1x240"}
    series = {f'kube_pod_container_status_restarts_total{{namespace="beersystem",pod="{pod}"}}': values for pod, values in names.items()}
    query = next(query for query in _queries(monkeypatch, hours=1) if query.startswith("sum(increase(kube_pod"))
    promtool(tmp_path, {"groups": []}, story(series, promql_expr_test=[samples(query, {"{}": 0})]))


def test_restarts_pass_only_if_each_workload_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "beersystem-backend"
    covered: dict[str, list[answers.Sample]] = {"^sum.increase.kube_pod": [({}, 0.0)], rf'count_over_time.*"{name}-[^|]*"': [({}, SAMPLES)]}
    assert measured(monkeypatch, covered, RUNNING)["no-restarts"].status == "passed"
    workloads = config()["clients"][0]["workloads"]
    worker = {"kind": "StatefulSet", "name": "worker", "replicas": 1, "containers": {"worker": {}}}
    env = {"REDIS_HOST": "${host}", "REDIS_PASSWORD": "${password}"}

    def over(added: dict[str, Any]) -> dict[str, Any]:
        return {"clients": {0: {"env": env, "workloads": [*workloads, added]}}}

    result = measured(monkeypatch, covered, RUNNING, over=over(worker))["no-restarts"]
    assert (result.status, result.note) == ("unknown", "no data of kube-state-metrics about StatefulSet/worker")
    assert measured(monkeypatch, covered, RUNNING, over=over({**worker, "replicas": 0}))["no-restarts"].status == "passed"
