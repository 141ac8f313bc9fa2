"""Write and remove files inside one folder without following a symbolic link on the way.

Every folder between the root and the file is opened by its name relative to the one above, with O_NOFOLLOW: a link, also one that
appears while the program runs, is refused and named, never followed.
"""

from __future__ import annotations

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
        """Take a folder.

        Args:
            root: the real path of the folder.
            shown: the folder that errors name in its place, where `root` is a copy of it.
        """
        self._root, self._shown = root, shown or root

    def write(self, path: Path, content: bytes) -> None:
        """Write a file as a new one: a file or a link that is there is replaced, never written through.

        Args:
            path: relative to the root.
            content: the bytes of the file.

        Raises:
            RefusedError: a folder on the way is a link or a file.
            OSError: the file system refuses.
        """
        with self._parent(path, create=True) as parent:
            with suppress(FileNotFoundError):
                os.unlink(path.name, dir_fd=parent)
            with open(os.open(path.name, _NEW, 0o600, dir_fd=parent), "wb") as stream:
                stream.write(content)

    def remove(self, path: Path) -> None:
        """Remove a folder and everything below it; nothing happens where there is none.

        Raises:
            RefusedError: the folder, or one on the way, is a link or a file.
            OSError: the file system refuses; some of the folder may be left.
        """
        try:
            with self._parent(path, create=False) as parent:
                os.close(self._open(path.name, parent, path))
                shutil.rmtree(path.name, dir_fd=parent)
        except FileNotFoundError:
            return

    @contextmanager
    def _parent(self, path: Path, *, create: bool) -> Iterator[int]:
        """Open the folder that holds a path."""
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
    """Return the problem of something that is where a folder of ours belongs. mode: as `lstat` gives it."""
    if stat.S_ISLNK(mode):
        target = os.readlink(place) if os.path.islink(place) else ""
        what = f"{place} is a symbolic link{f' to {target}' if target else ''}"
        return Problem(what, "replace the link by a folder: rediskit writes through no link", code="link")
    return Problem(f"{place} is not a folder", "move it away: a folder belongs there", code="link")
