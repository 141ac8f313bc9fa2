"""Files that come into a folder together: all of them or none, by one writer, each whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rediskit.errors import Problem, RefusedError
from rediskit.output.atomic import Undo, make_stage, remove
from rediskit.output.lock import exclusive_lock
from rediskit.output.paths import STAGE, shown


@contextmanager
def all_or_none(folder: str) -> Iterator[list[Undo]]:
    """The folder, made where it is missing and held by this writer alone. The body notes in the list how to take back each of its steps.

    When the body ends, all is in place: from there on nothing is taken back, and what is cut off in tidying up is left to the next
    write. When it raises, what was noted is undone, the newest first. Raises RefusedError where another writer is at work, or the
    disk refuses.
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
            _take_back(undo)
            raise
    except OSError as error:
        raise refused(folder, error) from error


def new_stage(folder: str, undo: list[Undo]) -> str:
    """An empty folder beside the files, for what is not yet in its place. One that a kill has left is removed."""
    stage = f"{folder}/{STAGE}"
    if os.path.lexists(stage):
        remove(stage)
    undo.append((remove, (stage,)))
    make_stage(stage, folder)
    return stage


def refused(folder: str, error: OSError) -> RefusedError:
    """What the disk said, for the place that it was about."""
    place = shown(os.path.normpath(os.fsdecode(error.filename or folder)))
    return RefusedError(
        Problem(f"{place}: {error.strerror or error}", "fix that, then try again; nothing was written", code="not-writable")
    )


def _make_root(folder: str, undo: list[Undo]) -> None:
    missing = []
    place = os.path.abspath(folder)
    while not os.path.isdir(place):
        missing.append(place)
        place = os.path.dirname(place)
    for place in reversed(missing):
        os.mkdir(place)
        undo.append((os.rmdir, (place,)))


def _take_back(undo: list[Undo]) -> None:
    """A folder that somebody else put something into stays."""
    for step, places in reversed(undo):
        with suppress(OSError):
            step(*places)
