"""Refresh Applications and Kustomizations, and read whether a commit is live. The annotation of a refresh is the only write."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rediskit.live import kubectl
from rediskit.model.nested import at

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


class Target(NamedTuple):
    """An object in the cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def target_of(text: str) -> Target:
    """Return the object of `Kind/namespace/name`."""
    return Target(*text.split("/"))


def refresh(target: Target, time: str, context: str = "") -> None:
    """Make the tool read Git now. time: the value of Flux' annotation, which differs for each request."""
    if target.kind == "Application":
        kubectl.annotate(_GROUPS[target.kind], target.name, target.namespace, "argocd.argoproj.io/refresh=normal", context)
        return
    source = at(read(target, context), "spec", "sourceRef") or {}
    if source.get("kind") in _GROUPS:
        namespace = str(source.get("namespace") or target.namespace)
        kubectl.annotate(_GROUPS[source["kind"]], str(source.get("name")), namespace, f"reconcile.fluxcd.io/requestedAt={time}", context)
    kubectl.annotate(_GROUPS[target.kind], target.name, target.namespace, f"reconcile.fluxcd.io/requestedAt={time}", context)


def missing(target: Target, commit: str, context: str = "") -> str:
    """Return what an object still lacks to be healthy at a commit; "" when it is. commit: "" for any."""
    content = read(target, context)
    if content is None:
        return f"{target} does not exist"
    reason = _argocd(content, commit) if target.kind == "Application" else _flux(content, commit)
    return f"{target}: {reason}" if reason else ""


def _argocd(content: Mapping[str, Any], commit: str) -> str:
    status = content.get("status") or {}
    sync, health = status.get("sync") or {}, at(status, "health", "status")
    revisions = sync.get("revisions") or [sync.get("revision")]
    if at(content, "metadata", "annotations", "argocd.argoproj.io/refresh"):
        return "waits for its refresh"
    if commit and commit not in revisions:
        return f"is at {str(revisions[0])[:12]}, not at {commit[:12]}"
    operation = status.get("operationState") or {}
    if sync.get("status") != "Synced" or operation.get("phase") in ("Running", "Failed", "Error"):
        return f"{sync.get('status')}; operation {operation.get('phase', 'none')}: {str(operation.get('message', ''))[:200]}"
    return "" if health == "Healthy" else f"Synced, {health}"


def _flux(content: Mapping[str, Any], commit: str) -> str:
    status = content.get("status") or {}
    ready: Mapping[str, Any] = next((condition for condition in status.get("conditions") or () if condition.get("type") == "Ready"), {})
    applied = str(status.get("lastAppliedRevision", ""))
    if commit and not applied.endswith(commit):
        return f"is at {applied or 'no revision'}, not at {commit[:12]}: {str(ready.get('message', ''))[:200]}"
    if status.get("observedGeneration") != at(content, "metadata", "generation") or ready.get("status") != "True":
        return f"Ready is {ready.get('status', 'unknown')}: {str(ready.get('message', ''))[:200]}"
    return ""


def workload_missing(target: Target, *, stopped: bool, context: str = "") -> str:
    """Return what a workload still lacks to be stopped, or to run with all of its replicas; "" when it is."""
    content = read(target, context)
    if content is None:
        return f"{target} does not exist"
    spec, status = content.get("spec") or {}, content.get("status") or {}
    if target.kind == "CronJob":
        if bool(spec.get("suspend")) != stopped:
            return f"{target}: suspend is {str(spec.get('suspend')).lower()}"
        return f"{target}: {len(status['active'])} Jobs run" if stopped and status.get("active") else ""
    desired, running = int(spec.get("replicas", 1)), int(status.get("replicas") or 0)
    if stopped:
        return f"{target}: {desired} replicas desired, {running} running" if desired or running else ""
    current = int(status.get("observedGeneration") or 0) >= int(at(content, "metadata", "generation") or 0)
    updated, ready = (int(status.get(key) or 0) for key in ("updatedReplicas", "readyReplicas"))
    if desired and current and running == updated == ready == desired:
        return ""
    return f"{target}: {ready} of {desired} replicas ready, {updated} updated"


def read(target: Target, context: str = "") -> Mapping[str, Any] | None:
    """Return an object, or None where it does not exist. Raise MissingToolError when kubectl is missing or fails."""
    content = kubectl.get_object(_GROUPS[target.kind], target.name, target.namespace, context)
    return content if isinstance(content, dict) else None
