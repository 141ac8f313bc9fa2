"""Temporary folders are removed at the end, or by the next run after a kill; other folders stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.temporary import MARK, PREFIX, abandoned, remove_abandoned, temporary_folder

HOLD = """
import sys
from rediskit.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "sub").mkdir()
    (folder / "sub/file").write_text("copied")
    print(folder, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def held() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def ended(process: subprocess.Popen[str], number: int) -> None:
    with process:
        process.send_signal(number)


def test_a_temporary_folder_is_private_and_removed_at_the_end(home: Path) -> None:
    with temporary_folder() as folder:
        assert folder.is_dir()
        assert (folder.parent.stat().st_mode & 0o777) == 0o700
        (folder / "closed").mkdir()
        (folder / "closed/file").touch()
        (folder / "closed").chmod(0)
    assert list(home.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next_run(home: Path) -> None:
    process, folder = held()
    assert abandoned() == []
    remove_abandoned()
    assert (folder / "sub/file").exists(), "its process is alive"
    ended(process, signal.SIGKILL)
    assert abandoned() == [folder.parent]
    with temporary_folder() as other:
        assert list(home.iterdir()) == [other.parent]
    assert list(home.iterdir()) == []


def test_a_link_in_an_abandoned_folder_is_not_followed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    precious = tmp_path_factory.mktemp("outside")
    (precious / "file").touch()
    process, folder = held()
    (folder / "link").symlink_to(precious)
    ended(process, signal.SIGKILL)
    remove_abandoned()
    assert list(home.iterdir()) == []
    assert (precious / "file").exists()


@pytest.mark.parametrize("kind", ["other name", "no mark", "link", "file"])
def test_other_folders_stay(kind: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = home / (f"{PREFIX}checkout" if kind != "other name" else "rediskit-checkout")
    if kind == "link":
        (target := tmp_path_factory.mktemp("target")).joinpath(MARK).touch()
        place.symlink_to(target)
    elif kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / ("notes" if kind == "no mark" else MARK)).write_text("mine")
    remove_abandoned()
    assert abandoned() == []
    assert os.path.lexists(place)
