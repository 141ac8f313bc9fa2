"""Write input files that a command creates, such as configs, ciphertexts and certificates: all of them or none.

A new file gets its name by a hard link: the file system refuses the link when another process created the name in the meantime.
"""

import errno
import os
import stat
from collections.abc import Iterable, Mapping

from rediskit.errors import Problem, RefusedError, visible
from rediskit.files import read_regular
from rediskit.output.atomic import Undo, create, make_folders
from rediskit.output.transaction import create_stage, not_writable, transaction

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
            try:
                contents[path] = read_regular(place)
            except OSError:
                contents[path] = None
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
        _write(folder, files, {}, undo)


def already_exists(folder: str, path: str) -> Problem:
    """Return the problem of a path that exists."""
    place = visible(os.path.normpath(f"{folder}/{path}"))
    return Problem(f"{place} already exists", "move it or choose another name: rediskit does not overwrite it")


def read_inputs(folder: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the content of each of these paths that exists. Raises RefusedError for one that is not a regular file.

    A symbolic link is neither followed nor replaced: it may lead anywhere.
    """
    contents, problems = {}, []
    for path in paths:
        place = f"{folder}/{path}"
        try:
            mode = os.lstat(place).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise not_writable(folder, error) from error
        if stat.S_ISREG(mode):
            contents[path] = _bytes_at(folder, place)
        else:
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            problems.append(Problem(f"{visible(os.path.normpath(place))} is {kind}", "move it: rediskit writes a file to this path"))
    if problems:
        raise RefusedError(problems)
    return contents


def write_inputs(folder: str, files: Mapping[str, bytes], old: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is created if it is missing. A replaced file keeps its permissions.

    Raises RefusedError, and changes nothing, when a file differs from `old` (what `read_inputs` returned), another process writes to the
    folder, or the file system refuses.
    """
    with transaction(folder) as undo:
        _refuse_changed(folder, files, old)
        _write(folder, files, old, undo)


def _refuse_changed(folder: str, files: Mapping[str, bytes], old: Mapping[str, bytes]) -> None:
    current = read_inputs(folder, files)
    changed = [visible(os.path.normpath(f"{folder}/{path}")) for path in files if current.get(path) != old.get(path)]
    if changed:
        hint = "run the command again: another process changed the file"
        raise RefusedError([Problem(f"{place} changed during this command", hint, code="file-changed") for place in changed])


def _write(folder: str, files: Mapping[str, bytes], old: Mapping[str, bytes], undo: list[Undo]) -> None:
    """Create the new files and copies of the old ones in a stage, then give each new file its name, in this order."""
    stage = create_stage(folder, undo)
    _prepare(folder, files, old, stage)
    existing_folders = {""}
    for number, path in enumerate(files):
        place = f"{folder}/{path}"
        make_folders(folder, path.rpartition("/")[0], existing_folders, undo)
        if path in old:
            undo.append((os.replace, (f"{stage}/old{number}", place)))
            os.replace(f"{stage}/new{number}", place)
        else:
            _link(f"{stage}/new{number}", folder, path, files[path])
            undo.append((os.unlink, (place,)))


def _prepare(folder: str, files: Mapping[str, bytes], old: Mapping[str, bytes], stage: str) -> None:
    """Create the new files and copies of the old ones in the stage."""
    for number, (path, content) in enumerate(files.items()):
        create(f"{stage}/new{number}", content, folder, path)
        if path in old:
            create(f"{stage}/old{number}", old[path], folder, path)
            mode = stat.S_IMODE(os.lstat(f"{folder}/{path}").st_mode)
            os.chmod(f"{stage}/new{number}", mode)
            os.chmod(f"{stage}/old{number}", mode)


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


def _bytes_at(folder: str, place: str) -> bytes:
    try:
        return read_regular(place, follow=False)
    except OSError as error:
        if error.errno == errno.EFBIG:
            message = f"{visible(os.path.normpath(place))} is larger than 1 MiB"
            raise RefusedError(Problem(message, "check that it is the right file, then move it")) from error
        raise not_writable(folder, error) from error
