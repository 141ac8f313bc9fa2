"""The Argo CD Applications and Flux Kustomizations in the work tree that build an overlay: whether they react to a step and contain it.

Argo CD: an Application with the annotation `argocd.argoproj.io/manifest-generate-paths` ignores commits to other paths
(argo-cd util/app/path/path.go AppFilesHaveChanged). Flux: the artifact of a GitRepository lacks what `.sourceignore`, `spec.ignore` and
`spec.sparseCheckout` leave out (source-controller docs/spec/v1/gitrepositories.md).
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from rediskit.checks.bases import is_before_fold
from rediskit.errors import Problem
from rediskit.files import read_regular
from rediskit.git.program import Git
from rediskit.migrate.owner.after_build import Undone, undone
from rediskit.migrate.owner.files import Checkout, files_below
from rediskit.migrate.owner.followed import not_followed
from rediskit.migrate.owner.gitops_objects import Build, GitOpsObject, builds_elsewhere, builds_of, clean, gitops_objects, source_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.temporary import temporary_folder

_PATHS = "argocd.argoproj.io/manifest-generate-paths"
_IGNORE = ".sourceignore"
WARNINGS = frozenset({"owner-artifact", "owner-added", "owner-manual", "owner-window"})
"""The codes of problems that need no change before a step."""


def deployer_problems(environment: Environment, client: Client, checkout: Checkout) -> Iterator[Problem]:
    """Yield what the objects in the work tree that build the overlay of a client miss of its rendered folder, and what undoes its steps."""
    overlay = checkout.overlay.relative_to(checkout.top).as_posix()
    folder = checkout.folder_of(client).relative_to(checkout.top).as_posix()
    objects = list(gitops_objects(checkout.top))
    for build in builds_of(objects, overlay, environment.gitops.repository):
        if build.object.kind == "Application":
            yield from _application(build.object, overlay, folder)
        else:
            yield from _kustomization(build.object, objects, checkout, folder)
        yield from _without_effect(client, build, objects, environment.gitops.revision)


def undoing_problems(client: Client, checkout: Checkout) -> Iterator[Problem]:
    """Yield what the objects in a checkout of an application repository add to the build of its overlay.

    Without `owner.repository`, the path decides alone which objects build the overlay.
    """
    overlay = checkout.overlay.relative_to(checkout.top).as_posix()
    objects = list(gitops_objects(checkout.top))
    for build in builds_of(objects, overlay, client.owner.repository):
        yield from _without_effect(client, build, objects)


def is_built_elsewhere(client: Client) -> bool:
    """Return whether an object of another repository can undo a step of a client that is still ahead."""
    return is_before_fold(client) and client.owner.delivery != "stated"


def undoing_elsewhere(client: Client, objects: Sequence[GitOpsObject]) -> Iterator[Problem]:
    """Yield what objects of another repository, such as that of the config, change after the files of a client.

    Without `owner.path` and `owner.object`, only what changes the workloads of the client by their names counts.
    """
    owner = client.owner
    for build in builds_elsewhere(objects, client) if owner.delivery != "values" else _of_chart(client):
        for problem in _without_effect(client, _without_own_patches(client, build), objects):
            if owner.path is not None or owner.object is not None:
                yield problem
            elif problem.code == "owner-beaten":
                yield problem._replace(hint=f"{problem.hint}; if it builds something else, set owner.path or owner.object")


def _of_chart(client: Client) -> Iterator[Build]:
    """Yield the Application with the chart of a client: the config contains it."""
    if client.owner.release is not None:
        spec, install = mapping_at(client.owner.release.content, "spec"), client.owner.installs
        sources = [source for source in (at(spec, "source"), *list_at(spec, "sources")) if source is not None]
        yield Build(GitOpsObject("Application", install.name, install.reference, None, spec, None), sources)


def _without_own_patches(client: Client, build: Build) -> Build:
    """Return a build without its patches where they are those of rediskit, which a person pastes into the object."""
    if client.owner.delivery != "snippet":
        return build
    sources = [{**source, "kustomize": {"replicas": at(source, "kustomize", "replicas")}} for source in build.sources]
    return Build(build.object, sources if build.object.kind == "Application" else [{}])


def _application(application: GitOpsObject, overlay: str, folder: str) -> Iterator[Problem]:
    paths = text_at(application.annotations, _PATHS)
    watched = [clean(entry if entry.startswith("/") else f"{overlay}/{entry}") for entry in paths.split(";") if entry.strip()]
    if watched and not any(_contains(path, folder) for path in watched):
        message = f"{_PATHS} of {application.reference} does not contain {folder}: Argo CD ignores the commit of a step"
        yield Problem(message, f"add /{folder} to the annotation: {paths};/{folder}", (), application.location, "owner-paths")


def _without_effect(client: Client, build: Build, objects: Sequence[GitOpsObject], branch: str | None = None) -> Iterator[Problem]:
    """Yield by what a step has no effect: keys of the object that builds the overlay, and commits that it does not follow."""
    yield from _undone(client, build)
    yield from not_followed(build, objects, branch)


def _undone(client: Client, build: Build) -> Iterator[Problem]:
    """Yield the keys by which an object changes the build of the overlay, so that a step of a client may have no effect."""
    by_object = build.object
    applied = "Component" if client.owner.delivery == "component" else "files"
    keys = [key for addition in build.additions for key in undone(client, addition, by_object.spec)]
    if any(word in by_object.patch for word in ("kustomize", "ignoreDifferences")):
        keys.append(Undone("templatePatch", "changes the build", unread=True))
    for key, words, unread in dict.fromkeys(keys):
        message = f"{key} of {by_object.reference} {words}, after the {applied} of {client.name}"
        if unread:
            hint = "move it into the base, or compare the result of a step with it and accept it"
            yield Problem(f"{message}: rediskit does not read it", hint, (), by_object.location, "owner-added")
        else:
            hint = "remove it during the migration, or move it into the base"
            yield Problem(f"{message}: no step changes it", hint, (), by_object.location, "owner-beaten")


def _contains(path: str, folder: str) -> bool:
    return path == "." or folder == path or folder.startswith(f"{path}/") or fnmatchcase(f"{folder}/kustomization.yaml", path)


def _kustomization(unit: GitOpsObject, objects: Sequence[GitOpsObject], checkout: Checkout, folder: str) -> Iterator[Problem]:
    kind, name = text_at(unit.spec, "sourceRef", "kind"), text_at(unit.spec, "sourceRef", "name")
    source = source_of(unit, objects)
    if kind != "GitRepository":
        message = f"{unit.reference} builds the artifact of {kind}/{name}, which has to contain {folder}"
        yield Problem(message, f"push it with the whole repository, or with {folder}", (), unit.location, "owner-artifact")
        return
    folders = list_at(source.spec, "sparseCheckout") if source else []
    where = source.location if source else unit.location
    if folders and not any(_contains(clean(str(entry)), folder) for entry in folders):
        message = f"spec.sparseCheckout of {kind}/{name} does not contain {folder}: the build of {unit.reference} fails"
        yield Problem(message, f"add {folder} to the list", (), where, "owner-paths")
    if _ignored(checkout, text_at(source.spec, "ignore") if source else "", folder):
        message = f"{_IGNORE} or spec.ignore of {kind}/{name} leaves out {folder}: the build of {unit.reference} fails"
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
