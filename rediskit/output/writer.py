"""Write rendered files to output directories, and compare them with what is on disk.

A failed write leaves the old files. A killed one may leave a part of each, as its index records: `compare` then reports drift, and the
next `write` completes it. Nothing is fsynced: after a power failure, render again.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

from rediskit.errors import Problem, RefusedError, visible
from rediskit.output import paths
from rediskit.output.atomic import execute, remove
from rediskit.output.leftovers import tree_leftovers
from rediskit.output.lock import exclusive_lock
from rediskit.output.write_plan import WritePlan, plan_write


class OutputTree(Protocol):
    """The files of one environment. Paths are relative and have forward slashes."""

    @property
    def name(self) -> str:
        """The name of the environment and of its folder."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Path to content."""


class Changes(NamedTuple):
    """The changes of a write to one output directory. Paths are relative to it and sorted.

    Attributes:
        removed: Files that rediskit wrote and no longer renders.
        edited: The changed and removed files that a person edited.
        foreign: Files that rediskit did not write and leaves unchanged. A folder with such files only ends in a slash.
        warnings: The foreign files, and from `compare` the reasons why a write is refused.
        interrupted: An earlier write was killed, or two merged branches changed the same file.
        stale_index: The index on disk differs. Without other changes, a person edited or copied it.
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
        """Whether the files on disk differ from the rendered ones. Foreign files are no drift."""
        return bool(self.created or self.changed or self.removed or self.interrupted or self.stale_index)


def write(tree: OutputTree, root: str | os.PathLike[str], *, force: bool = False) -> Changes:
    """Write `tree` to `<root>/<name>/`; see `write_all`."""
    return write_all((tree,), root, force=force)[tree.name]


def write_all(trees: Iterable[OutputTree], root: str | os.PathLike[str], *, force: bool = False) -> dict[str, Changes]:
    """Write each of `trees` to `<root>/<name>/` and return its changes by name.

    Files with the right content are not touched. Others are replaced atomically. Files that rediskit wrote and no longer renders are
    removed, with their empty folders. A new directory appears complete. A lock keeps out other rediskit processes; a change by a person
    or another program in the milliseconds between the comparison and the replacement is lost.

    Args:
        trees: The rendered manifests, one entry per environment.
        root: The parent of the output directories; it is created if it is missing.
        force: Replace and remove edited files too. Foreign files are never touched.

    Raises:
        RefusedError: With every reason: edited files, foreign files or links at a path, invalid paths, a damaged index, another writer.
            Nothing is written then. Also when the file system refuses (full, read-only): the failed directory keeps its old files, those
            before it are written.
    """
    base = _base(root)
    files_of = [(tree.name, tree.files) for tree in trees]
    paths.check_names(name for name, _ in files_of)
    for name, files in files_of:
        paths.check(name, files)
    with _refused_by_system(base):
        with suppress(FileExistsError):
            os.makedirs(base)
        with exclusive_lock(base) as warnings:
            for _, leftover in tree_leftovers(base):
                remove(leftover)
            plans = {name: plan_write(f"{base}/{name}", files) for name, files in files_of}
            _refuse(plans.values(), force)
            changes = {}
            for name, plan in plans.items():
                execute(plan)
                changes[name] = _changes(plan, (*warnings, *_foreign(plan)))
            return changes


def compare(tree: OutputTree, root: str | os.PathLike[str]) -> Changes:
    """Return the changes that `write` would make, without writing. Raises RefusedError for an invalid path or an unreadable file."""
    base = _base(root)
    name, files = tree.name, tree.files
    paths.check(name, files)
    with _refused_by_system(base):
        plan = plan_write(f"{base}/{name}", files)
    changes = _changes(plan, (*plan.warnings, *_foreign(plan)))
    return changes._replace(interrupted=plan.interrupted, stale_index=plan.exists and plan.stale_index)


def _base(root: str | os.PathLike[str]) -> str:
    """Return the output folder as text. Raises RefusedError where a symbolic link in a Git work tree leads out of it."""
    base = os.fsdecode(root).rstrip("/") or ("/" if os.fsdecode(root) else ".")
    if problem := paths.leaves_the_work_tree(base):
        raise RefusedError(problem)
    return base


def _changes(plan: WritePlan, warnings: tuple[Problem, ...]) -> Changes:
    lists = (plan.created, plan.changed, plan.removed, plan.unchanged, plan.edited, plan.foreign)
    created, changed, removed, unchanged, edited, foreign = (tuple(sorted(listed)) for listed in lists)
    return Changes(created, changed, removed, unchanged, edited, foreign, warnings)


def _foreign(plan: WritePlan) -> Iterator[Problem]:
    for path in sorted(plan.foreign):
        message = f"{plan.folder}/{visible(path)} was not written by rediskit and is left unchanged"
        yield Problem(message, "move it if it does not belong there")


def _refuse(plans: Iterable[WritePlan], force: bool) -> None:
    problems: list[Problem] = []
    for plan in plans:
        problems += plan.blocked
        if plan.damaged and not force:
            problems.append(plan.damaged)
        elif not force:
            problems += (_edited(plan, path) for path in sorted(plan.edited))
    if problems:
        raise RefusedError(problems)


def _edited(plan: WritePlan, path: str) -> Problem:
    place = f"{plan.folder}/{path}"
    if b"\n<<<<<<< " in b"\n" + plan.old[path]:
        return Problem(f"{place} contains Git conflict markers", "resolve the conflict in the config, then run rediskit render --force")
    return Problem(f"{place} was edited by hand", "make the change in the config, or discard it with --force")


_HINTS = {
    errno.ENOSPC: "free disk space",
    errno.EDQUOT: "free disk space",
    errno.EACCES: "check the permissions",
    errno.EPERM: "check the permissions",
    errno.EROFS: "make the file system writable",
    errno.EXDEV: "keep the output directory on one file system",
}


@contextmanager
def _refused_by_system(base: str) -> Iterator[None]:
    """Turn an error of the operating system into one that names the file."""
    try:
        yield
    except OSError as error:
        places = [os.fsdecode(place) for place in (error.filename2, error.filename) if place]
        place = visible(min(places, key=lambda place: paths.STAGE in place, default=base))
        hint = f"{_HINTS.get(error.errno or 0, 'fix the cause')}, then run the command again; the old files are unchanged"
        raise RefusedError(Problem(f"{place}: {error.strerror or error}", hint)) from error
