"""Writes that fail or are killed: the old tree or the new one, and never a mixture that `compare` calls clean."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rediskit.errors import RefusedError
from rediskit.output import index
from rediskit.output.disk import compare, write
from tests.output import faults
from tests.output.faults import program, request
from tests.output.trees import Files, old, put, snapshot, tree

OLD = tree(README="one", kept="same", platform__redis__a="a1", platform__redis__gone="x", only__old="x", place="a file")
NEW = tree(README="two", kept="same", platform__redis__a="a2", platform__redis__new="n", docs__new="n")
NEW.files["place.yaml/below.yaml"] = b"the file became a folder"
LATER = tree(README="three", platform__redis__a="a3", platform__redis__new="m", docs__other="o", place="a file again")
FOREIGN = {"platform/redis/notes.txt": b"not ours"}


def whole(rendered: Files, foreign: dict[str, bytes] = FOREIGN) -> dict[str, bytes]:
    """The folder `rendered` when this tree, and nothing else of ours, is in it."""
    files = {**rendered.files, index.NAME: index.of(index.digests(rendered.files)), **foreign}
    return {f"{rendered.name}/{path}": content for path, content in files.items()}


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """The old tree, with a foreign file in it."""
    root = tmp_path / "start"
    write(OLD, root)
    put(root / "env/platform/redis", "notes.txt", "not ours")
    assert snapshot(root) == whole(OLD)
    return root


def killed(starts: list[Path], rendered: Files, into: Path) -> list[Path]:
    into.mkdir()
    done = subprocess.run(
        program(), input=request(rendered, do="kill", starts=starts, into=into), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [into / name for name in json.loads(done.stdout)]


def never_clean_unless_whole(root: Path, *trees: Files, foreign: dict[str, bytes] = FOREIGN) -> None:
    found = snapshot(root)
    for rendered in trees:
        assert compare(rendered, root).drifted == (found != whole(rendered, foreign)), found


def heals(root: Path, rendered: Files, foreign: dict[str, bytes] = FOREIGN) -> None:
    write(rendered, root)
    assert snapshot(root) == whole(rendered, foreign)
    assert not compare(rendered, root).drifted


def test_kill_at_every_point_of_an_update(start: Path, tmp_path: Path) -> None:
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


def test_kill_twice_with_a_changed_config_in_between(start: Path, tmp_path: Path) -> None:
    once = killed([start], NEW, tmp_path / "once")[::5]
    roots = killed(once, LATER, tmp_path / "twice")
    assert len(roots) > 180
    for number, root in enumerate(roots):
        never_clean_unless_whole(root, OLD, NEW, LATER)
        heals(root, (NEW, OLD, LATER)[number % 3])


def test_kill_at_every_point_of_a_first_write(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    roots = killed([tmp_path / "nothing"], NEW, tmp_path / "killed")
    assert len(roots) > 20
    for root in roots:
        assert not (root / "env").exists() or snapshot(root / "env") == snapshot_of(NEW)
        never_clean_unless_whole(root, NEW, LATER, foreign={})
        heals(root, LATER, foreign={})


def snapshot_of(rendered: Files) -> dict[str, bytes]:
    return {path.partition("/")[2]: content for path, content in whole(rendered, {}).items()}


def raising(make: Callable[[], BaseException], at: int, *, persistent: bool = False) -> faults.Watcher:
    def watcher(number: int, _: str) -> None:
        if number == at or (persistent and number > at):
            raise make()

    return watcher


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def each_point(
    start: Path, work: Path, make: Callable[[], BaseException], *, persistent: bool = False
) -> Iterator[tuple[Path, BaseException]]:
    """The folder and the error of a write of NEW that met a fault before its first, second, third … operation."""
    for at in count(1):
        shutil.copytree(start, work, symlinks=True)
        try:
            with faults.watching(raising(make, at, persistent=persistent)):
                write(NEW, work)
        except (RefusedError, KeyboardInterrupt) as error:
            yield work, error
        else:
            assert {path: content for path, content in snapshot(work).items() if not path.endswith("/")}.items() >= whole(NEW, {}).items()
        reached = faults.reached()
        shutil.rmtree(work)
        if reached < at:
            return


def test_a_disk_that_fills_up_leaves_the_old_tree(start: Path, tmp_path: Path) -> None:
    met = 0
    for root, error in each_point(start, tmp_path / "work", full):
        met += 1
        assert snapshot(root) == whole(OLD)
        assert not compare(OLD, root).drifted
        assert isinstance(error, RefusedError)
        assert error.exit_code == 1
        assert "No space left on device" in str(error)
        assert "free some space" in str(error)
        assert ".rediskit.tmp" not in str(error), "the error names the file that was meant"
    assert met >= 30


@pytest.mark.parametrize("links", [True, False], ids=["with second names", "without"])
def test_a_disk_that_stays_full_leaves_the_old_tree_and_its_times(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """From some point on nothing can be made; what is there can be renamed and removed. Putting back needs no more than that."""
    rendered = Files("env", {**NEW.files, "deep/down/there/x.yaml": b"1"})
    times = {path: old(path) for path in sorted(start.rglob("*")) if path.is_file()}
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: raise_error(PermissionError(errno.EPERM, "")))
    met = 0
    for at in count(1):
        work = tmp_path / "work"
        shutil.copytree(start, work, symlinks=True)

        def fill(number: int, what: str, at: int = at) -> None:
            if number >= at and what in ("open", "os.write", "os.mkdir", "os.link"):
                raise full()

        failed = False
        try:
            with faults.watching(fill):
                write(rendered, work)
        except RefusedError:
            failed = True
        met += failed
        assert not compare(OLD if failed else rendered, work).drifted
        assert snapshot(work) == whole(OLD if failed else rendered)
        if failed and links:
            assert {path: (work / path.relative_to(start)).stat().st_mtime_ns for path in times} == times
        reached = faults.reached()
        shutil.rmtree(work)
        if reached < at:
            break
    assert met >= 30


def raise_error(error: BaseException) -> None:
    raise error


def test_kill_while_folders_are_made(start: Path, tmp_path: Path) -> None:
    """Going back to the old tree leaves no empty folder of the new one."""
    deep = Files("env", {**OLD.files, "deep/down/there/x.yaml": b"1", "deep/down/there/too/y.yaml": b"1"})
    roots = killed([start], deep, tmp_path / "killed")
    assert any((root / "env/deep").is_dir() and not (root / "env/deep/down").exists() for root in roots)
    for root in roots:
        heals(root, OLD)


def test_ctrl_c_leaves_the_old_tree_or_the_new_one(start: Path, tmp_path: Path) -> None:
    met = 0
    for root, error in each_point(start, tmp_path / "work", KeyboardInterrupt):
        met += 1
        assert isinstance(error, KeyboardInterrupt)
        found = {path: content for path, content in snapshot(root).items() if path != "env/.rediskit.tmp/"}
        assert found in (whole(OLD), whole(NEW))
        heals(root, LATER)
    assert met >= 30


def test_a_disk_that_goes_away_is_never_called_clean(start: Path, tmp_path: Path) -> None:
    """From some point on nothing works, neither the write nor putting back."""
    met = 0
    for root, error in each_point(start, tmp_path / "work", lambda: OSError(errno.EIO, os.strerror(errno.EIO)), persistent=True):
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
    for root, _ in each_point(start, tmp_path / "work", full):
        met += 1
        assert snapshot(root) == {}
    assert met > 20


def test_a_folder_without_an_index_gets_none_from_a_write_that_fails(tmp_path: Path) -> None:
    start = tmp_path / "start"
    put(start / "env", "kept.yaml", "same")
    before = snapshot(start)
    met = 0
    for root, _ in each_point(start, tmp_path / "work", full):
        met += 1
        assert snapshot(root) == before
    assert met > 20


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The kernel refuses to let any file of this process grow beyond this."""
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


def alone(rendered: Files, root: Path, **more: Any) -> str:
    """What a write in a process of its own says."""
    done = subprocess.run(program(), input=request(rendered, do="write", root=root, **more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", ["env", "env/platform/redis", "env/only"])
def test_a_read_only_folder_leaves_the_old_tree(start: Path, folder: str) -> None:
    (start / folder).chmod(0o555)
    try:
        said = alone(NEW, start, unprivileged=True)
    finally:
        (start / folder).chmod(0o755)
    assert f"{folder}/" in said
    assert "Permission denied" in said
    assert "you may read and write there" in said
    assert snapshot(start) == whole(OLD)
    assert not compare(OLD, start).drifted
    assert alone(NEW, start, unprivileged=True) == "written\n"


def test_a_foreign_folder_that_can_not_be_read_is_left_alone(start: Path) -> None:
    (start / "env/private").mkdir(mode=0)
    assert alone(NEW, start, unprivileged=True) == "written\n"
    assert compare(NEW, start).foreign == ("platform/redis/notes.txt",), "for root it is an empty folder, and of no interest"
    assert (start / "env/private").is_dir()


def test_a_read_only_root(tmp_path: Path) -> None:
    (tmp_path / "rendered").mkdir(mode=0o555)
    assert "Permission denied" in alone(NEW, tmp_path / "rendered", unprivileged=True)
    assert snapshot(tmp_path / "rendered") == {}


def test_two_writers_at_once(start: Path) -> None:
    """The first one stands still half-way: the second is refused. It is killed: its lock goes with it."""
    first = subprocess.Popen(program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write(request(NEW, do="write", root=start, pause=20))
        first.stdin.flush()
        assert first.stdout.readline() == "paused\n"
        before = snapshot(start)
        with pytest.raises(RefusedError, match=r"another rediskit is writing to .*start\n  render again when it has finished"):
            write(LATER, start)
        assert "another rediskit is writing" in alone(LATER, start)
        assert snapshot(start) == before
        first.kill()
    heals(start, LATER)


def test_a_writer_that_waits_in_line_loses_nothing(start: Path) -> None:
    first = subprocess.Popen(program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    out, _ = first.communicate(request(NEW, do="write", root=start, pause=20) + "\n")
    assert out == "paused\nwritten\n"
    assert snapshot(start) == whole(NEW)


@pytest.mark.parametrize(("code", "locks"), [(errno.EBADF, False), (errno.ENOLCK, False), (errno.EIO, True)])
def test_a_file_system_that_locks_no_folders(start: Path, monkeypatch: pytest.MonkeyPatch, code: int, locks: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    if locks:
        with pytest.raises(RefusedError, match="Input/output error"):
            write(NEW, start)
    else:
        assert [str(warning) for warning in write(NEW, start).warnings if "can't be locked" in str(warning)]


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
