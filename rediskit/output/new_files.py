"""Create new files in a folder: all of them or none, and never over an existing file.

Each file gets its name by a hard link: the file system refuses the link when another process created the name in the meantime.
"""

import errno
import os
from collections.abc import Mapping

from rediskit.errors import Problem, RefusedError, visible
from rediskit.files import read_regular
from rediskit.output.atomic import create, make_folders
from rediskit.output.transaction import create_stage, transaction

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""Errors of file systems without hard links."""


def existing(folder: str, paths: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """Return the paths that exist, or that cannot be created because a parent is not a folder.

    The value is the content of a readable regular file; None for everything else.
    """
    contents: dict[str, bytes | None] = {}
    for path in paths:
        place = f"{folder}/{path}"
        if os.path.lexists(place):
            contents[path] = _content(place)
        elif any(os.path.lexists(parent) and not os.path.isdir(parent) for parent in _parents(folder, path)):
            contents[path] = None
    return contents


def write_new(folder: str, files: Mapping[str, bytes]) -> None:
    """Create files in this order, and the folder if it is missing.

    A killed run leaves the first files only, each complete. Put last the file whose presence means that all others exist. Raises
    RefusedError, and writes nothing, when a path exists (each is listed), another process writes to the folder, or the file system refuses.
    """
    with transaction(folder) as undo:
        if paths := existing(folder, files):
            raise RefusedError([already_exists(folder, path) for path in paths])
        stage = create_stage(folder, undo)
        for number, (path, content) in enumerate(files.items()):
            create(f"{stage}/{number}", content, folder, path)
        existing_folders = {""}
        for number, path in enumerate(files):
            make_folders(folder, path.rpartition("/")[0], existing_folders, undo)
            _link(f"{stage}/{number}", folder, path, files[path])
            undo.append((os.unlink, (f"{folder}/{path}",)))


def already_exists(folder: str, path: str) -> Problem:
    """Return the problem of a path that exists."""
    place = visible(os.path.normpath(f"{folder}/{path}"))
    return Problem(f"{place} already exists", "move it or choose another name: rediskit does not overwrite it")


def _link(staged: str, folder: str, path: str, content: bytes) -> None:
    """Link a staged file to its final name. Raises RefusedError when the name exists by now."""
    try:
        os.link(staged, f"{folder}/{path}")
    except FileExistsError:
        raise RefusedError(already_exists(folder, path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        create(f"{folder}/{path}", content, folder, path)


def _parents(folder: str, path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return [folder, *("/".join((folder, *parts[:end])) for end in range(1, len(parts) + 1))]


def _content(place: str) -> bytes | None:
    try:
        return read_regular(place)
    except OSError:
        return None
