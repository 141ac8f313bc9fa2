"""The copy of a checkout for trial builds: regular files, folders, and links to targets in the checkout."""

import os
import stat
from pathlib import Path

from rediskit.errors import Problem, RefusedError

MAX_FILE = 16 * 1024 * 1024
"""Bytes. A larger file is not copied: an API server accepts no manifest of that size."""
MAX_TOTAL = 1024 * 1024 * 1024
"""Bytes. A larger checkout is refused."""
MAX_LEVELS = 100
"""Levels of folders. Deeper folders are not copied."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_checkout(top: Path, copy: Path) -> tuple[str, ...]:
    """Copy a checkout without `.git`, and return the path of each file that is left out, with the reason. No link leads out of the copy.

    A link becomes a relative link to the real path of its target. Links that leave the checkout or are broken, named pipes, sockets,
    devices, files over 16 MiB and unreadable files are left out. Raises RefusedError when the checkout is larger than 1 GiB, or the copy
    cannot be written.
    """
    copying = _Copying(top)
    try:
        os.mkdir(copy, 0o700)
        source, target = os.open(top, _FOLDER), os.open(copy, _FOLDER)
        try:
            copying.folder(source, target, "", 0)
        finally:
            os.close(source)
            os.close(target)
    except OSError as error:
        hint = "free disk space, or set $TMPDIR to another folder"
        raise RefusedError(Problem(f"cannot write the copy of {top} for the trial build: {error.strerror or error}", hint)) from error
    return tuple(copying.left_out)


class _Copying:
    def __init__(self, top: Path) -> None:
        self.top = top
        self.left_out: list[str] = []
        self.total = 0

    def folder(self, source: int, target: int, path: str, level: int) -> None:
        """Copy the contents of a folder. path: relative to the checkout, empty or with a slash at its end."""
        for name in sorted(os.listdir(source)):
            if name == ".git":
                continue
            here = f"{path}{name}"
            try:
                mode = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
            except OSError as error:
                self._leave_out(here, _reason(error))
                continue
            if stat.S_ISDIR(mode):
                self._folder_at(name, source, target, here, level + 1)
            elif stat.S_ISREG(mode):
                self._file(name, source, target, here)
            elif stat.S_ISLNK(mode):
                self._link(name, target, here)
            else:
                self._leave_out(here, "not a regular file")

    def _folder_at(self, name: str, source: int, target: int, path: str, level: int) -> None:
        if level > MAX_LEVELS:
            self._leave_out(path, f"deeper than {MAX_LEVELS} folders")
            return
        try:
            inside = os.open(name, _FOLDER, dir_fd=source)
            os.listdir(inside)
        except OSError as error:
            self._leave_out(path, _reason(error))
            return
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            into = os.open(name, _FOLDER, dir_fd=target)
            try:
                self.folder(inside, into, f"{path}/", level)
            finally:
                os.close(into)
        finally:
            os.close(inside)

    def _file(self, name: str, source: int, target: int, path: str) -> None:
        try:
            with open(os.open(name, _READ, dir_fd=source), "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    self._leave_out(path, "not a regular file")
                    return
                content = stream.read(MAX_FILE + 1)
        except OSError as error:
            self._leave_out(path, _reason(error))
            return
        if len(content) > MAX_FILE:
            self._leave_out(path, f"larger than {MAX_FILE >> 20} MiB")
            return
        self.total += len(content)
        if self.total > MAX_TOTAL:
            hint = "check out only the folders that the overlay needs, with git sparse-checkout"
            raise RefusedError(Problem(f"{self.top} contains more than {MAX_TOTAL >> 30} GiB of files to copy", hint))
        with open(os.open(name, _NEW, 0o600, dir_fd=target), "wb") as stream:
            stream.write(content)

    def _link(self, name: str, target: int, path: str) -> None:
        try:
            real = Path(os.path.realpath(self.top / path, strict=True))
        except OSError:
            self._leave_out(path, "a broken link")
            return
        if not real.is_relative_to(self.top) or ".git" in real.relative_to(self.top).parts:
            self._leave_out(path, "a link to a target outside of the checkout")
            return
        os.symlink(os.path.relpath(real, (self.top / path).parent), name, dir_fd=target)

    def _leave_out(self, path: str, why: str) -> None:
        self.left_out.append(f"{path} ({why})")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
