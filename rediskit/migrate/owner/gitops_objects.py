"""The Argo CD Applications, ApplicationSets and Flux Kustomizations in a work tree, and which of them build an overlay."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from posixpath import normpath
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Location
from rediskit.files import read_regular
from rediskit.git.work_tree import same_repository
from rediskit.migrate.owner.after_build import PARAMETER
from rediskit.migrate.owner.files import manifests_below, shown
from rediskit.model.client import Client
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.renderers.helm import merged
from rediskit.yamlio.foreign import read_foreign

_GROUPS = {"Application": "argoproj.io", "ApplicationSet": "argoproj.io", "Kustomization": "kustomize.toolkit.fluxcd.io"}
_API_GROUPS = (b"argoproj.io", b"toolkit.fluxcd.io")
"""A file without both has no object of a GitOps tool. Most manifests of a repository have none."""


class GitOpsObject(NamedTuple):
    """An object of a GitOps tool, or the Application that an ApplicationSet creates.

    Attributes:
        kind: `Application` for the template of an ApplicationSet.
        name: Its name; that of the Applications of an ApplicationSet.
        reference: Kind and name of the object in the file.
        location: Where it begins; None for a manifest of the config.
        patch: `spec.templatePatch` of an ApplicationSet.
    """

    kind: str
    name: str
    reference: str
    annotations: Any
    spec: dict[str, Any]
    location: Location | None
    patch: str = ""


class Build(NamedTuple):
    """An object that builds an overlay.

    Attributes:
        sources: The sources of an Application with the overlay; the spec of a Kustomization.
        additions: What each source adds to the kustomization.
    """

    object: GitOpsObject
    sources: list[Any]

    @property
    def additions(self) -> list[Any]:
        return [at(source, "kustomize") for source in self.sources] if self.object.kind == "Application" else self.sources


def gitops_objects(top: Path) -> Iterator[GitOpsObject]:
    """Yield the objects in a work tree, without rendered manifests. A file that is not YAML is skipped: a template, for example."""
    for file in manifests_below(top, rendered=False):
        try:
            text = read_regular(file)
            documents = read_foreign(text, shown(file)) if any(group in text for group in _API_GROUPS) else []
        except (OSError, ConfigError):
            continue
        for document in documents:
            if isinstance(document.data, dict) and isinstance(document.data.get("kind"), str):
                yield from _read(document.data, document.location)


def builds_of(objects: Sequence[GitOpsObject], overlay: str, repository: str | None) -> Iterator[Build]:
    """Yield each object that builds an overlay, with what it adds to the kustomization.

    Args:
        objects: Those of the repository with the overlay.
        overlay: The folder of the overlay, relative to the top of its repository.
        repository: The URL of the repository; None for any.
    """
    for entry in objects:
        if entry.kind == "Application":
            if sources := [source for source in _sources(entry) if _has_path(source, overlay) and _is_of(source, repository)]:
                yield Build(entry, sources)
        elif entry.kind == "Kustomization" and clean(text_at(entry.spec, "path")) == overlay:
            yield Build(entry, [entry.spec])


def builds_elsewhere(objects: Sequence[GitOpsObject], client: Client) -> Iterator[Build]:
    """Yield each object that can build the overlay of a client in its application repository.

    `owner.object` names it. Else, without `owner.path` or `owner.repository`, any path or repository can be the one, if the objects come
    into the namespace of the client.
    """
    kind, _, named = (client.owner.object or "").partition("/")
    for entry in objects:
        if kind == entry.kind:
            if _can_be(entry.name, named.partition("/")[2]):
                yield Build(entry, _sources(entry) if kind == "Application" else [entry.spec])
        elif kind not in _GROUPS:
            yield from _by_path(entry, objects, client)


def _by_path(entry: GitOpsObject, objects: Sequence[GitOpsObject], client: Client) -> Iterator[Build]:
    path, repository = client.owner.path, client.owner.repository
    if entry.kind == "Application" and _can_be(text_at(entry.spec, "destination", "namespace"), client.namespace):
        possible = (source for source in _sources(entry) if path is None or _has_path(source, clean(path)))
        if sources := [source for source in possible if _is_of(source, repository)]:
            yield Build(entry, sources)
    elif entry.kind == "Kustomization" and text_at(entry.spec, "targetNamespace") in ("", client.namespace):
        source = source_of(entry, objects)
        is_path = path is None or clean(text_at(entry.spec, "path")) == clean(path)
        if is_path and _is_of({"repoURL": text_at(source.spec, "url") if source else ""}, repository):
            yield Build(entry, [entry.spec])


def _sources(entry: GitOpsObject) -> list[Any]:
    return [at(entry.spec, "source"), *list_at(entry.spec, "sources")]


def source_of(entry: GitOpsObject, objects: Iterable[GitOpsObject]) -> GitOpsObject | None:
    """Return the source of a Kustomization; None if it is not in the work tree."""
    reference = mapping_at(entry.spec, "sourceRef")
    name = f"{text_at(reference, 'kind')}/{text_at(reference, 'name')}"
    return next((other for other in objects if other.reference == name), None)


def clean(path: str) -> str:
    """Return a path of an object as it is compared."""
    return normpath(path.lstrip("/") or ".")


def _has_path(source: Any, overlay: str) -> bool:
    path = text_at(source, "path")
    return bool(path) and (clean(path) == overlay or _can_be(path.lstrip("/"), overlay))


def _is_of(source: Any, repository: str | None) -> bool:
    """Return whether a source can be of a repository."""
    url = text_at(source, "repoURL")
    return not url or repository is None or bool(PARAMETER.search(url)) or same_repository(url, repository)


def _can_be(text: str, value: str) -> bool:
    """Return whether a text is a value, for some values of its parameters. An empty text is any value."""
    literals = PARAMETER.split(text)
    return text in ("", value) or (len(literals) > 1 and re.fullmatch(".*".join(map(re.escape, literals)), value) is not None)


def _read(content: dict[str, Any], location: Location) -> Iterator[GitOpsObject]:
    kind, metadata, spec = content["kind"], mapping_at(content, "metadata"), mapping_at(content, "spec")
    group = str(content.get("apiVersion")).partition("/")[0]
    name = text_at(metadata, "name")
    reference = f"{kind}/{name}"
    if _GROUPS.get(kind, group) != group:
        return
    if kind != "ApplicationSet":
        yield GitOpsObject(kind, name, reference, at(metadata, "annotations"), spec, location)
        return
    template = mapping_at(spec, "template")
    for content in (template, *_templates(spec.get("generators"), template)):
        own, patch = mapping_at(content, "metadata"), text_at(spec, "templatePatch")
        name, own_spec = text_at(own, "name"), mapping_at(content, "spec")
        yield GitOpsObject("Application", name, reference, at(own, "annotations"), own_spec, location, patch)


def _templates(generators: Any, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the template of each generator that has one: its values replace those of the ApplicationSet."""
    for key, value in generators.items() if isinstance(generators, dict) else enumerate(generators if isinstance(generators, list) else ()):
        if key == "template" and isinstance(value, dict):
            yield merged(base, value)
        elif isinstance(value, (dict, list)):
            yield from _templates(value, base)
