"""Input files that a verb makes, ciphertexts and certificates: all of them or none, each put into place whole by a rename."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping

from rediskit.errors import Problem, RefusedError
from rediskit.files import read_regular
from rediskit.output.atomic import Undo, create, make_folders
from rediskit.output.paths import shown
from rediskit.output.transaction import all_or_none, new_stage, refused


def read_inputs(folder: str, paths: Iterable[str]) -> dict[str, bytes]:
    """What stands at these paths of a folder, those left out where nothing does.

    Raises RefusedError when it is no regular file, or a link: a link may lead anywhere, and is neither followed nor replaced.
    """
    found, problems = {}, []
    for path in paths:
        place = f"{folder}/{path}"
        try:
            mode = os.lstat(place).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise refused(folder, error) from error
        if not stat.S_ISREG(mode):
            what = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no regular file"
            problems.append(Problem(f"{shown(os.path.normpath(place))} is {what}", "a file of its own belongs there: move it away"))
        else:
            found[path] = _content(folder, place)
    if problems:
        raise RefusedError(problems)
    return found


def write_inputs(folder: str, files: Mapping[str, bytes], seen: Mapping[str, bytes]) -> None:
    """Writes files into a folder, which is made where it is missing.

    seen: what `present` found at these paths. A file that is replaced keeps its permissions.
    Raises RefusedError, with everything as it was, when something else stands there now, another writer is at work, or the disk refuses.
    """
    with all_or_none(folder) as undo:
        _put(folder, files, seen, undo)


def _put(folder: str, files: Mapping[str, bytes], seen: Mapping[str, bytes], undo: list[Undo]) -> None:
    now = read_inputs(folder, files)
    changed = [path for path in files if now.get(path) != seen.get(path)]
    if changed:
        places = (shown(os.path.normpath(f"{folder}/{path}")) for path in changed)
        raise RefusedError(
            [
                Problem(f"{place} has changed meanwhile", "somebody else is at work there: try again", code="file-changed")
                for place in places
            ]
        )
    stage = new_stage(folder, undo)
    for number, (path, content) in enumerate(files.items()):
        create(f"{stage}/new{number}", content, folder, path)
        if path in seen:
            create(f"{stage}/old{number}", seen[path], folder, path)
            mode = stat.S_IMODE(os.lstat(f"{folder}/{path}").st_mode)
            os.chmod(f"{stage}/new{number}", mode)
            os.chmod(f"{stage}/old{number}", mode)
    made = {""}
    for number, path in enumerate(files):
        place = f"{folder}/{path}"
        make_folders(folder, path.rpartition("/")[0], made, undo)
        undo.append((os.replace, (f"{stage}/old{number}", place)) if path in seen else (os.unlink, (place,)))
        os.replace(f"{stage}/new{number}", place)


def _content(folder: str, place: str) -> bytes:
    try:
        return read_regular(place, follow=False)
    except OSError as error:
        if error.errno == errno.EFBIG:
            message = f"{shown(os.path.normpath(place))} is larger than 1 MiB"
            raise RefusedError(Problem(message, "is it the right file? move it away")) from error
        raise refused(folder, error) from error
