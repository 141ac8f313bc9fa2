"""The build of an owner's checkout, before and after our files, in a copy: nothing is written there to find out what it would do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.migrate.ownercopy import copy_checkout
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at
from rediskit.model.workload import SCALERS
from rediskit.output.confined import Confined, in_the_way
from rediskit.output.yaml import dump
from rediskit.renderers.overlay import apply
from rediskit.renderers.owner import component
from rediskit.renderers.ownerpatch import patches, removals
from rediskit.renderers.ownerpointers import changed
from rediskit.renderers.ownersnippet import inline
from rediskit.renderers.tree import Object, Tree
from rediskit.source.files import work_tree
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, find, printable_lines, run

FOLDER = "rediskit"
"""The folder in an owner's checkout that holds one folder of ours a client."""
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

Key = tuple[str, str, str]
"""Kind, namespace ("" where the object says none) and name."""


class Checkout(NamedTuple):
    """A checkout of an owner. top: its Git work tree; to: where our folder lies; overlay: the folder that is built. All real paths."""

    top: Path
    to: Path
    overlay: Path


class Difference(NamedTuple):
    """One object that differs. pointers: where; wrong: those at which it is not what the step means, each with what it is there."""

    key: Key
    pointers: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Built:
    """What kustomize made of an overlay; its complaint where it refused."""

    objects: Mapping[Key, Object]
    complaint: str = ""


def checkout(to: str, overlay: str | None) -> Checkout:
    """Where an owner's files lie. Raises ConfigError when there is no such folder, no Git work tree around it, or no kustomization."""
    folder, built = (Path(os.path.realpath(name)) for name in (to, overlay or to))
    if not folder.is_dir():
        raise ConfigError(Problem(f"there is no folder {to}", "name a folder in a checkout of the owner's repository"))
    top = work_tree(folder)
    if top is None or not built.is_relative_to(top):
        what = f"{to} lies in no Git work tree" if top is None else f"{overlay} lies outside of the checkout that holds {to}"
        raise ConfigError(Problem(what, "name folders in one checkout of the owner's repository"))
    return Checkout(top, folder, built)


def kustomization(folder: Path) -> Path:
    """The kustomization file of a folder. Raises ConfigError when there is none."""
    for name in NAMES:
        file = folder / name
        if file.is_file():
            if file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(folder):
                hint = "put the file itself there: kustomize reads no file outside of the folder that it builds"
                raise ConfigError(Problem(f"{shown(file)} is a symbolic link to {file.readlink()}, outside of its folder", hint))
            return file
    hint = "name the folder of the owner's outermost overlay: with --overlay, where our files are to lie elsewhere"
    raise ConfigError(Problem(f"there is no kustomization.yaml in {shown(folder)}", hint))


def shown(path: Path) -> str:
    """A path as people see it: relative to the current folder where it lies below."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def listed(place: Checkout, client: Client) -> list[Path]:
    """The kustomizations of the checkout that list the client's Component."""
    mine = place.to / FOLDER / client.name
    found = []
    for folder, folders, files in os.walk(place.top):
        folders[:] = [name for name in folders if name != ".git"]
        for name in set(files) & set(NAMES):
            entries = content_of(Path(folder) / name).get("components")
            if any(isinstance(entry, str) and Path(os.path.realpath(Path(folder) / entry)) == mine for entry in entries or ()):
                found.append(Path(folder) / name)
    return sorted(found)


def content_of(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises ConfigError when there is none."""
    try:
        content = yaml.safe_load(file.read_bytes())
    except (yaml.YAMLError, OSError, UnicodeError) as error:
        raise ConfigError(Problem(f"{shown(file)} can't be read as YAML", "mend it first: kustomize can't build it either")) from error
    return content if isinstance(content, dict) else {}


def link_in_the_way(place: Checkout, client: Client) -> Problem | None:
    """Return the problem of a link or a file where the folder of a client's files belongs; None where a folder or nothing is there."""
    for folder in (place.to / FOLDER, place.to / FOLDER / client.name):
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
            return replace(in_the_way(Path(shown(folder)), folder.lstat().st_mode), code="owner-link")
    return None


class Bench:
    """A copy of a checkout in which one client's files are tried. Nothing is written but in the copy, and through no link."""

    def __init__(self, place: Checkout, copy: Path, client: Client, left_out: tuple[str, ...] = ()) -> None:
        """copy: the folder that holds what `place.top` holds, except for what was left out."""
        self._program = find("kustomize", "KUSTOMIZE")
        self._copy, self.client, self._left_out = copy, client, left_out
        self._inside = Confined(copy, Path(shown(place.top)))
        self._mine = place.to.relative_to(place.top) / FOLDER / client.name
        self._overlay = place.overlay.relative_to(place.top)
        self._file = self._overlay / kustomization(place.overlay).name
        try:
            self._text = (copy / self._file).read_bytes()
        except OSError as error:
            raise ConfigError(Problem(f"{shown(place.top / self._file)}: {_reason(error)}", "kustomize can't read it either")) from error
        self._listed = bool(listed(place, client))

    def before(self, environment: Environment) -> Built:
        """The build without us: the Component is the identity."""
        return self.after(environment, self.client.model_copy(update={"migration": None}))

    def after(self, environment: Environment, client: Client) -> Built:
        """The build with our files for a client as it stands. Raises MissingToolError when kustomize is missing or does not answer."""
        content = content_of(self._copy / self._file)
        if client.owner.kind == "kustomize":
            self._put(environment, client)
            if not self._listed:
                mine = os.path.relpath(self._mine, self._overlay)
                self._extend({**content, "components": [*(content.get("components") or ()), mine]})
        elif more := inline(environment, client):
            self._extend({**content, "patches": [*(content.get("patches") or ()), *more]})
        built = self._build()
        self._inside.write(self._file, self._text)
        return built

    def _extend(self, content: Object) -> None:
        self._inside.write(self._file, dump(content).encode())

    def _put(self, environment: Environment, client: Client) -> None:
        self._inside.remove(self._mine)
        for path, content in Tree.of("component", "", component(environment, client)).files.items():
            self._inside.write(self._mine / path, content)

    def _build(self) -> Built:
        done = run(Command(self._program, ("build", self._copy / self._overlay), exit_codes=frozenset({0, 1})))
        if done.exit_code:
            complaint = printable_lines(done.stderr.decode(errors="replace").replace(str(self._copy), "")) or "it said nothing"
            left_out = [f"not in the trial copy: {', '.join(self._left_out)}"] if self._left_out else []
            return Built({}, "\n  ".join((complaint, *left_out)))
        return Built({key_of(content): content for content in yaml.safe_load_all(done.stdout) if isinstance(content, dict)})


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


@contextmanager
def bench(place: Checkout, client: Client) -> Iterator[Bench]:
    """A copy of the checkout, gone afterwards. Git's own files stay out of it.

    Raises RefusedError where a link or a file is in the place of the client's folder, or the checkout can't be copied.
    """
    if problem := link_in_the_way(place, client):
        raise RefusedError(problem)
    with temporary_folder() as folder:
        copy = folder / "checkout"
        yield Bench(place, copy, client, copy_checkout(place.top, copy))


def key_of(content: Mapping[str, Any]) -> Key:
    """Kind, namespace and name of an object."""
    metadata = content.get("metadata") or {}
    return str(content.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))


def found(objects: Mapping[Key, Object], client: Client, kind: str, name: str) -> list[Key]:
    """The objects of a kind and name in the client's namespace, or in none."""
    return [key for key in objects if (key[0], key[2]) == (kind, name) and key[1] in ("", client.namespace)]


def unnamed_scalers(objects: Mapping[Key, Object], client: Client) -> list[str]:
    """`Kind/name` of what scales the client's workload in a build and is not the autoscaler of the config: nothing would hold it."""
    workload = client.workload
    assert workload is not None
    named = (workload.autoscaler.kind, workload.autoscaler.name) if workload.autoscaler else ()
    made = []
    for key, content in objects.items():
        if key[0] in SCALERS and key[1] in ("", client.namespace) and (key[0], key[2]) != named:
            aim = at(content, "spec", "scaleTargetRef")
            if at(aim, "name") == workload.name and (at(aim, "kind") or "Deployment") == workload.kind:
                made.append(f"{key[0]}/{key[2]}")
    return made


def name_scaler(reference: str) -> str:
    """What to write into the config, so that an autoscaler is held."""
    kind, _, name = reference.partition("/")
    what = f"write workload.autoscaler: {{kind: {kind}, name: {name}, min: …, max: …}}, or its manifest"
    return f"{what}: it is held while the application moves"


def differences(environment: Environment, client: Client, before: Built, after: Built) -> list[Difference]:
    """Every object that is not as before, held against what the step means: the patches, and the objects that go."""
    expected: dict[Key, Object | None] = dict(before.objects)
    for change in patches(environment, client):
        for key in found(before.objects, client, change["kind"], change["metadata"]["name"]):
            expected[key] = apply(before.objects[key], change)
    for reference in removals(client):
        kind, _, name = reference.partition("/")
        expected |= dict.fromkeys(found(before.objects, client, kind, name))
    made = []
    for key in sorted(before.objects.keys() | after.objects.keys()):
        old, new, meant = before.objects.get(key), after.objects.get(key), expected.get(key)
        if old != new or new != meant:
            wrong = sorted(changed(meant, new)) if new != meant else ()
            made.append(Difference(key, tuple(sorted(changed(old, new))), tuple(f"{p or 'the whole object'}" for p in wrong)))
    return made
