"""The one way to disk.

A failed write leaves the old tree as it was. A killed one may leave a part of each, and the index says so: `compare` does not take that
for either tree, and the next `write`, of whatever tree, mends it. Nothing is fsynced: what a power cut takes can be rendered again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from rediskit.errors import Problem, RefusedError
from rediskit.output import paths
from rediskit.output.atomic import execute, remove
from rediskit.output.leftovers import tree_leftovers
from rediskit.output.lock import exclusive_lock
from rediskit.output.write_plan import WritePlan, plan_write


class OutputTree(Protocol):
    """What can be written: a name, and path to bytes. Paths are relative and have forward slashes."""

    @property
    def name(self) -> str: ...

    @property
    def files(self) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did, or would do: paths relative to `<root>/<name>`, sorted.

    edited: those among changed and removed that somebody edited by hand. foreign: what is not ours and is left alone; a folder
    that holds nothing of ours stands there once, with a slash at its end. warnings: the same in words, and, from `compare`, what
    makes a write impossible.
    interrupted: an earlier write was killed, or two branches were merged and both changed one file.
    stale_index: the index on disk is not that of the tree; on its own, somebody edited it or took it from elsewhere.
    """

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    interrupted: bool = False
    stale_index: bool = False

    @property
    def drifted(self) -> bool:
        """Whether the disk is anything but the tree. Foreign files are no drift."""
        return bool(self.created or self.changed or self.removed or self.interrupted or self.stale_index)


def write(tree: OutputTree, root: str | os.PathLike[str], *, force: bool = False) -> Changes:
    """Puts a tree into `<root>/<name>/`; see `write_all`."""
    return write_all((tree,), root, force=force)[tree.name]


def write_all(trees: Iterable[OutputTree], root: str | os.PathLike[str], *, force: bool = False) -> dict[str, Changes]:
    """Puts each tree into `<root>/<name>/` and says by name what it did. `root` is made where it is missing.

    Files that hold the right bytes are not touched. Others are replaced atomically, those that were ours and are not in the tree
    are removed, with the folders that become empty. A tree that is not there yet appears whole.
    force: overwrite and remove files of ours that were edited by hand. Foreign files are left alone even then.
    Raises RefusedError with every reason: edited files, what stands in the way, paths that no tree may have, a damaged index, another
    writer; nothing is written then, of any tree. Raises it, too, where the disk refuses (full, read-only): the tree that it
    happened to is as it was, those before it are written.
    The lock keeps out other writers of ours. What a person or another program changes between the look at a file and its replacement,
    milliseconds later, is not seen: no file system offers a replacement on condition.
    """
    base = _base(root)
    listed = [(tree.name, tree.files) for tree in trees]
    paths.check_names(name for name, _ in listed)
    for name, files in listed:
        paths.check(name, files)
    with _named(base):
        with suppress(FileExistsError):
            os.makedirs(base)
        with exclusive_lock(base) as warnings:
            for _, leftover in tree_leftovers(base):
                remove(leftover)
            plans = {name: plan_write(f"{base}/{name}", files) for name, files in listed}
            _refuse(plans.values(), force)
            done = {}
            for name, made in plans.items():
                execute(made)
                done[name] = _changes(made, (*warnings, *_left_alone(made)))
            return done


def compare(tree: OutputTree, root: str | os.PathLike[str]) -> Changes:
    """What `write` would do, with nothing written. Not `drifted` means: every byte of the tree is there, and nothing of ours more.

    Raises RefusedError for paths that no tree may have and for what can't be read.
    """
    base = _base(root)
    name, files = tree.name, tree.files
    paths.check(name, files)
    with _named(base):
        made = plan_write(f"{base}/{name}", files)
    damaged = (made.damaged,) if made.damaged else ()
    return _changes(made, (*damaged, *made.in_the_way, *_left_alone(made)), made.interrupted, made.exists and made.stale_index)


def _base(root: str | os.PathLike[str]) -> str:
    """Return the output folder as text. Raises RefusedError where a symbolic link in a Git work tree leads out of it."""
    base = os.fsdecode(root).rstrip("/") or ("/" if os.fsdecode(root) else ".")
    if problem := paths.leaves_the_work_tree(base):
        raise RefusedError(problem)
    return base


def _changes(made: WritePlan, warnings: tuple[Problem, ...], interrupted: bool = False, stale_index: bool = False) -> Changes:
    lists = (made.created, made.changed, made.removed, made.unchanged, made.edited, made.foreign)
    created, changed, removed, unchanged, edited, foreign = (tuple(sorted(listed)) for listed in lists)
    return Changes(created, changed, removed, unchanged, edited, foreign, warnings, interrupted, stale_index)


def _left_alone(made: WritePlan) -> Iterator[Problem]:
    for path in sorted(made.foreign):
        yield Problem(f"{made.folder}/{paths.shown(path)} is not ours: left alone", "move it away if it does not belong there")


def _refuse(plans: Iterable[WritePlan], force: bool) -> None:
    problems: list[Problem] = []
    for made in plans:
        problems += made.in_the_way
        if made.damaged and not force:
            problems.append(made.damaged)
        elif not force:
            problems += (_edited(made, path) for path in sorted(made.edited))
    if problems:
        raise RefusedError(problems)


def _edited(made: WritePlan, path: str) -> Problem:
    place = f"{made.folder}/{path}"
    if b"\n<<<<<<< " in b"\n" + made.old[path]:
        return Problem(f"{place} holds conflict markers of Git", "resolve the conflict in the config, then render with --force")
    return Problem(f"{place} was edited by hand", "take the change into the config, or use --force to lose it")


_HINTS = {
    errno.ENOSPC: "free some space, then render again",
    errno.EDQUOT: "free some space, then render again",
    errno.EACCES: "see to it that you may read and write there, then render again",
    errno.EPERM: "see to it that you may read and write there, then render again",
    errno.EROFS: "make the file system writable, then render again",
    errno.EXDEV: "a tree has to lie on one file system as a whole",
}


@contextmanager
def _named(base: str) -> Iterator[None]:
    """What the operating system refuses becomes an error that names the file."""
    try:
        yield
    except OSError as error:
        places = [os.fsdecode(place) for place in (error.filename2, error.filename) if place]
        place = paths.shown(min(places, key=lambda place: paths.STAGE in place, default=base))
        hint = _HINTS.get(error.errno or 0, "mend that, then render again")
        raise RefusedError(Problem(f"{place}: {error.strerror or error}", f"{hint}; the tree is as it was")) from error
