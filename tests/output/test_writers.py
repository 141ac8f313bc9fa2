"""Writers without permission, at the same time, with a reader, and on file systems without locks."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rediskit.errors import RefusedError
from rediskit.output.writer import compare, write
from tests.output import faults
from tests.output.changing import LATER, NEW, OLD, heals, whole
from tests.output.faults import program, request
from tests.output.trees import Files, snapshot


def alone(rendered: Files, root: Path, **more: Any) -> str:
    """Run a write in its own process and return its output."""
    done = subprocess.run(program(), input=request(rendered, do="write", root=root, **more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", ["env", "env/platform/redis", "env/only"])
def test_a_read_only_folder_leaves_the_old_tree(start: Path, folder: str) -> None:
    (start / folder).chmod(0o555)
    try:
        message = alone(NEW, start, unprivileged=True)
    finally:
        (start / folder).chmod(0o755)
    assert f"{folder}/" in message
    assert "Permission denied" in message
    assert "check the permissions" in message
    assert snapshot(start) == whole(OLD)
    assert not compare(OLD, start).drifted
    assert alone(NEW, start, unprivileged=True) == "written\n"


def test_an_unreadable_foreign_folder_is_left_unchanged(start: Path) -> None:
    (start / "env/private").mkdir(mode=0)
    assert alone(NEW, start, unprivileged=True) == "written\n"
    assert compare(NEW, start).foreign == ("platform/redis/notes.txt",), "for root it is an empty folder, and of no interest"
    assert (start / "env/private").is_dir()


def test_a_read_only_root_is_reported(tmp_path: Path) -> None:
    (tmp_path / "rendered").mkdir(mode=0o555)
    assert "Permission denied" in alone(NEW, tmp_path / "rendered", unprivileged=True)
    assert snapshot(tmp_path / "rendered") == {}


def test_a_second_writer_is_refused(start: Path) -> None:
    """The first writer is paused: the second is refused. The lock of a killed writer ends with its process."""
    first = subprocess.Popen(program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write(request(NEW, do="write", root=start, pause=20))
        first.stdin.flush()
        assert first.stdout.readline() == "paused\n"
        before = snapshot(start)
        with pytest.raises(RefusedError, match=r"another rediskit process is writing to .*start\n  help: wait until it ends"):
            write(LATER, start)
        assert "another rediskit process is writing" in alone(LATER, start)
        assert snapshot(start) == before
        first.kill()
    heals(start, LATER)


def test_changes_of_a_writer_that_finished_first_are_compared_again(start: Path) -> None:
    first = subprocess.Popen(program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    out, _ = first.communicate(request(NEW, do="write", root=start, pause=20) + "\n")
    assert out == "paused\nwritten\n"
    assert snapshot(start) == whole(NEW)


@pytest.mark.parametrize(("code", "locks"), [(errno.EBADF, False), (errno.ENOLCK, False), (errno.EIO, True)])
def test_a_file_system_without_locks_causes_a_warning(start: Path, monkeypatch: pytest.MonkeyPatch, code: int, locks: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    if locks:
        with pytest.raises(RefusedError, match="Input/output error"):
            write(NEW, start)
    else:
        assert [str(warning) for warning in write(NEW, start).warnings if "does not support locks" in str(warning)]


def test_a_reader_sees_each_file_old_or_new(start: Path) -> None:
    seen: set[tuple[str, bytes | None]] = set()

    def read(_: int, __: str) -> None:
        for path in {**OLD.files, **NEW.files}:
            place = start / "env" / path
            content = place.read_bytes() if place.is_file() else None
            assert content in (OLD.files.get(path), NEW.files.get(path)), path
            seen.add((path, content))

    with faults.watching(read):
        write(NEW, start)
    assert {("README.yaml", b"one"), ("README.yaml", b"two")} <= seen
    assert not [path for path, content in seen if content is None and path in OLD.files and path in NEW.files]
