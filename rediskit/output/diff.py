"""A tree held against what is on disk, or against a Git revision, object by object."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_expected
from rediskit.output import index as indexes
from rediskit.output import paths
from rediskit.output.masking import Masker
from rediskit.output.tree_diff import FileDiff, Identity, Status, TreeDiff
from rediskit.output.value_diff import changes_between
from rediskit.output.write_plan import WritePlan, plan_write
from rediskit.output.writer import OutputTree
from rediskit.yamlio.reader import read

_YAML = (".yaml", ".yml", ".json")


def diff(tree: OutputTree, root: str | os.PathLike[str], *, against: str | None = None) -> TreeDiff:
    """What would change if a tree were put into `<root>/<name>/`; see `diff_all`."""
    return diff_all((tree,), root, against=against)[0]


def diff_all(trees: Iterable[OutputTree], root: str | os.PathLike[str], *, against: str | None = None) -> list[TreeDiff]:
    """What differs between each tree and `<root>/<name>/`, in the order of the trees. Nothing is written.

    against: a Git revision (branch, tag, commit) to compare with, instead of the files on disk. Files that are not ours are left out.
    Secret values are masked; equal ones have equal masks within one call, and other masks in the next.
    Raises RefusedError for paths that no tree may have and for what can't be read, ConfigError when root lies in no Git work tree
    or there is no such revision, MissingToolError when git is missing or fails.
    """
    base = os.fsdecode(root).rstrip("/") or ("/" if os.fsdecode(root) else ".")
    listed = {tree.name: tree.files for tree in trees}
    for name, files in listed.items():
        paths.check(name, files)
    masker = Masker()
    if against is None:
        return [_against_disk(name, files, f"{base}/{name}", masker) for name, files in listed.items()]
    from rediskit.output.revision import files_at

    old = files_at(against, base, listed)
    return [_compare(name, old[name], files, masker) for name, files in listed.items()]


def diff_files(name: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> TreeDiff:
    """What differs between two trees in memory, path to bytes each; as `diff`, without a disk."""
    return _compare(name, old, new, Masker())


def _against_disk(name: str, files: Mapping[str, bytes], folder: str, masker: Masker) -> TreeDiff:
    try:
        made = plan_write(folder, files)
        old = {path: made.old[path] if path in made.old else _in_the_way(f"{folder}/{path}") for path in (*made.changed, *made.removed)}
    except OSError as error:
        place = os.fsdecode(error.filename or folder)
        raise RefusedError(Problem(f"{place}: {error.strerror or error}", "see to it that you may read there")) from error
    same = {path: files[path] for path in made.unchanged}
    if made.index_content is not None:
        old[indexes.NAME] = made.index_content
    return _compare(name, old | same, files, masker, _warnings(made))


def _warnings(made: WritePlan) -> tuple[Problem, ...]:
    return (*((made.damaged,) if made.damaged else ()), *made.in_the_way)


def _in_the_way(path: str) -> bytes:
    """The content of what stands where a file of ours belongs: a foreign file, a link (where it leads), anything else (nothing)."""
    if os.path.islink(path):
        return os.fsencode(os.readlink(path))
    return read_expected(path, 0) if os.path.isfile(path) else b""


@dataclass(frozen=True)
class _Side:
    """One file on one side. A document is None where there is none that can be read."""

    path: str
    content: bytes = field(repr=False)
    masker: Masker

    @cached_property
    def _document(self) -> tuple[Any, bool]:
        if not self.path.endswith(_YAML):
            return None, False
        try:
            return self.masker.document(read(self.content, self.path, mapping=False).data)
        except ConfigError:
            return None, False

    @property
    def document(self) -> Any:
        """The document, masked."""
        return self._document[0]

    @property
    def has_secret(self) -> bool:
        return self._document[1]

    @cached_property
    def identity(self) -> Identity | None:
        """Of the object in the file; None when it holds none (a kustomization.yaml has no name)."""
        data = self.document
        metadata = data.get("metadata") if isinstance(data, dict) else None
        if not isinstance(metadata, dict):
            return None
        version, kind, name = data.get("apiVersion"), data.get("kind"), metadata.get("name")
        if not (isinstance(version, str) and isinstance(kind, str) and isinstance(name, str)):
            return None
        return Identity(version.rpartition("/")[0], kind, str(metadata.get("namespace") or ""), name)

    def text(self, *, anew: bool) -> str:
        """The file's text, masked."""
        try:
            text = self.content.decode()
        except UnicodeDecodeError:
            return self.masker.binary(self.content)
        if not self.path.endswith(_YAML):
            return self.masker.text(text)
        if self.document is None:
            return self.masker.unreadable(text)
        return self.masker.yaml(text, self.document, has_secret=self.has_secret, anew=anew)


def _compare(name: str, old: Mapping[str, bytes], new: Mapping[str, bytes], masker: Masker, warnings: tuple[Problem, ...] = ()) -> TreeDiff:
    """Files that are the same at the same path take no part; all others are paired as objects first, then by path."""
    before = [_Side(path, old[path], masker) for path in sorted(old) if path != indexes.NAME and old[path] != new.get(path)]
    after = [_Side(path, new[path], masker) for path in sorted(new) if old.get(path) != new[path]]
    unread = _unread(before, after)
    taken = {side.path for _, side in unread}
    before, after = ([side for side in sides if side.path not in taken] for sides in (before, after))
    objects = [_difference(*pair) for pair in unread] + _objects(before, after)
    by_path = {side.path: side for side in before if side.identity is None}
    files = [_difference(by_path.pop(side.path, None), side) for side in after if side.identity is None]
    files += [_difference(side, None) for side in by_path.values()]
    if old and not objects and not files:
        files = _index_only(old.get(indexes.NAME), indexes.of(indexes.digests(new)), masker)
    return TreeDiff(name, tuple(sorted(objects, key=_place)), tuple(sorted(files, key=_place)), warnings)


def _unread(before: Iterable[_Side], after: Iterable[_Side]) -> list[tuple[_Side, _Side]]:
    """Old files that should hold a document and can't be read, each with the object that is at its path now and was nowhere else."""
    known = {side.identity for side in before}
    broken = {side.path: side for side in before if side.path.endswith(_YAML) and side.document is None}
    return [(broken[side.path], side) for side in after if side.path in broken and side.identity and side.identity not in known]


def _objects(before: Iterable[_Side], after: Iterable[_Side]) -> list[FileDiff]:
    """The same object in the same file is one pair, what is left over of it in other files the next ones, in the order of their paths."""
    found: dict[Identity, tuple[list[_Side], list[_Side]]] = {}
    for number, sides in enumerate((before, after)):
        for side in sides:
            if side.identity is not None:
                found.setdefault(side.identity, ([], []))[number].append(side)
    made = []
    for olds, news in found.values():
        at = {side.path: side for side in olds}
        pairs: list[tuple[_Side | None, _Side | None]] = [(at.pop(side.path), side) for side in news if side.path in at]
        paired = {side.path for _, side in pairs if side}
        rest_old, rest_new = list(at.values()), [side for side in news if side.path not in paired]
        both = min(len(rest_old), len(rest_new))
        pairs += zip(rest_old[:both], rest_new[:both], strict=True)
        pairs += [(side, None) for side in rest_old[both:]]
        pairs += [(None, side) for side in rest_new[both:]]
        made += [_difference(old, new) for old, new in pairs]
    return made


def _difference(old: _Side | None, new: _Side | None) -> FileDiff:
    anew = any(side.has_secret for side in (old, new) if side)
    before = old.text(anew=anew) if old else None
    after = new.text(anew=anew) if new else None
    if old is None or new is None:
        side = new or old
        assert side is not None
        return FileDiff("added" if new else "removed", side.path, side.identity, before=before, after=after)
    by_values = old.document is not None and new.document is not None
    changes = changes_between(old.document, new.document) if by_values else ()
    moved = old.path != new.path
    status: Status = "moved" if moved and not changes else "changed"
    return FileDiff(status, new.path, new.identity, old.path if moved else "", changes, by_values, before, after)


def _index_only(old: bytes | None, new: bytes, masker: Masker) -> list[FileDiff]:
    if old == new:
        return []
    side, written = _Side(indexes.NAME, old or b"", masker), _Side(indexes.NAME, new, masker)
    return [_difference(side if old is not None else None, written)]


def _place(difference: FileDiff) -> tuple[str, str]:
    return difference.path, difference.old_path
