"""One writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from rediskit.errors import Problem, RefusedError

_CANNOT = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What file systems answer that lock no folders; NFS is one."""


@contextmanager
def exclusive_lock(folder: str) -> Iterator[tuple[Problem, ...]]:
    """Holds the lock of a folder. It is on the folder itself: no file is left behind, and it goes with its process.

    Gives a warning where the file system can't lock. Raises RefusedError when another writer holds the lock, OSError.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        warnings: tuple[Problem, ...] = ()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(Problem(f"another rediskit is writing to {folder}", "render again when it has finished")) from None
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            warnings = (Problem(f"{folder}: this file system can't be locked", "see to it that only one rediskit writes there at a time"),)
        yield warnings
    finally:
        os.close(handle)
