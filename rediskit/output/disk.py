"""The one way to disk. A tree is there as it was or as it will be; what a crash leaves in between is known and healed.

Nothing is fsynced: the output can be rendered again at any time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from rediskit.errors import Problem, RefusedError
from rediskit.output import index as indexes
from rediskit.output.plan import TEMPORARY, Plan, plan


class Rendered(Protocol):
    """What can be written: a name, and path to bytes."""

    @property
    def name(self) -> str: ...

    @property
    def files(self) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did, or would do: paths relative to `<root>/<name>`, sorted.

    edited: those among changed and removed that somebody edited by hand. warnings: what was left alone, and why.
    """

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    interrupted: bool = False
    """The index is not that of the tree: an earlier write did not come to its end, or the index was edited."""

    @property
    def drifted(self) -> bool:
        """Whether the disk is anything but the tree."""
        return bool(self.created or self.changed or self.removed or self.interrupted)


def write(tree: Rendered, root: str | os.PathLike[str], *, force: bool = False) -> Changes:
    """Puts a tree into `<root>/<name>/`. Unchanged files are not touched; others are replaced atomically, one writer at a time.

    force: overwrite and remove files of ours that were edited by hand. Foreign files are left alone even then.
    Raises RefusedError, with nothing written, for edited files, for what stands in the way, for a second writer, and when the
    disk refuses (full, read-only): then the old tree is whole.
    """
    base = os.fspath(root)
    folder = f"{base}/{tree.name}"
    with _problems_of(folder):
        os.makedirs(base, exist_ok=True)
        with _lock(base):
            made = plan(folder, tree.files)
            _refuse(made, force)
            final = indexes.of(tree.files)
            if not made.exists:
                _write_fresh(folder, tree.files, final)
            elif made.created or made.changed or made.removed or made.temporary or made.index_content != final:
                _update(made, tree.files, final)
            return _changes(made, False)


def compare(tree: Rendered, root: str | os.PathLike[str]) -> Changes:
    """What `write` would do, with nothing written: an empty difference means the disk holds the tree, every byte and nothing of ours more."""
    folder = f"{os.fspath(root)}/{tree.name}"
    with _problems_of(folder):
        made = plan(folder, tree.files)
        return _changes(made, made.exists and made.index_content != indexes.of(tree.files))


def _changes(made: Plan, interrupted: bool) -> Changes:
    foreign = [
        Problem(f"{made.folder}/{path} is not one of our files: left alone", "move it away if it does not belong there")
        for path in sorted(made.foreign)
    ]
    lists = (made.created, made.changed, made.removed, made.unchanged, made.edited)
    created, changed, removed, unchanged, edited = (tuple(sorted(paths)) for paths in lists)
    return Changes(created, changed, removed, unchanged, edited, tuple(foreign), interrupted)


def _refuse(made: Plan, force: bool) -> None:
    problems = list(made.in_the_way)
    if not force:
        hint = "take your change into the config, or use --force to lose it"
        problems += [Problem(f"{made.folder}/{path} was edited by hand", hint) for path in sorted(made.edited)]
    if problems:
        raise RefusedError(problems)


def _write_fresh(folder: str, files: Mapping[str, bytes], final: bytes) -> None:
    """A folder that is not there yet appears whole: it is made beside its place and renamed."""
    parent, _, name = folder.rpartition("/")
    stage = f"{parent}/.{name}{TEMPORARY}"
    if os.path.lexists(stage):
        _remove_folder(stage)
    try:
        os.mkdir(stage)
        made: set[str] = set()
        for path, content in files.items():
            _make_folders(stage, path, made)
            _create(f"{stage}/{path}", content)
        _create(f"{stage}/{indexes.NAME}", final)
        os.rename(stage, folder)
    except BaseException:
        _remove_folder(stage)
        raise


def _update(made: Plan, files: Mapping[str, bytes], final: bytes) -> None:
    """Everything that takes room is written first, under temporary names; then come renames only.

    The first rename puts an index into place that knows the old and the new digests, the last one the index of the new tree:
    a kill in between is seen by `compare` and healed by the next `write`.
    """
    folder = made.folder
    for path in made.temporary:
        os.unlink(f"{folder}/{path}")
    going = set(made.removed)
    blocked = [path for path in made.created if any(parent in going for parent in _parents(path)) or os.path.isdir(f"{folder}/{path}")]
    staged: list[str] = []
    made_folders: set[str] = set()
    journal, last = f"{folder}/{indexes.NAME}.both{TEMPORARY}", f"{folder}/{indexes.NAME}{TEMPORARY}"
    try:
        for path in (*made.created, *made.changed):
            # Where a file of ours still stands in place of a folder, the new file waits beside the index.
            target = f"{folder}/{path}{TEMPORARY}" if path not in blocked else f"{folder}/{path.replace('/', '%')}{TEMPORARY}"
            if path not in blocked:
                _make_folders(folder, path, made_folders)
            staged.append(target)
            _create(target, files[path])
        for target, content in ((journal, indexes.both(made.index, files)), (last, final)):
            staged.append(target)
            _create(target, content)
    except BaseException:
        for target in staged:
            with suppress(OSError):
                os.unlink(target)
        for empty in sorted(made_folders, reverse=True):
            with suppress(OSError):
                os.rmdir(f"{folder}/{empty}")
        raise
    os.replace(journal, f"{folder}/{indexes.NAME}")
    for path in made.removed:
        os.unlink(f"{folder}/{path}")
        _remove_empty_parents(folder, path)
    for path, target in zip((*made.created, *made.changed), staged, strict=False):
        if path in blocked:
            _make_folders(folder, path, set())
            with suppress(FileNotFoundError, NotADirectoryError):
                os.rmdir(f"{folder}/{path}")
        os.replace(target, f"{folder}/{path}")
    os.replace(last, f"{folder}/{indexes.NAME}")


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _make_folders(base: str, path: str, made: set[str]) -> None:
    """Makes the folders that a file needs; remembers those it made."""
    parent = path.rpartition("/")[0]
    if not parent or parent in made:
        return
    _make_folders(base, parent, made)
    with suppress(FileExistsError):
        os.mkdir(f"{base}/{parent}")
        made.add(parent)


def _remove_empty_parents(folder: str, path: str) -> None:
    for parent in _parents(path):
        try:
            os.rmdir(f"{folder}/{parent}")
        except OSError:
            return


def _remove_folder(path: str) -> None:
    from shutil import rmtree

    rmtree(path, ignore_errors=True)


def _create(path: str, content: bytes) -> None:
    """A new file with this content, with the permissions the umask leaves."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


@contextmanager
def _lock(base: str) -> Iterator[None]:
    """One writer at a time. The lock is on the folder itself: it leaves no file behind, and dies with its process."""
    handle = os.open(base, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(Problem(f"another rediskit is writing to {base}", "wait until it has finished")) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def _problems_of(folder: str) -> Iterator[None]:
    """What the operating system refuses becomes an error that names the file."""
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        message = f"{place}: {error.strerror or error}"
        raise RefusedError(Problem(message, "what was there before is still whole, or will be after the next render")) from error
