"""Checks of the Helm values: what the chart would ignore, and what would undo what the rest of the tree relies on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rediskit import dns
from rediskit.chart.keys import LISTED_VERSION, check_values
from rediskit.chart.names import COMPONENT, INSTANCE, NAME
from rediskit.checks.finding import Complaint, Subject
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
"""Values of ours that the rest of the tree relies on, and the key of the config that sets them instead ("": nothing may).

A dot inside a key is escaped, as Helm's --set does it.
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
"""Values that we leave to the chart: its default, which the rest of the tree relies on, and what to set instead."""

_SELECTORS = frozenset({COMPONENT, INSTANCE, NAME})
_STANDARD = _SELECTORS | {"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"}
_CHECKSUMS = frozenset({f"checksum/{part}" for part in ("configmap", "health", "scripts", "secret")})
_SCRAPED = ("prometheus.io/scrape", "prometheus.io/port")


def chart_keys(subject: Subject) -> Iterator[Complaint]:
    """Every value path, ours and the user's, is one the chart knows, and has the kind of value the chart expects."""
    for problem in check_values(subject.values, subject.environment.redis.chart.extra_keys):
        yield Complaint(problem.message, problem.hint, ("redis", "values", *problem.path))


_KNOWN_CHARTS = ("bitnami/redis", "bitnamicharts/redis")
"""The ends of repositories of the chart that the names, values and checks are made for; a mirror keeps them."""


def unknown_chart(subject: Subject) -> Iterator[Complaint]:
    """The chart is the one whose names and values the checks know: Bitnami's, of the major version of the shipped list."""
    chart = subject.environment.redis.chart
    if "/".join(chart.repository.split("/")[-2:]) not in _KNOWN_CHARTS:
        hint = "use a mirror whose path ends with bitnamicharts/redis, or compare helm template with the rendered Services and accept it"
        message = f"{chart.repository} is no chart that rediskit knows: names, selectors and values may be others"
        yield Complaint(message, hint, ("redis", "chart", "repository"))
    known = LISTED_VERSION.partition(".")[0]
    if (major := chart.version.partition(".")[0]) != known:
        hint = f"use a version {known}.x, or compare helm template with the rendered Services and accept it"
        message = f"major version {major} of the chart is not known: names, selectors and values are those of {known}"
        yield Complaint(message, hint, ("redis", "chart", "version"))


def owned_values(subject: Subject) -> Iterator[Complaint]:
    """`redis.values` does not override a value that other objects of the tree rely on."""
    ours = values(subject.environment)
    wanted = {name: (at(ours, *_keys(name)), instead) for name, instead in _OWNED.items()}
    for name, (default, instead) in _DEFAULTS.items():
        mine = at(ours, *_keys(name))
        wanted[name] = (default if mine is None else mine, instead)
    for name, (mine, instead) in wanted.items():
        path = _keys(name)
        found = at(subject.values, *path)
        # A null takes our value away; what we leave to the chart is its default either way.
        if mine is not None and found != mine and not (found is None and name in _DEFAULTS):
            hint = f"set {instead} instead" if instead else "leave it out: the rest of the tree is made for it"
            shown = "taken away" if found is None else f"{_shown(found)} instead of {_shown(mine)}"
            yield Complaint(f"{name} is {shown}, which other objects of the tree rely on", hint, ("redis", "values", *path))


def _keys(name: str) -> list[str]:
    return [key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", name)]


def labels(subject: Subject) -> Iterator[Complaint]:
    """No label or annotation of the user's moves a selector, or stands twice in a pod (kustomize and Flux refuse such an object)."""
    common = mapping_at(subject.values, "commonLabels")
    exporter = mapping_at(subject.values, "metrics", "podLabels") if subject.environment.monitoring.enabled else {}
    scraped = {**dict.fromkeys(_SCRAPED, ""), **mapping_at(subject.values, "metrics", "podAnnotations")}
    places: list[tuple[tuple[str, ...], Mapping[str, Any], frozenset[str]]] = [(("commonLabels",), common, _SELECTORS)]
    taken = _STANDARD | common.keys()
    for role in ("master", "replica"):
        mine = mapping_at(subject.values, role, "podLabels")
        annotations = _CHECKSUMS | (scraped.keys() if subject.environment.monitoring.enabled else set())
        places.append(((role, "podLabels"), mine, _SELECTORS))
        places.append(((role, "podAnnotations"), mapping_at(subject.values, role, "podAnnotations"), frozenset(annotations)))
        taken |= mine.keys()
    places.append((("metrics", "podLabels"), exporter, frozenset(taken)))
    for path, found, refused in places:
        for key in sorted(found.keys() & refused):
            yield Complaint(f"{'.'.join(path)} sets {key}, {_why(key)}", _instead(key), ("redis", "values", *path, key))


def _why(key: str) -> str:
    if key in _SELECTORS:
        return "by which Services and policies find their pods"
    return "which the chart sets itself: it would stand twice in the pod"


def _instead(key: str) -> str:
    return "set it under metrics.podAnnotations" if key in _SCRAPED else "choose a key of your own, like example.com/team"


def names(subject: Subject) -> Iterator[Complaint]:
    """The names that the chart derives are ones Kubernetes takes.

    A StatefulSet's name has at most 52 characters, because `<name>-<hash>` is a label of its pods (kubernetes issue 64023).
    """
    release = subject.release
    path: Path = ("redis", "release")
    for override in ("nameOverride", "fullnameOverride"):
        if subject.environment.redis.values.get(override):
            path = ("redis", "values", override)
    if not re.fullmatch(dns.LABEL, release.fullname):
        yield Complaint(
            f"the chart would name its objects {release.fullname}, which is not a DNS label", "lower-case letters, digits and '-'", path
        )
    longest = release.replicas_statefulset
    if len(longest) > 52:
        message = f"the StatefulSet {longest} has {len(longest)} characters, and can have 52: its pods would never start"
        yield Complaint(message, f"shorten the name by {len(longest) - 52}", path)


_CLUSTER_WIDE = re.compile(
    r"Cluster.*|CustomResourceDefinition|Namespace|PersistentVolume|PriorityClass|StorageClass|IngressClass|.*WebhookConfiguration"
)


def extra_objects(subject: Subject) -> Iterator[Complaint]:
    """What a user adds under `extraDeploy` stays in the namespace of Redis, opens no door, and is admitted by the AppProject."""
    extras = subject.values.get("extraDeploy")
    for index, extra in enumerate(extras if isinstance(extras, list) else ()):
        path = ("redis", "values", "extraDeploy", index)
        if not isinstance(extra, dict) or not all(isinstance(extra.get(key), str) for key in ("apiVersion", "kind")):
            hint = "write it as an object with apiVersion and kind, so that its kind can be admitted"
            yield Complaint(f"extraDeploy[{index}] is not an object", hint, path)
            continue
        kind, namespace = extra["kind"], at(extra, "metadata", "namespace")
        if "{{" in kind + extra["apiVersion"]:
            hint = "write apiVersion and kind out: what Helm makes of a template could be a Secret"
            yield Complaint(f"extraDeploy[{index}]: its kind is a template", hint, path)
        if _CLUSTER_WIDE.fullmatch(kind):
            yield Complaint(f"extraDeploy[{index}]: a {kind} is cluster-wide", "what is more than this Redis belongs elsewhere", path)
        if namespace not in (None, subject.release.namespace):
            hint = f"what the release brings lies in {subject.release.namespace}"
            yield Complaint(f"extraDeploy[{index}]: {kind} goes into the namespace {namespace}", hint, path)
        if kind == "NetworkPolicy":
            yield Complaint(f"extraDeploy[{index}]: a second NetworkPolicy could only open more", "set network.allow instead", path)
        if kind == "Service" and at(extra, "spec", "type") not in (None, "ClusterIP"):
            yield Complaint(f"extraDeploy[{index}]: a Service that is open to the outside", "set network instead", path)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or '""'
