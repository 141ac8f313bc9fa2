"""Write and remove files inside one folder without following symbolic links.

Each folder is opened by its name relative to the folder above it, with O_NOFOLLOW. A link is refused, even one that another process
creates during the write.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rediskit.errors import Problem, RefusedError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NoFollowFolder:
    """A folder whose files are written and removed without following links."""

    def __init__(self, root: Path, shown: Path | None = None) -> None:
        """Set the folder, a real path. Errors report `shown`, where `root` is a copy of it."""
        self._root, self._shown = root, shown or root

    def write(self, path: Path, content: bytes) -> None:
        """Write a new file at a relative path. An existing file or link is replaced, never written through.

        Raises RefusedError when a parent is a link or a file.
        """
        with self._parent(path, create=True) as parent:
            with suppress(FileNotFoundError):
                os.unlink(path.name, dir_fd=parent)
            with open(os.open(path.name, _NEW, 0o600, dir_fd=parent), "wb") as stream:
                stream.write(content)

    def remove(self, path: Path) -> None:
        """Remove a folder with its content, if it exists. After an OSError, a part of the folder may be left.

        Raises RefusedError when the folder or a parent is a link or a file.
        """
        with suppress(FileNotFoundError), self._parent(path, create=False) as parent:
            os.close(self._open(path.name, parent, path))
            shutil.rmtree(path.name, dir_fd=parent)

    @contextmanager
    def _parent(self, path: Path, *, create: bool) -> Iterator[int]:
        """Open the parent folder of a path."""
        handle = os.open(self._root, _FOLDER)
        try:
            for end, part in enumerate(path.parts[:-1], 1):
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=handle)
                below = self._open(part, handle, Path(*path.parts[:end]))
                os.close(handle)
                handle = below
            yield handle
        finally:
            os.close(handle)

    def _open(self, name: str, parent: int, path: Path) -> int:
        """Open a folder. Raises RefusedError where it is something else."""
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            raise RefusedError(not_a_folder(self._shown / path, mode)) from None


def not_a_folder(place: Path, mode: int) -> Problem:
    """Return the problem of a path that is not a folder. mode: as `lstat` returns it."""
    if stat.S_ISLNK(mode):
        target = os.readlink(place) if os.path.islink(place) else ""
        message = f"{place} is a symbolic link{f' to {target}' if target else ''}"
        return Problem(message, "replace the link with a folder: rediskit does not write through links", code="link")
    return Problem(f"{place} is not a folder", "move it: rediskit creates a folder at this path", code="link")
