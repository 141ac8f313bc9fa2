"""Stages of killed runs are removed by the next writer and ignored by Git; a running writer keeps its own."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from rediskit.errors import RefusedError
from rediskit.output.atomic import make_stage
from rediskit.output.leftovers import abandoned, input_leftovers, remove_leftovers, tree_leftovers
from rediskit.output.lock import exclusive_lock
from rediskit.output.paths import STAGE
from rediskit.output.writer import write
from tests.output.faults import obey_permissions, watching
from tests.output.repositories import Repository
from tests.output.trees import Files, put


def left(folder: Path, name: str = STAGE) -> Path:
    """Create a stage with a file in it."""
    make_stage(str(folder / name), str(folder))
    put(folder / name, "new0", "half")
    return folder / name


def test_git_ignores_a_leftover_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "repository", monkeypatch)
    put(repository.folder, "config/a.yaml", "x")
    for folder in ("", "config", "rendered/env"):
        (repository.folder / folder).mkdir(parents=True, exist_ok=True)
        left(repository.folder / folder)
    left(repository.folder / "rendered", f".new{STAGE}")
    repository.git("add", "--all", ".")
    assert repository.git("diff", "--cached", "--name-only").split() == ["config/a.yaml"]


class _KilledError(Exception):
    """Ends a run in the place of a signal: nothing is tidied up."""


def test_git_adds_nothing_of_a_leftover_whenever_its_run_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "repository", monkeypatch)

    def kill(at: int, _: str) -> None:
        if at == number:
            raise _KilledError

    for number in count(1):
        stage = repository.folder / f"{number}" / STAGE
        stage.parent.mkdir()
        try:
            with watching(kill):
                make_stage(str(stage), str(stage.parent))
        except _KilledError:
            repository.git("add", "--all", ".")
            continue
        break
    assert number == 5, "mkdir, open, write, rename"
    assert repository.git("diff", "--cached", "--name-only") == ""
    remove_leftovers(input_leftovers([repository.folder / f"{place}" for place in range(1, 6)]))
    assert list(repository.folder.rglob(STAGE)) == []


def test_inputs_have_their_leftovers_in_a_folder_of_the_work_tree_above_them(tmp_path: Path) -> None:
    (tmp_path / "top/.git").mkdir(parents=True)
    (tmp_path / "top/config/chocolandia").mkdir(parents=True)
    left(tmp_path)
    leftovers = [left(tmp_path / name) for name in ("top", "top/config", "top/config/chocolandia")]
    assert [Path(place) for _, place in input_leftovers([tmp_path / "top/config/chocolandia"])] == leftovers
    remove_leftovers(input_leftovers([tmp_path / "top/config/chocolandia"]))
    assert not any(map(os.path.lexists, leftovers))
    assert (tmp_path / STAGE).exists(), "it is outside of the work tree"


def test_outside_of_git_only_the_folder_itself_counts(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    left(tmp_path)
    assert list(input_leftovers([tmp_path / "config"])) == []


def test_a_write_removes_the_leftovers_of_every_name_below_its_root(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(Files(name, {"a": b"1"}), tmp_path)
    (tmp_path / "foreign").mkdir()
    gone = [left(tmp_path, f".old{STAGE}"), left(tmp_path / "two")]
    kept = left(tmp_path / "foreign")
    assert abandoned(tree_leftovers(str(tmp_path))) == [str(place) for place in gone]
    write(Files("one", {"a": b"1"}), tmp_path)
    assert not any(map(os.path.lexists, gone))
    assert kept.exists(), "that folder has no index: it is not ours"


def test_the_stage_of_a_running_writer_is_kept(tmp_path: Path) -> None:
    place = left(tmp_path)
    with exclusive_lock(str(tmp_path)):
        assert abandoned(input_leftovers([tmp_path])) == []
        remove_leftovers(input_leftovers([tmp_path]))
    assert place.exists()
    assert abandoned(input_leftovers([tmp_path])) == [str(place)]


def test_a_leftover_that_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    place = left(tmp_path)
    place.chmod(0o555)
    child = os.fork()
    if child == 0:
        obey_permissions()
        try:
            remove_leftovers(input_leftovers([tmp_path]))
        except RefusedError as error:
            os._exit(0 if "Permission denied" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    place.chmod(0o755)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_leftover_that_is_no_folder_is_removed_and_not_followed(kind: str, tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    precious = put(tmp_path / "outside", "precious", "1")
    (tmp_path / "top" / STAGE).symlink_to(precious.parent) if kind == "link" else put(tmp_path / "top", STAGE, "x")
    remove_leftovers(input_leftovers([tmp_path / "top"]))
    assert list((tmp_path / "top").iterdir()) == []
    assert precious.read_text() == "1"
