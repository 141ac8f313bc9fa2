"""Checks of the Helm values: keys that the chart ignores, and values that other rendered objects depend on."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from rediskit import dns
from rediskit.chart.keys import check_values
from rediskit.chart.names import COMPONENT, INSTANCE, NAME
from rediskit.checks.finding import Issue, Subject
from rediskit.errors import Path
from rediskit.model.nested import at, list_at, mapping_at
from rediskit.renderers.helm import values

_SELECTORS = frozenset({COMPONENT, INSTANCE, NAME})
_STANDARD = _SELECTORS | {"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"}
_OF_CHART = "REDIS|VALKEY|ALLOW_EMPTY_PASSWORD"
"""The start of the variables that the charts set."""
_CLUSTER_WIDE = (
    "Cluster.*|CustomResourceDefinition|Namespace|PersistentVolume|PriorityClass|StorageClass|IngressClass|.*WebhookConfiguration"
)


def chart_keys(subject: Subject) -> Iterator[Issue]:
    """Require that the chart knows each Helm value, and that the value has the expected type."""
    for problem in check_values(subject.profile, subject.values, subject.environment.redis.chart.extra_keys):
        yield Issue(problem.message, problem.hint, ("redis", "values", *problem.path))


def unknown_chart(subject: Subject) -> Iterator[Issue]:
    """Require a version of the chart of which rediskit knows names, selectors and values."""
    profile, version = subject.profile, subject.environment.redis.chart.version
    if not version.startswith(profile.series):
        message = (
            f"rediskit does not know version {version} of the {profile.title}: names, selectors and values are those of {profile.series}x"
        )
        hint = f"use a version {profile.series}x, or compare both with rediskit upgrade and accept it"
        yield Issue(message, hint, ("redis", "chart", "version"))


def owned_values(subject: Subject) -> Iterator[Issue]:
    """Refuse `redis.values` that override a value on which other rendered objects depend."""
    rendered = values(subject.environment)
    if subject.values != rendered:
        yield from _overridden(subject, rendered)
    yield from _owned_variables(subject)


def _overridden(subject: Subject, rendered: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield the values that differ from the rendered ones."""
    expected = {name: (at(rendered, *_keys(name)), key) for name, key in subject.profile.owned.items()}
    for name, (default, key) in subject.profile.fixed.items():
        own = at(rendered, *_keys(name))
        expected[name] = (default if own is None else own, key)
    for name, (value, key) in expected.items():
        path = _keys(name)
        merged = at(subject.values, *path)
        # A null removes a rendered value; for a value of the chart, null is its default.
        if value is not None and merged != value and not (merged is None and name in subject.profile.fixed):
            hint = f"set {key} instead" if key else "remove it from redis.values"
            state = "removed" if merged is None else f"{_shown(merged)} instead of {_shown(value)}"
            yield Issue(f"{name} is {state}, but other rendered objects depend on it", hint, ("redis", "values", *path))


def _owned_variables(subject: Subject) -> Iterator[Issue]:
    """Refuse variables by which the start script of a chart gets password and port: of two with one name, the last one counts."""
    for keys in dict.fromkeys(part.variables for part in subject.profile.parts.values() if part.variables):
        names = mapping_at(subject.values, *keys) or [at(entry, "name") for entry in list_at(subject.values, *keys)]
        for name in names:
            if re.match(_OF_CHART, str(name)):
                message = f"{'.'.join(keys)} sets {name}: the chart starts Redis with its variables, such as those of the password"
                yield Issue(message, "remove it, or set the value of the chart for it", ("redis", "values", *keys))


@cache
def _keys(name: str) -> tuple[str, ...]:
    """Return the keys of a path of a profile; a dot in a key has a backslash before it."""
    return tuple(key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", name))


def labels(subject: Subject) -> Iterator[Issue]:
    """Refuse labels and annotations that change a selector, or that the chart also sets: kustomize and Flux refuse duplicate keys."""
    places_of, enabled = subject.profile.labels, subject.environment.monitoring.enabled
    common = mapping_at(subject.values, *places_of.common)
    annotations = frozenset(places_of.checksums)
    if enabled:
        own = mapping_at(subject.values, *places_of.exporter_annotations) if places_of.exporter_annotations else {}
        annotations |= {*places_of.scraped, *own}
    places: list[tuple[tuple[str, ...], Mapping[str, Any], frozenset[str]]] = [(places_of.common, common, _SELECTORS)]
    reserved = _STANDARD | common.keys()
    for part in subject.profile.parts.values():
        pods = mapping_at(subject.values, *part.labels)
        places.append((part.labels, pods, _SELECTORS))
        places.append((part.annotations, mapping_at(subject.values, *part.annotations), annotations))
        reserved |= pods.keys()
    if enabled and places_of.exporter:
        places.append((places_of.exporter, mapping_at(subject.values, *places_of.exporter), frozenset(reserved)))
    for path, entries, refused in places:
        for key in sorted(entries.keys() & refused):
            reason = "by which Services and policies select pods" if key in _SELECTORS else "which the chart also sets on the pod"
            hint = "set it under metrics.podAnnotations" if key in places_of.scraped else "choose another key, such as example.com/team"
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
    longest = max(release.statefulsets, key=len)
    if len(longest) > 52:
        message = f"the name of the StatefulSet {longest} has {len(longest)} characters, more than 52: its pods would not start"
        yield Issue(message, f"shorten the name by {len(longest) - 52}", path)


def extra_objects(subject: Subject) -> Iterator[Issue]:
    """Require that further objects in the values are in the namespace of Redis, open no access, and are allowed by the AppProject."""
    path = subject.profile.extra_objects
    extras = at(subject.values, *path) if path else None
    for index, extra in enumerate(extras if isinstance(extras, list) else ()):
        for message, hint in _extra_faults(extra, subject.release.namespace):
            yield Issue(f"{'.'.join(path)}[{index}] {message}", hint, ("redis", "values", *path, index))


def _extra_faults(extra: Any, release_namespace: str) -> Iterator[tuple[str, str]]:
    if not isinstance(extra, dict) or not all(isinstance(extra.get(key), str) for key in ("apiVersion", "kind")):
        yield "is not an object", "write it as an object with apiVersion and kind"
        return
    kind, namespace = extra["kind"], at(extra, "metadata", "namespace")
    if "{{" in kind + extra["apiVersion"]:
        yield "has a template as kind", "write apiVersion and kind without a template, because it could produce a Secret"
    if re.fullmatch(_CLUSTER_WIDE, kind):
        yield f"is a cluster-wide {kind}", "move it to another release"
    if namespace not in (None, release_namespace):
        yield f"is a {kind} in namespace {namespace}", f"use namespace {release_namespace}"
    if kind == "NetworkPolicy":
        yield "is a second NetworkPolicy, which can only allow more", "set network.allow instead"
    if kind == "Service" and (at(extra, "spec", "type") not in (None, "ClusterIP") or at(extra, "spec", "externalIPs")):
        yield "is a Service with external access", "set network instead"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or '""'
