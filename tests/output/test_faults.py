"""A failed or killed write leaves the old tree or the new one; `compare` reports drift for a mixture."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from rediskit.errors import RefusedError
from rediskit.output.writer import compare, write
from tests.output import faults
from tests.output.changing import LATER, NEW, OLD, heals, never_clean_unless_whole, whole
from tests.output.faults import program, request
from tests.output.trees import Files, old, put, snapshot


def killed(starts: list[Path], rendered: Files, into: Path) -> list[Path]:
    into.mkdir()
    done = subprocess.run(
        program(), input=request(rendered, do="kill", starts=starts, into=into), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [into / name for name in json.loads(done.stdout)]


def test_a_write_completes_an_update_that_was_killed_at_any_point(start: Path, tmp_path: Path) -> None:
    roots = killed([start], NEW, tmp_path / "killed")
    assert len(roots) > 30
    contents = {path: {rendered.files[path] for rendered in (OLD, NEW) if path in rendered.files} for path in {**OLD.files, **NEW.files}}
    for root in roots:
        never_clean_unless_whole(root, OLD, NEW, LATER)
        for path, allowed in contents.items():
            place = root / "env" / path
            assert not place.is_file() or place.read_bytes() in allowed
        for rendered in (NEW, OLD, LATER):
            shutil.copytree(root, tmp_path / "mended", symlinks=True)
            heals(tmp_path / "mended", rendered)
            shutil.rmtree(tmp_path / "mended")


def test_a_write_completes_two_killed_updates(start: Path, tmp_path: Path) -> None:
    once = killed([start], NEW, tmp_path / "once")[::5]
    roots = killed(once, LATER, tmp_path / "twice")
    assert len(roots) > 180
    for number, root in enumerate(roots):
        never_clean_unless_whole(root, OLD, NEW, LATER)
        heals(root, (NEW, OLD, LATER)[number % 3])


def test_a_killed_first_write_leaves_no_partial_directory(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    roots = killed([tmp_path / "nothing"], NEW, tmp_path / "killed")
    assert len(roots) > 20
    for root in roots:
        assert not (root / "env").exists() or snapshot(root / "env") == snapshot_of(NEW)
        never_clean_unless_whole(root, NEW, LATER, foreign={})
        heals(root, LATER, foreign={})


def snapshot_of(rendered: Files) -> dict[str, bytes]:
    return {path.partition("/")[2]: content for path, content in whole(rendered, {}).items()}


Fault = Callable[[int], faults.Watcher]
"""Returns what happens at the operations of a write from a given number on."""


def once(make: Callable[[], BaseException]) -> Fault:
    """Let one operation fail."""

    def fault(at: int) -> faults.Watcher:
        def watcher(number: int, _: str) -> None:
            if number == at:
                raise make()

        return watcher

    return fault


def for_good(make: Callable[[], BaseException], kinds: Container[str] | None = None) -> Fault:
    """Let all operations, or all of some kinds, fail from one number on."""

    def fault(at: int) -> faults.Watcher:
        def watcher(number: int, what: str) -> None:
            if number >= at and (kinds is None or what in kinds):
                raise make()

        return watcher

    return fault


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FULL = {"once": once(full), "for good": for_good(full, ("open", "os.write", "os.mkdir", "os.link"))}
"""A full disk: nothing can be created; files can be renamed and removed."""


def each_point(start: Path, work: Path, fault: Fault, rendered: Files = NEW) -> Iterator[tuple[Path, BaseException]]:
    """Yield the folder and the error of a write that met a fault before its first, second, third … operation."""
    for at in count(1):
        shutil.copytree(start, work, symlinks=True)
        try:
            with faults.watching(fault(at)):
                write(rendered, work)
        except (RefusedError, KeyboardInterrupt) as error:
            yield work, error
        else:
            assert snapshot(work).items() >= whole(rendered, {}).items()
        reached = faults.reached()
        shutil.rmtree(work)
        if reached < at:
            return


@pytest.mark.parametrize("fault", FULL.values(), ids=FULL)
def test_a_disk_that_fills_up_leaves_the_old_tree(start: Path, tmp_path: Path, fault: Fault) -> None:
    met = 0
    for root, error in each_point(start, tmp_path / "work", fault):
        met += 1
        assert snapshot(root) == whole(OLD)
        assert not compare(OLD, root).drifted
        assert isinstance(error, RefusedError)
        assert error.exit_code == 1
        assert "No space left on device" in str(error)
        assert "free disk space" in str(error)
        assert ".rediskit.tmp" not in str(error), "the error names the file that was meant"
    assert met > 25


@pytest.mark.parametrize("links", [True, False], ids=["with second names", "without"])
def test_restoring_the_old_files_needs_no_space_and_keeps_their_times(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """On a file system without hard links, copies are made before anything changes; they have other times."""
    rendered = Files("env", {**NEW.files, "deep/down/there/x.yaml": b"1"})
    times = {path.relative_to(start): old(path) for path in sorted(start.rglob("*")) if path.is_file()}
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: raise_error(PermissionError(errno.EPERM, "")))
    met = 0
    for root, _ in each_point(start, tmp_path / "work", FULL["for good"], rendered):
        met += 1
        assert snapshot(root) == whole(OLD)
        assert not links or {path: (root / path).stat().st_mtime_ns for path in times} == times
    assert met >= 30


@pytest.mark.parametrize("fault", FULL.values(), ids=FULL)
def test_a_disk_that_fills_up_while_a_folder_becomes_a_file(tmp_path: Path, fault: Fault) -> None:
    """The opposite of OLD to NEW, with an empty foreign folder in the folder that is removed."""
    start = tmp_path / "start"
    write(Files("env", {"a/b/c/d": b"1", "e": b"1"}), start)
    (start / "env/a/b/c/empty").mkdir()
    before = snapshot(start)
    met = 0
    for root, _ in each_point(start, tmp_path / "work", fault, Files("env", {"a/b": b"2", "f": b"1"})):
        met += 1
        assert snapshot(root) == before
    assert met >= 15


def raise_error(error: BaseException) -> None:
    raise error


def test_a_write_removes_the_empty_folders_of_a_killed_one(start: Path, tmp_path: Path) -> None:
    """The old tree has no empty folder of the new one after the next write."""
    deep = Files("env", {**OLD.files, "deep/down/there/x.yaml": b"1", "deep/down/there/too/y.yaml": b"1"})
    roots = killed([start], deep, tmp_path / "killed")
    assert any((root / "env/deep").is_dir() and not (root / "env/deep/down").exists() for root in roots)
    for root in roots:
        heals(root, OLD)


def test_ctrl_c_leaves_the_old_tree_or_the_new_one(start: Path, tmp_path: Path) -> None:
    met = 0
    for root, error in each_point(start, tmp_path / "work", once(KeyboardInterrupt)):
        met += 1
        assert isinstance(error, KeyboardInterrupt)
        files = {path: content for path, content in snapshot(root).items() if path != "env/.rediskit.tmp/"}
        assert files in (whole(OLD), whole(NEW))
        heals(root, LATER)
    assert met >= 30


def test_a_disk_that_fails_permanently_is_reported_as_drift(start: Path, tmp_path: Path) -> None:
    """From one operation on everything fails, the restoration too."""
    met = 0
    for root, error in each_point(start, tmp_path / "work", for_good(lambda: OSError(errno.EIO, os.strerror(errno.EIO)))):
        met += 1
        never_clean_unless_whole(root, OLD, NEW, LATER)
        assert isinstance(error, RefusedError)
        assert "Input/output error" in str(error)
        heals(root, LATER)
    assert met >= 30


def test_a_first_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.mkdir()
    met = 0
    for root, _ in each_point(start, tmp_path / "work", once(full)):
        met += 1
        assert snapshot(root) == {}
    assert met > 20


def test_a_folder_without_an_index_gets_none_from_a_write_that_fails(tmp_path: Path) -> None:
    start = tmp_path / "start"
    put(start / "env", "kept.yaml", "same")
    before = snapshot(start)
    met = 0
    for root, _ in each_point(start, tmp_path / "work", once(full)):
        met += 1
        assert snapshot(root) == before
    assert met > 20


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit the size of files that this process can write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_kernel_refuses_a_write_half_way(start: Path) -> None:
    big = Files("env", {**NEW.files, "platform/redis/big.yaml": b"x" * 100_000})
    with largest_file(65_536), pytest.raises(RefusedError, match=r"big\.yaml: File too large"):
        write(big, start)
    assert snapshot(start) == whole(OLD)
    assert not compare(OLD, start).drifted
    heals(start, big)
