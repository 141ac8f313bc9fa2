"""What tests of alerts and dashboard share: environments, queries taken apart, a fleet of Redis as Prometheus sees it, and promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from rediskit.model.environment import Environment
from tests.tools.install import locate

DATA = Path(__file__).parent / "data"
TYPES = dict(
    line.split() for line in (DATA / "redis_exporter_metrics.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
)
"""Metric to type: counter, gauge, histogram, summary."""

OTHERS = {"kube_job_status_failed": {"namespace", "job_name"}}
"""Metrics of kube-state-metrics (its docs/metrics/workload/job-metrics.md), and the labels that select ours."""
SCRAPE = 15
MINUTE = 60 // SCRAPE
LENGTH = 60 * MINUTE
"""Samples in an hour, the length of every story that promtool is told."""
PRIMARY, REPLICA = "redis-shared-master-0", "redis-shared-replicas-0"

Fleet = dict[str, str]
"""Series to values, in promtool's notation."""


def environment(**sections: Any) -> Environment:
    gitops = {"tool": "argocd", "repository": "https://example.com/cluster.git", "revision": "main"}
    return Environment.model_validate({"name": "test", "gitops": gitops, **sections})


def selectors(expr: str) -> Iterator[tuple[promql_parser.VectorSelector, promql_parser.Call | None, float]]:
    """Every selector of a query, the function it is the range of, and the seconds of that range."""
    selectors: list[tuple[promql_parser.VectorSelector, promql_parser.Call | None, float]] = []
    ranges: dict[str, tuple[promql_parser.Call, float]] = {}

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.Call):
            for argument in node.args:
                if isinstance(argument, promql_parser.MatrixSelector):
                    ranges[argument.vector_selector.prettify()] = (node, argument.range.total_seconds())
        elif isinstance(node, promql_parser.VectorSelector):
            call, seconds = ranges.get(node.prettify(), (None, 0.0))
            selectors.append((node, call, seconds))
        return True

    promql_parser.walk(promql_parser.parse(expr), visit)
    assert selectors, expr
    yield from selectors


def assert_sound(expr: str, matchers: Mapping[str, str]) -> None:
    """Assert that a query parses, uses existing metrics of one release only, and rates of counters only."""
    for selector, call, _ in selectors(expr):
        name = selector.name or ""
        if name in OTHERS:
            labels = {str(matcher.name): str(matcher.value) for matcher in selector.matchers.matchers}
            assert (call, labels["namespace"].split("|")[0]) == (None, matchers["namespace"]), expr
            assert labels.keys() == OTHERS[name], "nothing else tells whose series it is"
            continue
        metric = name.removesuffix("_bucket") if TYPES.get(name.removesuffix("_bucket")) == "histogram" else name
        assert metric in TYPES, f"no exporter has {name}"
        labels = {matcher.name: matcher.value for matcher in selector.matchers.matchers if str(matcher.op) == "MatchOp.Equal"}
        assert matchers.items() <= labels.items(), expr
        if call and call.func.name in ("last_over_time", "max_over_time", "min_over_time"):
            assert TYPES[metric] == "gauge", f"{call.func.name} of the counter {name}"
        elif call:
            assert call.func.name in ("rate", "increase")
            assert TYPES[metric] in ("counter", "histogram"), f"{call.func.name} of the gauge {name}"
        else:
            assert TYPES[metric] == "gauge", f"{name} is never asked for as it stands"


def fleet(replicas: int = 1, namespace: str = "redis", service: str = "redis-shared-metrics", scrape: int = SCRAPE) -> Fleet:
    """Return a healthy primary with its replicas, busy, for an hour: names of series and label values as scraped from real ones."""
    pods = [PRIMARY, *(f"redis-shared-replicas-{number}" for number in range(replicas))]
    samples: Fleet = {}
    for number, pod in enumerate(pods):
        target = {
            "namespace": namespace, "service": service, "job": service, "pod": pod, "container": "metrics", "endpoint": "http-metrics",
            "instance": f"10.42.0.{number}:9121",
        }  # fmt: skip
        for metric, labels, values in _instance(number == 0, replicas):
            samples[series(metric, {**target, **labels})] = values
    return {name: values.replace("xN", f"x{3600 // scrape}") for name, values in samples.items()}


def _instance(primary: bool, replicas: int) -> Iterator[tuple[str, dict[str, str], str]]:
    """Counters grow by whole numbers a sample; a get or set is almost always done within 16 microseconds."""
    master = {"master_host": "redis-shared-master-0.redis-shared-headless", "master_port": "6379"}
    role = "master" if primary else "slave"
    yield "redis_up", {}, "1xN"
    yield "redis_exporter_last_scrape_error", {"err": ""}, "0xN"
    yield "redis_instance_info", {"role": role, "redis_version": "8.2.1", "run_id": f"{role}1", "maxmemory_policy": "allkeys-lru"}, "1xN"
    yield "redis_connected_slaves", {}, f"{replicas if primary else 0}xN"
    yield "redis_master_repl_offset", {}, "1000000000+50000xN"
    for name in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"):
        yield f"redis_{name}", {}, "1xN"
    for name, value in (("connected_clients", 20), ("max_clients", 10000), ("memory_used_bytes", 5e8), ("memory_max_bytes", 2**30)):
        yield f"redis_{name}", {}, f"{value:.0f}xN"
    yield "redis_mem_not_counted_for_eviction_bytes", {}, "0xN"
    for name in ("rejected_connections", "evicted_keys", "expired_keys"):
        yield f"redis_{name}_total", {}, "7xN"
    for name in ("commands_processed", "keyspace_hits", "keyspace_misses", "net_input_bytes", "net_output_bytes"):
        yield f"redis_{name}_total", {}, "5000+300xN"
    for command in ("get", "set", "config|get"):
        yield "redis_commands_total", {"cmd": command}, "5000+1000xN"
        yield "redis_commands_duration_seconds_total", {"cmd": command}, "3+1xN"
        for limit, calls in (("1", 900), ("16", 990), ("16909", 1000), ("+Inf", 1000)):
            yield "redis_commands_latencies_usec_bucket", {"cmd": command, "le": limit}, f"{calls}+{calls}xN"
    yield "redis_errors_total", {"err": "ERR"}, "5+40xN"
    yield "redis_errors_total", {"err": "NOAUTH"}, "3xN"
    for number in range(replicas if primary else 0):
        slave = {"slave_ip": f"10.42.1.{number}", "slave_port": "6379", "slave_state": "online"}
        yield "redis_connected_slave_lag_seconds", slave, "1xN"
        yield "redis_connected_slave_offset_bytes", slave, "999950000+50000xN"
    if not primary:
        yield "redis_master_link_up", master, "1xN"
        yield "redis_master_sync_in_progress", master, "0xN"
        yield "redis_slave_repl_offset", master, "1000000000+50000xN"


def series(metric: str, labels: Mapping[str, str]) -> str:
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def matching(fleet: Fleet, metric: str = "", **labels: str) -> list[str]:
    """Names of series: those of one metric (or of all) with these labels. None is a mistake of the test."""
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    names = [name for name in fleet if name.startswith(f"{metric}{{" if metric else "") and all(label in name for label in wanted)]
    assert names, (metric, labels)
    return names


def changed(fleet: Fleet, metric: str, values: str, **labels: str) -> Fleet:
    """Return the fleet with other values for some series of a metric."""
    return {**fleet, **dict.fromkeys(matching(fleet, metric, **labels), values)}


def ended(fleet: Fleet, metric: str = "", **labels: str) -> Fleet:
    """Return the fleet with series that were there for ten minutes only: when a pod goes, Prometheus marks them as ended."""
    return {**fleet, **{name: re.sub(r"x\d+$", f"x{10 * MINUTE} stale", fleet[name]) for name in matching(fleet, metric, **labels)}}


def then(first: str, second: str, minutes: int = 50) -> str:
    """Ten minutes of one value, then the other for some minutes, then the first again: `1`, `0+5` (which grows from 0 by 5 a sample)."""
    rest = f" {first}x{(50 - minutes) * MINUTE}" if minutes < 50 else ""
    return f"{first}x{10 * MINUTE - 1} {second}x{minutes * MINUTE}{rest}"


def promtool(folder: Path, rules: Mapping[str, Any], *tests: Mapping[str, Any]) -> None:
    """Run promtool: `tests` are entries of `tests:` in its unit-test files. Its output is the failure."""
    program = locate("promtool")
    if program is None:
        pytest.fail("promtool is neither in the tool cache nor on PATH; run: make tools", pytrace=False)
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    file = folder / "test.json"
    file.write_text(json.dumps({"rule_files": ["rules.json"], "evaluation_interval": f"{SCRAPE}s", "tests": tests}), encoding="utf-8")
    done = subprocess.run([program, "test", "rules", str(file)], capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{done.stdout}{done.stderr}", pytrace=False)


def story(fleet: Fleet, *, scrape: int = SCRAPE, **expected: Any) -> dict[str, Any]:
    """Return an entry of `tests:`: what Prometheus scrapes, and what is expected of it."""
    return {"interval": f"{scrape}s", "input_series": [{"series": name, "values": values} for name, values in fleet.items()], **expected}


def samples(expr: str, series: Mapping[str, float]) -> dict[str, Any]:
    """Return an entry of `promql_expr_test:`: at the end of the hour the query gives exactly this."""
    return {"expr": expr, "eval_time": "60m", "exp_samples": [{"labels": labels, "value": value} for labels, value in series.items()]}
