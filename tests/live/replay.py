"""A recording as a test of Prometheus's rules: `promtool test rules` decides which alerts fire as they are written.

A sample of the recording becomes a sample of the rules' own interval: what was scraped every 2 s in two minutes is replayed as if it had
been scraped every 15 s in a quarter of an hour, from the first scrape on. The alerts wait as long as they are written, and need no more
of the lab than two minutes.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.live.chart import program

Object = dict[str, Any]

KUBE_STATE_METRICS = "kube-state-metrics"
_FIRED = 'group by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1d]))'
_NAME = re.compile(r"\b(?:redis|up|kube_job)(?:_\w+)?\b")


def replay(recording: Object, rules: Mapping[str, Any], interval: int, expected: frozenset[str], folder: Path) -> str:
    """Return what promtool reports about these alerts, "" where they fire at some time of the recording and no others do.

    Args:
        recording: the content of a file that `Lab.record` wrote.
        rules: the `spec` of a PrometheusRule, rendered for that interval.
        interval: seconds between two scrapes and two evaluations.
        expected: the names of the alerts that fire.
        folder: where the files of promtool are written.
    """
    names = {name for group in rules["groups"] for rule in group["rules"] for name in _NAME.findall(rule["expr"])}
    inputs = [
        {"series": _series(series["metric"]), "values": values}
        for series, values in _stretched(recording)
        if series["metric"]["__name__"] in names
    ]
    slots = round((recording["ended"] - _first(recording)) / recording["interval"])
    test = {
        "interval": f"{interval}s",
        "input_series": inputs,
        "promql_expr_test": [
            {
                "expr": _FIRED,
                "eval_time": f"{slots * interval}s",
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)],
            }
        ],
    }
    (folder / "rules.json").write_text(json.dumps(rules))
    (folder / "test.json").write_text(json.dumps({"rule_files": ["rules.json"], "evaluation_interval": f"{interval}s", "tests": [test]}))
    done = subprocess.run([program("promtool"), "test", "rules", folder / "test.json"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def _stretched(recording: Object) -> Iterator[tuple[Object, str]]:
    """Yield each series with its values in the notation of promtool, one value a scrape of its target."""
    scrapes = {
        _target(series["metric"]): [at for at, _ in series["values"]]
        for series in recording["series"]
        if series["metric"]["__name__"] == "up"
    }
    interval, started = recording["interval"], _first(recording)
    for series in recording["series"]:
        offset = (scrapes[_target(series["metric"])][0] - started) % interval
        slots = {round((at - started - offset) / interval): value for at, value in series["values"]}
        yield series, _values(slots)


def _first(recording: Object) -> float:
    """Return the time of the first scrape: before it the lab starts, and a busy machine takes long for it."""
    return float(min(series["values"][0][0] for series in recording["series"] if series["metric"]["__name__"] == "up"))


def _values(slots: Mapping[int, str]) -> str:
    """Return the samples in order. A slot without one ends the series, as Prometheus does when a scrape lacks it."""
    last = max(slots)
    values, present = [], False
    for slot in range(last + 2):
        values.append(slots.get(slot) or ("stale" if present else "_"))
        present = slot in slots
    return " ".join(values)


def _target(metric: Mapping[str, str]) -> tuple[str, str]:
    """Return pod and instance. The labels of a series of kube-state-metrics are those of its object: it has no pod, or another one."""
    return ("" if metric["job"] == KUBE_STATE_METRICS else metric["pod"]), metric["instance"]


def _series(metric: Mapping[str, str]) -> str:
    labels = ",".join(f"{name}={json.dumps(value)}" for name, value in metric.items() if name != "__name__")
    return f"{metric['__name__']}{{{labels}}}"
