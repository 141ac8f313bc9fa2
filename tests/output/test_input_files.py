"""Input files are written completely or not at all, and no change of another process is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rediskit.errors import RefusedError
from rediskit.output.input_files import read_inputs, write_inputs
from rediskit.output.paths import STAGE

OLD = {"a/one.yaml": b"old one\n", "a/two.yaml": b"old two\n"}
NEW = {"a/one.yaml": b"new one\n", "a/two.yaml": b"new two\n", "b/three.yaml": b"new three\n", ".rules": b"rules\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    (folder / "a").mkdir(parents=True)
    for path, content in OLD.items():
        (folder / path).write_bytes(content)
    (folder / "a/other.yaml").write_bytes(b"not ours\n")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


BEFORE = {**OLD, "a/other.yaml": b"not ours\n"}
AFTER = {**NEW, "a/other.yaml": b"not ours\n"}


def test_input_files_are_created_and_replaced(folder: Path) -> None:
    write_inputs(str(folder), NEW, read_inputs(str(folder), NEW))
    assert content(folder) == AFTER


def test_a_missing_folder_is_created(tmp_path: Path) -> None:
    write_inputs(str(tmp_path / "x/y"), NEW, read_inputs(str(tmp_path / "x/y"), NEW))
    assert content(tmp_path / "x/y") == NEW


def test_the_stage_of_a_killed_run_is_removed(folder: Path) -> None:
    (folder / STAGE / "more").mkdir(parents=True)
    write_inputs(str(folder), NEW, read_inputs(str(folder), NEW))
    assert content(folder) == AFTER
    assert not (folder / STAGE).exists()


CALLS = ("mkdir", "open", "write", "replace", "scandir", "unlink", "rmdir", "lstat")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["OSError", "KeyboardInterrupt"])
def test_all_or_none_whichever_call_fails(name: str, failure: BaseException, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the n-th call of one function fail, for each n. An interrupt may come after the last step."""
    seen = read_inputs(str(folder), NEW)
    for nth in range(1, 60):
        calls = [0]
        with monkeypatch.context() as patch:
            patch.setattr(os, name, _failing(getattr(os, name), nth, failure, calls))
            try:
                write_inputs(str(folder), NEW, seen)
                done = True
            except (RefusedError, KeyboardInterrupt):
                done = False
        files = {path: text for path, text in content(folder).items() if not path.startswith(STAGE)}
        interrupted = isinstance(failure, KeyboardInterrupt) and not done
        assert files == AFTER if done else files in ((BEFORE, AFTER) if interrupted else (BEFORE,)), f"{name} number {nth}"
        if calls[0] < nth:
            break
        for path in [*NEW, ".rules"]:
            (folder / path).unlink(missing_ok=True)
        for path, text in OLD.items():
            (folder / path).write_bytes(text)
        (folder / "b").rmdir() if (folder / "b").exists() else None
    else:
        pytest.fail("more calls than the test expects")


def _failing(real: Callable[..., Any], nth: int, failure: BaseException, calls: list[int]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth:
            raise failure
        return real(*arguments, **options)

    return call


def test_a_file_that_another_process_changed_is_not_overwritten(folder: Path) -> None:
    seen = read_inputs(str(folder), NEW)
    (folder / "a/one.yaml").write_bytes(b"somebody else's\n")
    with pytest.raises(RefusedError, match=r"a/one\.yaml changed during this command"):
        write_inputs(str(folder), NEW, seen)
    assert content(folder) == {**BEFORE, "a/one.yaml": b"somebody else's\n"}
    seen = read_inputs(str(folder), {"b/three.yaml": b""})
    (folder / "b").mkdir()
    (folder / "b/three.yaml").write_bytes(b"new, and not ours\n")
    with pytest.raises(RefusedError, match=r"b/three\.yaml changed during this command"):
        write_inputs(str(folder), {"b/three.yaml": b"x"}, seen)


@pytest.mark.parametrize(("kind", "what"), [("link", "a symbolic link"), ("folder", "a folder"), ("pipe", "not a regular file")])
def test_only_regular_files_are_replaced(kind: str, what: str, folder: Path) -> None:
    place = folder / "a/one.yaml"
    place.unlink()
    if kind == "link":
        place.symlink_to("two.yaml")
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    with pytest.raises(RefusedError, match=f"one.yaml is {what}"):
        read_inputs(str(folder), NEW)
    with pytest.raises(RefusedError, match=f"one.yaml is {what}"):
        write_inputs(str(folder), NEW, {})
    assert (folder / "a/two.yaml").read_bytes() == OLD["a/two.yaml"]


def test_an_input_file_above_1_mib_is_refused(folder: Path) -> None:
    (folder / "a/one.yaml").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(RefusedError, match="larger than 1 MiB"):
        read_inputs(str(folder), NEW)
