"""Write input files that a command creates, such as ciphertexts and certificates: all of them or none."""

import errno
import os
import stat
from collections.abc import Iterable, Mapping

from rediskit.errors import Problem, RefusedError, visible
from rediskit.files import read_regular
from rediskit.output.atomic import create, make_folders
from rediskit.output.transaction import create_stage, not_writable, transaction


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
            contents[path] = _content(folder, place)
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
        stage = create_stage(folder, undo)
        _prepare(folder, files, old, stage)
        existing_folders = {""}
        for number, path in enumerate(files):
            place = f"{folder}/{path}"
            make_folders(folder, path.rpartition("/")[0], existing_folders, undo)
            undo.append((os.replace, (f"{stage}/old{number}", place)) if path in old else (os.unlink, (place,)))
            os.replace(f"{stage}/new{number}", place)


def _refuse_changed(folder: str, files: Mapping[str, bytes], old: Mapping[str, bytes]) -> None:
    current = read_inputs(folder, files)
    changed = [visible(os.path.normpath(f"{folder}/{path}")) for path in files if current.get(path) != old.get(path)]
    if changed:
        hint = "run the command again: another process changed the file"
        raise RefusedError([Problem(f"{place} changed during this command", hint, code="file-changed") for place in changed])


def _prepare(folder: str, files: Mapping[str, bytes], old: Mapping[str, bytes], stage: str) -> None:
    """Create the new files and copies of the old ones in the stage."""
    for number, (path, content) in enumerate(files.items()):
        create(f"{stage}/new{number}", content, folder, path)
        if path in old:
            create(f"{stage}/old{number}", old[path], folder, path)
            mode = stat.S_IMODE(os.lstat(f"{folder}/{path}").st_mode)
            os.chmod(f"{stage}/new{number}", mode)
            os.chmod(f"{stage}/old{number}", mode)


def _content(folder: str, place: str) -> bytes:
    try:
        return read_regular(place, follow=False)
    except OSError as error:
        if error.errno == errno.EFBIG:
            message = f"{visible(os.path.normpath(place))} is larger than 1 MiB"
            raise RefusedError(Problem(message, "check that it is the right file, then move it")) from error
        raise not_writable(folder, error) from error
