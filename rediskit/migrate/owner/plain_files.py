"""The values of a step in the plain manifests of an application repository.

The files of that repository are edited, not the copies in the config, which have no passwords. The Git history of a file gives its base:
the newest committed version without a value of the migration. The file is the base with the values of a step, plus the changes of
others. So a rollback restores the version of `prepare` byte for byte.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.files import read_regular
from rediskit.git.revision import Version, versions
from rediskit.migrate.edit import Edited
from rediskit.migrate.owner.base import refuse, refuse_scalers, setting_findings
from rediskit.migrate.owner.build import Difference
from rediskit.migrate.owner.files import Checkout, manifests_below, shown
from rediskit.migrate.owner.plain_text import content_of, in_effect, merged, patched
from rediskit.migrate.owner.released import Key, key_of
from rediskit.migrate.owner.rules import scalers
from rediskit.migrate.owner.unmoved import unmoved
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.model.pointers import changed
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import Change, changes, removals
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import steps
from rediskit.yamlio.foreign import MAX_BYTES

_BREAK = re.compile(rb"^---(?:[ \t][^\n]*)?\r?\n|^---\Z", re.MULTILINE)


_Findings = Iterator[tuple[Key, Finding]]


class PlainChanges(NamedTuple):
    """The files that a step changes, the objects in them, and what a person does next."""

    files: tuple[Edited, ...]
    objects: tuple[Difference, ...]
    todo: tuple[str, ...]


class ManifestObject(NamedTuple):
    """An object in a file. start, end: its document in the text."""

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
        """Return the change of the file to another document."""
        return Edited(shown(self.file), str(self.file), self.text, self.text[: self.start] + document + self.text[self.end :])


def plain_files(environment: Environment, client: Client, checkout: Checkout, *, force: bool) -> PlainChanges:
    """Return the changes of a client's step in the plain manifests of a checkout. Nothing is written.

    Args:
        client: A client with `owner.kind: manifests`.
        checkout: The checkout; `to` is the folder of the manifests.
        force: Whether to overwrite changes of others in the lines of the step.

    Raises:
        ConfigError: An object is not in exactly one document, or cannot be read.
        RefusedError: A file does not have the values of any step, or has uncommitted changes; or a setting of an object undoes the step.
    """
    manifests = list(_manifests(checkout))
    contents = {key_of(at.content): at.content for at in manifests}
    refuse_scalers(environment, client, contents)
    refuse(environment, client, chain(setting_findings(client, contents), unmoved(environment, client, contents)))
    files: dict[str, Edited] = {}
    objects = []
    for manifest in client.manifests:
        at = _manifest_of(checkout, manifests, client, manifest.content, files)
        document = _Document(environment, client, manifest.content, at).at_step(force=force)
        if document != at.document:
            files[str(at.file)] = at.with_document(document)._replace(before=_first(files, at))
            after = content_of(document, shown(at.file))
            objects.append(Difference(key_of(at.content), tuple(sorted(changed(at.content, after))), ()))
    return PlainChanges(tuple(files.values()), tuple(objects), tuple(_removals(client, manifests)))


def plain_findings(environment: Environment, clients: list[Client], checkout: Checkout) -> Iterator[tuple[Key, Finding]]:
    """Yield the settings, autoscalers and users of a queue with which no step of these clients works, in plain manifests."""
    manifests = list(_manifests(checkout)) if clients else []
    contents = {key_of(at.content): at.content for at in manifests}
    for client in clients:
        yield from setting_findings(client, contents)
        yield from unmoved(environment, client, contents)
        yield from scalers(contents, client)
        yield from _drift(environment, client, checkout, manifests)


def _drift(environment: Environment, client: Client, checkout: Checkout, manifests: list[ManifestObject]) -> _Findings:
    """Yield the objects of a client that do not have the values of its step, such as those of the steps of another config.

    An object that is not in exactly one document is left out, and `complete` has no values.
    """
    step = client.migration.step if client.migration else "complete"
    for manifest in client.manifests if step != "complete" else ():
        hits = [at for at in manifests if _is(at.content, client, manifest.content["kind"], manifest.content["metadata"]["name"])]
        if len(hits) != 1:
            continue
        if not _Document(environment, client, manifest.content, hits[0]).has_step:
            message = f"{_name(hits[0].content)} in {shown(hits[0].file)} does not have the values of step {step}"
            hint = f"run rediskit migrate export … --client {client.name} --to {shown(checkout.to)}, and commit there"
            yield key_of(hits[0].content), Finding("owner-drift", "error", message, hint, on=(client.name,))


def _first(files: dict[str, Edited], at: ManifestObject) -> bytes:
    """Return a file before its first change: two objects in one file are changed one after the other."""
    return files[str(at.file)].before if str(at.file) in files else at.text


def _removals(client: Client, manifests: list[ManifestObject]) -> Iterator[str]:
    for reference in removals(client):
        kind, _, name = reference.partition("/")
        for at in manifests:
            if _is(at.content, client, kind, name):
                others = sum(other.file == at.file for other in manifests) > 1
                yield f"delete {reference} from {shown(at.file)}" if others else f"delete {shown(at.file)}: it contains only {reference}"


class _Document:
    """The document of an object, at any step."""

    def __init__(self, environment: Environment, client: Client, recorded: Object, at: ManifestObject) -> None:
        """Find the patch of each step. `recorded` is the copy of the object in the config, which is compared and never written."""
        self._environment, self._client, self._recorded, self._at = environment, client, recorded, at
        self._file = shown(at.file)
        self._every = [change for step in _distinct(client) if (change := self._change(step)) is not None]

    def at_step(self, *, force: bool) -> bytes:
        """Return the document at the step of the client."""
        assert self._client.migration is not None
        target = self._change(self._client.migration)
        now = self._in_effect(self._at.content)
        is_broken = now is None and self._is_partly_in_effect(self._at.content)
        if now == target and not is_broken:
            return self._at.document
        base = self._base(now)
        before, after = (patched(base, self._file, change) if change else base for change in (now, target))
        document = None if is_broken else merged(self._at.document, before, after)
        if document is not None and self._is_meant(document, base, before, after):
            return document
        if force:
            return after
        hint = "undo the other changes to the values of the step, or overwrite them with --force"
        raise RefusedError(
            Problem(f"{_name(self._at.content)} in {self._file} does not have the values of any step", hint, code="file-edited")
        )

    @property
    def has_step(self) -> bool:
        """Whether the document has the values of the step. True while it has uncommitted changes, which the export reports."""
        try:
            return self.at_step(force=False) == self._at.document
        except RefusedError as error:
            code = error.problems[0].code
            return self._has_without_base() if code == "file-base" else code != "file-edited"
        except (ConfigError, MissingToolError):
            return self._has_without_base()  # The checkout is not in Git.

    def _has_without_base(self) -> bool:
        """Return whether the object has the values of the step, or at a step without values only those that the config's copy has too."""
        assert self._client.migration is not None
        target, now = self._change(self._client.migration), self._in_effect(self._at.content)
        return in_effect(self._at.content, target) if target else now is None or in_effect(self._recorded, now)

    def _change(self, migration: Migration) -> Change | None:
        client_at_step = self._client.model_copy(update={"migration": migration})
        reference = f"{self._recorded['kind']}/{self._recorded['metadata']['name']}"
        return next((change for change in changes(self._environment, client_at_step) if change.reference == reference), None)

    def _in_effect(self, content: Object) -> Change | None:
        """Return the change with the most values among those that an object has; None when it has none."""
        having = [change for change in self._every if in_effect(content, change)]
        return max(having, key=lambda change: len(changed(self._recorded, edited(self._recorded, change))), default=None)

    def _is_partly_in_effect(self, content: Object) -> bool:
        """Whether an object has some value of a step that the config's copy, from before the migration, does not have."""
        for change in self._every:
            new = changed(self._recorded, edited(self._recorded, change))
            missing = changed(content, edited(content, change))
            if any(not any(_overlap(pointer, other) for other in missing) for pointer in new):
                return True
        return False

    def _base(self, now: Change | None) -> bytes:
        """Return the document of the version that a rollback restores."""
        history = versions(str(self._at.file))
        if now is None and not self._is_partly_in_effect(self._at.content):
            if any(self._at.document == document for _, document, _ in self._documents(history)):
                return self._at.document
            hint = f"commit it first: a rollback restores {_name(self._at.content)} from the Git history"
            raise RefusedError(Problem(f"{self._file} has uncommitted changes", hint, code="file-uncommitted"))
        for _, document, content in self._documents(history):
            if self._in_effect(content) is None and not self._is_partly_in_effect(content):
                return document
        hint = "run git fetch --unshallow, or restore the file from before the migration"
        message = f"the Git history has no version of {self._file} from before the migration"
        raise RefusedError(Problem(message, hint, code="file-base"))

    def _documents(self, history: list[Version]) -> Iterator[tuple[str, bytes, Object]]:
        """Yield commit, text and content of the object in each version that can be read."""
        for version in history:
            for start, end in _spans(version.content):
                document = version.content[start:end]
                try:
                    content = content_of(document, self._file)
                except ConfigError:
                    continue  # A broken version, from which nothing was deployed.
                if _is(content, self._client, str(self._recorded["kind"]), str(self._recorded["metadata"]["name"])):
                    yield version.commit, document, content

    def _is_meant(self, document: bytes, base: bytes, before: bytes, after: bytes) -> bool:
        """Return whether a merged document has the values of the step."""
        try:
            merged_content = content_of(document, self._file)
        except ConfigError:
            return False
        old, now, new = (content_of(text, self._file) for text in (base, before, after))
        touched = changed(old, now) | changed(old, new)
        return not any(_overlap(pointer, other) for pointer in changed(merged_content, new) for other in touched)


def _overlap(first: str, other: str) -> bool:
    return first == other or first.startswith(f"{other}/") or other.startswith(f"{first}/")


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


def _manifest_of(
    checkout: Checkout, manifests: list[ManifestObject], client: Client, content: Object, files: dict[str, Edited]
) -> ManifestObject:
    kind, name = content["kind"], content["metadata"]["name"]
    hits = [at for at in manifests if _is(at.content, client, kind, name)]
    if len(hits) != 1:
        hint = "set --to to the folder of the plain manifests; documents with anchors, tags or merge keys are skipped"
        where = ", ".join(shown(at.file) for at in hits) or "no file"
        raise ConfigError(Problem(f"{kind}/{name} is in {where} of {shown(checkout.to)}, not in exactly one document", hint))
    file = hits[0].file
    if str(file) not in files:
        return hits[0]
    return next(at for at in _in_text(file, files[str(file)].after) if _is(at.content, client, kind, name))


def _manifests(checkout: Checkout) -> Iterator[ManifestObject]:
    """Yield the objects in the YAML files of the folder. Templates and values of charts are skipped."""
    for file in manifests_below(checkout.to):
        try:
            text = read_regular(file, MAX_BYTES, follow=False)
        except OSError:
            continue  # Not a regular file, or too large for a manifest.
        yield from _in_text(file, text)


def _in_text(file: Path, text: bytes) -> Iterator[ManifestObject]:
    for start, end in _spans(text):
        try:
            content = content_of(text[start:end], shown(file))
        except ConfigError:
            continue
        if isinstance(content.get("kind"), str):
            yield ManifestObject(file, text, start, end, content)


def _spans(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each document of a text, without the separators."""
    breaks = [separator.span() for separator in _BREAK.finditer(text)]
    yield from zip([0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(text)], strict=True)
