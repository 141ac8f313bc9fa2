"""Lock a folder for one writer at a time."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from rediskit.errors import Problem, RefusedError

_UNSUPPORTED = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""Errors of file systems that cannot lock a folder, such as NFS."""


@contextmanager
def exclusive_lock(folder: str) -> Iterator[tuple[Problem, ...]]:
    """Hold the lock of a folder, which leaves no file and ends with its process. Yields a warning where locks are not supported.

    Raises RefusedError when another process holds the lock, OSError when the folder cannot be opened.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        warnings: tuple[Problem, ...] = ()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "wait until it ends, then run the command again"
            raise RefusedError(Problem(f"another rediskit process is writing to {folder}", hint)) from None
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            hint = "run only one rediskit process on this folder at a time"
            warnings = (Problem(f"{folder}: the file system does not support locks", hint),)
        yield warnings
    finally:
        os.close(handle)
