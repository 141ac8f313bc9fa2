"""Any config and referenced files: a tree, or an error with a position. `make fuzz` runs 20,000 cases of it."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.cases import folders
from tests.fuzz.checkouts import COMMANDS, sound
from tests.fuzz.run import by_library, commit, fuzz, fuzz_checkouts, in_checkout


def test_the_folders_are_valid_before_they_are_changed(tmp_path: Path) -> None:
    for index, files in enumerate(folders()):
        for name, content in files.items():
            (tmp_path / str(index) / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / str(index) / name).write_bytes(content)
        assert by_library(tmp_path / str(index)) == "rendered"


def test_nothing_but_a_tree_or_an_error_with_a_place() -> None:
    ends = fuzz(300, derandomize=True)
    assert ends.total() >= 300
    assert ends["refused"] > 60, "the changes have to reach what is refused"
    assert ends["rendered"] > 30, "and what is rendered"


def test_the_checkouts_are_sound_before_they_are_changed(tmp_path: Path) -> None:
    for number, (kind, commands) in enumerate(COMMANDS.items()):
        for name, content in sound(kind, "scale-down").items():
            (tmp_path / str(number) / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / str(number) / name).write_bytes(content)
        commit(tmp_path / str(number) / "owner")
        assert in_checkout(tmp_path / str(number), commands[-1], real=True) == 0


def test_no_checkout_ends_in_an_internal_error() -> None:
    ends = fuzz_checkouts(150, derandomize=True)
    assert ends[0] > 10, "the changes have to leave what can be built"
    assert ends[1] + ends[2] > 30, "and reach what is refused"
