"""The phase monitoring compares one release: series and rules of another one are not its own."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.live.monitoring import monitoring_results
from rediskit.model.environment import Environment
from rediskit.renderers.monitoring.alerts import alerts
from tests.samples import environment_of
from tests.verify import answers

PODS = ("redis-shared-master-0", "redis-shared-replicas-0")
OWN: list[answers.Sample] = [({"namespace": "redis", "service": "redis-shared-metrics", "pod": name}, 1.0) for name in PODS]


def statuses(environment: Environment, samples: list[answers.Sample], rules: list[dict[str, Any]]) -> dict[str, str]:
    source = answers.prometheus({r"redis_up\{[^}]*pod=~": samples}, rules)
    return {result.id: result.status for result in monitoring_results(environment, source)}


def loaded(environment: Environment, **labels: str) -> list[dict[str, Any]]:
    rules = [rule for group in alerts(environment)["spec"]["groups"] for rule in group["rules"]]
    return [{"name": rule["alert"], "labels": {**rule["labels"], **labels}, "health": "ok"} for rule in rules]


def test_the_rules_of_another_release_are_not_those_of_this_one() -> None:
    environment = environment_of()
    assert statuses(environment, OWN, loaded(environment))["rules"] == "passed"
    for labels in ({"service": "redis-shared-staging-metrics"}, {"namespace": "redis-staging"}):
        listed = statuses(environment, OWN, loaded(environment, **labels))
        assert (listed["rules"], listed["rules-health"]) == ("failed", "unknown")
    both = [*loaded(environment, namespace="redis-staging"), *loaded(environment)]
    assert statuses(environment, OWN, both)["rules"] == "passed"


def test_no_firing_alert_is_unknown_while_the_rules_are_not_evaluated() -> None:
    environment = environment_of()
    assert statuses(environment, OWN, loaded(environment))["alerts"] == "passed"
    new = [{**rule, "health": "unknown"} for rule in loaded(environment)]
    for rules in ([], new, loaded(environment, service="redis-shared-staging-metrics")):
        assert statuses(environment, OWN, rules)["alerts"] == "unknown"
    without = environment_of(over={"monitoring": {"alerts": False}})
    assert statuses(without, OWN, [])["alerts"] == "skipped"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (PODS, "passed"),
        (PODS[:1], "failed"),
        ((*PODS, PODS[0]), "failed"),
        (("redis-shared-master-0", "redis-shared-staging-replicas-0"), "failed"),
    ],
)
def test_the_targets_are_exactly_the_pods_of_the_release(names: tuple[str, ...], expected: str) -> None:
    samples: list[answers.Sample] = [({"service": "redis-shared-metrics", "pod": name}, 1.0) for name in names]
    assert statuses(environment_of(), samples, [])["target-labels"] == expected


def test_the_query_of_the_targets_contains_no_pod_of_another_release() -> None:
    source, asked = answers.recording()
    list(monitoring_results(environment_of(), source))
    queries = [query for query in asked if "pod=~" in query and query.startswith("redis_up")]
    assert queries == ['redis_up{namespace="redis",pod=~"redis-shared-master-0|redis-shared-replicas-0"}']
