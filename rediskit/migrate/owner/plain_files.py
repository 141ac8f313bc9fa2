"""A step in an application repository with plain manifests: its own files, with the values of the step put in place.

The source of every applied object is the file of that repository, never the config's copy of it: the copy has no passwords. What a
rollback restores is recorded nowhere: it is found in the Git history of the file, and can be verified from there alone. The base is
the newest committed version in which no value of the migration is in effect. The base with the values of the step in effect is the
file at hand, apart from the changes of others. So a rollback gives back the version of `prepare` byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_regular
from rediskit.git.revision import Version, versions
from rediskit.migrate.edit import Edited
from rediskit.migrate.owner.build import Difference, key_of
from rediskit.migrate.owner.files import Checkout, manifests_below, shown
from rediskit.migrate.owner.plain_text import content_of, in_effect, merged, patched
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest
from rediskit.model.migration import Migration
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import patches, removals
from rediskit.renderers.owner.pointers import changed
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import steps
from rediskit.yamlio.foreign import MAX_BYTES

_BREAK = re.compile(rb"^---(?:[ \t][^\n]*)?\r?\n|^---\Z", re.MULTILINE)


class Made(NamedTuple):
    """What a step makes of the files: those that change, the objects in them, and what is left to a person."""

    files: tuple[Edited, ...]
    objects: tuple[Difference, ...]
    todo: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """One object in one file. start, end: its document in the text."""

    file: Path
    text: bytes
    start: int
    end: int
    content: Object

    @property
    def document(self) -> bytes:
        """The text of the document."""
        return self.text[self.start : self.end]

    def with_document(self, document: bytes) -> Edited:
        """Return the change of the file in which the document is another."""
        return Edited(shown(self.file), str(self.file), self.text, self.text[: self.start] + document + self.text[self.end :])


def plain_files(environment: Environment, client: Client, place: Checkout, *, force: bool) -> Made:
    """Return what the step of a client makes of the plain manifests in a checkout. Nothing is written.

    Args:
        environment: the config.
        client: the client, with `owner.kind: manifests`.
        place: the checkout; `to` is the folder of the manifests.
        force: whether changes of others may be lost where they are on the lines of the step.

    Raises:
        ConfigError: the objects are not there exactly once, or cannot be read.
        RefusedError: a file is not as a step leaves it, or has changes that are in no commit.
    """
    there = list(_places(place))
    files: dict[str, Edited] = {}
    objects = []
    for manifest in _manifests(client):
        at = _place_of(place, there, client, manifest.content, files)
        document = _Document(environment, client, manifest.content, at).at_step(force=force)
        if document != at.document:
            files[str(at.file)] = at.with_document(document)._replace(before=_first(files, at))
            after = content_of(document, shown(at.file))
            objects.append(Difference(key_of(at.content), tuple(sorted(changed(at.content, after))), ()))
    return Made(tuple(files.values()), tuple(objects), tuple(_removals(client, there)))


def _first(files: dict[str, Edited], at: Place) -> bytes:
    """What a file was before its first change: two objects of one file are changed one after the other."""
    return files[str(at.file)].before if str(at.file) in files else at.text


def _manifests(client: Client) -> Iterator[Manifest]:
    assert client.workload is not None
    scaler = client.workload.autoscaler
    yield from (one for one in (client.workload.manifest, scaler.manifest if scaler else None) if one is not None)


def _removals(client: Client, there: list[Place]) -> Iterator[str]:
    for reference in removals(client):
        kind, _, name = reference.partition("/")
        for at in there:
            if _is(at.content, client, kind, name):
                others = sum(other.file == at.file for other in there) > 1
                what = f"{reference} from {shown(at.file)}" if others else shown(at.file)
                yield f"delete {what}: {reference} goes"


class _Document:
    """The document of one object, and what it is at each step."""

    def __init__(self, environment: Environment, client: Client, known: Object, at: Place) -> None:
        """known: the config's copy of the object, which is compared and never written."""
        self._environment, self._client, self._known, self._at = environment, client, known, at
        self._file = shown(at.file)
        self._every = [patch for step in _distinct(client) if (patch := self._patch(step)) is not None]

    def at_step(self, *, force: bool) -> bytes:
        """Return the document at the step of the client."""
        assert self._client.migration is not None
        wanted = self._patch(self._client.migration)
        now = self._in_effect(self._at.content)
        is_broken = now is None and self._is_partly_in_effect(self._at.content)
        if now == wanted and not is_broken:
            return self._at.document
        base = self._base(now)
        before, after = (patched(base, self._file, one) if one else base for one in (now, wanted))
        document = None if is_broken else merged(self._at.document, before, after)
        if document is not None and self._is_meant(document, base, before, after):
            return document
        if force:
            return after
        hint = "undo the changes of others at the values of the step, or use --force to lose what was changed since the migration began"
        raise RefusedError(Problem(f"{self._file} is not {_name(self._at.content)} as any step leaves it", hint, code="file-edited"))

    def _patch(self, migration: Migration) -> Object | None:
        there = self._client.model_copy(update={"migration": migration})
        name = (self._known["kind"], self._known["metadata"]["name"])
        found = (one for one in patches(self._environment, there) if (one["kind"], one["metadata"]["name"]) == name)
        return next(found, None)

    def _in_effect(self, content: Object) -> Object | None:
        """Return the patch with the most values among those that an object has; None when it has none."""
        found = [patch for patch in self._every if in_effect(content, patch)]
        return max(found, key=lambda patch: len(changed(self._known, apply(self._known, patch))), default=None)

    def _is_partly_in_effect(self, content: Object) -> bool:
        """Whether an object has some value of a step that the config's copy, from before the migration, does not have."""
        for patch in self._every:
            new = changed(self._known, apply(self._known, patch))
            missing = changed(content, apply(content, patch))
            if any(not any(_overlap(one, other) for other in missing) for one in new):
                return True
        return False

    def _base(self, now: Object | None) -> bytes:
        """Return the document of the version that a rollback restores."""
        history = versions(str(self._at.file))
        if now is None and not self._is_partly_in_effect(self._at.content):
            if any(self._at.document == document for _, document, _ in self._documents(history)):
                return self._at.document
            hint = f"commit it first: a rollback takes {_name(self._at.content)} from the history of Git"
            raise RefusedError(Problem(f"{self._file} has changes that are in no commit", hint, code="file-uncommitted"))
        for _, document, content in self._documents(history):
            if self._in_effect(content) is None and not self._is_partly_in_effect(content):
                return document
        hint = "fetch the whole history (git fetch --unshallow), or check out the file as it was before the migration"
        message = f"no version of {self._file} in the history of Git is from before the migration"
        raise RefusedError(Problem(message, hint, code="file-base"))

    def _documents(self, history: list[Version]) -> Iterator[tuple[str, bytes, Object]]:
        """The document of the object in each version that can be read."""
        for version in history:
            for start, end in _spans(version.content):
                document = version.content[start:end]
                try:
                    content = content_of(document, self._file)
                except ConfigError:
                    continue  # A version that was broken: nothing was deployed from it.
                if _is(content, self._client, str(self._known["kind"]), str(self._known["metadata"]["name"])):
                    yield version.commit, document, content

    def _is_meant(self, document: bytes, base: bytes, before: bytes, after: bytes) -> bool:
        """Whether a merge has, at every value that a step sets, what the step means."""
        try:
            made = content_of(document, self._file)
        except ConfigError:
            return False
        old, now, new = (content_of(text, self._file) for text in (base, before, after))
        touched = changed(old, now) | changed(old, new)
        return not any(_overlap(one, other) for one in changed(made, new) for other in touched)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _distinct(client: Client) -> Iterator[Migration]:
    order = client.migration.order if client.migration else "scale-down-first"
    yield from (Migration.model_construct(step=step, order=order, history=()) for step in steps(order))


def _name(content: Object) -> str:
    return f"{content.get('kind')}/{(content.get('metadata') or {}).get('name')}"


def _is(content: Object, client: Client, kind: str, name: str) -> bool:
    metadata = content.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("namespace") not in (None, client.namespace):
        return False
    return (content.get("kind"), metadata.get("name")) == (kind, name)


def _place_of(place: Checkout, there: list[Place], client: Client, content: Object, files: dict[str, Edited]) -> Place:
    kind, name = content["kind"], content["metadata"]["name"]
    hits = [at for at in there if _is(at.content, client, kind, name)]
    if len(hits) != 1:
        hint = "name the folder of the application's plain manifests with --to; the document has no anchors, tags or merge keys"
        what = ", ".join(shown(at.file) for at in hits) or "no file"
        raise ConfigError(Problem(f"{kind}/{name} is in {what} of {shown(place.to)}, not in one document", hint))
    (found,) = hits
    if str(found.file) not in files:
        return found
    again = [at for at in _in_text(found.file, files[str(found.file)].after) if _is(at.content, client, kind, name)]
    return again[0]


def _places(place: Checkout) -> Iterator[Place]:
    """The objects in the YAML files below the folder. What is no manifest is passed over: a template, the values of a chart."""
    for file in manifests_below(place.to):
        try:
            text = read_regular(file, MAX_BYTES, follow=False)
        except OSError:
            continue  # No regular file, or a very large one: no manifest that anybody applies.
        yield from _in_text(file, text)


def _in_text(file: Path, text: bytes) -> Iterator[Place]:
    for start, end in _spans(text):
        try:
            content = content_of(text[start:end], shown(file))
        except ConfigError:
            continue
        if isinstance(content.get("kind"), str):
            yield Place(file, text, start, end, content)


def _spans(text: bytes) -> Iterator[tuple[int, int]]:
    """Where each document of a text begins and ends, without the line that separates it from the one before."""
    breaks = [(one.start(), one.end()) for one in _BREAK.finditer(text)]
    yield from zip([0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(text)], strict=True)
