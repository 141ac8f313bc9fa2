"""Temporary folders. Those of a process that was killed are removed by the next one.

The folder of a process that is alive is locked, so that a folder without a lock is abandoned. A file with a fixed name marks a folder
of rediskit: nothing else in the folder for temporary files is touched.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "rediskit-tmp-"
MARK = ".rediskit-temporary"
_NAME = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")
"""As `tempfile.mkdtemp` builds names."""
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create an empty folder that only this user can read, and remove it at the end.

    Folders of processes that were killed are removed first.

    Yields:
        The real path of the folder.

    Raises:
        OSError: the folder for temporary files can't be written.
    """
    remove_abandoned()
    holder, handle = _create()
    try:
        content = holder / "content"
        content.mkdir()
        yield content
    finally:
        try:
            _remove(holder)
        finally:
            os.close(handle)


def abandoned() -> list[Path]:
    """Return the temporary folders whose process was killed."""
    return [holder for holder, handle in _abandoned() if _close(handle)]


def remove_abandoned() -> None:
    """Remove the temporary folders whose process was killed. Those that can't be removed stay; `abandoned` lists them."""
    for holder, handle in _abandoned():
        try:
            with suppress(OSError):
                _remove(holder)
        finally:
            os.close(handle)


def _parent() -> Path:
    """Return the folder for temporary files. `tempfile.gettempdir` writes a file into each candidate, which a kill leaves there."""
    return Path(os.path.realpath(os.environ.get("TMPDIR") or "/tmp"))


def _create() -> tuple[Path, int]:
    while True:
        holder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))
        # Another process may take the new folder for an abandoned one before it is locked, and remove it.
        with suppress(FileNotFoundError):
            handle = os.open(holder, _OPEN)
            if _lock(handle) is not False and _is_still(holder, handle):
                (holder / MARK).touch()
                return holder, handle
            os.close(handle)


def _abandoned() -> Iterator[tuple[Path, int]]:
    """Yield each abandoned folder with the handle that locks it."""
    parent = _parent()
    with os.scandir(parent) as entries:
        names = sorted(entry.name for entry in entries if _NAME.fullmatch(entry.name))
    for name in names:
        holder = parent / name
        try:
            handle = os.open(holder, _OPEN)
        except OSError:
            continue  # It is a link or no folder, it belongs to another user, or it has just been removed.
        if os.fstat(handle).st_uid == os.geteuid() and _lock(handle) and _is_still(holder, handle) and _is_ours(holder):
            yield holder, handle
        else:
            os.close(handle)


def _is_ours(holder: Path) -> bool:
    """Return whether the folder has the mark. A process can also be killed while the folder is still empty."""
    names = [place.name for place in holder.iterdir()]
    return not names or MARK in names


def _is_still(holder: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.lstat(holder), os.fstat(handle))
    except FileNotFoundError:
        return False


def _lock(handle: int) -> bool | None:
    """Return whether the lock was taken; None where the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _close(handle: int) -> bool:
    os.close(handle)
    return True


def _remove(holder: Path) -> None:
    """Remove the content first and the mark last: a removal that is killed leaves a folder that is still recognized."""
    content = holder / "content"
    if content.exists():
        content.chmod(0o700)
        for folder, folders, _ in os.walk(content):
            for place in (Path(folder) / name for name in folders):
                if not place.is_symlink():
                    place.chmod(0o700)
        shutil.rmtree(content)
    (holder / MARK).unlink(missing_ok=True)
    holder.rmdir()
