"""Open and read input: the config, the files that it names, and every other file that rediskit reads."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rediskit.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
"""The largest input file, in bytes."""
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_CHUNK = 1 << 16


@contextmanager
def regular(path: str | os.PathLike[str], *, follow: bool = True) -> Iterator[int]:
    """Open a regular file for reading. Every input is opened here: a named pipe, a socket or a device never blocks or is touched.

    Args:
        path: the file.
        follow: whether the path itself may be a symbolic link.

    Yields:
        A descriptor of the file.

    Raises:
        OSError: it is missing, not a regular file, or may not be read.
    """
    _refuse_other(Path(path).stat(follow_symlinks=follow).st_mode, path)
    handle = os.open(path, _READ if follow else _READ | os.O_NOFOLLOW)
    try:
        _refuse_other(os.fstat(handle).st_mode, path)
        yield handle
    finally:
        os.close(handle)


def _refuse_other(mode: int, path: str | os.PathLike[str]) -> None:
    """Raise OSError for everything but a regular file."""
    if not stat.S_ISREG(mode):
        what = "is a folder" if stat.S_ISDIR(mode) else "is a symbolic link" if stat.S_ISLNK(mode) else "is not a regular file"
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, what, os.fspath(path))


def read_regular(path: str | os.PathLike[str], limit: int = MAX_BYTES, *, follow: bool = True) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file.
        limit: the largest size, in bytes.
        follow: whether the path itself may be a symbolic link.

    Raises:
        OSError: as `regular`, and with EFBIG where the file is larger than the limit.
    """
    with regular(path, follow=follow) as handle:
        content = _rest(handle, limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit >> 20} MiB", os.fspath(path))
    return content


def read_expected(path: str, expected: int, *, rest: bool = True) -> bytes:
    """Return a file's content, in one read where it has the expected length. Links are not followed.

    Args:
        path: the file.
        expected: its expected length in bytes.
        rest: whether a longer file is read to its end; else the content ends one byte after the expected length.

    Raises:
        OSError: as `regular`.
    """
    with regular(path, follow=False) as handle:
        content = os.read(handle, expected + 1)
        if len(content) == expected or (len(content) > expected and not rest):
            return content
        return content + _rest(handle)


def read_stream(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return what a file or a pipe gives that a person names on the command line, such as `--from <(kubectl get …)`.

    Nothing that a config or a checkout names is read this way: a pipe without a writer blocks. Raises OSError.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return _rest(handle, limit)
    finally:
        os.close(handle)


def _rest(handle: int, limit: int | None = None) -> bytes:
    """Return what is left to read, at most `limit` bytes."""
    chunks, left = [], limit
    while chunk := os.read(handle, _CHUNK if left is None else min(_CHUNK, left)):
        chunks.append(chunk)
        left = None if left is None else left - len(chunk)
    return b"".join(chunks)


def reason(error: OSError) -> str:
    """Return what the operating system gives as its reason, in lower case."""
    return (error.strerror or str(error)).lower()


def read_file(path: Path, shown: str, hint: str = "check the path: it counts from the current folder") -> bytes:
    """The content of a regular file of at most 1 MiB.

    Raises ConfigError that names it as `shown` when it is missing, no file, unreadable or too large; hint: where to look for it.
    """
    try:
        return read_regular(path)
    except OSError as error:
        if error.errno == errno.EFBIG:
            problem = Problem(f"{shown} is larger than 1 MiB", "no config or manifest needs so much: is it the right file?")
        elif error.errno in (errno.ENOENT, errno.ENOTDIR):
            problem = Problem(f"there is no file {shown}", hint)
        elif error.errno in (errno.EISDIR, errno.EINVAL):
            problem = Problem(f"{shown} {reason(error)}", hint)
        else:
            problem = Problem(f"{shown}: {reason(error)}", "check the name of the file and its permissions")
        raise ConfigError(problem) from error
