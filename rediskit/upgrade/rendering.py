"""What Helm renders from a chart and the values of a config."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from rediskit.chart.names import Release
from rediskit.errors import Problem
from rediskit.helm import Chart, template
from rediskit.model.nested import at, list_at, mapping_at
from rediskit.yamlio.foreign import read_foreign

_LIMIT = 8 * 2**20
Object = dict[str, Any]
Identity = tuple[str, str]
"""Kind and name. All objects of a chart are in one namespace."""


class Rendering:
    """The objects that a chart renders for a release. A chart that refuses the values raises RefusedError."""

    def __init__(self, chart: Chart, release: Release, values: Mapping[str, Any]) -> None:
        self.chart, self.release, self.values = chart, release, values

    def text(self, values: Mapping[str, Any] | None = None) -> str:
        """Return the output of `helm template` for the values of the config, or for others."""
        refusal = Problem(f"chart {self.chart.version} refuses the values of the config")
        used = self.values if values is None else values
        return template(self.chart, self.release.name, self.release.namespace, used, refusal=refusal).decode()

    @cached_property
    def whole(self) -> str:
        return self.text()

    @cached_property
    def objects(self) -> dict[Identity, Object]:
        """The objects by kind and name, without the tests of the chart."""
        # Go accepts a tab after a value, which is no YAML.
        text = re.sub(r"[ \t]+$", "", self.whole, flags=re.MULTILINE)
        documents = (document.data for document in read_foreign(text.encode(), "helm template", limit=_LIMIT))
        contents = (content for content in documents if isinstance(content, dict) and isinstance(content.get("kind"), str))
        tests = "helm.sh/hook"
        return {
            (content["kind"], str(at(content, "metadata", "name"))): content
            for content in contents
            if tests not in mapping_at(content, "metadata", "annotations")
        }

    def of(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by name."""
        return {name: content for (entry, name), content in self.objects.items() if entry == kind}

    def containers(self) -> Iterator[tuple[str, str, Object]]:
        """Yield workload, name and content of each container, init containers included."""
        for (kind, name), content in self.objects.items():
            pod = mapping_at(content, "spec", "template", "spec")
            for container in (*list_at(pod, "initContainers"), *list_at(pod, "containers")):
                yield f"{kind}/{name}", str(container.get("name")), container

    def secrets(self) -> frozenset[tuple[str, str]]:
        """Return Secret and key of each reference in the pods; the key is empty where a pod mounts all of them."""
        return frozenset(reference for content in self.objects.values() for reference in _references(at(content, "spec", "template")))


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(key := value.get("secretKeyRef"), dict):
            yield str(key.get("name")), str(key.get("key"))
        if "secretName" in value:
            yield from ((str(value["secretName"]), str(item.get("key"))) for item in value.get("items") or [{"key": ""}])
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
