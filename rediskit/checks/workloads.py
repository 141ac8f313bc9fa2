"""Checks of the workloads of an application: settings by which a step does not reach their pods, or deletes their volumes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.checks.finding import Issue, Severity, Subject
from rediskit.checks.manifests import applications
from rediskit.model.client import Client
from rediskit.model.nested import at, list_at, mapping_at, text_at

_NOT_APPLIED = {
    "argocd.argoproj.io/hook": ("Skip",),
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled",),
    "kustomize.toolkit.fluxcd.io/ssa": ("Ignore", "IfNotPresent"),
}
"""The annotations by which a GitOps tool does not apply changes of an object, and their values (gitops-engine pkg/sync/hook/hook.go,
kustomize-controller docs/spec/v1/kustomizations.md)."""
_KEEP = "its pods keep the old variables"


class Setting(NamedTuple):
    """A setting of a workload that a step can't work with. code: that of the finding."""

    code: str
    message: str
    hint: str


def held_back(content: Mapping[str, Any], reference: str) -> Iterator[Setting]:
    """Yield the settings of a workload by which its pods keep the template of the step before."""
    for message, hint in _held_back(content):
        yield Setting("pods-not-updated", f"{reference} {message}", f"{hint} until complete: a rollback needs it, too")


def losing_volumes(content: Mapping[str, Any], reference: str) -> Iterator[Setting]:
    """Yield the setting of a StatefulSet by which scale-down deletes its volumes."""
    policy = at(content, "spec", "persistentVolumeClaimRetentionPolicy", "whenScaled")
    if policy == "Delete" and list_at(content, "spec", "volumeClaimTemplates"):
        message = f"{reference} has persistentVolumeClaimRetentionPolicy.whenScaled: Delete: scale-down deletes its volumes with their data"
        hint = "set whenScaled: Retain in the base of the application repository, apply it, and copy the manifest again"
        yield Setting("volume-deleted", message, hint)


def severity_of(client: Client) -> Severity:
    """Return the severity of a setting: a client that is rolled back stays as it is, and its next step reports an error."""
    return "warning" if client.migration and client.migration.step == "rolled-back" else "error"


def _held_back(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield why pods keep the template of the step before, and the fix."""
    for key, values in _NOT_APPLIED.items():
        value = text_at(mapping_at(content, "metadata", "annotations"), key)
        if value in values:
            yield f"has {key}: {value}: the GitOps tool does not apply its changes", "remove the annotation"
    spec = at(content, "spec")
    if text_at(spec, "updateStrategy", "type") == "OnDelete":
        yield f"has updateStrategy.type OnDelete: {_KEEP} until they are deleted", "set RollingUpdate"
    partition = at(spec, "updateStrategy", "rollingUpdate", "partition")
    if isinstance(partition, int) and partition > 0:
        message = f"has updateStrategy.rollingUpdate.partition {partition}: the pods with a lower number keep the old variables"
        yield message, "set partition: 0"
    if at(spec, "paused") is True:
        yield f"is paused: {_KEEP}", "remove paused"
    yield from _waiting(mapping_at(spec, "strategy"))


def _waiting(strategy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where a Rollout waits for a person. It promotes by itself after `autoPromotionSeconds` (argo-rollouts rollout/pause.go)."""
    blue_green = mapping_at(strategy, "blueGreen")
    if blue_green.get("autoPromotionEnabled") is False and not blue_green.get("autoPromotionSeconds"):
        yield f"has blueGreen.autoPromotionEnabled: false: {_KEEP} until a person promotes it", "set autoPromotionEnabled: true"
    for index, step in enumerate(list_at(strategy, "canary", "steps")):
        if isinstance(step, dict) and "pause" in step and at(step, "pause", "duration") is None:
            message = f"has canary.steps[{index}].pause without a duration: {_KEEP} until a person promotes it"
            yield message, "remove the step, or set a duration,"
            return


def not_updated(subject: Subject) -> Iterator[Issue]:
    """Refuse settings of a workload by which its pods keep the old variables: a partition, `OnDelete`, `paused`, a manual promotion.

    An annotation by which the GitOps tool does not apply the workload is one, too. At `rolled-back` the finding is a warning.
    """
    return _of_manifests(subject, held_back)


def deleted_volumes(subject: Subject) -> Iterator[Issue]:
    """Refuse a StatefulSet whose volumes are deleted when scale-down sets its replicas to 0. The error can't be accepted.

    At `rolled-back` the finding is a warning.
    """
    return _of_manifests(subject, losing_volumes)


def _of_manifests(subject: Subject, settings: Callable[[Mapping[str, Any], str], Iterator[Setting]]) -> Iterator[Issue]:
    """Yield the settings in the manifests of clients whose migration is not complete."""
    for path, client, workload, manifest in applications(subject):
        for setting in settings(manifest.content, workload.reference):
            yield Issue(setting.message, setting.hint, (*path, "manifest"), severity_of(client))
