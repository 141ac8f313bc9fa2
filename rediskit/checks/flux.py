"""Checks of the objects that only Flux reads: Kustomization, HelmRelease and GitRepository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rediskit.checks.finding import Issue, Subject
from rediskit.errors import BUG, dotted
from rediskit.model.nested import at, texts_in


def release_values(subject: Subject) -> Iterator[Issue]:
    """Require that the inline values of the HelmRelease equal the values file, because reviewers read that file."""
    for path, content in subject.objects("HelmRelease", "flux/"):
        if at(content, "spec", "values") != subject.values:
            yield Issue(f"{path} has other values than the values file", BUG, ("redis", "values"))


def dependencies(subject: Subject) -> Iterator[Issue]:
    """Require that a Kustomization depends only on rendered ones, because it would wait forever. Its path must be a rendered folder."""
    names = {content["metadata"]["name"] for _, content in _kustomizations(subject)}
    folders = {path.rpartition("/")[0] for path in subject.tree.objects}
    for path, content in _kustomizations(subject):
        for dependency in at(content, "spec", "dependsOn") or ():
            if dependency.get("name") not in names:
                yield Issue(f"{path} depends on {dependency.get('name')}, which is not rendered", BUG, ("gitops",))
        folder = str(at(content, "spec", "path")).removeprefix(f"./{subject.environment.path}/")
        if folder not in folders:
            yield Issue(f"{path} applies {folder}, which is not a rendered folder", BUG, ("gitops", "path"))


def substitutions(subject: Subject) -> Iterator[Issue]:
    """Refuse `${` in any text: Flux would substitute it, or fail, in a Kustomization with `postBuild`."""
    if subject.environment.gitops.tool != "flux":
        return
    for path, content in subject.objects():
        for place, text in texts_in(content) if path.startswith(("platform/", "flux/")) else ():
            if "${" in text:
                message = f"{path} at {dotted(place)} contains ${{, which Flux reads as a variable"
                yield Issue(message, "write it without ${", ("redis", "values"))


def credentials(subject: Subject) -> Iterator[Issue]:
    """Warn about a GitRepository over SSH without a Secret: source-controller requires `identity` and `known_hosts` in one."""
    for path, content in subject.objects("GitRepository"):
        if str(at(content, "spec", "url")).startswith("ssh://") and at(content, "spec", "secretRef") is None:
            message = f"{path} has no key for {at(content, 'spec', 'url')}: Flux can't fetch over SSH without a key"
            hint = "set an existing source that has a key: gitops.flux.source: {name: flux-system}"
            yield Issue(message, hint, ("gitops", "repository"))


def _kustomizations(subject: Subject) -> Iterator[tuple[str, Any]]:
    for path, content in subject.objects("Kustomization"):
        if str(content["apiVersion"]).startswith("kustomize.toolkit.fluxcd.io/"):
            yield path, content
