"""Write several files into a folder as one transaction: all of them or none, by one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rediskit.errors import Problem, RefusedError, visible
from rediskit.output.atomic import Undo, make_stage, remove
from rediskit.output.lock import exclusive_lock
from rediskit.output.paths import STAGE


@contextmanager
def transaction(folder: str) -> Iterator[list[Undo]]:
    """Lock a folder, which is created if it is missing. The body appends to the list how to undo each of its steps.

    The steps are undone, the newest first, when the body raises. Nothing is undone once the body has ended: the next write removes
    a stage that is left. Raises RefusedError when another process writes to the folder, or the file system refuses.
    """
    undo: list[Undo] = []
    try:
        try:
            _make_root(folder, undo)
            with exclusive_lock(folder):
                yield undo
                undo.clear()
                with suppress(OSError):
                    remove(f"{folder}/{STAGE}")
        except BaseException:
            for step, places in reversed(undo):
                with suppress(OSError):  # A folder with files of another process stays.
                    step(*places)
            raise
    except OSError as error:
        raise not_writable(folder, error) from error


def create_stage(folder: str, undo: list[Undo]) -> str:
    """Create the stage of a folder and return its path. A stage that a killed run left is removed."""
    stage = f"{folder}/{STAGE}"
    if os.path.lexists(stage):
        remove(stage)
    undo.append((remove, (stage,)))
    make_stage(stage, folder)
    return stage


def not_writable(folder: str, error: OSError) -> RefusedError:
    """Return an error with the reason of the operating system and the path that it is about."""
    place = visible(os.path.normpath(os.fsdecode(error.filename or folder)))
    hint = "fix the cause, then run the command again; nothing was written"
    return RefusedError(Problem(f"{place}: {error.strerror or error}", hint, code="not-writable"))


def _make_root(folder: str, undo: list[Undo]) -> None:
    missing = []
    place = os.path.abspath(folder)
    while not os.path.isdir(place):
        missing.append(place)
        place = os.path.dirname(place)
    for place in reversed(missing):
        os.mkdir(place)
        undo.append((os.rmdir, (place,)))
