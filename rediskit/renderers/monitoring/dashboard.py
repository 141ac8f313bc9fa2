"""The Grafana dashboard of the release: JSON in a ConfigMap, which the sidecar of kube-prometheus-stack imports by its label.

A provisioned dashboard has no import dialog, so it has no `__inputs`, and the data source is a variable of the dashboard. The variable is
written `$datasource`, because Flux substitutes `${datasource}` if a Kustomization has postBuild variables.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.series import LATENCY_OBJECTIVE, Series
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object

LABEL = "grafana_dashboard"
"""The label by which the sidecar of Grafana finds dashboards."""
COLUMNS = 24
"""The number of columns of the Grafana grid."""

_LINE = 100
"""The maximum length of a JSON line."""

_SOURCE = {"type": "prometheus", "uid": "$datasource"}
_RATE = "$__rate_interval"
_SELECTOR, _NAME, _UID, _INTERVAL, _INSTANCES = "%(selector)s", "%(name)s", "%(uid)s", "%(interval)s", "%(instances)s"
"""Placeholders for the values that differ between releases. No other text of the dashboard may contain a percent sign."""

_SERIES = Series(_SELECTOR, 0, 0)

_GOOD, _BAD, _NEUTRAL = "green", "red", "blue"

Step = tuple[str, int | str | None]
"""A color, and the lowest value with this color."""

Row = tuple[int, Sequence[tuple[int, Object]]]
"""The height of a row, and its panels from left to right, each with its width."""


def dashboard(environment: Environment) -> Object:
    """Return the ConfigMap, in the namespace of Prometheus. Its key is unique in the cluster: the sidecar uses one folder for all."""
    release, series = release_of(environment), Series.of(environment)
    own = f"{release.namespace}.{release.fullname}"
    text = _text("LATENCY" not in environment.redis.disabled_commands) % {
        "selector": series.selector.replace('"', '\\"'),
        "name": f"{release.namespace}/{release.fullname}",
        "uid": f"redis-{sha256(own.encode()).hexdigest()[:16]}",
        "interval": f"{series.interval}s",
        "instances": series.instances,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(f"{release.fullname}-dashboard", environment.monitoring.namespace, {**labels(environment), LABEL: "1"}),
        "data": {f"{own}.json": text},
    }


@cache
def _text(has_latency: bool) -> str:
    """Return the JSON with placeholders. It is cached, because this takes longer than the rest of the environment."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1, "hide": 0}
    operations = _graph("Operations per second", "ops", [(_rate("commands_processed_total"), "{{pod}}")])
    content = {
        "id": None,
        "uid": _UID,
        "title": f"Shared Redis {_NAME}",
        "tags": ["redis"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [{**source, "current": {"text": "default", "value": "default"}}]},
        "panels": list(_placed(((4, _states()), (8, ((12, operations), (12, _latency(has_latency)))), (8, _load()), (8, _traffic())))),
    }
    return _json(content).replace(f'"{_INSTANCES}"', _INSTANCES) + "\n"


def _json(value: Any, pad: str = "") -> str:
    """Return indented JSON with short values on one line, so a diff shows content instead of brackets."""
    inner = f"{pad}  "
    if isinstance(value, dict):
        parts, brackets = [f'"{key}": {_json(part, inner)}' for key, part in value.items()], "{}"
    elif isinstance(value, list):
        parts, brackets = [_json(part, inner) for part in value], "[]"
    else:
        return str(value) if type(value) is int else json.dumps(value)
    flat = f"{brackets[0]}{', '.join(parts)}{brackets[1]}"
    if len(pad) + len(flat) <= _LINE:
        return flat
    body = f",\n{inner}".join(parts)
    return f"{brackets[0]}\n{inner}{body}\n{pad}{brackets[1]}"


def _placed(rows: Sequence[Row]) -> Iterator[Object]:
    """Yield the panels with numbers and grid positions."""
    number, top = 0, 0
    for height, panels in rows:
        left = 0
        for width, panel in panels:
            number += 1
            yield {"id": number, "gridPos": {"h": height, "w": width, "x": left, "y": top}, **panel}
            left += width
        top += height


def _metric(name: str) -> str:
    return f"redis_{name}{{{_SELECTOR}}}"


def _rate(name: str, by: str = "pod") -> str:
    return f"sum by ({by}) (rate({_metric(name)}[{_RATE}]))"


def _states() -> Sequence[tuple[int, Object]]:
    """Return the row of current values. Redis also reports `ok` for a disabled form of persistence."""
    forms = {"AOF write": "aof_last_write_status", "AOF rewrite": "aof_last_bgrewrite_status", "RDB": "rdb_last_bgsave_status"}
    saved = [(f"min({_metric(metric)})", name) for name, metric in forms.items()]
    persistence = _stat("Persistence", "none", saved, [(_BAD, None), (_GOOD, 1)], text="value_and_name")
    persistence["fieldConfig"]["defaults"]["mappings"] = [{"type": "value", "options": {"0": {"text": "failing"}, "1": {"text": "ok"}}}]
    hits, misses = (f"sum(rate({_metric(f'keyspace_{kind}_total')}[{_RATE}]))" for kind in ("hits", "misses"))
    roles = [(f"max by (pod, role) ({_metric('instance_info')})", "{{pod}}: {{role}}")]
    return (
        (4, _stat("Instances up", "none", [(f"sum({_metric('up')}) or vector(0)", "")], [(_BAD, None), (_GOOD, _INSTANCES)])),
        (7, _stat("Roles", "none", roles, [(_NEUTRAL, None)], text="name")),
        (7, persistence),
        (6, _stat("Hit ratio", "percentunit", [(f"{hits} / ({hits} + {misses} > 0)", "")], [(_NEUTRAL, None)])),
    )


def _load() -> Sequence[tuple[int, Object]]:
    """Return the row about memory, clients and keys."""
    rejected = f"sum by (pod) (increase({_metric('rejected_connections_total')}[{_RATE}]))"
    evicted = [(_rate(f"{kind}_keys_total"), f"{{{{pod}}}} {kind}") for kind in ("evicted", "expired")]
    used, limit = f"max by (pod) ({_metric('memory_used_bytes')})", f"max({_metric('memory_max_bytes')})"
    clients = [(f"max by (pod) ({_metric('connected_clients')})", "{{pod}}"), (rejected, "{{pod}} rejected")]
    return (
        (8, _graph("Memory", "bytes", [(used, "{{pod}}"), (limit, "maxmemory")])),
        (8, _graph("Clients", "short", clients)),
        (8, _graph("Evicted and expired keys per second", "ops", evicted)),
    )


def _traffic() -> Sequence[tuple[int, Object]]:
    """Return the row about calls, network and replication, the latter with bytes on the left axis and seconds on the right axis."""
    network = [(_rate(f"net_{way}_bytes_total"), f"{{{{pod}}}} {name}") for way, name in (("input", "in"), ("output", "out"))]
    behind = [(_SERIES.behind(), "{{slave_ip}} bytes"), (_metric("connected_slave_lag_seconds"), "{{slave_ip}} seconds")]
    replication = _graph("Replicas behind the primary", "bytes", behind)
    seconds = [{"id": "unit", "value": "s"}, {"id": "custom.axisPlacement", "value": "right"}]
    replication["fieldConfig"]["overrides"] = [{"matcher": {"id": "byFrameRefID", "options": "B"}, "properties": seconds}]
    return (
        (8, _graph("Calls per second by command", "ops", [(f"{_rate('commands_total', 'cmd')} > 0", "{{cmd}}")])),
        (8, _graph("Network", "Bps", network)),
        (8, replication),
    )


def _latency(has_latency: bool) -> Object:
    """Return the latency panel, of the mean for a Redis with LATENCY disabled, with a line at the objective."""
    title, query = "p95 latency by command", _SERIES.latency("", _RATE)
    if not has_latency:
        spent, calls = (_rate(name, "pod, cmd") for name in ("commands_duration_seconds_total", "commands_total"))
        title, query = "Mean latency by command", f"1000 * {spent} / ({calls} > 0)"
    panel = _graph(title, "ms", [(query, "{{cmd}} {{pod}}")])
    defaults = panel["fieldConfig"]["defaults"]
    defaults["thresholds"] = _thresholds([(_GOOD, None), (_BAD, LATENCY_OBJECTIVE)])
    defaults["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    return panel


def _stat(title: str, unit: str, queries: Sequence[tuple[str, str]], steps: Sequence[Step], text: str = "auto") -> Object:
    """Return a panel of current values."""
    return {
        "type": "stat",
        "title": title,
        "datasource": _SOURCE,
        "interval": _INTERVAL,
        "fieldConfig": {"defaults": {"unit": unit, "thresholds": _thresholds(steps)}, "overrides": []},
        "options": {"colorMode": "background", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}, "textMode": text},
        "targets": _targets(queries, instant=True),
    }


def _graph(title: str, unit: str, queries: Sequence[tuple[str, str]]) -> Object:
    """Return a panel of time series, starting at 0."""
    return {
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "interval": _INTERVAL,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 10}}, "overrides": []},
        "targets": _targets(queries, instant=False),
    }


def _targets(queries: Sequence[tuple[str, str]], *, instant: bool) -> list[Object]:
    return [
        {"refId": letter, "expr": expr, **({"legendFormat": legend} if legend else {}), **({"instant": True} if instant else {})}
        for letter, (expr, legend) in zip("ABC", queries, strict=False)
    ]


def _thresholds(steps: Sequence[Step]) -> Object:
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}
