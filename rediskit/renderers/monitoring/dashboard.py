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
        "panels": list(_placed(_rows(Series(_SELECTOR, 0, 0), has_latency))),
    }
    return _json(content).replace(f'"{_INSTANCES}"', _INSTANCES) + "\n"


def _json(value: Any, pad: str = "") -> str:
    """Return indented JSON with short values on one line, so a diff shows content instead of brackets."""
    flat = json.dumps(value)
    if len(pad) + len(flat) <= _LINE or not isinstance(value, dict | list):
        return flat
    inner = f"{pad}  "
    if isinstance(value, dict):
        parts, brackets = [f"{json.dumps(key)}: {_json(part, inner)}" for key, part in value.items()], "{}"
    else:
        parts, brackets = [_json(part, inner) for part in value], "[]"
    body = f",\n{inner}".join(parts)
    return f"{brackets[0]}\n{inner}{body}\n{pad}{brackets[1]}"


def _placed(rows: Sequence[Row]) -> Iterator[Object]:
    """Yield the panels with numbers and grid positions."""
    number, y = 0, 0
    for height, panels in rows:
        x = 0
        for width, panel in panels:
            number += 1
            yield {"id": number, "gridPos": {"h": height, "w": width, "x": x, "y": y}, **panel}
            x += width
        y += height


def _rows(series: Series, has_latency: bool) -> Sequence[Row]:
    return (
        (4, ((4, _up(series)), (7, _roles(series)), (7, _persistence(series)), (6, _hits(series)))),
        (8, ((12, _operations(series)), (12, _latency(series) if has_latency else _mean_latency(series)))),
        (8, ((8, _memory(series)), (8, _clients(series)), (8, _evictions(series)))),
        (8, ((8, _commands(series)), (8, _network(series)), (8, _replication(series)))),
    )


def _up(series: Series) -> Object:
    return _stat("Instances up", "none", [(f"sum(redis_up{{{series.selector}}}) or vector(0)", "")], [(_BAD, None), (_GOOD, _INSTANCES)])


def _roles(series: Series) -> Object:
    query = f"max by (pod, role) (redis_instance_info{{{series.selector}}})"
    return _stat("Roles", "none", [(query, "{{pod}}: {{role}}")], [(_NEUTRAL, None)], text="name")


def _persistence(series: Series) -> Object:
    """Return the panel of the persistence states. Redis also reports `ok` for a disabled feature."""
    metrics = {"AOF write": "aof_last_write_status", "AOF rewrite": "aof_last_bgrewrite_status", "RDB": "rdb_last_bgsave_status"}
    panel = _stat(
        "Persistence",
        "none",
        [(f"min(redis_{metric}{{{series.selector}}})", name) for name, metric in metrics.items()],
        [(_BAD, None), (_GOOD, 1)],
        text="value_and_name",
    )
    panel["fieldConfig"]["defaults"]["mappings"] = [{"type": "value", "options": {"0": {"text": "failing"}, "1": {"text": "ok"}}}]
    return panel


def _hits(series: Series) -> Object:
    hits, misses = (f"sum(rate(redis_keyspace_{kind}_total{{{series.selector}}}[{_RATE}]))" for kind in ("hits", "misses"))
    return _stat("Hit ratio", "percentunit", [(f"{hits} / ({hits} + {misses} > 0)", "")], [(_NEUTRAL, None)])


def _operations(series: Series) -> Object:
    query = f"sum by (pod) (rate(redis_commands_processed_total{{{series.selector}}}[{_RATE}]))"
    return _graph("Operations per second", "ops", [(query, "{{pod}}")])


def _latency(series: Series) -> Object:
    return _with_objective(_graph("p95 latency by command", "ms", [(series.latency("", _RATE), "{{cmd}} {{pod}}")]))


def _mean_latency(series: Series) -> Object:
    """Return the latency panel for a Redis with LATENCY disabled."""
    spent, calls = (
        f"sum by (pod, cmd) (rate({metric}{{{series.selector}}}[{_RATE}]))"
        for metric in ("redis_commands_duration_seconds_total", "redis_commands_total")
    )
    return _with_objective(_graph("Mean latency by command", "ms", [(f"1000 * {spent} / ({calls} > 0)", "{{cmd}} {{pod}}")]))


def _memory(series: Series) -> Object:
    used = (f"max by (pod) (redis_memory_used_bytes{{{series.selector}}})", "{{pod}}")
    return _graph("Memory", "bytes", [used, (f"max(redis_memory_max_bytes{{{series.selector}}})", "maxmemory")])


def _clients(series: Series) -> Object:
    connected = (f"max by (pod) (redis_connected_clients{{{series.selector}}})", "{{pod}}")
    rejected = (f"sum by (pod) (increase(redis_rejected_connections_total{{{series.selector}}}[{_RATE}]))", "{{pod}} rejected")
    return _graph("Clients", "short", [connected, rejected])


def _evictions(series: Series) -> Object:
    return _graph(
        "Evicted and expired keys per second",
        "ops",
        [
            (f"sum by (pod) (rate(redis_{kind}_keys_total{{{series.selector}}}[{_RATE}]))", f"{{{{pod}}}} {kind}")
            for kind in ("evicted", "expired")
        ],
    )


def _commands(series: Series) -> Object:
    query = f"sum by (cmd) (rate(redis_commands_total{{{series.selector}}}[{_RATE}])) > 0"
    return _graph("Calls per second by command", "ops", [(query, "{{cmd}}")])


def _network(series: Series) -> Object:
    return _graph(
        "Network",
        "Bps",
        [
            (f"sum by (pod) (rate(redis_net_{direction}_bytes_total{{{series.selector}}}[{_RATE}]))", f"{{{{pod}}}} {name}")
            for direction, name in (("input", "in"), ("output", "out"))
        ],
    )


def _replication(series: Series) -> Object:
    """Return the panel with bytes on the left axis and seconds on the right axis."""
    lag = (f"redis_connected_slave_lag_seconds{{{series.selector}}}", "{{slave_ip}} seconds")
    panel = _graph("Replicas behind the primary", "bytes", [(series.behind(), "{{slave_ip}} bytes"), lag])
    panel["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byFrameRefID", "options": "B"},
            "properties": [{"id": "unit", "value": "s"}, {"id": "custom.axisPlacement", "value": "right"}],
        }
    ]
    return panel


def _with_objective(panel: Object) -> Object:
    """Add a threshold line at the latency objective."""
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
