"""Puts a plan into effect, so that a failure leaves the old tree and a kill leaves what the next write knows and mends."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from rediskit.errors import Problem, RefusedError
from rediskit.output import index as indexes
from rediskit.output.paths import IGNORE, STAGE
from rediskit.output.write_plan import WritePlan, sibling_stage

Undo = tuple[Callable[..., None], tuple[str, ...]]
"""A call, and the places that it is about."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def execute(plan: WritePlan) -> None:
    """Makes the folder what the plan says. Raises OSError with the old tree in place, RefusedError where even that failed."""
    for leftover in plan.leftovers:
        remove(leftover)
    if not plan.exists:
        _make(plan)
    elif plan.created or plan.changed or plan.removed or plan.stale_index:
        _update(plan)


def _make(plan: WritePlan) -> None:
    """A tree that is not there yet appears whole: it is made beside its place and renamed."""
    stage = sibling_stage(plan.folder)
    tree = f"{stage}/tree"
    try:
        make_stage(stage, plan.folder)
        os.mkdir(tree)
        made = {""}
        for path, content in plan.files.items():
            parent = path.rpartition("/")[0]
            if parent not in made:
                make_folders(tree, parent, made, [])
            create(f"{tree}/{path}", content, plan.folder, path)
        create(f"{tree}/{indexes.NAME}", plan.final, plan.folder, indexes.NAME)
        os.rename(tree, plan.folder)
    except BaseException:
        with suppress(OSError):
            remove(stage)
        raise
    _tidy(stage)


def _update(plan: WritePlan) -> None:
    """First everything that takes room, apart from the tree; then only renames, and folders that come or go: all of it can be undone.

    The first rename puts an index into place that knows the old digests and the new ones, the last one the index of the new tree.
    """
    stage = f"{plan.folder}/{STAGE}"
    undo: list[Undo] = []
    try:
        make_stage(stage, plan.folder)
        _prepare(plan, stage)
    except BaseException:
        with suppress(OSError):
            remove(stage)
        raise
    try:
        _exchange(plan, stage, undo)
    except BaseException:
        _undo(plan, stage, undo)
        raise
    _tidy(stage)


def _tidy(stage: str) -> None:
    """The new tree is in place. An interrupt does not keep from tidying up; where it fails, the next write does it."""
    try:
        remove(stage)
    except OSError:
        pass
    except BaseException:
        with suppress(OSError):
            remove(stage)
        raise


def _prepare(plan: WritePlan, stage: str) -> None:
    """New files and indexes under their numbers, and a second name for each file that will be replaced."""
    for number, path in enumerate((*plan.created, *plan.changed)):
        create(f"{stage}/new{number}", plan.files[path], plan.folder, path)
    for number, path in enumerate(plan.changed):
        _keep(plan, path, plan.old[path], f"{stage}/changed{number}")
    if plan.index_content is not None:
        _keep(plan, indexes.NAME, plan.index_content, f"{stage}/index")
    create(f"{stage}/both", indexes.both(plan.owned, plan.digests), plan.folder, indexes.NAME)
    create(f"{stage}/final", plan.final, plan.folder, indexes.NAME)


def _exchange(plan: WritePlan, stage: str, undo: list[Undo]) -> None:
    """The old tree becomes the new one. How to undo each step is noted before it: a step that was not taken is undone without effect.

    A file that goes may stand where a folder comes, or have a name that differs in case only: so it goes first.
    """
    index = f"{plan.folder}/{indexes.NAME}"
    undo.append((os.unlink, (index,)) if plan.index_content is None else (os.replace, (f"{stage}/index", index)))
    os.replace(f"{stage}/both", index)
    for number, path in enumerate(plan.removed):
        place, aside = f"{plan.folder}/{path}", f"{stage}/removed{number}"
        undo.append((os.rename, (aside, place)))
        os.rename(place, aside)
    for number, path in enumerate(plan.in_place_of_files):
        place, aside = f"{plan.folder}/{path}", f"{stage}/folder{number}"
        undo.append((os.rename, (aside, place)))
        os.rename(place, aside)
    made = {""}
    for number, path in enumerate(plan.created):
        place, new = f"{plan.folder}/{path}", f"{stage}/new{number}"
        make_folders(plan.folder, path.rpartition("/")[0], made, undo)
        undo.append((os.rename, (place, new)))
        os.replace(new, place)
    for number, path in enumerate(plan.changed):
        place = f"{plan.folder}/{path}"
        undo.append((os.replace, (f"{stage}/changed{number}", place)))
        os.replace(f"{stage}/new{len(plan.created) + number}", place)
    for path in plan.outlived:
        undo.append((os.mkdir, (f"{plan.folder}/{path}",)))
        _remove_if_empty(f"{plan.folder}/{path}")
    os.replace(f"{stage}/final", index)


def _undo(plan: WritePlan, stage: str, undo: list[Undo]) -> None:
    """Puts the old tree back, its index last. Raises RefusedError where that fails, too."""
    try:
        for step, places in reversed(undo):
            with suppress(FileNotFoundError, FileExistsError, NotADirectoryError):
                step(*places)
        remove(stage)
    except OSError as error:
        message = f"{plan.folder}: writing failed half-way, and so did putting back what was there: {error.strerror}"
        hint = "mend that, then render again: it finishes what was begun, and check fails until then"
        raise RefusedError(Problem(message, hint)) from error


def _keep(plan: WritePlan, path: str, content: bytes, copy: str) -> None:
    """A second name for a file, so that it can be put back with its times; a copy where the file system knows no second names."""
    try:
        os.link(f"{plan.folder}/{path}", copy)
    except OSError:
        create(copy, content, plan.folder, path)


def make_stage(stage: str, folder: str) -> None:
    """Create a folder for files that are not yet in their place. An error names the folder that they are meant for."""
    os.mkdir(stage)
    create(f"{stage}/{IGNORE}", b"*\n", *os.path.split(folder))


def create(place: str, content: bytes, folder: str, path: str) -> None:
    """A new file with this content, with the permissions the umask leaves. An error names the file that it is meant for."""
    try:
        handle = os.open(place, _NEW, 0o666)
        try:
            written = os.write(handle, content)
            while written < len(content):
                written += os.write(handle, memoryview(content)[written:])
        finally:
            os.close(handle)
    except OSError as error:
        error.filename = f"{folder}/{path}"
        raise


def make_folders(base: str, folder: str, made: set[str], undo: list[Undo]) -> None:
    """Makes a folder and those above it; `made` are those known to be there."""
    if folder in made:
        return
    make_folders(base, folder.rpartition("/")[0], made, undo)
    try:
        os.mkdir(f"{base}/{folder}")
        undo.append((_remove_if_empty, (f"{base}/{folder}",)))
    except FileExistsError:
        pass
    made.add(folder)


def _remove_if_empty(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def remove(path: str) -> None:
    """Removes what a write has prepared. Links are removed, not followed; the file that keeps Git from the rest goes last."""
    if not os.path.isdir(path) or os.path.islink(path):
        os.unlink(path)
        return
    with os.scandir(path) as entries:
        inside = sorted((entry.path for entry in entries), key=lambda place: place.endswith(f"/{IGNORE}"))
    for other in inside:
        remove(other)
    os.rmdir(path)
