"""Checks of the Helm values: keys that the chart ignores, and values that other rendered objects depend on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rediskit import dns
from rediskit.chart.keys import LISTED_VERSION, check_values
from rediskit.chart.names import COMPONENT, INSTANCE, NAME
from rediskit.checks.finding import Issue, Subject
from rediskit.errors import Path
from rediskit.model.nested import at, mapping_at
from rediskit.renderers.helm import values

_RETENTION = "persistentVolumeClaimRetentionPolicy"
_OWNED: dict[str, str] = {
    "architecture": "",
    "auth.enabled": "",
    "auth.existingSecret": "redis.auth.secret",
    "auth.existingSecretPasswordKey": "redis.auth.key",
    "auth.usePasswordFiles": "",
    "global.security.allowInsecureImages": "",
    "master.count": "",
    "master.service.type": "network",
    "metrics.enabled": "monitoring.enabled",
    r"metrics.extraArgs.redis\.addr": "",
    "metrics.prometheusRule.enabled": "monitoring.alerts",
    "metrics.serviceMonitor.enabled": "monitoring.enabled",
    "networkPolicy.enabled": "",
    "replica.replicaCount": "redis.replicas",
    "sentinel.enabled": "",
    **{
        f"{role}.{key}": instead
        for role in ("master", "replica")
        for key, instead in {
            "disableCommands": "redis.disabledCommands",
            "persistence.enabled": "",
            "persistence.storageClass": "redis.storage.class",
            "persistence.size": "redis.storage.size",
            f"{_RETENTION}.enabled": "",
            f"{_RETENTION}.whenDeleted": "",
            f"{_RETENTION}.whenScaled": "",
        }.items()
    },
}
"""Rendered values that other objects depend on, and the config key that sets them ("" for none).

A backslash escapes a dot inside a key, as in `helm --set`.
"""

_DEFAULTS: dict[str, tuple[Any, str]] = {
    "auth.acl.enabled": (False, ""),
    "diagnosticMode.enabled": (False, ""),
    "existingConfigmap": ("", ""),
    "global.imageRegistry": ("", "redis.imageMirror"),
    "global.storageClass": ("", "redis.storage.class"),
    "master.kind": ("StatefulSet", ""),
    "master.service.externalIPs": ([], "network"),
    "metrics.podMonitor.enabled": (False, "monitoring.enabled"),
    "metrics.service.enabled": (True, ""),
    "metrics.service.type": ("ClusterIP", ""),
    "namespaceOverride": ("", "redis.namespace"),
    "replica.autoscaling.enabled": (False, "redis.replicas"),
    "replica.externalMaster.enabled": (False, ""),
    "replica.kind": ("StatefulSet", ""),
    "replica.service.type": ("ClusterIP", ""),
    "serviceBindings.enabled": (False, ""),
    "tls.enabled": (False, ""),
}
"""Values that the chart sets: the default that other objects depend on, and the config key to set instead ("" for none)."""

_SELECTORS = frozenset({COMPONENT, INSTANCE, NAME})
_STANDARD = _SELECTORS | {"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"}
_CHECKSUMS = frozenset({f"checksum/{part}" for part in ("configmap", "health", "scripts", "secret")})
_KNOWN_CHARTS = ("bitnami/redis", "bitnamicharts/redis")
"""The ends of the repositories of known charts; a mirror has the same end."""
_CLUSTER_WIDE = re.compile(
    r"Cluster.*|CustomResourceDefinition|Namespace|PersistentVolume|PriorityClass|StorageClass|IngressClass|.*WebhookConfiguration"
)
_SCRAPED = ("prometheus.io/scrape", "prometheus.io/port")


def chart_keys(subject: Subject) -> Iterator[Issue]:
    """Require that the chart knows each Helm value, and that the value has the expected type."""
    for problem in check_values(subject.values, subject.environment.redis.chart.extra_keys):
        yield Issue(problem.message, problem.hint, ("redis", "values", *problem.path))


def unknown_chart(subject: Subject) -> Iterator[Issue]:
    """Warn about another chart than the Redis chart of Bitnami, or another major version than that of the included list of values."""
    chart = subject.environment.redis.chart
    if "/".join(chart.repository.split("/")[-2:]) not in _KNOWN_CHARTS:
        hint = "use a mirror whose path ends with bitnamicharts/redis, or compare helm template with the rendered Services and accept it"
        message = f"rediskit does not know the chart {chart.repository}: names, selectors and values can differ"
        yield Issue(message, hint, ("redis", "chart", "repository"))
    known = LISTED_VERSION.partition(".")[0]
    if (major := chart.version.partition(".")[0]) != known:
        hint = f"use a version {known}.x, or compare helm template with the rendered Services and accept it"
        message = f"rediskit does not know major version {major} of the chart: names, selectors and values are those of {known}"
        yield Issue(message, hint, ("redis", "chart", "version"))


def owned_values(subject: Subject) -> Iterator[Issue]:
    """Refuse `redis.values` that override a value on which other rendered objects depend."""
    rendered = values(subject.environment)
    expected = {name: (at(rendered, *_keys(name)), key) for name, key in _OWNED.items()}
    for name, (default, key) in _DEFAULTS.items():
        own = at(rendered, *_keys(name))
        expected[name] = (default if own is None else own, key)
    for name, (value, key) in expected.items():
        path = _keys(name)
        merged = at(subject.values, *path)
        # A null removes a rendered value; for a value of the chart, null is its default.
        if value is not None and merged != value and not (merged is None and name in _DEFAULTS):
            hint = f"set {key} instead" if key else "remove it from redis.values"
            state = "removed" if merged is None else f"{_shown(merged)} instead of {_shown(value)}"
            yield Issue(f"{name} is {state}, but other rendered objects depend on it", hint, ("redis", "values", *path))


def _keys(name: str) -> list[str]:
    return [key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", name)]


def labels(subject: Subject) -> Iterator[Issue]:
    """Refuse labels and annotations that change a selector, or that the chart also sets: kustomize and Flux refuse duplicate keys."""
    common = mapping_at(subject.values, "commonLabels")
    enabled = subject.environment.monitoring.enabled
    exporter = mapping_at(subject.values, "metrics", "podLabels") if enabled else {}
    scraped = {**dict.fromkeys(_SCRAPED, ""), **mapping_at(subject.values, "metrics", "podAnnotations")}
    annotations = _CHECKSUMS | (scraped.keys() if enabled else frozenset())
    places: list[tuple[tuple[str, ...], Mapping[str, Any], frozenset[str]]] = [(("commonLabels",), common, _SELECTORS)]
    reserved = _STANDARD | common.keys()
    for role in ("master", "replica"):
        own = mapping_at(subject.values, role, "podLabels")
        places.append(((role, "podLabels"), own, _SELECTORS))
        places.append(((role, "podAnnotations"), mapping_at(subject.values, role, "podAnnotations"), frozenset(annotations)))
        reserved |= own.keys()
    places.append((("metrics", "podLabels"), exporter, frozenset(reserved)))
    for path, entries, refused in places:
        for key in sorted(entries.keys() & refused):
            reason = "by which Services and policies select pods" if key in _SELECTORS else "which the chart also sets on the pod"
            hint = "set it under metrics.podAnnotations" if key in _SCRAPED else "choose another key, such as example.com/team"
            yield Issue(f"{'.'.join(path)} sets {key}, {reason}", hint, ("redis", "values", *path, key))


def names(subject: Subject) -> Iterator[Issue]:
    """Require that Kubernetes accepts the names that the chart derives.

    The name of a StatefulSet has at most 52 characters, because `<name>-<hash>` is a label of its pods
    (https://github.com/kubernetes/kubernetes/issues/64023).
    """
    release = subject.release
    path: Path = ("redis", "release")
    for override in ("nameOverride", "fullnameOverride"):
        if subject.environment.redis.values.get(override):
            path = ("redis", "values", override)
    if not re.fullmatch(dns.LABEL, release.fullname):
        hint = "use lower-case letters, digits and '-'"
        yield Issue(f"the chart would name its objects {release.fullname}, which is not a DNS label", hint, path)
    longest = release.replicas_statefulset
    if len(longest) > 52:
        message = f"the name of the StatefulSet {longest} has {len(longest)} characters, more than 52: its pods would not start"
        yield Issue(message, f"shorten the name by {len(longest) - 52}", path)


def extra_objects(subject: Subject) -> Iterator[Issue]:
    """Require that objects under `extraDeploy` are in the namespace of Redis, open no access, and are allowed by the AppProject."""
    extras = subject.values.get("extraDeploy")
    for index, extra in enumerate(extras if isinstance(extras, list) else ()):
        for message, hint in _extra_faults(extra, subject.release.namespace):
            yield Issue(f"extraDeploy[{index}] {message}", hint, ("redis", "values", "extraDeploy", index))


def _extra_faults(extra: Any, release_namespace: str) -> Iterator[tuple[str, str]]:
    if not isinstance(extra, dict) or not all(isinstance(extra.get(key), str) for key in ("apiVersion", "kind")):
        yield "is not an object", "write it as an object with apiVersion and kind"
        return
    kind, namespace = extra["kind"], at(extra, "metadata", "namespace")
    if "{{" in kind + extra["apiVersion"]:
        yield "has a template as kind", "write apiVersion and kind without a template, because it could produce a Secret"
    if _CLUSTER_WIDE.fullmatch(kind):
        yield f"is a cluster-wide {kind}", "move it to another release"
    if namespace not in (None, release_namespace):
        yield f"is a {kind} in namespace {namespace}", f"use namespace {release_namespace}"
    if kind == "NetworkPolicy":
        yield "is a second NetworkPolicy, which can only allow more", "set network.allow instead"
    if kind == "Service" and at(extra, "spec", "type") not in (None, "ClusterIP"):
        yield "is a Service with external access", "set network instead"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or '""'
