"""Annotations and labels by which a GitOps tool or Helm treats an object differently: the table of their keys, and the check of values."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.checks.finding import Issue, Subject
from rediskit.errors import Path


class _Keys(NamedTuple):
    """Keys that a tool reads from the objects that it applies.

    Attributes:
        pattern: A regular expression of the whole key.
        effect: What the tool can do because of such a key.
    """

    pattern: str
    effect: str


_TABLE: tuple[_Keys, ...] = (
    # argo-cd common/common.go and gitops-engine pkg/sync/common/types.go; links on an object have the prefix link.argocd.argoproj.io.
    _Keys(r"argocd\.argoproj\.io/.+", "Argo CD can apply the object as a hook, replace it, order it, or ignore it"),
    # helm pkg/release/hook.go, pkg/kube/resource_policy.go. Argo CD reads the hooks, too. helm.sh/chart is a label of each chart.
    _Keys(r"helm\.sh/(?!chart$).+|meta\.helm\.sh/.+", "Helm and Argo CD can create the object as a hook, or keep it out of the release"),
    # kustomize-controller and helm-controller api/v2; reconcile.fluxcd.io/requestedAt starts a reconciliation.
    _Keys(r"(?:[\w-]+\.)*fluxcd\.io/.+", "Flux can recreate the object, ignore it, or delete it with another owner"),
    # kustomize api/konfig and kyaml/kio/kioutil: a build leaves out an object with local-config.
    _Keys(r"(?:[\w-]+\.)*config\.(?:kubernetes|k8s)\.io/.+", "kustomize and kubectl can leave out the object, merge it, or order it"),
    _Keys(r"kubectl\.kubernetes\.io/last-applied-configuration", "kubectl and Argo CD compute changes from it"),
)
_IN_A_TEMPLATE = r"argocd\.argoproj\.io/|helm\.sh/(?!chart\b)|fluxcd\.io/|config\.(?:kubernetes|k8s)\.io/"


def tool_keys(subject: Subject) -> Iterator[Issue]:
    """Refuse annotations and labels in `redis.values` and `redis.labels` by which a GitOps tool or Helm treats objects differently.

    With `argocd.argoproj.io/sync-options: Replace=true,Force=true`, for example, Argo CD deletes the StatefulSets and creates them again.
    """
    redis = subject.environment.redis
    yield from _keys_below(redis.values, ("redis", "values"))
    yield from _keys_below(redis.labels, ("redis", "labels"))


def _effect(key: str) -> str:
    """Return what a tool can do because of a key; "" for any other key. Without a slash it is none of them."""
    return next((keys.effect for keys in _TABLE if re.fullmatch(keys.pattern, key)), "") if "/" in key else ""


def _keys_below(value: Any, path: Path) -> Iterator[Issue]:
    hint = "remove it: rediskit sets what the objects of the release need"
    if isinstance(value, (dict, Mapping)):
        for key, inner in value.items():
            if effect := _effect(str(key)):
                yield Issue(f"redis.{path[1]} sets {key}: {effect}", hint, (*path, key))
            elif "{{" in str(key):
                message = f"redis.{path[1]} has a template in the key {key}: it could become the annotation of a GitOps tool"
                yield Issue(message, "write the key without {{", (*path, key))
            yield from _keys_below(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _keys_below(inner, (*path, index))
    elif isinstance(value, str) and "{{" in value and (match := re.search(_IN_A_TEMPLATE, value)):
        message = f"redis.{path[1]} has a template with {match[0]}, which it could add as an annotation"
        yield Issue(message, hint, path)
