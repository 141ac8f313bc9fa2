"""Puts a plan into effect, so that a failure leaves the old tree and a kill leaves what the next write knows and mends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from rediskit.errors import Problem, RefusedError
from rediskit.output import index as indexes
from rediskit.output.paths import STAGE
from rediskit.output.plan import Plan, read_file, sibling_stage

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def apply(plan: Plan) -> None:
    """Makes the folder what the plan says. Raises OSError with the old tree in place, RefusedError where even that failed."""
    for leftover in plan.leftovers:
        _remove(leftover)
    if not plan.exists:
        _make(plan)
    elif plan.created or plan.changed or plan.removed or plan.stale_index:
        _update(plan)


def _make(plan: Plan) -> None:
    """A tree that is not there yet appears whole: it is made beside its place and renamed."""
    stage = sibling_stage(plan.folder)
    try:
        os.mkdir(stage)
        made = {""}
        for path, content in plan.files.items():
            parent = path.rpartition("/")[0]
            if parent not in made:
                _make_folders(stage, parent, made)
            _create(f"{stage}/{path}", content, plan.folder, path)
        _create(f"{stage}/{indexes.NAME}", plan.final, plan.folder, indexes.NAME)
        os.rename(stage, plan.folder)
    except BaseException:
        with suppress(OSError):
            _remove(stage)
        raise


def _update(plan: Plan) -> None:
    """First everything that takes room, apart from the tree; then only renames and removals, which can be undone.

    The first rename puts an index into place that knows the old digests and the new ones, the last one the index of the new tree.
    """
    stage = f"{plan.folder}/{STAGE}"
    index = f"{plan.folder}/{indexes.NAME}"
    coming = [*plan.created, *plan.changed]
    try:
        os.mkdir(stage)
        for number, path in enumerate(coming):
            _create(f"{stage}/{number}", plan.files[path], plan.folder, path)
        _create(f"{stage}/index", plan.final, plan.folder, indexes.NAME)
        if coming or plan.removed:
            _create(f"{stage}/both", indexes.both(plan.owned, plan.digests), plan.folder, indexes.NAME)
    except BaseException:
        with suppress(OSError):
            _remove(stage)
        raise
    try:
        if coming or plan.removed:
            os.replace(f"{stage}/both", index)
        _exchange(plan, stage, coming)
        os.replace(f"{stage}/index", index)
    except BaseException:
        _undo(plan, stage)
        raise
    with suppress(OSError):
        os.rmdir(stage)


def _exchange(plan: Plan, stage: str, coming: list[str]) -> None:
    """Removes, then puts into place: a file that goes may stand where a folder comes, or have a name that differs in case only."""
    for path in plan.removed:
        os.unlink(f"{plan.folder}/{path}")
    for path in sorted(plan.owned.keys() - plan.files.keys()):
        _remove_empty_parents(plan.folder, path)
    absent = set(plan.created)
    made = {""}
    for number, path in enumerate(coming):
        if path in absent:
            _make_folders(plan.folder, path.rpartition("/")[0], made)
            _remove_empty_folders(f"{plan.folder}/{path}")
        os.replace(f"{stage}/{number}", f"{plan.folder}/{path}")


def _undo(plan: Plan, stage: str) -> None:
    """Puts the old tree back, however much has been done. Raises RefusedError where that fails, too."""
    try:
        for path in plan.created:
            if os.path.isfile(f"{plan.folder}/{path}"):
                os.unlink(f"{plan.folder}/{path}")
            _remove_empty_parents(plan.folder, path)
        old = plan.old if plan.index_content is None else {**plan.old, indexes.NAME: plan.index_content}
        for path, content in old.items():
            if not _holds(f"{plan.folder}/{path}", content):
                _restore(plan, stage, path, content)
        if plan.index_content is None:
            with suppress(FileNotFoundError):
                os.unlink(f"{plan.folder}/{indexes.NAME}")
        _remove(stage)
    except OSError as error:
        message = f"{plan.folder}: writing failed half-way, and so did putting back what was there: {error.strerror}"
        hint = "mend that, then render again: it finishes what was begun, and check fails until then"
        raise RefusedError(Problem(message, hint)) from error


def _holds(place: str, content: bytes) -> bool:
    try:
        return read_file(place, len(content)) == content
    except FileNotFoundError:
        return False


def _restore(plan: Plan, stage: str, path: str, content: bytes) -> None:
    _make_folders(plan.folder, path.rpartition("/")[0], {""})
    with suppress(FileNotFoundError):
        os.unlink(f"{stage}/old")
    _create(f"{stage}/old", content, plan.folder, path)
    os.replace(f"{stage}/old", f"{plan.folder}/{path}")


def _create(place: str, content: bytes, folder: str, path: str) -> None:
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


def _make_folders(base: str, folder: str, made: set[str]) -> None:
    """Makes a folder and those above it; `made` are those known to be there."""
    if folder in made:
        return
    _make_folders(base, folder.rpartition("/")[0], made)
    with suppress(FileExistsError):
        os.mkdir(f"{base}/{folder}")
    made.add(folder)


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _remove_empty_parents(base: str, path: str) -> None:
    """Removes the folders above a path as far up as they are empty; some of them may never have been made."""
    for parent in _parents(path):
        try:
            os.rmdir(f"{base}/{parent}")
        except FileNotFoundError:
            continue
        except OSError:
            return


def _remove_empty_folders(path: str) -> None:
    """Removes a folder that holds nothing but folders; does nothing where there is none."""
    for folder, _, _ in os.walk(path, topdown=False):
        os.rmdir(folder)


def _remove(path: str) -> None:
    """Removes what a write has prepared. Links are removed, not followed."""
    if not os.path.isdir(path) or os.path.islink(path):
        os.unlink(path)
        return
    with os.scandir(path) as entries:
        inside = [entry.path for entry in entries]
    for other in inside:
        _remove(other)
    os.rmdir(path)
