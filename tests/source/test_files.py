"""Input files are regular, opened without blocking, and limited in size."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from rediskit.errors import ConfigError
from rediskit.files import read_expected, read_file, read_regular, read_stream
from rediskit.git.discovery import work_tree


def test_a_regular_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 200_000)
    assert read_regular(file) == b"x" * 200_000
    assert read_regular(file, 200_000) == b"x" * 200_000
    with pytest.raises(OSError, match="is larger than") as caught:
        read_regular(file, 199_999)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize("read", [read_regular, lambda path: read_expected(str(path), 5)])
def test_pipes_sockets_devices_and_folders_are_refused_at_once(tmp_path: Path, read: object) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for place in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero"), tmp_path):
            with pytest.raises(OSError, match=r"is not a regular file|is a folder"):
                read(place)  # type: ignore[operator]


def test_a_link_is_followed_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link") == b"x"
    with pytest.raises(OSError, match="is a symbolic link"):
        read_regular(tmp_path / "link", follow=False)


def test_the_error_of_a_config_file_contains_the_reason(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    for name, message in (
        ("pipe", "pipe is not a regular file"),
        (".", "the folder is a folder"),
        ("none", "file none does not exist"),
        ("pipe/none", "file pipe/none does not exist"),
        ("large", "large is larger than 1 MiB"),
        ("x" * 300, "file name too long"),
    ):
        with pytest.raises(ConfigError, match=message):
            read_file(tmp_path / name, "the folder" if name == "." else name)


def test_a_stream_can_be_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x" * 10)
    os.close(writing)
    assert read_stream(f"/dev/fd/{reading}", 4) == b"xxxx"
    os.close(reading)


def test_a_path_that_is_too_long_has_no_work_tree(tmp_path: Path) -> None:
    assert work_tree(str(tmp_path / ("x" * 300))) is None
