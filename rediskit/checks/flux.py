"""Checks of what only Flux reads: its Kustomizations and the HelmRelease."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rediskit.checks.finding import Complaint, Subject
from rediskit.errors import BUG, Path, dotted
from rediskit.model.nested import at


def release_values(subject: Subject) -> Iterator[Complaint]:
    """The inline values of the HelmRelease are those of the values file, so that what is reviewed is what is installed."""
    for path, content in subject.objects("HelmRelease", "flux/"):
        if at(content, "spec", "values") != subject.values:
            yield Complaint(f"{path} has other values than the values file", BUG, ("redis", "values"))


def dependencies(subject: Subject) -> Iterator[Complaint]:
    """What a Kustomization depends on is rendered: else it would wait for ever. Each path it names is a folder of the tree."""
    made = {content["metadata"]["name"]: content for _, content in _kustomizations(subject)}
    folders = {path.rpartition("/")[0] for path in subject.tree.objects}
    for path, content in _kustomizations(subject):
        for wanted in at(content, "spec", "dependsOn") or ():
            if wanted.get("name") not in made:
                yield Complaint(f"{path} depends on {wanted.get('name')}, which nothing renders", BUG, ("gitops",))
        folder = str(at(content, "spec", "path")).removeprefix(f"./{subject.environment.path}/")
        if folder not in folders:
            yield Complaint(f"{path} applies {folder}, which is no folder of the tree", BUG, ("gitops", "path"))


def variables(subject: Subject) -> Iterator[Complaint]:
    """No text holds `${`: whoever adds `postBuild` to a Kustomization later would have it substituted, or see it fail."""
    if subject.environment.gitops.tool != "flux":
        return
    for path, content in subject.objects():
        if path.startswith(("platform/", "flux/")):
            for place in _texts_with_variable(content, ()):
                yield Complaint(
                    f"{path} at {dotted(place)} holds ${{, which Flux takes for a variable", "write it without ${", ("redis", "values")
                )


def credentials(subject: Subject) -> Iterator[Complaint]:
    """A GitRepository over ssh names the Secret with its key: source-controller refuses one without `identity` and `known_hosts`."""
    for path, content in subject.objects("GitRepository"):
        if str(at(content, "spec", "url")).startswith("ssh://") and at(content, "spec", "secretRef") is None:
            message = f"{path} has no key for {at(content, 'spec', 'url')}: Flux fetches nothing over ssh without one"
            hint = "name a source that has one and is there already: gitops.flux.source: {name: flux-system}"
            yield Complaint(message, hint, ("gitops", "repository"))


def _kustomizations(subject: Subject) -> Iterator[tuple[str, Any]]:
    for path, content in subject.objects("Kustomization"):
        if str(content["apiVersion"]).startswith("kustomize.toolkit.fluxcd.io/"):
            yield path, content


def _texts_with_variable(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, str):
        if "${" in value:
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts_with_variable(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts_with_variable(inner, (*path, index))
