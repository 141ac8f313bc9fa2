"""What the real chart renders from the values of a config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from rediskit import Environment, render
from rediskit.chart.names import Release
from rediskit.renderers.helm import merged_values, release_of
from rediskit.yamlio.writer import dump
from tests.charts.archives import archive, helm
from tests.samples import environment_of


class RefusedError(Exception):
    """Helm refuses the values."""


def template(chart: Path, release: str, namespace: str, values: Path) -> str:
    """Return the output of `helm template`."""
    done = helm("template", release, chart, "--namespace", namespace, "--values", values)
    if done.returncode:
        raise RefusedError(done.stderr)
    return done.stdout


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects in the output, without the tests of the chart. A tab after a value is no YAML for PyYAML; Helm accepts it."""
    objects = [content for content in yaml.safe_load_all(text.replace("\t", " ")) if content]
    return [content for content in objects if "helm.sh/hook" not in (content["metadata"].get("annotations") or {})]


class Rendered:
    """A config, and what the real chart and rediskit render from it."""

    def __init__(self, profile: str, over: Mapping[str, Any], folder: Path) -> None:
        redis = {"chart": {"profile": profile, "version": None}, **over.get("redis", {})}
        redis["chart"] = {"profile": profile, **over.get("redis", {}).get("chart", {})}
        self.profile = profile
        base = {key: value for key, value in over.items() if key != "redis"}
        self.environment: Environment = _without_version(base, redis)
        self.folder = folder
        self.release: Release = release_of(self.environment)
        self.values = merged_values(self.environment)

    def template(self, values: Mapping[str, Any] | None = None, name: str = "values") -> str:
        """Return the output of the chart for the values of the config, or for others."""
        file = self.folder / f"{name}.yaml"
        file.write_text(dump(dict(self.values if values is None else values)), encoding="utf-8")
        return template(archive(self.profile), self.release.name, self.release.namespace, file)

    @cached_property
    def text(self) -> str:
        return self.template()

    @cached_property
    def chart_objects(self) -> list[dict[str, Any]]:
        return objects(self.text)

    @cached_property
    def own_objects(self) -> list[dict[str, Any]]:
        return list(render(self.environment).objects.values())

    def named(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the objects of the chart of a kind by name."""
        return {content["metadata"]["name"]: content for content in self.chart_objects if content["kind"] == kind}

    def own(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of rediskit of a kind."""
        return (content for content in self.own_objects if content["kind"] == kind)

    def containers(self, name: str) -> list[dict[str, Any]]:
        """Return the containers with a name in all pods."""
        specs = [workload["spec"]["template"]["spec"] for workload in self.named("StatefulSet").values()]
        return [container for spec in specs for container in spec["containers"] if container["name"] == name]

    def pods(self) -> dict[str, dict[str, str]]:
        """Return the labels of each pod by name, as the StatefulSet controller sets them."""
        labels = {}
        for name, workload in self.named("StatefulSet").items():
            for ordinal in range(workload["spec"]["replicas"]):
                pod = f"{name}-{ordinal}"
                labels[pod] = {**workload["spec"]["template"]["metadata"]["labels"], "statefulset.kubernetes.io/pod-name": pod}
        return labels

    def selected(self, selector: Mapping[str, str]) -> set[str]:
        """Return the pods that a selector selects."""
        return {pod for pod, labels in self.pods().items() if selector.items() <= labels.items()}


def _without_version(base: Mapping[str, Any], redis: Mapping[str, Any]) -> Environment:
    """Return the environment of the main config with another section `redis`."""
    environment = environment_of(over=base)
    return environment.model_copy(update={"redis": type(environment.redis).model_validate(dict(redis))})
