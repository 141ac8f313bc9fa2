"""The alerts on real servers: in each scenario those fire that are about it, as they are written, and no others.

An alert that waits for two minutes or less fires in Prometheus itself. The recording of the scenario then goes through `promtool test
rules` with the rules of the default interval, where every alert has the time that it waits for. With LIVE_LONG=1 (`make test-live-long`)
the lab has the default interval too, and all of them fire in Prometheus.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rediskit import Environment
from rediskit.renderers.monitoring.alerts import PREFIX, alerts
from rediskit.renderers.monitoring.dashboard import dashboard
from tests.cluster.processes import until
from tests.live.chart import PROFILES
from tests.live.conftest import Start
from tests.live.lab import Lab
from tests.live.pods import Pod
from tests.live.replay import replay
from tests.live.resp import RedisError
from tests.live.scenarios import SCENARIOS, Scenario, full_disk, limit_files

LONG = os.environ.get("LIVE_LONG") == "1"
INTERVAL = 15
SCRAPE = INTERVAL if LONG else 2
LIVE_HOLD = 3600 if LONG else 120
"""Seconds that an alert may wait for to be fired in Prometheus."""
TROUBLE = 0 if LONG else 100
"""Seconds that the trouble lasts at least: 50 scrapes, which are more than 12 minutes at the default interval."""
PATIENCE = 1500 if LONG else 210


def _rules(lab: Lab) -> Mapping[str, Any]:
    (rules,) = (content for content in lab.tree.objects.values() if content["kind"] == "PrometheusRule")
    spec: Mapping[str, Any] = rules["spec"]
    return spec


def _holds(lab: Lab) -> Mapping[str, int]:
    units = {"s": 1, "m": 60}
    return {rule["alert"]: int(rule["for"][:-1]) * units[rule["for"][-1]] for group in _rules(lab)["groups"] for rule in group["rules"]}


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS.items(), ids=SCENARIOS)
def test_the_alerts_of_a_scenario_fire_and_no_others(start: Start, tmp_path: Path, name: str, scenario: Scenario) -> None:
    lab = start(f"alert-{name}", version=scenario.redis, profile=scenario.profile, config=scenario.config, scrape=SCRAPE)
    lab.wait_for_replicas()
    lab.prometheus.wait_for_samples(3, 120)
    expected = {PREFIX + alert for alert in scenario.alerts}
    live = {alert for alert in expected if _holds(lab)[alert] <= LIVE_HOLD}
    with ExitStack() as stack:
        lab.mark("trouble")
        since = time.time()
        scenario.cause(lab, stack)
        for alert in sorted(live):
            lab.prometheus.wait_for_firing(alert, PATIENCE)
        time.sleep(max(0.0, since + TROUBLE - time.time()))
        fired = lab.prometheus.alert_times(time.time() - lab.started)
        lab.note(seconds={alert.removeprefix(PREFIX): round(at - since, 1) for alert, at in fired.items()})
        recording = json.loads(lab.record().read_text())
    assert set(fired) == live
    assert all(rule["health"] == "ok" for rule in lab.prometheus.rules())
    assert replay(recording, _as_deployed(lab), INTERVAL, frozenset(expected), tmp_path) == ""


def _as_deployed(lab: Lab) -> Mapping[str, Any]:
    """Return the rules of this environment with the default interval."""
    settings = lab.environment.monitoring.model_copy(update={"interval": type(lab.environment.monitoring.interval)(f"{INTERVAL}s")})
    spec: Mapping[str, Any] = alerts(lab.environment.model_copy(update={"monitoring": settings}))["spec"]
    return spec


def test_the_scenarios_fire_every_rule() -> None:
    """Every rule of any environment: those of a policy or of save points too."""
    told = {alert for scenario in SCENARIOS.values() for alert in scenario.alerts}
    basic = {"name": "lab", "gitops": {"tool": "argocd", "repository": "https://git.example.org/platform/cluster.git"}}
    configs: list[dict[str, Any]] = [{"redis": {"savePoints": ["900 1"]}}, {"redis": {"memory": {"policy": "noeviction"}}}]
    specs = [alerts(Environment.model_validate({**basic, **config}))["spec"] for config in configs]
    assert {rule["alert"].removeprefix(PREFIX) for spec in specs for group in spec["groups"] for rule in group["rules"]} == told


@pytest.mark.parametrize("profile", PROFILES)
def test_a_full_disk_and_a_full_server_are_no_death(start: Start, profile: str) -> None:
    """The liveness probe passes where the profile can make it, and the readiness probe fails where it reads the answer, on both roles."""
    lab = start("alive", profile=profile, monitoring=False)
    lab.wait_for_replicas()
    probes = lab.release.profile.probes
    for pod in (lab.primary, lab.replica):
        with ExitStack() as stack:
            lab.redis(pod, "CONFIG", "SET", "maxclients", "12")
            for _ in range(30):
                stack.enter_context(socket.create_connection((pod.address, pod.port("redis")), 2))
            assert always(pod, "livenessProbe") == bool(probes.liveness), "without a free connection"
            assert not always(pod, "readinessProbe")
        until("a free connection", partial(_answers, lab, pod), 30)
    with ExitStack() as stack:
        full_disk(lab, stack)
        until("MISCONF", lambda: _answers(lab, lab.primary) is None or None, 30)
        assert lab.primary.containers["redis"].passes("livenessProbe")
        assert lab.primary.containers["redis"].passes("readinessProbe") == probes.always_ready


def always(pod: Pod, probe: str) -> bool:
    """Return whether a probe passes each time. Without a free connection, that of a chart can depend on when Redis closes it."""
    return all(pod.containers["redis"].passes(probe) for _ in range(10))


def _answers(lab: Lab, pod: Pod) -> bool | None:
    with suppress(OSError, RedisError):
        return bool(lab.redis(pod, "PING") == "PONG") or None
    return None


@pytest.mark.parametrize("profile", PROFILES)
def test_a_replica_with_a_full_disk_goes_on(start: Start, profile: str) -> None:
    """It serves and follows its primary. Without `replica-ignore-disk-write-errors` Redis ends itself at the first write (server.c)."""
    lab = start("alive-replica", profile=profile, monitoring=False)
    lab.wait_for_replicas()
    limit_files(lab.replica, 1)
    for number in range(5):
        lab.redis(lab.primary, "SET", f"key:{number}", number)
        time.sleep(1)
    redis = lab.replica.containers["redis"]
    assert redis.restarts == 0
    assert redis.passes("livenessProbe")
    assert lab.redis(lab.replica, "GET", "key:4") == "4"
    assert lab.info(lab.replica)["master_link_status"] == "up"


@pytest.mark.parametrize("profile", PROFILES)
def test_metrics_arrive_whatever_argo_cd_tracks_by(start: Start, profile: str) -> None:
    """With the methods `label` and `annotation+label`, Argo CD writes the name of an Application into the instance label of each object."""
    lab = start("argo-cd-labels", profile=profile, scrape=1)
    for content in lab.cluster.objects.values():
        if content["kind"] != "Pod":
            content["metadata"].setdefault("labels", {})["app.kubernetes.io/instance"] = "redis-shared-release"
    lab.mark("labels of Argo CD")
    until("the labels in Prometheus", partial(_all_labelled, lab, "redis-shared-release"))
    lab.prometheus.wait_for_samples(since=time.time())
    shown = [target["expr"] for panel in _panels(lab) for target in panel["targets"]]
    assert all(_matchers(expr) == {'namespace="redis",service="redis-shared-metrics"'} for expr in shown)


def _all_labelled(lab: Lab, value: str) -> bool | None:
    """Return whether every target that Prometheus has discovered has this value of a label."""
    return all(value in labels.values() for labels in lab.prometheus.discovered()) or None


def _panels(lab: Lab) -> list[dict[str, Any]]:
    (text,) = dashboard(lab.environment)["data"].values()
    return list(json.loads(text)["panels"])


def _matchers(expr: str) -> set[str]:
    """Return the first two matchers of each selector: nothing else identifies the series."""
    return {",".join(selector.split(",")[:2]) for selector in re.findall(r"{([^}]+)}", expr)}
