"""Open and read regular files. All input is read here."""

import errno
import os
import stat

from rediskit.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
"""The largest input file, in bytes."""
TOO_LARGE = (f"the file is larger than {MAX_BYTES >> 20} MiB", "check whether this is the right file")
"""Message and hint for a config or a manifest above the limit."""
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_CHUNK = 1 << 16


def opened(path: str | os.PathLike[str], *, follow: bool) -> int:
    """Open a regular file for reading. A named pipe, a socket or a device is refused with OSError and never blocks.

    `follow`: whether the path itself can be a symbolic link.
    """
    _refuse_other(os.stat(path, follow_symlinks=follow).st_mode, path)
    handle = os.open(path, _READ if follow else _READ | os.O_NOFOLLOW)
    try:
        _refuse_other(os.fstat(handle).st_mode, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _refuse_other(mode: int, path: str | os.PathLike[str]) -> None:
    """Raise OSError for everything but a regular file."""
    if not stat.S_ISREG(mode):
        text = "is a folder" if stat.S_ISDIR(mode) else "is a symbolic link" if stat.S_ISLNK(mode) else "is not a regular file"
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, text, os.fspath(path))


def read_regular(path: str | os.PathLike[str], limit: int = MAX_BYTES, *, follow: bool = True) -> bytes:
    """Return the content of a regular file. A pipe or a device is refused and never blocks, so is a link without `follow`.

    Raises OSError, EFBIG for a file of more than `limit` bytes.
    """
    handle = opened(path, follow=follow)
    try:
        content = _remainder(handle, limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit >> 20} MiB", os.fspath(path))
    return content


def read_expected(path: str, expected: int, *, rest: bool = True) -> bytes:
    """Return the content of a file, in one read if it has the expected length. Links are not followed. Raises OSError as `read_regular`.

    With `rest`, a longer file is read to its end; else the content ends one byte after the expected length.
    """
    handle = opened(path, follow=False)
    try:
        content = os.read(handle, expected + 1)
        if len(content) == expected or (len(content) > expected and not rest):
            return content
        return content + _remainder(handle)
    finally:
        os.close(handle)


def read_stream(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return the content of a file or a pipe from the command line, such as `--from <(kubectl get …)`.

    Files that a config or a checkout references are never read with this function: a pipe without a writer blocks. Raises OSError.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return _remainder(handle, limit)
    finally:
        os.close(handle)


def _remainder(handle: int, limit: int | None = None) -> bytes:
    """Return the rest of a file, at most `limit` bytes."""
    chunks, left = [], limit
    while chunk := os.read(handle, _CHUNK if left is None else min(_CHUNK, left)):
        chunks.append(chunk)
        left = None if left is None else left - len(chunk)
    return b"".join(chunks)


def reason(error: OSError) -> str:
    """Return the error message of the operating system in lower case."""
    return (error.strerror or str(error)).lower()


def read_file(
    path: str | os.PathLike[str], shown: str, hint: str = "check the path: it is relative to the current folder", limit: int = MAX_BYTES
) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; `shown` is its name for messages, `hint` that for a missing file.

    Raises ConfigError when the file is missing, not regular, not readable or too large.
    """
    try:
        return read_regular(path, limit)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise ConfigError(Problem(f"{shown} is larger than {limit >> 20} MiB", TOO_LARGE[1], code="file-size")) from error
        message = f"{shown}: {reason(error)}"
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            message = f"file {shown} does not exist"
        elif error.errno in (errno.EISDIR, errno.EINVAL):
            message = f"{shown} {reason(error)}"
        else:
            hint = "check the name of the file and its permissions"
        raise ConfigError(Problem(message, hint, code="file-missing")) from error
