"""The attacks themselves: each group has a hundred, and their inputs are valid before the attack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.attack import Attack, Group, World, broken, everywhere
from tests.attack.groups import GROUPS
from tests.attack.process import Ended, command
from tests.attack.run import run


@pytest.mark.parametrize("group", GROUPS, ids=[group.name for group in GROUPS])
def test_a_group_has_a_hundred_attacks_and_no_two_are_one(group: Group) -> None:
    names = [attack.name for attack in group.attacks()]
    assert len(names) >= 100
    assert len(set(names)) == len(names)


def test_an_attack_that_gets_through_is_a_failure() -> None:
    def attacks():  # type: ignore[no-untyped-def]
        yield Attack("harmless", lambda world: broken(world.rediskit("schema")))
        yield Attack("harmful", lambda _: ["it got through"])

    counted = run(Group("example", attacks, lambda: None), None, 1)
    assert (counted.tried, counted.failures) == (2, ("harmful: it got through",))


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    def hang() -> None:
        import time

        time.sleep(60)

    ended = command(("schema",), tmp_path, limit=0.5, before=hang)
    assert ended.code is None
    assert list(broken(ended)) == ["no end within 20 s"]


@pytest.mark.parametrize(
    "ended",
    [
        Ended(70, "", "", 0.0),
        Ended(-11, "", "", 0.0),
        Ended(3, "", "error: internal error: KeyError\n", 0.0),
        Ended(1, "", "Traceback (most recent call last):\n", 0.0),
    ],
)
def test_a_crash_is_a_failure(ended: Ended) -> None:
    assert list(broken(ended))


def test_a_program_that_is_started_is_recorded(tmp_path: Path) -> None:
    import subprocess

    world = World(tmp_path)
    subprocess.run([world.recorder("sops"), "decrypt", "x"], check=False)
    assert world.started() == ["sops decrypt x"]


def test_a_fix_that_is_nowhere_cannot_be_taken_away() -> None:
    with pytest.raises(RuntimeError, match="nowhere"):
        everywhere(object(), None)
