"""New files are created completely or not at all, and no existing file is overwritten."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rediskit.errors import RefusedError
from rediskit.output import input_files
from rediskit.output.input_files import existing, write_new
from rediskit.output.paths import STAGE
from tests.output.faults import reached, watching

FILES = {"schema.json": b"{}\n", "config/one/app.yaml": b"app\n" * 1000, "config/one.yaml": b"name: one\n"}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def refused(action: Callable[[], None]) -> str:
    with pytest.raises(RefusedError) as caught:
        action()
    return str(caught.value)


def test_new_files_are_complete_and_their_folder_is_created(tmp_path: Path) -> None:
    write_new(str(tmp_path / "a/b"), FILES)
    assert {path: content for path, content in tree(tmp_path / "a/b").items() if content} == FILES
    assert not (tmp_path / "a/b" / STAGE).exists()
    assert (tmp_path / "a/b/schema.json").stat().st_nlink == 1


def _full_at(at: int) -> Callable[[int, str], None]:
    def fail(number: int, _: str) -> None:
        if number == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fail


@pytest.mark.parametrize("start", ["nothing", "folder", "config"])
def test_a_full_disk_at_any_point_leaves_the_old_state(tmp_path: Path, start: str) -> None:
    def begin(number: int) -> Path:
        top = tmp_path / str(number)
        (top / {"nothing": "", "folder": "new", "config": "new/config"}[start]).mkdir(parents=True)
        if start == "config":
            (top / "new/config/mine.yaml").write_text("mine\n")
        return top

    top = begin(0)
    with watching(_full_at(0)):
        write_new(f"{top}/new", FILES)
    operations = reached()
    assert operations > 10
    wrong = []
    for at in range(1, operations + 1):
        top = begin(at)
        before = tree(top)
        try:
            with watching(_full_at(at)):
                write_new(f"{top}/new", FILES)
        except RefusedError as error:
            wrong += [] if tree(top) == before and "No space left on device" in str(error) else [at]
        else:
            # Everything was in its place: the first names of the files and the .gitignore remained, and the next run removes those.
            wrong += [] if tree(top / "new").items() >= FILES.items() and at >= operations - (len(FILES) + 1) else [at]
    assert wrong == []


def test_the_stage_of_a_killed_init_is_removed(tmp_path: Path) -> None:
    (tmp_path / STAGE).mkdir()
    (tmp_path / STAGE / "0").write_text("half")
    write_new(str(tmp_path), FILES)
    assert {path for path, content in tree(tmp_path).items() if content} == set(FILES)


@pytest.mark.parametrize("what", ["file", "folder", "link", "dangling", "parent-file", "parent-dangling"])
def test_an_existing_path_is_reported_and_kept(tmp_path: Path, what: str) -> None:
    place = tmp_path / "config/one.yaml"
    if what.startswith("parent"):
        place = tmp_path / "config"
    place.parent.mkdir(exist_ok=True)
    if what in ("file", "parent-file"):
        place.write_text("mine\n")
    elif what == "folder":
        place.mkdir()
    else:
        (tmp_path / "elsewhere").write_text("elsewhere\n")
        place.symlink_to(tmp_path / ("elsewhere" if what == "link" else "nowhere"))
    before = os.lstat(place)
    message = refused(lambda: write_new(str(tmp_path), FILES))
    assert f"{tmp_path}/config/one.yaml already exists" in message
    assert os.lstat(place) == before
    assert not (tmp_path / "schema.json").exists()
    assert not (tmp_path / "nowhere").exists()
    assert "config/one.yaml" in existing(str(tmp_path), FILES)


def _sees_nothing(_folder: str, _paths: object) -> dict[str, bytes | None]:
    return {}


def test_a_file_that_another_process_creates_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/one.yaml").write_text("theirs\n")
    monkeypatch.setattr(input_files, "existing", _sees_nothing)
    assert "config/one.yaml already exists" in refused(lambda: write_new(str(tmp_path), FILES))
    assert {path: content for path, content in tree(tmp_path).items() if content} == {"config/one.yaml": b"theirs\n"}


def test_new_files_are_created_on_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: str) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    write_new(str(tmp_path / "new"), FILES)
    assert {path: content for path, content in tree(tmp_path / "new").items() if content} == FILES
    monkeypatch.setattr(input_files, "existing", _sees_nothing)
    message = refused(lambda: write_new(str(tmp_path / "new"), {"other": b"x", "schema.json": b"other"}))
    assert "schema.json: File exists" in message
    assert (tmp_path / "new/schema.json").read_bytes() == b"{}\n"
    assert not (tmp_path / "new/other").exists()
