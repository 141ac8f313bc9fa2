"""Results that are computed once per object."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import pytest

from rediskit.model.migration import Migration
from rediskit.model.once import RESULTS, once
from rediskit.state_machine.effects import effects


class Owner:
    """An object with an instance dictionary."""


def test_a_function_runs_once_per_object_and_arguments() -> None:
    calls: list[tuple[object, ...]] = []

    @once
    def alone(owner: Owner) -> list[str]:
        calls.append((owner,))
        return []

    @once
    def kept(owner: Owner, text: str, flag: bool) -> list[str]:
        calls.append((owner, text, flag))
        return [text]

    first, other = Owner(), Owner()
    assert alone(first) is alone(first)
    assert alone(first) is not alone(other)
    assert kept(first, "a", True) is kept(first, "a", True) is not kept(first, "b", True)
    assert kept(first, "a", True) is not kept(first, "a", False)
    assert len(calls) == 5


def test_an_exception_is_not_kept() -> None:
    answers = iter((ValueError, "text"))

    @once
    def kept(owner: Owner) -> tuple[Owner, object]:
        answer = next(answers)
        if answer is ValueError:
            raise ValueError("the first call")
        return owner, answer

    owner = Owner()
    with pytest.raises(ValueError, match="the first call"):
        kept(owner)
    assert kept(owner) == (owner, "text")


def test_arguments_of_equal_value_and_another_identity_are_told_apart() -> None:
    """Their identities are free for other objects once they are gone, so the results keep them alive."""

    @dataclass
    class Argument:
        number: int

    @once
    def kept(owner: Owner, argument: Argument) -> tuple[Owner, int]:
        return owner, argument.number

    owner = Owner()
    assert [kept(owner, Argument(number))[1] for number in range(50)] == list(range(50))


def test_a_changed_copy_of_a_model_starts_without_results() -> None:
    before = Migration(step="prepare")
    assert not effects(before).release
    after = before.model_copy(update={"step": "deploy"})
    assert RESULTS not in after.__dict__
    assert effects(after).release
    assert not effects(before).release


def test_results_change_neither_equality_nor_the_content_of_a_model() -> None:
    used, unused = Migration(step="deploy"), Migration(step="deploy")
    effects(used)
    assert used == unused
    assert used.model_dump() == unused.model_dump()
    assert repr(used) == repr(unused)
    assert pickle.loads(pickle.dumps(used)) == unused


def test_a_deep_copy_of_a_model_starts_without_results() -> None:
    migration = Migration(step="deploy")
    effects(migration)
    assert RESULTS in migration.__dict__
    assert RESULTS not in copy.deepcopy(migration).__dict__
