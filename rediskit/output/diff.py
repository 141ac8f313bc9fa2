"""Compare rendered files with the files on disk or at a Git revision, object by object."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Any

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_expected
from rediskit.output import index as indexes
from rediskit.output import paths
from rediskit.output.masking import Masker
from rediskit.output.tree_diff import FileDiff, Identity, Status, TreeDiff
from rediskit.output.value_diff import changes_between
from rediskit.output.write_plan import plan_write
from rediskit.output.writer import OutputTree
from rediskit.yamlio.reader import read

_YAML = (".yaml", ".yml", ".json")


def diff(tree: OutputTree, root: str | os.PathLike[str], *, against: str | None = None) -> TreeDiff:
    """Return the diff of `<root>/<name>/` and `tree`; see `diff_all`."""
    return diff_all((tree,), root, against=against)[0]


def diff_all(trees: Iterable[OutputTree], root: str | os.PathLike[str], *, against: str | None = None) -> list[TreeDiff]:
    """Return the diff of `<root>/<name>/` and each of `trees`, in the same order. Nothing is written.

    Secret values are masked. Equal values have equal masks in one call, and other masks in the next call.

    Args:
        against: A Git revision (branch, tag, commit) to compare with, instead of the disk. Foreign files are left out.

    Raises:
        RefusedError: A path is invalid, or a file is not readable.
        ConfigError: `root` is not in a Git work tree, or the revision does not exist.
        MissingToolError: git is missing or fails.
    """
    base = os.fsdecode(root).rstrip("/") or ("/" if os.fsdecode(root) else ".")
    files_of = {tree.name: tree.files for tree in trees}
    for name, files in files_of.items():
        paths.check(name, files)
    masker = Masker()
    if against is None:
        return [_against_disk(name, files, f"{base}/{name}", masker) for name, files in files_of.items()]
    old = _files_at(against, base, files_of)
    return [_compare(name, old[name], files, masker) for name, files in files_of.items()]


def _files_at(revision: str, root: str, rendered: Mapping[str, Collection[str]]) -> dict[str, dict[str, bytes]]:
    """Return the files of each environment at a revision: those in its index, those in `rendered`, and the index.

    A branch without commits and an environment that is missing at the revision have no files. `root`, the parent of the output
    directories, may be missing on disk. Raises as `contents_at`.
    """
    from rediskit.git.revision import Repository  # A comparison with the disk needs no Git.

    repository = Repository(root)
    commit = repository.commit(revision)
    if not commit:
        return {name: {} for name in rendered}
    blobs = repository.blobs(commit, rendered)
    listed = repository.contents({ids[indexes.NAME] for ids in blobs.values() if indexes.NAME in ids})
    owned: dict[str, dict[str, str]] = {}
    for name, ids in blobs.items():
        index = listed.get(ids.get(indexes.NAME, ""), b"")
        paths = {*indexes.read(index).owned, *rendered[name], indexes.NAME}
        owned[name] = {path: blob for path, blob in ids.items() if path in paths}
    contents = repository.contents({blob for ids in owned.values() for blob in ids.values()})
    return {name: {path: contents[blob] for path, blob in ids.items()} for name, ids in owned.items()}


def diff_files(name: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> TreeDiff:
    """Return the diff of two mappings of paths to content."""
    return _compare(name, old, new, Masker())


def _against_disk(name: str, files: Mapping[str, bytes], folder: str, masker: Masker) -> TreeDiff:
    try:
        plan = plan_write(folder, files)
        differing = (*plan.changed, *plan.removed)
        old = {path: plan.old[path] if path in plan.old else _foreign_content(f"{folder}/{path}") for path in differing}
    except OSError as error:
        place = os.fsdecode(error.filename or folder)
        raise RefusedError(Problem(f"{place}: {error.strerror or error}", "check the permissions")) from error
    unchanged = {path: files[path] for path in plan.unchanged}
    if plan.index_content is not None:
        old[indexes.NAME] = plan.index_content
    return _compare(name, old | unchanged, files, masker, plan.warnings)


def _foreign_content(path: str) -> bytes:
    """Return the content of a foreign file, the target of a link, or nothing for another entry."""
    if os.path.islink(path):
        return os.fsencode(os.readlink(path))
    return read_expected(path, 0) if os.path.isfile(path) else b""


# A dataclass because `cached_property` needs a `__dict__`, which a NamedTuple lacks.
@dataclass(frozen=True)
class _Version:
    """One version of a file, its path relative to the output directory, and what masks its secrets."""

    path: str
    content: bytes = field(repr=False)
    masker: Masker

    @cached_property
    def _masked(self) -> tuple[Any, bool]:
        if not self.path.endswith(_YAML):
            return None, False
        try:
            return self.masker.document(read(self.content, self.path, mapping=False).data)
        except ConfigError:
            return None, False

    @property
    def document(self) -> Any:
        """The document with masked secrets; None if the file is not valid YAML."""
        return self._masked[0]

    @property
    def has_secret(self) -> bool:
        """Whether the document contains a secret."""
        return self._masked[1]

    @cached_property
    def identity(self) -> Identity | None:
        """The identity of the object in the file; None for another file, such as a kustomization.yaml, which has no name."""
        data = self.document
        metadata = data.get("metadata") if isinstance(data, dict) else None
        if not isinstance(metadata, dict):
            return None
        version, kind, name = data.get("apiVersion"), data.get("kind"), metadata.get("name")
        if not (isinstance(version, str) and isinstance(kind, str) and isinstance(name, str)):
            return None
        return Identity(version.rpartition("/")[0], kind, str(metadata.get("namespace") or ""), name)

    def text(self, *, reformat: bool) -> str:
        """Return the text with masked secrets. reformat: format YAML again."""
        try:
            text = self.content.decode()
        except UnicodeDecodeError:
            return self.masker.binary(self.content)
        if not self.path.endswith(_YAML):
            return self.masker.text(text)
        if self.document is None:
            return self.masker.unreadable(text)
        return self.masker.yaml(text, self.document, has_secret=self.has_secret, reformat=reformat)


def _compare(name: str, old: Mapping[str, bytes], new: Mapping[str, bytes], masker: Masker, warnings: tuple[Problem, ...] = ()) -> TreeDiff:
    """Compare two mappings of files. Equal files at equal paths are skipped; the others are paired by object first, then by path."""
    before = [_Version(path, old[path], masker) for path in sorted(old) if path != indexes.NAME and old[path] != new.get(path)]
    after = [_Version(path, new[path], masker) for path in sorted(new) if old.get(path) != new[path]]
    invalid = _invalid(before, after)
    paired = {version.path for _, version in invalid}
    before, after = ([version for version in versions if version.path not in paired] for versions in (before, after))
    objects = [_diff(*pair) for pair in (*invalid, *_objects(before, after))]
    by_path = {version.path: version for version in before if version.identity is None}
    files = [_diff(by_path.pop(version.path, None), version) for version in after if version.identity is None]
    files += [_diff(version, None) for version in by_path.values()]
    if old and not objects and not files:
        files = _index_diff(old.get(indexes.NAME), indexes.of(indexes.digests(new)), masker)
    return TreeDiff(name, tuple(sorted(objects, key=_order)), tuple(sorted(files, key=_order)), warnings)


def _invalid(before: Iterable[_Version], after: Iterable[_Version]) -> list[tuple[_Version, _Version]]:
    """Return the old files with invalid YAML, each with the new object at its path that is in no other old file."""
    identities = {version.identity for version in before}
    broken = {version.path: version for version in before if version.path.endswith(_YAML) and version.document is None}
    return [
        (broken[version.path], version)
        for version in after
        if version.path in broken and version.identity and version.identity not in identities
    ]


def _objects(before: Iterable[_Version], after: Iterable[_Version]) -> list[tuple[_Version | None, _Version | None]]:
    """Pair the versions of each object: first those in the same file, then the others in the order of their paths."""
    versions: dict[Identity, tuple[list[_Version], list[_Version]]] = {}
    for number, side in enumerate((before, after)):
        for version in side:
            if version.identity is not None:
                versions.setdefault(version.identity, ([], []))[number].append(version)
    pairs: list[tuple[_Version | None, _Version | None]] = []
    for olds, news in versions.values():
        by_path = {version.path: version for version in olds}
        in_same_file = [(by_path.pop(version.path), version) for version in news if version.path in by_path]
        pairs += in_same_file
        paired = [version for _, version in in_same_file]
        pairs += zip_longest(by_path.values(), (version for version in news if version not in paired))
    return pairs


def _diff(old: _Version | None, new: _Version | None) -> FileDiff:
    reformat = any(version.has_secret for version in (old, new) if version)
    before = old.text(reformat=reformat) if old else None
    after = new.text(reformat=reformat) if new else None
    if old is None or new is None:
        version = new or old
        assert version is not None
        return FileDiff("added" if new else "removed", version.path, version.identity, before=before, after=after)
    by_values = old.document is not None and new.document is not None
    changes = changes_between(old.document, new.document) if by_values else ()
    moved = old.path != new.path
    status: Status = "moved" if moved and not changes else "changed"
    return FileDiff(status, new.path, new.identity, old.path if moved else "", changes, by_values, before, after)


def _index_diff(old: bytes | None, new: bytes, masker: Masker) -> list[FileDiff]:
    if old == new:
        return []
    before = None if old is None else _Version(indexes.NAME, old, masker)
    return [_diff(before, _Version(indexes.NAME, new, masker))]


def _order(difference: FileDiff) -> tuple[str, str]:
    return difference.path, difference.old_path
