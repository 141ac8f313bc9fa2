"""The object by which a GitOps tool installs the chart of an application: a HelmRelease of Flux, or an Application of Argo CD."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rediskit.errors import Problem
from rediskit.model.nested import at, list_at, mapping_at, text_at

_EXACT = r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?"
"""One version. Anything else, such as `1.x` or `>=1.2`, is a range that a later release of the chart can match."""


class HelmInstall(NamedTuple):
    """A chart with its values, as a GitOps tool installs it.

    Attributes:
        kind: `HelmRelease` or `Application`.
        namespace: Its namespace; "" where the file does not set one.
        target: The namespace of the release; "" where the file does not set one.
        chart: The name of the chart, or its path in Git; "" where another object contains it.
        version: The version of the chart, or the range; "" where another object, or Git, contains it.
        source: The part of an Application with the chart; empty for a HelmRelease.
    """

    kind: str
    name: str
    namespace: str
    release: str
    target: str
    chart: str
    version: str
    content: Mapping[str, Any]
    source: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """`HelmRelease/shop`."""
        return f"{self.kind}/{self.name}"

    @property
    def is_pinned(self) -> bool:
        """Whether the object itself pins one version of the chart, or leaves the version to another object."""
        return not self.version or is_exact(self.version)


def is_exact(version: str) -> bool:
    """Return whether a text is one version, and not a range."""
    return bool(re.fullmatch(_EXACT, version))


def same_version(expected: str, installed: str) -> bool:
    """Return whether an installed version is the wanted one.

    helm-controller appends the digest of an OCI artifact, or the commit of a chart in Git, to the version of the chart: `1.2.3+4f2c…`.
    """
    left, right = (version.removeprefix("v") for version in (expected, installed))
    return left == right or ("+" not in left and left == right.partition("+")[0])


def helm_install(content: Mapping[str, Any]) -> HelmInstall:
    """Return what a HelmRelease or an Application with a chart installs."""
    name, namespace = text_at(content, "metadata", "name"), text_at(content, "metadata", "namespace")
    if content.get("kind") == "HelmRelease":
        target = text_at(content, "spec", "targetNamespace")
        release = text_at(content, "spec", "releaseName") or (f"{target}-{name}" if target else name)
        chart_spec = mapping_at(content, "spec", "chart", "spec")
        version = str(chart_spec.get("version") or "*") if chart_spec else ""
        return HelmInstall("HelmRelease", name, namespace, release, target or namespace, text_at(chart_spec, "chart"), version, content, {})
    source = next(iter(helm_sources(content)), {})
    in_chart = text_at(source, "chart")
    target = text_at(source, "helm", "namespace") or text_at(content, "spec", "destination", "namespace")
    release, version = text_at(source, "helm", "releaseName") or name, str(at(source, "targetRevision") or "*") if in_chart else ""
    chart = in_chart or text_at(source, "path")
    return HelmInstall(str(content.get("kind")), name, namespace, release, target, chart, version, content, source)


def helm_sources(application: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sources of an Application that are charts: with `chart`, or a folder with settings of Helm."""
    sources = list_at(application, "spec", "sources") or [at(application, "spec", "source")]
    return [source for source in sources if isinstance(source, dict) and ("chart" in source or "helm" in source)]


def problem_of(content: Mapping[str, Any], kinds: tuple[str, ...], file: str) -> Problem | None:
    """Return the problem of a file that is not one of these objects with one chart; None if it is."""
    kind = str(content.get("kind"))
    if kind not in kinds:
        return Problem(
            f"{file} contains a {kind}, not a {' or a '.join(kinds)}",
            "write the object that installs the chart of the application",
            code="owner-release",
        )
    if kind == "HelmRelease" and not (at(content, "spec", "chart", "spec") or at(content, "spec", "chartRef")):
        return Problem(f"{file} has neither spec.chart nor spec.chartRef", "write the whole HelmRelease", code="owner-release")
    if kind == "Application" and len(helm_sources(content)) != 1:
        count = len(helm_sources(content))
        hint = "write the Application whose source is the chart of the application, with chart or helm"
        return Problem(f"{file} has {count or 'no'} source{'s' if count > 1 else ''} with a chart", hint, code="owner-release")
    return None


def risks(install: HelmInstall, namespace: str) -> list[tuple[str, str]]:
    """Return message and hint of each setting with which a step has no effect, or is undone. namespace: that of the application."""
    spec, name = mapping_at(install.content, "spec"), install.reference
    result = []
    if spec.get("suspend") is True:
        result.append((f"{name} is suspended: no step has an effect", "set suspend: false, and wait until it is Ready"))
    remediation = mapping_at(spec, "upgrade", "remediation")
    remediates = remediation.get("remediateLastFailure", bool(remediation.get("retries")))
    if remediates and text_at(spec, "upgrade", "strategy", "name") != "RetryOnFailure":
        strategy = remediation.get("strategy") or "rollback"
        undone = "installs the release that uses the old Redis" if strategy == "rollback" else "deletes the application"
        message = f"{name} has upgrade.remediation with strategy {strategy}: after a failed upgrade, helm-controller {undone}"
        result.append((message, "set upgrade.strategy.name: RetryOnFailure during the migration"))
    for rule in list_at(spec, "driftDetection", "ignore"):
        if any(path in ("/spec", "/spec/replicas") for path in list_at(rule, "paths")):
            message = f"{name} ignores drift of /spec/replicas: a workload that is scaled up in the downtime stays up"
            result.append((message, "remove the rule from driftDetection.ignore during the migration"))
            break
    if spec.get("kubeConfig"):
        message = f"{name} installs into another cluster (kubeConfig), where the Service of the shared Redis has no name"
        result.append((message, "deploy a shared Redis in that cluster, and migrate the application there"))
    if install.target and install.target != namespace:
        message = f"{name} installs into namespace {install.target}, and the client is in {namespace}"
        result.append((message, "set namespace of the client to that of the release"))
    if not install.is_pinned:
        message = f"{name} has the chart version {install.version}, a range: a new chart can change the application during the migration"
        result.append((message, "pin one version until the migration is complete"))
    return result
