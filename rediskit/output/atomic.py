"""Execute a write plan: a failed write leaves the old files; the next write completes what a killed one left."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from rediskit.errors import Problem, RefusedError
from rediskit.output import index as indexes
from rediskit.output.paths import IGNORE, STAGE
from rediskit.output.write_plan import WritePlan, sibling_stage

Undo = tuple[Callable[..., None], tuple[str, ...]]
"""A function and its arguments, which are paths."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def execute(plan: WritePlan) -> None:
    """Change the folder as planned. Raises OSError when the write failed, RefusedError when the old files could not be restored either."""
    for leftover in plan.leftovers:
        remove(leftover)
    if not plan.exists:
        _create(plan)
    elif plan.created or plan.changed or plan.removed or plan.stale_index:
        _update(plan)


def _create(plan: WritePlan) -> None:
    """Create a new output directory beside its final path, then rename it."""
    stage = sibling_stage(plan.folder)
    tree = f"{stage}/tree"
    try:
        make_stage(stage, plan.folder)
        os.mkdir(tree)
        existing = {""}
        for path, content in plan.files.items():
            make_folders(tree, path.rpartition("/")[0], existing, [])
            create(f"{tree}/{path}", content, plan.folder, path)
        create(f"{tree}/{indexes.NAME}", plan.final, plan.folder, indexes.NAME)
        os.rename(tree, plan.folder)
    except BaseException:
        with suppress(OSError):
            remove(stage)
        raise
    _remove_stage(stage)


def _update(plan: WritePlan) -> None:
    """Create everything that needs disk space in the stage, then change the folder by operations that can be undone.

    The first rename installs an index with the old and the new digests, the last one the index of the new files.
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
    _remove_stage(stage)


def _remove_stage(stage: str) -> None:
    """Remove the stage of a finished write, even after an interrupt. The next write removes a stage that is left."""
    try:
        remove(stage)
    except OSError:
        pass
    except BaseException:
        with suppress(OSError):
            remove(stage)
        raise


def _prepare(plan: WritePlan, stage: str) -> None:
    """Create numbered new files, a second link to each file that will be replaced, and the indexes."""
    for number, path in enumerate((*plan.created, *plan.changed)):
        create(f"{stage}/new{number}", plan.files[path], plan.folder, path)
    for number, path in enumerate(plan.changed):
        _keep(plan, path, plan.old[path], f"{stage}/changed{number}")
    if plan.index_content is not None:
        _keep(plan, indexes.NAME, plan.index_content, f"{stage}/index")
    create(f"{stage}/both", indexes.both(plan.owned, plan.digests), plan.folder, indexes.NAME)
    create(f"{stage}/final", plan.final, plan.folder, indexes.NAME)


def _exchange(plan: WritePlan, stage: str, undo: list[Undo]) -> None:
    """Replace the old files with the new ones.

    How to undo a step is added before the step: to undo a step that was not executed has no effect. Removed files are moved first,
    because a folder or a name that differs in case only may take their place.
    """
    index = f"{plan.folder}/{indexes.NAME}"
    undo.append((os.unlink, (index,)) if plan.index_content is None else (os.replace, (f"{stage}/index", index)))
    os.replace(f"{stage}/both", index)
    for kind, paths in (("removed", plan.removed), ("folder", plan.replaced_folders)):
        for number, path in enumerate(paths):
            place, aside = f"{plan.folder}/{path}", f"{stage}/{kind}{number}"
            undo.append((os.rename, (aside, place)))
            os.rename(place, aside)
    existing = {""}
    for number, path in enumerate(plan.created):
        place, new = f"{plan.folder}/{path}", f"{stage}/new{number}"
        make_folders(plan.folder, path.rpartition("/")[0], existing, undo)
        undo.append((os.rename, (place, new)))
        os.replace(new, place)
    for number, path in enumerate(plan.changed):
        place = f"{plan.folder}/{path}"
        undo.append((os.replace, (f"{stage}/changed{number}", place)))
        os.replace(f"{stage}/new{len(plan.created) + number}", place)
    for path in plan.obsolete_folders:
        undo.append((os.mkdir, (f"{plan.folder}/{path}",)))
        _remove_if_empty(f"{plan.folder}/{path}")
    os.replace(f"{stage}/final", index)


def _undo(plan: WritePlan, stage: str, undo: list[Undo]) -> None:
    """Restore the old files, their index last. Raises RefusedError where that fails too."""
    try:
        for step, places in reversed(undo):
            with suppress(FileNotFoundError, FileExistsError, NotADirectoryError):
                step(*places)
        remove(stage)
    except OSError as error:
        message = f"{plan.folder}: the write failed and the old files could not be restored: {error.strerror}"
        hint = "fix the cause, then run rediskit render: it completes the write; rediskit check fails until then"
        raise RefusedError(Problem(message, hint)) from error


def _keep(plan: WritePlan, path: str, content: bytes, copy: str) -> None:
    """Create a second link to a file, so that it can be restored with its times; a copy on a file system without hard links."""
    try:
        os.link(f"{plan.folder}/{path}", copy)
    except OSError:
        create(copy, content, plan.folder, path)


def make_stage(stage: str, folder: str) -> None:
    """Create a stage. An error names the folder that the stage is for.

    `git add` ignores the name `.git`: if the process is killed while it writes the rules for Git, there is nothing to commit.
    """
    os.mkdir(stage)
    create(f"{stage}/.git", b"*\n", *os.path.split(folder))
    try:
        os.rename(f"{stage}/.git", f"{stage}/{IGNORE}")
    except OSError as error:
        error.filename, error.filename2 = folder, None
        raise


def create(place: str, content: bytes, folder: str, path: str) -> None:
    """Create a file with the permissions of the umask. An error names the final path, `folder/path`."""
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


def make_folders(base: str, folder: str, existing: set[str], undo: list[Undo]) -> None:
    """Create a folder and its parents below `base`. existing: folders that are known to exist."""
    if folder in existing:
        return
    make_folders(base, folder.rpartition("/")[0], existing, undo)
    with suppress(FileExistsError):
        os.mkdir(f"{base}/{folder}")
        undo.append((_remove_if_empty, (f"{base}/{folder}",)))
    existing.add(folder)


def _remove_if_empty(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def remove(path: str) -> None:
    """Remove a stage or a file. Links are removed, not followed; the `.gitignore` of the stage is removed last."""
    if not os.path.isdir(path) or os.path.islink(path):
        os.unlink(path)
        return
    with os.scandir(path) as entries:
        inside = sorted((entry.path for entry in entries), key=lambda place: place.endswith(f"/{IGNORE}"))
    for other in inside:
        remove(other)
    os.rmdir(path)
