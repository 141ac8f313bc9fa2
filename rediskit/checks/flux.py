"""Checks of the objects that only Flux reads: Kustomization, HelmRelease and GitRepository."""

from collections.abc import Iterator
from typing import Any

from rediskit.checks.finding import Issue, Subject
from rediskit.errors import BUG, dotted
from rediskit.model.nested import at, mapping_at, texts_in
from rediskit.renderers.objects import LITERAL, is_substituted


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
    """Require that Flux substitutes no text: `${` and `$$` are only in objects that turn it off, and in no value for an application.

    The workload of an application can need substitution elsewhere, so rediskit does not turn it off there.
    """
    flux = subject.environment.gitops.tool == "flux"
    for path, content in subject.objects() if flux else ():
        ours = path.startswith(("platform/", "checks/", "flux/"))
        if not ours or not any(sign in subject.tree.files[path] for sign in (b"${", b"$$")):
            continue
        if is_substituted(content) and not LITERAL.items() <= mapping_at(content, "metadata", "annotations").items():
            place = next(place for place, text in texts_in(content) if is_substituted(text))
            yield Issue(f"{path} at {dotted(place)} contains ${{ or $$, which Flux would change", BUG, ("redis", "values"))
    for index, client in enumerate(subject.environment.clients):
        if client.migration is None or not (flux or (client.owner.kind == "flux-kustomization" or client.owner.is_helm_release)):
            continue
        for key, template in client.templates:
            if any(is_substituted(part) for part in template.parts if isinstance(part, str)):
                hint = f"write it without ${{ and $$, or accept the finding on {client.name} if its Kustomization has no postBuild"
                message = f"{template} contains ${{ or $$, which Flux changes in a Kustomization with postBuild"
                yield Issue(message, hint, ("clients", index, *key))


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
