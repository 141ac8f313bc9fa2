"""New files beside what is there: all of them or none, and nothing that exists is overwritten.

A name that is taken while the files are being put into place is not overwritten either: each gets its name by a link, which the
file system refuses where there is one already.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress

from rediskit.errors import Problem, RefusedError
from rediskit.output.apply import Undo, create, make_folders, remove
from rediskit.output.lock import only_writer
from rediskit.output.paths import STAGE, shown

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What file systems answer that know no second names."""


def taken(folder: str, paths: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """Which of these paths something stands at: the content of a regular file of ours to read, None for anything else.

    A folder on the way that is no folder, or a link that leads nowhere, takes the path that lies below it, too.
    """
    found: dict[str, bytes | None] = {}
    for path in paths:
        place = f"{folder}/{path}"
        if os.path.lexists(place):
            found[path] = _content(place)
        elif any(os.path.lexists(above) and not os.path.isdir(above) for above in _above(folder, path)):
            found[path] = None
    return found


def write_new(folder: str, files: Mapping[str, bytes]) -> None:
    """Writes files that are not there yet, in this order; the folder is made where it is missing.

    A kill leaves the first of them at most, each whole: put the one last that says that all are there.
    Raises RefusedError, with nothing written: a path is taken (each is named), another writer is at work, the disk refuses.
    """
    undo: list[Undo] = []
    try:
        try:
            make_root(folder, undo)
            with only_writer(folder):
                _write(folder, files, undo)
        except BaseException:
            take_back(undo)
            raise
    except OSError as error:
        place = shown(os.fsdecode(error.filename or folder))
        raise RefusedError(Problem(f"{place}: {error.strerror or error}", "mend that, then try again; nothing was written")) from error


def _write(folder: str, files: Mapping[str, bytes], undo: list[Undo]) -> None:
    if found := taken(folder, files):
        raise RefusedError([exists(folder, path) for path in found])
    stage = f"{folder}/{STAGE}"
    if os.path.lexists(stage):
        remove(stage)
    undo.append((remove, (stage,)))
    os.mkdir(stage)
    for number, (path, content) in enumerate(files.items()):
        create(f"{stage}/{number}", content, folder, path)
    made = {""}
    for number, path in enumerate(files):
        make_folders(folder, path.rpartition("/")[0], made, undo)
        _name(f"{stage}/{number}", folder, path, files[path])
        undo.append((os.unlink, (f"{folder}/{path}",)))
    with suppress(OSError):
        remove(stage)


def exists(folder: str, path: str) -> Problem:
    """The problem of a path that is taken."""
    return Problem(
        f"{shown(os.path.normpath(f'{folder}/{path}'))} is there already", "nothing is overwritten: move it away, or choose another name"
    )


def _name(staged: str, folder: str, path: str, content: bytes) -> None:
    """Gives a staged file its name. Raises RefusedError when the name has been taken meanwhile."""
    try:
        os.link(staged, f"{folder}/{path}")
    except FileExistsError:
        raise RefusedError(exists(folder, path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        create(f"{folder}/{path}", content, folder, path)


def make_root(folder: str, undo: list[Undo]) -> None:
    """Makes a folder and those above it where they are missing; `undo` says how to take that back."""
    missing = []
    place = os.path.abspath(folder)
    while not os.path.isdir(place):
        missing.append(place)
        place = os.path.dirname(place)
    for place in reversed(missing):
        os.mkdir(place)
        undo.append((os.rmdir, (place,)))


def take_back(undo: list[Undo]) -> None:
    """Undoes what was done. A folder that somebody else put something into stays."""
    for step, places in reversed(undo):
        with suppress(OSError):
            step(*places)


def _above(folder: str, path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return [folder, *("/".join((folder, *parts[:end])) for end in range(1, len(parts) + 1))]


def _content(place: str) -> bytes | None:
    try:
        if not os.path.isfile(place):
            return None
        with open(place, "rb") as stream:
            return stream.read()
    except OSError:
        return None
