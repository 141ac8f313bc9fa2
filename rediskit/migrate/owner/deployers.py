"""The Argo CD Applications and Flux Kustomizations in the work tree that build an overlay: whether they react to a step and contain it.

Argo CD: an Application with the annotation `argocd.argoproj.io/manifest-generate-paths` ignores commits to other paths
(argo-cd util/app/path/path.go AppFilesHaveChanged). Flux: the artifact of a GitRepository lacks what `.sourceignore`, `spec.ignore` and
`spec.sparseCheckout` leave out (source-controller docs/spec/v1/gitrepositories.md).
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import normpath
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Location, Problem
from rediskit.files import read_regular
from rediskit.git.program import Git
from rediskit.git.work_tree import same_repository
from rediskit.migrate.owner.after_build import undone
from rediskit.migrate.owner.files import Checkout, documents_of, files_below, manifests_below
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.temporary import temporary_folder

_PATHS = "argocd.argoproj.io/manifest-generate-paths"
_IGNORE = ".sourceignore"


class _Deployer(NamedTuple):
    """An object of a GitOps tool in the work tree."""

    content: Any
    location: Location

    @property
    def reference(self) -> str:
        """Kind and name."""
        return f"{self.content['kind']}/{text_at(self.content, 'metadata', 'name')}"


def deployer_problems(environment: Environment, client: Client, checkout: Checkout) -> Iterator[Problem]:
    """Yield what the objects in the work tree that build the overlay of a client miss of its rendered folder, and what undoes its steps."""
    overlay = checkout.overlay.relative_to(checkout.top).as_posix()
    folder = checkout.folder_of(client).relative_to(checkout.top).as_posix()
    objects = list(_objects(checkout, environment))
    for deployer, builds in _deployers(objects, overlay, environment.gitops.repository):
        if deployer.content["kind"] == "Application":
            yield from _application(deployer, overlay, folder)
        else:
            yield from _kustomization(deployer, objects, checkout, folder)
        yield from _undone(client, deployer, builds)


def undoing_problems(environment: Environment, client: Client, checkout: Checkout) -> Iterator[Problem]:
    """Yield what the objects in a checkout of an application repository add to the build of its overlay.

    Without `owner.repository`, the path decides alone which objects build the overlay.
    """
    overlay = checkout.overlay.relative_to(checkout.top).as_posix()
    for deployer, builds in _deployers(_objects(checkout, environment), overlay, client.owner.repository):
        yield from _undone(client, deployer, builds)


def _deployers(objects: Iterable[_Deployer], overlay: str, repository: str | None) -> Iterator[tuple[_Deployer, list[Any]]]:
    """Yield each object that builds an overlay, with what it adds to the kustomization."""
    for deployer in objects:
        spec, kind = mapping_at(deployer.content, "spec"), deployer.content["kind"]
        group = str(deployer.content.get("apiVersion")).partition("/")[0]
        if (kind, group) == ("Application", "argoproj.io"):
            sources = [at(spec, "source"), *list_at(spec, "sources")]
            if builds := [at(source, "kustomize") for source in sources if _is_built(source, overlay, repository)]:
                yield deployer, builds
        elif (kind, group) == ("Kustomization", "kustomize.toolkit.fluxcd.io") and _clean(text_at(spec, "path")) == overlay:
            yield deployer, [spec]


def _is_built(source: Any, overlay: str, repository: str | None) -> bool:
    """Return whether a source of an Application is an overlay of a repository; None for any repository."""
    return _clean(text_at(source, "path") or "..") == overlay and (
        repository is None or same_repository(text_at(source, "repoURL"), repository)
    )


def _objects(checkout: Checkout, environment: Environment) -> Iterator[_Deployer]:
    """Yield the objects in the work tree, without the rendered manifests. A file that is not YAML is skipped: a template, for example."""
    output = checkout.top / environment.path
    for file in manifests_below(checkout.top):
        if file.is_relative_to(output):
            continue
        try:
            documents = documents_of(file)
        except ConfigError:
            continue
        for document in documents:
            if isinstance(document.data, dict) and isinstance(document.data.get("kind"), str):
                yield _Deployer(document.data, document.location)


def _clean(path: str) -> str:
    return normpath(path.lstrip("/") or ".")


def _application(deployer: _Deployer, overlay: str, folder: str) -> Iterator[Problem]:
    paths = text_at(at(deployer.content, "metadata", "annotations"), _PATHS)
    watched = [_clean(entry if entry.startswith("/") else f"{overlay}/{entry}") for entry in paths.split(";") if entry.strip()]
    if watched and not any(_contains(path, folder) for path in watched):
        message = f"{_PATHS} of {deployer.reference} does not contain {folder}: Argo CD ignores the commit of a step"
        yield Problem(message, f"add /{folder} to the annotation: {paths};/{folder}", (), deployer.location, "owner-paths")


def _undone(client: Client, deployer: _Deployer, builds: list[Any]) -> Iterator[Problem]:
    """Yield the keys by which an object changes the build of the overlay, so that a step of a client may have no effect."""
    for key, words, unread in (key for build in builds for key in undone(client, build, mapping_at(deployer.content, "spec"))):
        message = f"{key} of {deployer.reference} {words}, after the Component of {client.name}"
        if unread:
            hint = "move it into the base, or compare the result of a step with it and accept it"
            yield Problem(f"{message}: rediskit does not read it", hint, (), deployer.location, "owner-added")
        else:
            hint = "remove it during the migration, or move it into the base"
            yield Problem(f"{message}: no step changes it", hint, (), deployer.location, "owner-beaten")


def _contains(path: str, folder: str) -> bool:
    return path == "." or folder == path or folder.startswith(f"{path}/") or fnmatchcase(f"{folder}/kustomization.yaml", path)


def _kustomization(deployer: _Deployer, objects: list[_Deployer], checkout: Checkout, folder: str) -> Iterator[Problem]:
    reference = at(deployer.content, "spec", "sourceRef")
    kind, name = text_at(reference, "kind"), text_at(reference, "name")
    source = next((other for other in objects if other.reference == f"{kind}/{name}"), None)
    if kind != "GitRepository":
        message = f"{deployer.reference} builds the artifact of {kind}/{name}, which has to contain {folder}"
        yield Problem(message, f"push it with the whole repository, or with {folder}", (), deployer.location, "owner-artifact")
        return
    folders = list_at(source.content, "spec", "sparseCheckout") if source else []
    where = source.location if source else deployer.location
    if folders and not any(_contains(_clean(str(entry)), folder) for entry in folders):
        message = f"spec.sparseCheckout of {kind}/{name} does not contain {folder}: the build of {deployer.reference} fails"
        yield Problem(message, f"add {folder} to the list", (), where, "owner-paths")
    if _ignored(checkout, text_at(source.content, "spec", "ignore") if source else "", folder):
        message = f"{_IGNORE} or spec.ignore of {kind}/{name} leaves out {folder}: the build of {deployer.reference} fails"
        yield Problem(message, f"add the line !/{folder}/** after the line that excludes it", (), where, "owner-paths")


def _ignored(checkout: Checkout, ignore: str, folder: str) -> bool:
    """Return whether the patterns of Flux exclude a folder. Git evaluates them: they have the syntax of .gitignore."""
    patterns = {
        file.parent.relative_to(checkout.top): _patterns(file) for file in files_below(checkout.top, (_IGNORE,)) if file.name == _IGNORE
    }
    if ignore:
        patterns[Path()] = patterns.get(Path(), b"") + f"\n{ignore}\n".encode()
    if not patterns:
        return False
    command = ("-c", "core.excludesFile=/dev/null", "check-ignore", "--quiet", "--no-index", f"{folder}/kustomization.yaml")
    with temporary_folder() as repository:
        git = Git(repository)
        git.run("init", "--quiet")
        for below, text in patterns.items():
            (repository / below).mkdir(parents=True, exist_ok=True)
            (repository / below / ".gitignore").write_bytes(text)
        return git.run(*command, exit_codes=(0, 1)).exit_code == 0


def _patterns(file: Path) -> bytes:
    try:
        return read_regular(file)
    except OSError:
        return b""
