"""Whether the GitOps tool applies the commits of a step: the branch that an object follows, and whether and when it syncs by itself.

Argo CD: a source without `targetRevision` follows HEAD, and `syncPolicy.automated` syncs unless `enabled` is false (argo-cd
pkg/apis/application/v1alpha1/types.go). Flux: `spec.suspend` of a Kustomization or of its GitRepository, and `spec.ref` of the latter.
Without one, it follows the branch master (source-controller docs/spec/v1/gitrepositories.md). A sync window of the AppProject applies to
an Application by one of its lists, or with `andOperator` by all that are set (argo-cd pkg/apis/application/v1alpha1/types.go Matches).
"""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from rediskit.errors import Problem
from rediskit.migrate.owner.after_build import PARAMETER
from rediskit.migrate.owner.gitops_objects import Build, GitOpsObject, source_of
from rediskit.model.nested import at, list_at, mapping_at, text_at

_FIXED = re.compile(r"[0-9a-f]{40}|v?[0-9]+(?:\.[0-9]+)*(?:[-+].*)?|refs/tags/.*|.*[*^~<>=].*")
"""A commit, a tag with a version, or a range of versions: no commit to a branch reaches it."""


def not_followed(build: Build, objects: Sequence[GitOpsObject], branch: str | None) -> Iterator[Problem]:
    """Yield why a commit of a step has no effect by itself. branch: the one that the steps are commits of; None if it is not known."""
    if build.object.kind == "Application":
        yield from _application(build, branch)
        yield from _windows(build.object, objects)
    elif build.object.kind == "Kustomization":
        yield from _kustomization(build.object, source_of(build.object, objects), branch)


def _application(build: Build, branch: str | None) -> Iterator[Problem]:
    for source in build.sources:
        if not at(source, "chart"):  # The revision of a chart is its version.
            yield from _revision(build.object, str(at(source, "targetRevision") or "HEAD"), branch, "targetRevision")
    automated = at(build.object.spec, "syncPolicy", "automated")
    if not isinstance(automated, dict) or automated.get("enabled") is False:
        message = f"{build.object.reference} has no automated sync: a step has no effect until someone syncs it"
        yield Problem(message, "sync it at every step, or set syncPolicy.automated", (), build.object.location, "owner-manual")


def _windows(application: GitOpsObject, objects: Sequence[GitOpsObject]) -> Iterator[Problem]:
    """Yield the sync windows of the AppProject: Argo CD applies no commit while one forbids it, also not that of a rollback."""
    project = text_at(application.spec, "project") or "default"
    for entry in objects:
        if entry.kind == "AppProject" and _matches(project, entry.name):
            windows = [window for window in list_at(entry.spec, "syncWindows") if _is_in(window, application)]
            shown = [f"{text_at(window, 'kind')} {text_at(window, 'schedule')} for {text_at(window, 'duration')}" for window in windows]
            if shown:
                message = f"{entry.reference} has sync windows for {application.reference}: {', '.join(shown)}"
                effect = "Argo CD applies no step and no rollback while they forbid a sync"
                hint = "allow syncs from scale-down to the end of the validation, then accept the finding"
                yield Problem(f"{message}; {effect}", hint, (), entry.location, "owner-window")


def _is_in(window: Any, application: GitOpsObject) -> bool:
    """Return whether a sync window applies to an Application. A parameter of an ApplicationSet can be any text."""
    destination = mapping_at(application.spec, "destination")
    matches = []
    for key, names in (
        ("applications", (application.name,)),
        ("namespaces", (text_at(destination, "namespace"),)),
        ("clusters", (text_at(destination, "server"), text_at(destination, "name"))),
    ):
        if patterns := list_at(window, key):
            matches.append(any(_matches(name, str(pattern)) for name in names if name for pattern in patterns))
    return bool(matches) and (all(matches) if at(window, "andOperator") is True else any(matches))


def _matches(name: str, pattern: str) -> bool:
    return bool(PARAMETER.search(name)) or fnmatchcase(name, pattern)


def _kustomization(unit: GitOpsObject, source: GitOpsObject | None, branch: str | None) -> Iterator[Problem]:
    for entry in (unit, source):
        if entry is not None and at(entry.spec, "suspend") is True:
            message = f"{entry.reference} is suspended: no step has an effect until it resumes"
            yield Problem(message, "remove spec.suspend before the first step", (), entry.location, "owner-suspended")
    if source is not None and source.kind == "GitRepository":
        yield from _reference(source, mapping_at(source.spec, "ref"), branch)


def _reference(source: GitOpsObject, reference: dict[str, Any], branch: str | None) -> Iterator[Problem]:
    for key in ("commit", "name", "semver", "tag"):
        if value := text_at(reference, key):
            is_branch = key == "name" and value.startswith("refs/heads/")
            shown = value.removeprefix("refs/heads/") if is_branch else value
            yield from _revision(source, shown, branch, "spec.ref", fixed=not is_branch)
            return
    yield from _revision(source, text_at(reference, "branch") or "master", branch, "spec.ref.branch")


def _revision(entry: GitOpsObject, revision: str, branch: str | None, key: str, *, fixed: bool = False) -> Iterator[Problem]:
    name = revision.removeprefix("refs/heads/")
    if PARAMETER.search(name) or name in ("HEAD", branch):
        return
    if fixed or _FIXED.fullmatch(name):
        message = f"{entry.reference} has the fixed revision {name}: no commit of a step reaches it"
        yield Problem(message, f"set {key} to {branch or 'the branch of the steps'} before the first step", (), entry.location, _CODE)
    elif branch is not None:
        message = f"{entry.reference} follows {name}, and the steps are commits of {branch}"
        yield Problem(message, f"set {key} to {branch} before the first step", (), entry.location, _CODE)


_CODE = "owner-revision"
