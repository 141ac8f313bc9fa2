"""What Flux refers to and does not have stops it: `decommission` must not remove it, and rediskit names it for the same objects."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.usage.references import awaited
from rediskit.yamlio.writer import dump
from tests.cluster.flux import HELM, KUSTOMIZE, SOURCE, Flux
from tests.cluster.git import GitServer, Repository
from tests.cluster.kube import Object, condition, condition_of
from tests.cluster.processes import FailedError, until
from tests.cluster.tool import Expected
from tests.samples import merged

SETTINGS, KEYS, OLD, OLD_RELEASE = "old-settings", "old-keys", "old", "release-old"
"""What is removed: a ConfigMap, a Secret, a Kustomization with its GitRepository, and a HelmRelease, as those of an old Redis."""
CHECKED, BEHIND = "checked", "behind"
"""A health check of a missing object: the Kustomization applies its commit and is not Ready, and what depends on it waits."""
WAITING: dict[str, dict[str, Any]] = {
    "depends": {"dependsOn": [{"name": OLD}]},
    BEHIND: {"dependsOn": [{"name": CHECKED}]},
    "substitutes": {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": SETTINGS}]}},
    "decrypts": {"decryption": {"provider": "sops", "secretRef": {"name": KEYS}}},
    "sourced": {"sourceRef": {"kind": "GitRepository", "name": OLD}, "interval": "5s"},
}
FREE: dict[str, dict[str, Any]] = {
    "free": {},
    CHECKED: {"healthChecks": [{"apiVersion": "v1", "kind": "ConfigMap", "name": SETTINGS, "namespace": ""}], "timeout": "10s"},
    "optional": {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": SETTINGS, "optional": True}]}},
}
RELEASES: dict[str, dict[str, Any]] = {
    "release-depends": {"dependsOn": [{"name": OLD_RELEASE}]},
    "release-values": {"valuesFrom": [{"kind": "ConfigMap", "name": SETTINGS, "valuesKey": "VALUES"}]},
    "release-source": {"chart": {"spec": {"sourceRef": {"kind": "GitRepository", "name": OLD}, "interval": "5s"}}},
}
FREE_RELEASES: dict[str, dict[str, Any]] = {
    "release-free": {},
    "release-optional": {"valuesFrom": [{"kind": "ConfigMap", "name": SETTINGS, "valuesKey": "VALUES", "optional": True}]},
}
CHART = {
    "Chart.yaml": dump({"apiVersion": "v2", "name": "text", "version": "1.0.0"}),
    "values.yaml": dump({"commit": ""}),
    "templates/one.yaml": (
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "{{ .Release.Name }}"\ndata:\n  commit: "{{ .Values.commit }}"\n'
    ),
}


class Waiting:
    """Objects of Flux in a namespace of their own, each of which applies a ConfigMap of its name with the text of the last commit."""

    def __init__(self, flux: Flux, repository: Repository, namespace: str) -> None:
        self.flux, self.kube, self.repository, self.namespace = flux, flux.kube, repository, namespace
        self.objects: dict[str, Object] = {}

    def apply(self, version: str, kind: str, name: str, **rest: Any) -> None:
        """Apply an object, and keep it as a file of Git would have it."""
        content = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}, **rest}
        self.objects[f"{kind}/{name}"] = content
        self.kube.apply(content)

    def source(self, name: str) -> None:
        """Apply a GitRepository."""
        self.apply(SOURCE, "GitRepository", name, spec={"interval": "1m", "url": self.repository.url, "ref": {"branch": "main"}})

    def unit(self, name: str, more: dict[str, Any]) -> None:
        """Apply a Kustomization with more than it needs."""
        source = {"kind": "GitRepository", "name": "all"}
        spec = {"interval": "10m", "retryInterval": "1s", "timeout": "30s", "path": f"./{name}", "sourceRef": source, "prune": True, **more}
        for check in spec.get("healthChecks", ()):
            check["namespace"] = self.namespace
        self.apply(KUSTOMIZE, "Kustomization", name, spec=spec)

    def release(self, name: str, text: str, more: dict[str, Any]) -> None:
        """Apply a HelmRelease with more than it needs."""
        chart = {"spec": {"chart": "chart", "sourceRef": {"kind": "GitRepository", "name": "all"}}}
        self.apply(HELM, "HelmRelease", name, spec=merged({"interval": "10m", "chart": chart, "values": {"commit": text}}, more))

    def commit(self, text: str) -> None:
        """Commit a text for every Kustomization, have Flux read it, and put it into the values of every HelmRelease."""
        for name in (OLD, *WAITING, *FREE):
            file = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": self.namespace},
                "data": {"commit": text},
            }
            self.repository.replace(name, {"one.yaml": dump(file).encode()})
        head = self.repository.commit(text)
        self.flux.refresh(Expected("", (("GitRepository", "all", self.namespace, head),)))
        for name, more in {**RELEASES, **FREE_RELEASES}.items():
            self.release(name, text, more)

    def remove(self, reference: str) -> None:
        """Delete an object, and wait until it is gone."""
        kind, _, name = reference.partition("/")
        version = self.objects[reference]["apiVersion"]
        self.kube.delete(version, kind, name, self.namespace)
        until(f"{reference} gone", lambda: None if self.kube.get(version, kind, name, self.namespace) else True)

    def chart_without_source(self) -> bool | None:
        """Return True if source-controller has seen that the source of a chart is gone, else None."""
        chart = self.kube.get(SOURCE, "HelmChart", f"{self.namespace}-release-source", self.namespace)
        return condition(chart, "Ready") == "False" or None

    def wait_for(self, text: str, *names: str) -> None:
        """Wait until the ConfigMaps of these names have a text."""

        def all_have_it() -> bool | None:
            if without := [f"{name}: {self.text(name)}, {self.message(name)}" for name in names if self.text(name) != text]:
                raise FailedError("; ".join(without))
            return True

        until(f"{text} everywhere", all_have_it, 120)

    def text(self, name: str) -> str:
        """Return the text that the cluster has."""
        return str((self.kube.get("v1", "ConfigMap", name, self.namespace) or {}).get("data", {}).get("commit", ""))

    def message(self, name: str) -> str:
        """Return why an object is not Ready; "" if it is, or has no status yet."""
        version, kind = (HELM, "HelmRelease") if name.startswith("release-") else (KUSTOMIZE, "Kustomization")
        content = self.kube.get(version, kind, name, self.namespace) or {}
        ready = condition_of(content, "Ready")
        return str(ready.get("message")) if ready.get("status") == "False" else ""


@pytest.mark.parametrize("tool", [Flux], indirect=True, ids=["flux"])
def test_flux_applies_nothing_while_what_an_object_refers_to_is_missing(tool: Flux, git: GitServer, namespace: str) -> None:
    repository = git.repository(f"waiting-{namespace}")
    repository.replace("chart", {name: text.encode() for name, text in CHART.items()})
    waiting = Waiting(tool, repository, namespace)
    waiting.source("all")
    waiting.source(OLD)
    waiting.apply("v1", "ConfigMap", SETTINGS, data={"VALUES": "{}\n"})
    waiting.apply("v1", "Secret", KEYS, stringData={})
    for name, more in {OLD: {}, **WAITING, **FREE}.items():
        waiting.unit(name, more)
    waiting.release(OLD_RELEASE, "first", {})
    waiting.commit("first")
    waiting.wait_for("first", *WAITING, *FREE, *RELEASES, *FREE_RELEASES)

    removed = {f"ConfigMap/{SETTINGS}", f"Secret/{KEYS}", f"Kustomization/{OLD}", f"HelmRelease/{OLD_RELEASE}", f"GitRepository/{OLD}"}
    for reference in removed:
        waiting.remove(reference)
    until("the chart without a source", waiting.chart_without_source, 120)
    waiting.commit("second")
    waiting.wait_for("second", *FREE, *FREE_RELEASES, "release-source")
    assert waiting.chart_without_source(), "its values are applied to the last archive of its chart"
    for name in (CHECKED, *WAITING, *(RELEASES.keys() - {"release-source"})):
        until(f"the complaint about {name}", lambda name=name: waiting.message(name) or None, 120)  # type: ignore[misc]
        assert waiting.text(name) == ("second" if name == CHECKED else "first"), waiting.message(name)

    reported = [key.partition("/")[2] for key, content in waiting.objects.items() if removed & {name for _, name, _ in awaited(content)}]
    assert sorted(reported) == sorted([CHECKED, *(WAITING.keys() - {BEHIND}), *RELEASES])
