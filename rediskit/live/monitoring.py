"""The phase monitoring: what a running Prometheus has of a shared Redis."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from rediskit.errors import MissingToolError
from rediskit.live.checks import Result, compared, result
from rediskit.live.pod_names import literal
from rediskit.live.prometheus import Prometheus
from rediskit.model.environment import Environment
from rediskit.model.monitoring import WANTED
from rediskit.model.nested import mapping_at
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.alerts import PREFIX, alerts
from rediskit.renderers.monitoring.dashboard import dashboard
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.verification.checks import CHECKS, Status

_FROM = "prometheus"
_NEEDS_TRAFFIC = frozenset({"Hit ratio"})
"""Panels without data while no client reads a key."""
_ENOUGH = 4
"""Scrapes that an interval is measured from."""
_MISSED = 0.1
"""The share of scrapes that may be missing: the window does not start at a scrape."""


def monitoring_results(environment: Environment, prometheus: Prometheus) -> Iterator[Result]:
    """Yield the result of each check. Where Prometheus does not answer, the result is unknown."""
    if not environment.monitoring.enabled:
        yield result("targets-up", "Prometheus", _FROM, "skipped", "", "the config has no monitoring")
        return
    series = Series.of(environment)
    groups: tuple[tuple[tuple[str, ...], Callable[[], Iterator[Result]]], ...] = (
        (("targets-up", "target-labels"), lambda: _targets(environment, series, prometheus)),
        (("scrapes", "scrape-interval"), lambda: _scrapes(series, prometheus)),
        (("rules", "rules-health"), lambda: _rules(environment, prometheus)),
        (("panel",), lambda: _panels(environment, series, prometheus)),
        (("alerts",), lambda: _alerts(environment, series, prometheus)),
    )
    for names, check in groups:
        try:
            yield from check()
        except MissingToolError as error:
            problem = error.problems[0]
            yield from (result(name, "Prometheus", _FROM, "unknown", "", f"{problem.message}: {problem.hint}") for name in names)


def _targets(environment: Environment, series: Series, prometheus: Prometheus) -> Iterator[Result]:
    target = f"redis_up{{{series.selector}}}"
    up = prometheus.value(f"count({target} == 1) or vector(0)")
    yield compared("targets-up", target, _FROM, up, series.instances, "instances whose exporter reaches Redis", least=True)
    release = release_of(environment)
    expected = sorted((release.primary_pod, *release.replica_pods))
    # The namespace, because another one can have a Redis with the same names.
    names = "|".join(map(literal, expected))
    listed = [sample["metric"] for sample in prometheus.query(f'redis_up{{namespace="{release.namespace}",pod=~"{names}"}}')]
    wrong = [metric for metric in listed if metric.get("service") != release.metrics_service]
    pods = sorted(metric["pod"] for metric in listed)
    if not listed:
        detail = f"no series redis_up of the pods {', '.join(expected)} in namespace {release.namespace}"
    elif wrong:
        detail = f"{wrong[0]['pod']} has service={wrong[0].get('service')}"
    else:
        detail = f"the pods are {', '.join(pods)}, not {', '.join(expected)}"
    correct = not wrong and pods == expected
    status: Status = "passed" if correct else "failed"
    yield result("target-labels", target, _FROM, status, len(pods), "" if correct else detail, limit=series.instances)


def _scrapes(series: Series, prometheus: Prometheus) -> Iterator[Result]:
    listed = prometheus.query(f"redis_up{{{series.selector}}}[5m]")
    if not listed:
        for name in ("scrapes", "scrape-interval"):
            yield result(name, f"redis_up{{{series.selector}}}", _FROM, "unknown", "", "Prometheus has no sample of the last 5 minutes")
    now = max((float(sample["values"][-1][0]) for sample in listed), default=0.0)
    for sample in listed:
        pod, times = sample["metric"].get("pod", "?"), [float(time) for time, _ in sample["values"]]
        span = now - times[0]
        if span < _ENOUGH * series.interval:
            for name in ("scrapes", "scrape-interval"):
                yield result(name, pod, _FROM, "unknown", len(times), f"scraped for {span:.0f} s only: repeat it later")
            continue
        expected = int(span / series.interval * (1 - _MISSED))
        yield compared("scrapes", pod, _FROM, len(times), expected, f"within {span:.0f} s", least=True)
        average = span / max(1, len(times) - 1)
        yield compared("scrape-interval", pod, _FROM, round(average, 1), max(WANTED, series.interval), "seconds between two scrapes")


def _rules(environment: Environment, prometheus: Prometheus) -> Iterator[Result]:
    target = f"PrometheusRule {environment.monitoring.namespace}/{release_of(environment).fullname}"
    if not environment.monitoring.alerts:
        yield result("rules", target, _FROM, "skipped", "", "the config has no alerts")
        return
    rules = _loaded(environment, prometheus)
    missing = [name for name, rule in rules if rule is None]
    loaded = [rule for _, rule in rules if rule is not None]
    detail = f"missing: {', '.join(missing[:5])}; check the label release of the PrometheusRule" if missing else ""
    yield result("rules", target, _FROM, "failed" if missing else "passed", len(loaded), detail, limit=len(rules))
    sick = [rule for rule in loaded if rule["health"] == "err"]
    new = [rule for rule in loaded if rule["health"] == "unknown"]
    if sick:
        yield result("rules-health", target, _FROM, "failed", len(sick), f"{sick[0]['name']}: {sick[0].get('lastError', '')}"[:200])
    elif new or not loaded:
        yield result(
            "rules-health", target, _FROM, "unknown", "", f"{len(new)} rules are not evaluated yet" if new else "no rule is loaded"
        )
    else:
        yield result("rules-health", target, _FROM, "passed", 0)


def _loaded(environment: Environment, prometheus: Prometheus) -> list[tuple[str, Any]]:
    """Return the name of each rule of the config, with the rule that Prometheus has loaded; None where there is none.

    The alerts of all releases have the same names, so the labels `namespace` and `service` must be those of this one.
    """
    listed = prometheus.rules()

    def live(rule: Any) -> Any:
        same = (other for other in listed if other["name"] == rule["alert"])
        return next((other for other in same if rule["labels"].items() <= mapping_at(other, "labels").items()), None)

    return [(rule["alert"], live(rule)) for group in alerts(environment)["spec"]["groups"] for rule in group["rules"]]


def _panels(environment: Environment, series: Series, prometheus: Prometheus) -> Iterator[Result]:
    (text,) = dashboard(environment)["data"].values()
    for panel in json.loads(text)["panels"]:
        for query in panel["targets"]:
            yield _panel(panel, query, series, prometheus)


def _panel(panel: Any, query: Any, series: Series, prometheus: Prometheus) -> Result:
    target = f"{panel['title']}, query {query['refId']}"
    samples = prometheus.query(query["expr"].replace("$__rate_interval", series.window))
    if samples:
        return result("panel", target, _FROM, "passed", f"{len(samples)} series")
    if panel["title"] in _NEEDS_TRAFFIC:
        return result("panel", target, _FROM, "skipped", "", "it has data once clients read keys")
    return result("panel", target, _FROM, "failed", "0 series", "the query has no series")


def _alerts(environment: Environment, series: Series, prometheus: Prometheus) -> Iterator[Result]:
    target = f'ALERTS{{{series.selector},alertstate="firing",alertname=~"{PREFIX}.*"}}'
    if not environment.monitoring.alerts:
        yield result("alerts", target, _FROM, "skipped", "", "the config has no alerts")
        return
    firing = sorted({sample["metric"]["alertname"] for sample in prometheus.query(target)})
    evaluated = all(rule is not None and rule["health"] == "ok" for _, rule in _loaded(environment, prometheus))
    if not firing and not evaluated:
        yield result("alerts", target, _FROM, "unknown", "", "not every rule is loaded and evaluated")
        return
    yield compared("alerts", target, _FROM, len(firing), float(CHECKS["alerts"].limit), ", ".join(firing))
