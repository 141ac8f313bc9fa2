"""The build of an owner's checkout, before and after our files, in a copy: nothing is written there to find out what it would do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_regular, reason
from rediskit.migrate.owner.copy import copy_checkout
from rediskit.migrate.owner.files import (
    FOLDER,
    Checkout,
    entries_of,
    kustomization,
    link_in_the_way,
    listing,
    mapping_in,
    shown,
)
from rediskit.migrate.owner.remote import OFFLINE, remote_entries
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at
from rediskit.model.workload import SCALERS
from rediskit.output.nofollow import NoFollowFolder
from rediskit.renderers.owner.component import component
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import patches, removals
from rediskit.renderers.owner.pointers import changed
from rediskit.renderers.owner.snippets import inline
from rediskit.renderers.tree import Object, Tree
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, find, printable_lines, run
from rediskit.yamlio.foreign import MAX_BYTES, read_foreign
from rediskit.yamlio.writer import dump

MAX_BUILD = 64 * 1024 * 1024
"""The largest output of kustomize that is read, in bytes."""

Key = tuple[str, str, str]
"""Kind, namespace ("" where the object says none) and name."""


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


class Bench:
    """A copy of a checkout in which one client's files are tried. Nothing is written but in the copy, and through no link."""

    def __init__(self, place: Checkout, copy: Path, client: Client, left_out: tuple[str, ...] = ()) -> None:
        """copy: the folder that holds what `place.top` holds, except for what was left out."""
        self._program = find("kustomize", "KUSTOMIZE")
        self._copy, self.client, self._left_out = copy, client, left_out
        self._environment = OFFLINE if place.offline else {}
        self._inside = NoFollowFolder(copy, Path(shown(place.top)))
        self._mine = place.to.relative_to(place.top) / FOLDER / client.name
        self._overlay = place.overlay.relative_to(place.top)
        self._file = self._overlay / kustomization(place.overlay).name
        original = shown(place.top / self._file)
        try:
            self._text = read_regular(copy / self._file, MAX_BYTES)
        except OSError as error:
            raise ConfigError(Problem(f"{original}: {reason(error)}", "kustomize can't read it either")) from error
        self._content = mapping_in(read_foreign(self._text, original))
        self._lists = {key: entries_of(Path(original), self._content, key) for key in ("components", "patches")}
        self._listed = bool(listing(place, client).files)

    def before(self, environment: Environment) -> Built:
        """The build without us: the Component is the identity."""
        return self.after(environment, self.client.model_copy(update={"migration": None}))

    def after(self, environment: Environment, client: Client) -> Built:
        """The build with our files for a client as it stands. Raises MissingToolError when kustomize is missing or does not answer."""
        if client.owner.kind == "kustomize":
            self._put(environment, client)
            if not self._listed:
                mine = os.path.relpath(self._mine, self._overlay)
                self._extend("components", [mine])
        elif more := inline(environment, client):
            self._extend("patches", more)
        built = self._build()
        self._inside.write(self._file, self._text)
        return built

    def _extend(self, key: str, more: Sequence[Any]) -> None:
        """Add entries to a list of the overlay's kustomization."""
        content = {**self._content, key: [*self._lists[key], *more]}
        self._inside.write(self._file, dump(content).encode())

    def _put(self, environment: Environment, client: Client) -> None:
        self._inside.remove(self._mine)
        for path, content in Tree.of("component", "", component(environment, client)).files.items():
            self._inside.write(self._mine / path, content)

    def _build(self) -> Built:
        arguments = ("build", self._copy / self._overlay)
        done = run(Command(self._program, arguments, exit_codes=frozenset({0, 1}), environment=self._environment))
        if done.exit_code:
            complaint = printable_lines(done.stderr.decode(errors="replace").replace(str(self._copy), "")) or "it said nothing"
            left_out = [f"not in the trial copy: {', '.join(self._left_out)}"] if self._left_out else []
            return Built({}, "\n  ".join((complaint, *left_out)))
        try:
            documents = read_foreign(done.stdout, "the output of kustomize", limit=MAX_BUILD)
        except ConfigError as error:
            return Built({}, str(error.problems[0]))
        return Built({key_of(one.data): one.data for one in documents if isinstance(one.data, dict)})


@contextmanager
def bench(place: Checkout, client: Client) -> Iterator[Bench]:
    """A copy of the checkout, gone afterwards. Git's own files stay out of it.

    Raises RefusedError where a link or a file is in the place of the client's folder, the checkout can't be copied, or an entry would
    be fetched and the checkout is to be built offline.
    """
    if problem := link_in_the_way(place, client):
        raise RefusedError(problem)
    if place.offline and (problems := remote_entries(place)):
        raise RefusedError(problems)
    with temporary_folder() as folder:
        copy = folder / "checkout"
        yield Bench(place, copy, client, copy_checkout(place.top, copy))


def key_of(content: Mapping[str, Any]) -> Key:
    """Kind, namespace and name of an object."""
    return str(content.get("kind")), str(at(content, "metadata", "namespace") or ""), str(at(content, "metadata", "name"))


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
