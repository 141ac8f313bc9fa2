"""The alerts: sound queries about one release, and Prometheus's own judgement of what fires when."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rediskit.checks.schema import validate
from rediskit.model.environment import Environment
from rediskit.renderers.monitoring.alerts import PREFIX, alerts
from rediskit.renderers.monitoring.objects import monitoring, monitoring_scopes
from rediskit.renderers.objects import scope
from tests.renderers.prometheus import (
    PRIMARY,
    Fleet,
    assert_sound,
    changed,
    ended,
    environment,
    fleet,
    promtool,
    samples,
    selectors,
    story,
    then,
)
from tests.renderers.stories import BY_POLICY, STORIES, WRONG_PASSWORD

EVERYTHING = {"save_points": ["900 1"]}
"""Settings of Redis with which every rule is there."""
VARIANTS = {
    "default": {},
    "everything": EVERYTHING,
    "nothing": {"append_only": False, "disabled_commands": ["CONFIG", "LATENCY", "ACL"]},
    "replicas": {"replicas": 3},
    "noeviction": {"memory": {"policy": "noeviction"}},
    "volatile": {"memory": {"policy": "volatile-lru"}},
    "names": {"release": "cache", "namespace": "shared"},
    "overridden": {"release": "cache", "values": {"fullnameOverride": "other"}},
}
SELECTED = {
    "names": {"namespace": "shared", "service": "cache-redis-metrics"},
    "overridden": {"namespace": "redis", "service": "other-metrics"},
}
IN_REDIS = {"namespace": "redis", "service": "redis-shared-metrics"}


def rules(environment: Environment) -> list[dict[str, Any]]:
    (group,) = alerts(environment)["spec"]["groups"]
    return list(group["rules"])


def variants() -> list[Any]:
    return [pytest.param(environment(redis=redis), SELECTED.get(name, IN_REDIS), id=name) for name, redis in VARIANTS.items()]


@pytest.mark.parametrize(("env", "matchers"), variants())
def test_queries_are_sound_and_about_one_release(env: Environment, matchers: dict[str, str]) -> None:
    for rule in rules(env):
        assert_sound(rule["expr"], matchers)
        assert matchers.items() <= rule["labels"].items(), "Alertmanager could not tell two releases apart"


@pytest.mark.parametrize(("env", "matchers"), variants())
def test_every_alert_has_a_summary_a_severity_and_a_fix(env: Environment, matchers: dict[str, str]) -> None:
    names = [rule["alert"] for rule in rules(env)]
    assert len(set(names)) == len(names) >= 9
    for rule in rules(env):
        assert re.fullmatch(f"{PREFIX}(?:[A-Z][a-z]+)+", rule["alert"])
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert set(rule["labels"]) == {"severity", *matchers}
        assert set(rule["annotations"]) == {"summary", "description"}
        summary, description = rule["annotations"].values()
        assert len(summary) < 70
        assert "{{" not in summary
        assert description.endswith(".")
        assert set(re.findall(r"{{.*?}}|[{}]", description)) <= {
            "{{ $value }}", "{{ $value | humanize }}", "{{ $value | humanizePercentage }}",
            "{{ $labels.pod }}", "{{ $labels.cmd }}", "{{ $labels.slave_ip }}", "{{ $labels.err }}", "{{ $labels.job_name }}",
            "{{ $labels.namespace }}",
        }  # fmt: skip


@pytest.mark.parametrize(("env", "matchers"), variants())
def test_the_object_is_where_prometheus_looks_and_of_the_right_form(env: Environment, matchers: dict[str, str]) -> None:
    rule = alerts(env)
    assert validate(rule, "1.34") == []
    assert rule["metadata"]["name"] == matchers["service"].removesuffix("-metrics")
    assert rule["metadata"]["namespace"] == "monitoring"
    assert rule["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_namespace_and_label_of_the_stack_are_taken_from_the_config() -> None:
    rule = alerts(environment(monitoring={"namespace": "observability", "release": "prom"}))
    assert (rule["metadata"]["namespace"], rule["metadata"]["labels"]["release"]) == ("observability", "prom")


def test_alerts_are_rendered_unless_switched_off() -> None:
    def kinds(**settings: bool) -> list[str]:
        env = environment(monitoring=settings)
        objects = list(monitoring(env))
        assert list(monitoring_scopes(env)) == list(map(scope, objects))
        return [content["kind"] for content in objects]

    assert kinds() == ["ServiceMonitor", "PrometheusRule", "ConfigMap"]
    assert kinds(alerts=False) == ["ServiceMonitor", "ConfigMap"]
    assert kinds(dashboards=False) == ["ServiceMonitor", "PrometheusRule"]
    assert kinds(enabled=False) == []


def test_a_rule_is_there_only_where_its_metric_can_change() -> None:
    def names(**redis: Any) -> set[str]:
        return {rule["alert"].removeprefix(PREFIX) for rule in rules(environment(redis=redis))}

    assert names(**EVERYTHING) - names() == {"SnapshotFailing"}
    assert names() - names(append_only=False) == {"AppendOnlyWriteFailing", "AppendOnlyRewriteFailing"}
    assert names(**EVERYTHING, append_only=False) - names(append_only=False) == {"SnapshotFailing"}
    assert names() - names(disabled_commands=["LATENCY"]) == {"LatencyHigh"}
    assert names() == names(disabled_commands=["CONFIG"])
    without = {rule["alert"].removeprefix(PREFIX) for rule in rules(environment(verification={"jobs": False}))}
    assert names() - without == {"VerificationFailed"}


def test_a_full_memory_has_the_alerts_that_its_policy_needs() -> None:
    """A cache that may drop any key is full by design: it warns when it grows beyond its limit all the same."""

    def names(policy: str) -> set[str]:
        alerts = {rule["alert"].removeprefix(PREFIX) for rule in rules(environment(redis={"memory": {"policy": policy}}))}
        return alerts & {"MemoryAlmostFull", "MemoryBeyondLimit", "EvictingKeys", "WritesRefused"}

    assert names("allkeys-lru") == names("allkeys-random") == {"MemoryBeyondLimit", "EvictingKeys", "WritesRefused"}
    assert names("volatile-ttl") == {"MemoryAlmostFull", "EvictingKeys", "WritesRefused"}
    assert names("noeviction") == {"MemoryAlmostFull", "WritesRefused"}


def test_a_full_memory_is_as_bad_as_the_policy_makes_it() -> None:
    def memory(policy: str) -> tuple[str, str]:
        (rule,) = [rule for rule in rules(environment(redis={"memory": {"policy": policy}})) if "MemoryAlmostFull" in rule["alert"]]
        return rule["labels"]["severity"], rule["annotations"]["description"]

    assert memory("noeviction")[0] == "critical"
    assert "writes fail (noeviction)" in memory("noeviction")[1]
    assert memory("volatile-ttl")[0] == "warning"
    assert "keys with an expiry are evicted, and writes fail when none is left (volatile-ttl)" in memory("volatile-ttl")[1]


@pytest.mark.parametrize(("interval", "seconds"), [("1s", 1), ("15s", 15), ("1m", 60), ("100s", 100), ("2m", 120)])
def test_ranges_and_durations_hold_four_scrapes(interval: str, seconds: int) -> None:
    for rule in rules(environment(monitoring={"interval": interval})):
        amount, unit = re.fullmatch(r"(\d+)([ms])", rule["for"]).groups()  # type: ignore[union-attr]
        assert int(amount) * {"m": 60, "s": 1}[unit] >= max(60, 4 * seconds)
        minutes = 15 if rule["alert"] == f"{PREFIX}RestartingAgain" else 5
        for _, call, covered in selectors(rule["expr"]):
            assert call is None or covered == max(60 * minutes, 4 * seconds)


FAILED_JOB = "redis-shared-check-replication-0a1b2c3d"
FIRED = 'count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))'


def fired(expected: dict[str, int]) -> dict[str, Any]:
    return samples(FIRED, {f'{{alertname="{PREFIX}{name}"}}': count for name, count in expected.items()})


@pytest.mark.parametrize(("scraped", "expected"), STORIES.values(), ids=STORIES)
def test_what_fires(scraped: Fleet, expected: dict[str, int], tmp_path: Path) -> None:
    spec = alerts(environment(redis=EVERYTHING))["spec"]
    promtool(tmp_path, spec, story(scraped, promql_expr_test=[fired(expected)]))


@pytest.mark.parametrize(("policy", "scraped", "expected"), BY_POLICY.values(), ids=BY_POLICY)
def test_what_fires_under_another_policy(policy: str, scraped: Fleet, expected: dict[str, int], tmp_path: Path) -> None:
    spec = alerts(environment(redis={"memory": {"policy": policy}}))["spec"]
    promtool(tmp_path, spec, story(scraped, promql_expr_test=[fired(expected)]))


def test_the_stories_trip_every_rule() -> None:
    told = {PREFIX + name for _, expected in STORIES.values() for name in expected}
    told |= {PREFIX + name for _, _, expected in BY_POLICY.values() for name in expected}
    assert told == {
        rule["alert"] for env in (environment(redis=redis) for redis in (EVERYTHING, VARIANTS["noeviction"])) for rule in rules(env)
    }


def test_more_replicas(tmp_path: Path) -> None:
    """With three replicas one may not go unnoticed, though two are left; and names of one's own are followed."""
    redis = {"replicas": 3, "release": "cache", "namespace": "shared"}
    everyone = fleet(3, "shared", "cache-redis-metrics")
    lost = changed(ended(everyone, pod="redis-shared-replicas-2"), "redis_connected_slaves", then("3", "2"), pod=PRIMARY)
    promtool(
        tmp_path,
        alerts(environment(redis=redis))["spec"],
        story(everyone, promql_expr_test=[fired({})]),
        story(lost, promql_expr_test=[fired({"InstanceDown": 1, "ReplicationBroken": 1})]),
        story(fleet(2, "shared", "cache-redis-metrics"), promql_expr_test=[fired({"InstanceDown": 1, "ReplicationBroken": 1})]),
    )


def test_a_slow_scrape(tmp_path: Path) -> None:
    """One scrape in two minutes: rates still see enough of them, and a single bad one is no alert."""
    spec = alerts(environment(monitoring={"interval": "2m"}))["spec"]
    healthy = fleet(scrape=120)
    evicting = changed(healthy, "redis_evicted_keys_total", "0+5x30", pod=PRIMARY)
    blinked = changed(healthy, "redis_up", "1x10 0 1x19", pod=PRIMARY)
    promtool(
        tmp_path,
        spec,
        *(
            story(scraped, scrape=120, promql_expr_test=[fired(expected)])
            for scraped, expected in ((healthy, {}), (evicting, {"EvictingKeys": 1}), (blinked, {}))
        ),
    )


def filled(text: str, labels: dict[str, str], value: str) -> str:
    """Return an annotation as Prometheus should print it."""
    return re.sub(r"{{ \$(?:labels\.(\w+)|value.*?) }}", lambda match: labels[match[1]] if match[1] else value, text)


def test_texts_are_filled_in(tmp_path: Path) -> None:
    """Prometheus expands every template, with the pod and the number in question."""
    pod = {"job": "redis-shared-metrics", "pod": PRIMARY, "container": "metrics", "endpoint": "http-metrics", "instance": "10.42.0.0:9121"}
    slave = {"slave_ip": "10.42.1.0", "slave_port": "6379", "slave_state": "online"}
    told: dict[str, tuple[str, list[dict[str, str]], str]] = {
        "InstanceDown": ("primary killed", [{}], "1"),
        "SeveralPrimaries": ("two primaries", [{}], "2"),
        "NoPrimary": ("primary killed", [{}], "0"),
        "NoMetrics": ("both killed", [{}], "1"),
        "MetricsMissing": ("exporter of the primary gone", [{}], "1"),
        "ExporterBlind": ("exporter of the primary has the wrong password", [{**pod, "err": WRONG_PASSWORD}], "1"),
        "RestartingAgain": ("primary restarted three times", [{"pod": PRIMARY}], "3"),
        "ReplicationBroken": ("link down", [{}], ""),
        "ReplicaLagging": ("replica does not answer", [{**pod, **slave}], ""),
        "EvictingKeys": ("evictions", [pod], "333.3m"),
        "MemoryBeyondLimit": ("memory beyond maxmemory", [pod], "110%"),
        "WritesRefused": ("writes refused", [{"pod": PRIMARY}], "160"),
        "TooManyConnections": ("many connections", [{"pod": PRIMARY}], "85%"),
        "ConnectionsRejected": ("connections rejected", [{"pod": PRIMARY}], ""),
        "AppendOnlyWriteFailing": ("disk full, and restarts in between", [{"pod": PRIMARY}], ""),
        "LatencyHigh": ("primary slow, replica fast", [{"pod": PRIMARY, "cmd": command} for command in ("get", "set")], "19.73"),
        "AuthenticationFailing": ("wrong password", [{"pod": PRIMARY}], "40"),
        "VerificationFailed": ("a verification failed", [{"namespace": "redis", "job_name": FAILED_JOB}], "1"),
    }
    env = environment(redis=EVERYTHING)
    by_name = {rule["alert"]: rule for rule in rules(env)}
    stories = []
    for name, (title, firing, value) in told.items():
        rule = by_name[PREFIX + name]
        expected = [
            {
                "exp_labels": {**labels, **rule["labels"]},
                "exp_annotations": {key: filled(text, labels, value) for key, text in rule["annotations"].items()},
            }
            for labels in firing
        ]
        minute = {"ConnectionsRejected": "12m", "RestartingAgain": "20m"}.get(name, "30m")
        stories.append(
            story(STORIES[title][0], alert_rule_test=[{"alertname": PREFIX + name, "eval_time": minute, "exp_alerts": expected}])
        )
    promtool(tmp_path, alerts(env)["spec"], *stories)
