"""Checks of the pods of Redis: whether a change reaches them, and whether one node can end all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.chart.names import COMPONENT
from rediskit.chart.profile import Part
from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import VALUES
from rediskit.errors import Path
from rediskit.model.nested import at, list_at, mapping_at, text_at

_HOST = "kubernetes.io/hostname"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_OLD = "Redis keeps its old settings, image and password until a person deletes"


def not_updated(subject: Subject) -> Iterator[Issue]:
    """Warn about an update strategy by which the pods of Redis keep old settings: after a rotation, Redis refuses the new password."""
    for part in subject.profile.parts.values():
        value = at(subject.values, *part.strategy) if part.strategy else None
        kind = value if isinstance(value, str) else text_at(value, "type")
        partition = at(value, "rollingUpdate", "partition")
        hint = "set RollingUpdate, or accept it where a person deletes the pods after each change and rotation"
        name, path = ".".join(part.strategy), (*VALUES, *part.strategy)
        if kind == "OnDelete":
            yield Issue(f"{name} is OnDelete: {_OLD} its pods", hint, path)
        elif isinstance(partition, int) and partition > 0:
            message = f"{name} has the partition {partition}: {_OLD} the pods with a lower number"
            yield Issue(message, hint.replace("RollingUpdate", "partition: 0"), path)


def one_node(subject: Subject) -> Iterator[Issue]:
    """Warn about values by which primary and replica can run on one node: its loss stops both, and deletes both local volumes."""
    parts = tuple(dict.fromkeys(subject.profile.parts.values()))
    if not subject.release.replicas:
        return
    effect = "the loss of the node stops both, and deletes both volumes if they are local"
    hosts = [_only_host(subject, part) for part in parts]
    if hosts[0][0] and all(host == hosts[0][0] for host, _ in hosts):
        hint = "remove it, or accept it where the cluster has one node"
        yield Issue(f"primary and replica run on node {hosts[0][0]} only: {effect}", hint, hosts[-1][1])
    elif not any(_is_apart(subject, part) for part in parts):
        hint = f"keep {'.'.join(_affinity(parts[-1]))}.podAntiAffinity of rediskit, or accept it where the cluster has one node"
        message = f"nothing keeps primary and replica on two nodes: {effect}"
        yield Issue(message, hint, (*VALUES, *_affinity(parts[-1])))


def _affinity(part: Part) -> tuple[str, ...]:
    """Return the value with the affinity of the pods of a part."""
    return next(keys[:-1] for keys in part.placement if keys[-1] == "nodeAffinity")


def _only_host(subject: Subject, part: Part) -> tuple[str, Path]:
    """Return the only node on which the pods of a part can run, and the place of the value; "" for several nodes."""
    for keys in part.placement:
        if keys[-1] == "nodeSelector" and (host := text_at(at(subject.values, *keys), _HOST)):
            return host, (*VALUES, *keys)
    path = (*_affinity(part), "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
    hosts = [
        at(expression, "values")
        for term in list_at(subject.values, *path)
        for expression in list_at(term, "matchExpressions")
        if at(expression, "key") == _HOST and at(expression, "operator") == "In"
    ]
    only = hosts[0] if len(hosts) == 1 and len(list_at(subject.values, *path)) == 1 else None
    return (str(only[0]), (*VALUES, *_affinity(part))) if isinstance(only, list) and len(only) == 1 else ("", ())


def _is_apart(subject: Subject, part: Part) -> bool:
    """Return whether the values of a part separate its pods from those of the others: an anti-affinity, or a spread over nodes."""
    rules = at(subject.values, *_affinity(part), "podAntiAffinity")
    terms = [*list_at(rules, _REQUIRED), *(at(entry, "podAffinityTerm") for entry in list_at(rules, _PREFERRED))]
    spreads = [entry for keys in part.placement if keys[-1] == "topologySpreadConstraints" for entry in list_at(subject.values, *keys)]
    return any(_matches_all(subject, term) for term in (*terms, *spreads) if text_at(term, "topologyKey"))


def _matches_all(subject: Subject, term: Any) -> bool:
    """Return whether the selector of a term can match the pods of both roles. Labels that rediskit does not know match."""
    labels: Mapping[str, Any] = mapping_at(term, "labelSelector", "matchLabels")
    known = subject.release.selector
    return COMPONENT not in labels and all(known.get(key, value) == value for key, value in labels.items())
