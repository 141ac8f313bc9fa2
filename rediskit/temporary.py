"""Temporary folders. A later process removes the folders of a killed process.

A running process locks its folder, so a folder without a lock is abandoned. A file with a fixed name marks the folders of rediskit; no
other folder is removed.
"""

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
"""The form of the names from `tempfile.mkdtemp`."""
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create an empty folder that only this user can read, yield its real path, and remove it at the end.

    Folders of processes that were killed are removed first.
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
    """Return the folder for temporary files. `tempfile.gettempdir` writes a test file, which stays if the process is killed."""
    return Path(os.path.realpath(os.environ.get("TMPDIR") or "/tmp"))


def _create() -> tuple[Path, int]:
    while True:
        holder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))
        # Before the lock, another process can remove the new folder as abandoned.
        with suppress(FileNotFoundError):
            handle = os.open(holder, _OPEN)
            if _lock(handle) is not False and _is_still(holder, handle):
                (holder / MARK).touch()
                return holder, handle
            os.close(handle)


def _abandoned() -> Iterator[tuple[Path, int]]:
    """Yield each abandoned folder with a handle that locks it."""
    parent = _parent()
    with os.scandir(parent) as entries:
        names = sorted(entry.name for entry in entries if _NAME.fullmatch(entry.name))
    for name in names:
        holder = parent / name
        try:
            handle = os.open(holder, _OPEN)
        except OSError:
            continue  # A link, a file, the folder of another user, or a removed folder.
        if os.fstat(handle).st_uid == os.geteuid() and _lock(handle) and _is_still(holder, handle) and _is_ours(holder):
            yield holder, handle
        else:
            os.close(handle)


def _is_ours(holder: Path) -> bool:
    """Return whether the folder has the mark or is empty, because a process can be killed before it creates the mark."""
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
    """Remove the content first and the mark last, so that the folder keeps its mark if the removal is interrupted."""
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
