"""Input files that a verb makes, ciphertexts and certificates: all of them or none, each put into place whole by a rename."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress

from rediskit.errors import Problem, RefusedError
from rediskit.output.apply import Undo, create, make_folders, remove
from rediskit.output.fresh import make_root, take_back
from rediskit.output.lock import only_writer
from rediskit.output.paths import STAGE, shown
from rediskit.source.files import MAX_BYTES


def present(folder: str, paths: Iterable[str]) -> dict[str, bytes]:
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
            raise _refused(folder, error) from error
        if not stat.S_ISREG(mode):
            what = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no regular file"
            problems.append(Problem(f"{shown(os.path.normpath(place))} is {what}", "a file of its own belongs there: move it away"))
        else:
            found[path] = _content(folder, place)
    if problems:
        raise RefusedError(problems)
    return found


def put(folder: str, files: Mapping[str, bytes], seen: Mapping[str, bytes]) -> None:
    """Writes files into a folder, which is made where it is missing.

    seen: what `present` found at these paths. Raises RefusedError, with everything as it was, when something else stands there
    now, another writer is at work, or the disk refuses.
    """
    undo: list[Undo] = []
    try:
        try:
            make_root(folder, undo)
            with only_writer(folder):
                _put(folder, files, seen, undo)
        except BaseException:
            take_back(undo)
            raise
    except OSError as error:
        raise _refused(folder, error) from error


def _put(folder: str, files: Mapping[str, bytes], seen: Mapping[str, bytes], undo: list[Undo]) -> None:
    now = present(folder, files)
    changed = [path for path in files if now.get(path) != seen.get(path)]
    if changed:
        places = (shown(os.path.normpath(f"{folder}/{path}")) for path in changed)
        raise RefusedError([Problem(f"{place} has changed meanwhile", "somebody else is at work there: try again") for place in places])
    stage = f"{folder}/{STAGE}"
    if os.path.lexists(stage):
        remove(stage)
    undo.append((remove, (stage,)))
    os.mkdir(stage)
    for number, (path, content) in enumerate(files.items()):
        create(f"{stage}/new{number}", content, folder, path)
        if path in seen:
            create(f"{stage}/old{number}", seen[path], folder, path)
    made = {""}
    for number, path in enumerate(files):
        place = f"{folder}/{path}"
        make_folders(folder, path.rpartition("/")[0], made, undo)
        undo.append((os.replace, (f"{stage}/old{number}", place)) if path in seen else (os.unlink, (place,)))
        os.replace(f"{stage}/new{number}", place)
    # All is in place. From here on nothing is taken back: what is cut off now is tidied up by the next write.
    undo.clear()
    with suppress(OSError):
        remove(stage)


def _content(folder: str, place: str) -> bytes:
    try:
        with open(place, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refused(folder, error) from error
    if len(content) > MAX_BYTES:
        raise RefusedError(Problem(f"{shown(os.path.normpath(place))} is larger than 1 MiB", "is it the right file? move it away"))
    return content


def _refused(folder: str, error: OSError) -> RefusedError:
    place = shown(os.path.normpath(os.fsdecode(error.filename or folder)))
    return RefusedError(Problem(f"{place}: {error.strerror or error}", "mend that, then try again; nothing was written"))
