"""The process of the command: standard streams, signals, current folder."""

from __future__ import annotations

import gc
import os
import signal
import sys

from rediskit import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)
_NEW_OBJECTS = 100_000
"""New containers between two collections: Python's 700 let it visit the imported modules again and again, 4 % of a first render."""


class Terminated(KeyboardInterrupt):
    """A signal asked the process to end: it stops and cleans up, as with Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def prepare() -> None:
    """Open the streams that are closed, treat SIGTERM and SIGHUP as an interrupt, and collect garbage less often."""
    gc.set_threshold(_NEW_OBJECTS)
    _open_streams()
    for number in ENDING:
        # A signal that the caller ignores, as nohup does, stays ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Interrupt the command once: a second signal does not interrupt the cleaning up."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise Terminated(number)


def _open_streams() -> None:
    """Give each closed stream a descriptor: the next file that is opened would get its number, and output would go into that file.

    Standard output is opened for reading, so that writing fails and is reported.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, flags)  # the lowest free number: those below are open by now
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
    # Python's own streams, from descriptors: nothing is opened by name.
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def check_folder() -> None:
    """Raise ConfigError where the current folder was removed: no relative path leads anywhere."""
    try:
        os.getcwd()  # noqa: PTH109 - each command starts here, and --help needs no pathlib
    except FileNotFoundError:
        from rediskit.errors import ConfigError, Problem  # not at start-up: --help and --version need no errors

        raise ConfigError(Problem("the current folder was removed", "change to a folder that exists")) from None
