"""Prometheus with our rules, and targets labelled as prometheus-operator labels those of our ServiceMonitor."""

from __future__ import annotations

import json
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.processes import FailedError, Programs, free_port, until
from tests.live.chart import program
from tests.live.cluster import Cluster

Object = dict[str, Any]
Sample = tuple[float, str]


class Prometheus:
    """The server, the targets it scrapes, and the scraped samples."""

    def __init__(self, programs: Programs, cluster: Cluster, monitor: Object, rules: Sequence[Object]) -> None:
        self._cluster, self._monitor = cluster, monitor
        self._folder = programs.folder / "prometheus"
        self._folder.mkdir(parents=True)
        self._targets = self._folder / "targets.json"
        self._targets.write_text("[]")
        endpoint = monitor["spec"]["endpoints"][0]
        groups = [group for rule in rules for group in rule["spec"]["groups"]]
        (self._folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
        settings = {"scrape_interval": endpoint["interval"], "evaluation_interval": endpoint["interval"]}
        config = {"global": settings, "rule_files": ["rules.yml"], "scrape_configs": [self._job(endpoint)]}
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self._address}"
        options = {"config.file": "prometheus.yml", "storage.tsdb.path": "data", "web.listen-address": self._address, "log.level": "warn"}
        self._program = programs.start("prometheus", program("prometheus"), *(f"--{name}={value}" for name, value in options.items()))
        cluster.watchers.append(self._write_targets)
        until("an answer of Prometheus", self._answers, 60)

    def reload(self) -> None:
        """Let it read its configuration and rules again."""
        assert self._program.process
        self._program.process.send_signal(signal.SIGHUP)

    def query(self, expr: str, at: float | None = None) -> list[Object]:
        """Return the result of an instant query: a list of `metric` and `value`, or `values` for a range."""
        parameters = {"query": expr, **({"time": str(at)} if at else {})}
        return list(self._get("query", parameters)["result"])

    def value(self, expr: str) -> float | None:
        """Return the one value of a query; None where there is none. Raises AssertionError for several."""
        samples = self.query(expr)
        assert len(samples) < 2, samples
        return float(samples[0]["value"][1]) if samples else None

    def alerts(self) -> list[Object]:
        """Return the alerts that are pending or firing now: `labels`, `annotations`, `state`, `activeAt`."""
        return list(self._get("alerts", {})["alerts"])

    def firing(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.alerts() if alert["state"] == "firing"}

    def wait_for_firing(self, name: str, seconds: float) -> float:
        """Return the seconds until this alert fires."""
        start = time.monotonic()
        until(f"the alert {name}", lambda: name in self.firing() or None, seconds, 0.5)
        return time.monotonic() - start

    def rules(self) -> list[Object]:
        """Every rule: `name`, `query`, `health`, `lastError`."""
        return [rule for group in self._get("rules", {})["groups"] for rule in group["rules"]]

    def wait_for_samples(self, count: int = 2, seconds: float = 60, since: float = 0) -> None:
        """Wait until every instance has answered so many scrapes, after the time `since` or within the last 10 minutes."""
        pods = {pod.name for pod in self._cluster.pods.values() if "metrics" in pod.containers}

        def answered() -> bool | None:
            span = int(1000 * min(time.time() - since, 600))
            samples = self.query(f"count_over_time(redis_up[{span}ms]) >= {count}") if span > 0 else []
            return pods <= {item["metric"]["pod"] for item in samples} or None

        until("scrapes of every instance", answered, seconds)

    def discovered(self) -> list[Mapping[str, str]]:
        """Return the labels of every target that the server knows, before relabelling: of those that it drops, too."""
        targets = self._get("targets", {})
        return [target["discoveredLabels"] for name in ("activeTargets", "droppedTargets") for target in targets[name]]

    def recording(self, seconds: float) -> list[Object]:
        """All series of the last seconds as they were scraped: `metric` and `values`, alerts left out."""
        samples = self.query(f'{{job!="",__name__!~"ALERTS.*"}}[{int(seconds) + 1}s]')
        return sorted(samples, key=lambda series: json.dumps(series["metric"], sort_keys=True))

    def alert_times(self, seconds: float) -> Mapping[str, float]:
        """Return the moment at which each alert fired first within the last seconds."""
        values: dict[str, float] = {}
        for series in self.query(f'ALERTS{{alertstate="firing"}}[{int(seconds) + 1}s]'):
            name = series["metric"]["alertname"]
            values[name] = min(values.get(name, float("inf")), float(series["values"][0][0]))
        return values

    def _job(self, endpoint: Object) -> Object:
        """Return the scrape job of a ServiceMonitor, as the Prometheus operator generates it (promcfg.go, generateServiceMonitorConfig)."""
        meta, spec = self._monitor["metadata"], self._monitor["spec"]
        relabelings = [
            {"source_labels": [f"__meta_kubernetes_service_label_{_label(name)}"], "regex": f"({value})", "action": "keep"}
            for name, value in spec["selector"]["matchLabels"].items()
        ]
        relabelings += [
            {"source_labels": ["__meta_kubernetes_endpoint_port_name"], "regex": endpoint["port"], "action": "keep"},
            *(
                {"source_labels": [f"__meta_kubernetes_{source}"], "target_label": target, "action": "replace"}
                for source, target in (
                    ("namespace", "namespace"), ("service_name", "service"), ("pod_name", "pod"), ("pod_container_name", "container"),
                    ("service_name", "job"),
                )
            ),
            {"target_label": "endpoint", "replacement": endpoint["port"]},
            *(_snake(relabeling) for relabeling in endpoint.get("relabelings", ())),
        ]  # fmt: skip
        return {
            "job_name": f"serviceMonitor/{meta['namespace']}/{meta['name']}/0",
            "scrape_interval": endpoint["interval"],
            "scrape_timeout": endpoint["scrapeTimeout"],
            "file_sd_configs": [{"files": [self._targets.name]}],
            "relabel_configs": relabelings,
            "metric_relabel_configs": [_snake(relabeling) for relabeling in endpoint.get("metricRelabelings", ())],
        }

    def _write_targets(self) -> None:
        """Write the targets of Kubernetes discovery: all pods of the metrics Service."""
        selector = self._monitor["spec"]["selector"]["matchLabels"]
        samples = []
        for (kind, namespace, name), service in list(self._cluster.objects.items()):
            if kind != "Service" or not selector.items() <= service["metadata"].get("labels", {}).items():
                continue
            (port,) = service["spec"]["ports"]
            labels = {f"__meta_kubernetes_service_label_{_label(key)}": value for key, value in service["metadata"]["labels"].items()}
            for pod in self._cluster.selected(service["spec"]["selector"], ready=False):
                about = {
                    "namespace": namespace,
                    "service_name": name,
                    "endpoint_port_name": port["name"],
                    "pod_name": pod.name,
                    "pod_container_name": "metrics",
                }
                prefixed = {f"__meta_kubernetes_{key}": value for key, value in about.items()}
                samples.append({"targets": [f"{pod.address}:{pod.port(port['targetPort'])}"], "labels": {**prefixed, **labels}})
        text = json.dumps(samples, sort_keys=True)
        if text != self._targets.read_text():
            part = self._targets.with_suffix(".part")
            part.write_text(text)
            part.rename(self._targets)

    def _answers(self) -> bool | None:
        try:
            self.query("1")
        except FailedError:
            return None
        return True

    def _get(self, path: str, parameters: Mapping[str, str]) -> Object:
        address = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                content: Object = json.loads(answer.read())["data"]
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise FailedError(f"Prometheus answered {error.code} to {parameters}: {error.read().decode()[:500]}") from None
        except OSError as error:
            raise FailedError(f"Prometheus does not answer: {error}") from None


def _label(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _snake(relabeling: Mapping[str, Any]) -> Object:
    return {re.sub(r"(?<!^)([A-Z])", r"_\1", key).lower(): value for key, value in relabeling.items()}


def folder_of_recordings() -> Path:
    """Where each scenario is recorded."""
    return Path("build/live")
