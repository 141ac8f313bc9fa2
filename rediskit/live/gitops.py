"""Refresh Applications and Kustomizations, and read whether a commit is live. The annotation of a refresh is the only write."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.live import kubectl
from rediskit.model.nested import at, list_at, mapping_at, text_at

_GROUPS = {
    "Application": "applications.argoproj.io",
    "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helmreleases.helm.toolkit.fluxcd.io",
    "GitRepository": "gitrepositories.source.toolkit.fluxcd.io",
    "OCIRepository": "ocirepositories.source.toolkit.fluxcd.io",
    "Bucket": "buckets.source.toolkit.fluxcd.io",
    "Rollout": "rollouts.argoproj.io",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "CronJob": "cronjobs.batch",
}
_REQUEST = "reconcile.fluxcd.io/requestedAt"
_COMMIT = re.compile(r"(?:^|[:/@])([0-9a-f]{40}|[0-9a-f]{64})$")
"""The commit in a revision: `<commit>` of Argo CD, `main@sha1:<commit>` of Flux, or `main/<commit>` of Flux before 2.0."""


class Target(NamedTuple):
    """An object in the cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Commit(NamedTuple):
    """A commit that must be live.

    Attributes:
        id: Its ID.
        is_in: Returns whether another commit contains it; None if that is unknown.
    """

    id: str
    is_in: Callable[[str], bool | None]


class Missing(NamedTuple):
    """What an object still lacks.

    Attributes:
        reason: The first reason; "" where it is live.
        note: What can't be verified about it; "" for nothing.
    """

    reason: str
    note: str = ""


def target_of(text: str) -> Target:
    """Return the object of `Kind/namespace/name`."""
    return Target(*text.split("/"))


def refresh(target: Target, time: str, context: str = "") -> None:
    """Make the tool read Git now. time: the value of Flux' annotation, which differs for each request."""
    if target.kind == "Application":
        kubectl.annotate(_GROUPS[target.kind], target.name, target.namespace, "argocd.argoproj.io/refresh=normal", context)
        return
    for each in (*_sources(target, read(target, context)), target):
        kubectl.annotate(_GROUPS[each.kind], each.name, each.namespace, f"{_REQUEST}={time}", context)


def _sources(target: Target, content: Any) -> Iterator[Target]:
    """Yield the source of a Kustomization, or that of the chart of a HelmRelease, if it can contain the commit."""
    for path in (("sourceRef",), ("chart", "spec", "sourceRef"), ("chartRef",)):
        source = mapping_at(content, "spec", *path)
        if (kind := text_at(source, "kind")) in ("GitRepository", "OCIRepository", "Bucket"):
            yield Target(kind, text_at(source, "namespace") or target.namespace, text_at(source, "name"))


def applied_by(target: Target, context: str = "") -> Target | None:
    """Return the Kustomization that applies an object, by the labels that Flux sets; None without them."""
    labels = mapping_at(read(target, context), "metadata", "labels")
    name, namespace = (text_at(labels, f"kustomize.toolkit.fluxcd.io/{key}") for key in ("name", "namespace"))
    return Target("Kustomization", namespace, name) if name and namespace else None


def missing(target: Target, commit: Commit | None, context: str = "") -> Missing:
    """Return what an object still lacks to be healthy at a commit. commit: None for any."""
    content = read(target, context)
    if content is None:
        return Missing(f"{target} does not exist")
    state = _argocd(content, commit) if target.kind == "Application" else _flux(content, commit)
    return Missing(*(f"{target}: {text}" if text else "" for text in state))


def _argocd(content: Mapping[str, Any], commit: Commit | None) -> Missing:
    status = content.get("status") or {}
    sync, health = status.get("sync") or {}, at(status, "health", "status")
    revisions = [str(revision) for revision in sync.get("revisions") or [sync.get("revision")]]
    if at(content, "metadata", "annotations", "argocd.argoproj.io/refresh"):
        return Missing("waits for its refresh")
    if commit and (reason := _without(commit, revisions)):
        return Missing(reason)
    operation = status.get("operationState") or {}
    if sync.get("status") != "Synced" or operation.get("phase") in ("Running", "Failed", "Error"):
        return Missing(f"{sync.get('status')}; operation {operation.get('phase', 'none')}: {str(operation.get('message', ''))[:200]}")
    return Missing("" if health == "Healthy" else f"Synced, {health}")


def _flux(content: Mapping[str, Any], commit: Commit | None) -> Missing:
    status = content.get("status") or {}
    ready: Mapping[str, Any] = next((condition for condition in list_at(status, "conditions") if text_at(condition, "type") == "Ready"), {})
    message = str(ready.get("message", ""))[:200]
    if at(content, "spec", "suspend"):
        return Missing("is suspended")
    requested = text_at(content, "metadata", "annotations", _REQUEST)
    if requested and requested != status.get("lastHandledReconcileAt"):
        return Missing(f"waits for its refresh: {message}")
    applied, note = _applied(content), ""
    if commit and (applied is None or not _COMMIT.search(applied)) and status.get("lastAppliedRevision") and not _is_git(content):
        note = f"is at {status['lastAppliedRevision']}, which contains no commit: whether it is {commit.id[:12]} is not verified"
    elif commit and (reason := _without(commit, [applied or "no revision"])):
        return Missing(f"{reason}: {message}")
    if status.get("observedGeneration") != at(content, "metadata", "generation") or ready.get("status") != "True":
        return Missing(f"Ready is {ready.get('status', 'unknown')}: {message}")
    return Missing("", note)


def _is_git(content: Mapping[str, Any]) -> bool:
    return at(content, "spec", "sourceRef", "kind") in (None, "GitRepository")


def _applied(content: Mapping[str, Any]) -> str | None:
    """Return the revision that contains the commit of a Kustomization; None without one.

    The revision of an OCI artifact is its digest. The commit is in its annotation `org.opencontainers.image.revision`, which `flux push
    artifact --revision` sets (https://fluxcd.io/flux/components/kustomize/kustomizations, Last applied origin revision).
    """
    key = "lastAppliedRevision" if _is_git(content) else "lastAppliedOriginRevision"
    return text_at(content, "status", key) or None


def _without(commit: Commit, revisions: list[str]) -> str:
    """Return why none of the revisions contains a commit; "" where one does."""
    heads = [match[1] for match in map(_COMMIT.search, revisions) if match]
    contains = [True if head == commit.id else commit.is_in(head) for head in heads]
    if True in contains:
        return ""
    if None in contains:
        return f"is at {heads[contains.index(None)][:12]}, and git can't tell whether that contains {commit.id[:12]}"
    return f"is at {(heads or revisions)[0][:12]}, not at {commit.id[:12]}"


def workload_missing(target: Target, *, stopped: bool, idle: bool, context: str = "") -> str:
    """Return what a workload still lacks to be stopped, or to run as it normally does; "" when it does.

    idle: whether it normally can have no replicas, or is suspended.
    """
    content = read(target, context)
    if content is None:
        return f"{target} does not exist"
    spec, status = content.get("spec") or {}, content.get("status") or {}
    if target.kind == "CronJob":
        if bool(spec.get("suspend")) != (stopped or idle):
            return f"{target}: suspend is {str(spec.get('suspend')).lower()}"
        return f"{target}: {len(status['active'])} Jobs run" if stopped and status.get("active") else ""
    desired, running = int(spec.get("replicas", 1)), int(status.get("replicas") or 0)
    if stopped:
        return f"{target}: {desired} replicas desired, {running} running" if desired or running else ""
    current = int(status.get("observedGeneration") or 0) >= int(at(content, "metadata", "generation") or 0)
    updated, ready = (int(status.get(key) or 0) for key in ("updatedReplicas", "readyReplicas"))
    if (desired or idle) and current and running == updated == ready == desired:
        return ""
    return f"{target}: {ready} of {desired} replicas ready, {updated} updated"


def read(target: Target, context: str = "") -> Mapping[str, Any] | None:
    """Return an object, or None where it does not exist. Raise MissingToolError when kubectl is missing or fails."""
    content = kubectl.get_object(_GROUPS[target.kind], target.name, target.namespace, context)
    return content if isinstance(content, dict) else None
