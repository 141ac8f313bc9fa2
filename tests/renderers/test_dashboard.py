"""The dashboard: what Grafana provisions without a question, laid out without gaps in sense, every query with data."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.checks.schema import validate
from rediskit.model.environment import Environment
from rediskit.renderers.monitoring.alerts import alerts
from rediskit.renderers.monitoring.dashboard import COLUMNS, dashboard
from rediskit.yamlio import writer
from tests.renderers.prometheus import assert_sound, environment, fleet, promtool, samples, story

VARIANTS = {
    "default": environment(),
    "without histogram": environment(redis={"disabled_commands": ["CONFIG", "LATENCY"]}),
    "names": environment(redis={"release": "cache", "namespace": "shared", "replicas": 2}, monitoring={"interval": "1m"}),
}
SELECTED = {"names": {"namespace": "shared", "service": "cache-redis-metrics"}}
each = pytest.mark.parametrize("env", VARIANTS.values(), ids=VARIANTS)


def text(env: Environment) -> str:
    (dashboard_text,) = dashboard(env)["data"].values()
    return str(dashboard_text)


def panels(env: Environment) -> list[dict[str, Any]]:
    return list(json.loads(text(env))["panels"])


def queries(env: Environment) -> list[str]:
    return [target["expr"] for panel in panels(env) for target in panel["targets"]]


def runnable(query: str) -> str:
    """With what Grafana puts in for the variable, at a scrape every 15 s."""
    return query.replace("$__rate_interval", "1m")


@each
def test_the_object_is_where_the_sidecar_looks_and_of_the_right_form(env: Environment) -> None:
    content = dashboard(env)
    assert validate(content, "1.34") == []
    read = yaml.safe_load(writer.dump(content))
    assert read == content
    assert read["metadata"]["labels"]["grafana_dashboard"] == "1", "a label is text; a number is refused by the API"
    assert read["metadata"]["namespace"] == "monitoring"
    (key,) = read["data"]
    assert re.fullmatch(r"[-._a-zA-Z0-9]+\.json", key)


@each
def test_grafana_can_provision_it(env: Environment) -> None:
    content = json.loads(text(env))
    assert content["id"] is None
    assert re.fullmatch(r"[-_a-zA-Z0-9]{1,40}", content["uid"])
    assert "__inputs" not in content
    assert "${" not in text(env), "Flux would substitute it, and Grafana has no import dialogue here"
    (variable,) = content["templating"]["list"]
    assert (variable["type"], variable["query"], variable["name"]) == ("datasource", "prometheus", "datasource")
    assert {panel["datasource"]["uid"] for panel in content["panels"]} == {"$datasource"}


@each
def test_panels_are_on_the_grid_and_none_covers_another(env: Environment) -> None:
    places = [panel["gridPos"] for panel in panels(env)]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= COLUMNS and place["w"] >= 4 and place["h"] >= 4 for place in places)
    for first, other in combinations(places, 2):
        beside = first["x"] + first["w"] <= other["x"] or other["x"] + other["w"] <= first["x"]
        below = first["y"] + first["h"] <= other["y"] or other["y"] + other["h"] <= first["y"]
        assert beside or below, (first, other)
    assert sum(place["w"] * place["h"] for place in places) == COLUMNS * max(place["y"] + place["h"] for place in places), "no gaps"


@each
def test_panels_can_be_told_apart(env: Environment) -> None:
    listed = panels(env)
    assert [panel["id"] for panel in listed] == list(range(1, len(listed) + 1))
    assert len({panel["title"] for panel in listed}) == len(listed) <= 14
    for panel in listed:
        assert [target["refId"] for target in panel["targets"]] == list("ABC"[: len(panel["targets"])])
        legends = [target.get("legendFormat", "") for target in panel["targets"]]
        assert len(set(legends)) == len(legends)


@pytest.mark.parametrize(("name", "env"), VARIANTS.items(), ids=VARIANTS)
def test_queries_are_sound_and_about_one_release(name: str, env: Environment) -> None:
    matchers = SELECTED.get(name, {"namespace": "redis", "service": "redis-shared-metrics"})
    for query in queries(env):
        assert_sound(runnable(query), matchers)


@each
def test_it_stays_small_and_readable(env: Environment) -> None:
    assert len(text(env)) < 15_000
    assert text(env).endswith("}\n")
    lines = [line for line in text(env).splitlines() if '"expr"' not in line]
    assert max(map(len, lines)) <= 120
    assert len(lines) > 200
    assert not re.search(r"%\(|@|\s\n", text(env))


def test_two_releases_have_two_dashboards() -> None:
    """Grafana tells dashboards apart by uid; the sidecar's files by key; the cluster by name."""
    boards = [
        dashboard(environment(redis={"namespace": namespace, "release": release}))
        for namespace, release in (("a", "b-redis"), ("a-b", "redis"))
    ]
    assert len({json.loads(next(iter(board["data"].values())))["uid"] for board in boards}) == 2
    assert len({next(iter(board["data"])) for board in boards}) == 2
    assert len({board["metadata"]["name"] for board in boards}) == 2


def test_the_uid_stays() -> None:
    """Links and bookmarks hold it: it depends on nothing but namespace and release."""
    changed = environment(name="other", redis={"replicas": 3, "memory": {"max": "512mb"}}, monitoring={"interval": "30s"})
    assert {json.loads(text(env))["uid"] for env in (environment(), changed)} == {"redis-a5523b77e939c910"}


def test_the_dashboard_has_the_names_and_limits_of_the_config() -> None:
    assert panels(VARIANTS["names"])[0]["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] == 3
    assert {panel["interval"] for panel in panels(VARIANTS["names"])} == {"60s"}
    assert "p95 latency by command" in text(VARIANTS["default"])
    assert "Mean latency by command" in text(VARIANTS["without histogram"])
    assert "redis_commands_latencies" not in text(VARIANTS["without histogram"])


@pytest.mark.parametrize("name", ["default", "without histogram"])
def test_every_query_has_data_on_a_healthy_fleet(name: str, tmp_path: Path) -> None:
    """Prometheus evaluates them all: no query is an error, none is empty, none is without a number."""
    env = VARIANTS[name]
    shown = [samples(f"count(({runnable(query)}) >= 0) > bool 0", {"{}": 1}) for query in queries(env)]
    promtool(tmp_path, alerts(env)["spec"], story(fleet(), promql_expr_test=shown))


def test_queries_return_the_values_of_a_known_fleet(tmp_path: Path) -> None:
    """The queries behind some panels, on a fleet whose numbers are known: 20 operations a second each, half of the reads hit."""
    by_title = {panel["title"]: [runnable(target["expr"]) for target in panel["targets"]] for panel in panels(VARIANTS["default"])}
    master, replica = '{pod="redis-shared-master-0"', '{pod="redis-shared-replicas-0"'
    expected: list[tuple[str, dict[str, float]]] = [
        (by_title["Instances up"][0], {"{}": 2}),
        (by_title["Roles"][0], {f'{master}, role="master"}}': 1, f'{replica}, role="slave"}}': 1}),
        (by_title["Hit ratio"][0], {"{}": 0.5}),
        (f"round({by_title['Operations per second'][0]})", {f"{master}}}": 20, f"{replica}}}": 20}),
        (by_title["Persistence"][0], {"{}": 1}),
        (f"sum({by_title['Replicas behind the primary'][0]})", {"{}": 50000}),
    ]
    promtool(
        tmp_path,
        alerts(environment())["spec"],
        story(fleet(), promql_expr_test=[samples(query, metric) for query, metric in expected]),
        story({"up": "1x240"}, promql_expr_test=[samples(by_title["Instances up"][0], {"{}": 0})]),
    )
