"""New files beside what is there: all of them or none, and nothing that exists is overwritten.

A name that is existing while the files are being put into place is not overwritten either: each gets its name by a link, which the
file system refuses where there is one already.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from rediskit.errors import Problem, RefusedError
from rediskit.files import read_regular
from rediskit.output.atomic import Undo, create, make_folders
from rediskit.output.paths import shown
from rediskit.output.transaction import all_or_none, new_stage

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What file systems answer that know no second names."""


def existing(folder: str, paths: Mapping[str, bytes]) -> dict[str, bytes | None]:
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
    Raises RefusedError, with nothing written: a path is existing (each is named), another writer is at work, the disk refuses.
    """
    with all_or_none(folder) as undo:
        _write(folder, files, undo)


def _write(folder: str, files: Mapping[str, bytes], undo: list[Undo]) -> None:
    if found := existing(folder, files):
        raise RefusedError([already_exists(folder, path) for path in found])
    stage = new_stage(folder, undo)
    for number, (path, content) in enumerate(files.items()):
        create(f"{stage}/{number}", content, folder, path)
    made = {""}
    for number, path in enumerate(files):
        make_folders(folder, path.rpartition("/")[0], made, undo)
        _name(f"{stage}/{number}", folder, path, files[path])
        undo.append((os.unlink, (f"{folder}/{path}",)))


def already_exists(folder: str, path: str) -> Problem:
    """The problem of a path that is existing."""
    return Problem(
        f"{shown(os.path.normpath(f'{folder}/{path}'))} is there already", "nothing is overwritten: move it away, or choose another name"
    )


def _name(staged: str, folder: str, path: str, content: bytes) -> None:
    """Gives a staged file its name. Raises RefusedError when the name has been existing meanwhile."""
    try:
        os.link(staged, f"{folder}/{path}")
    except FileExistsError:
        raise RefusedError(already_exists(folder, path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        create(f"{folder}/{path}", content, folder, path)


def _above(folder: str, path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return [folder, *("/".join((folder, *parts[:end])) for end in range(1, len(parts) + 1))]


def _content(place: str) -> bytes | None:
    try:
        return read_regular(place)
    except OSError:
        return None
