"""What is in effect at each step, in both orders, and what several clients mean for the release."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rediskit.model.migration import Migration, Order
from rediskit.state_machine.effects import Effects, effects, left_shared, owned, release_is_deployed, steps
from tests.samples import EVIDENCE, IDENTITIES, OBSERVED, STEPS, client, environment_of, history

NOTHING = Effects()
DOWN = Effects(stopped=True)
DEPLOYED = Effects(release=True)
TABLE: dict[Order, dict[str, Effects]] = {
    "scale-down-first": {
        "prepare": NOTHING,
        "scale-down": DOWN,
        "deploy": Effects(release=True, stopped=True),
        "reconfigure": Effects(release=True, stopped=True, switched=True),
        "scale-up": Effects(release=True, switched=True, restored=True),
        "validate": Effects(release=True, switched=True, restored=True),
        "decommission": Effects(release=True, switched=True, restored=True, removed=True),
        "complete": DEPLOYED,
    },
    "deploy-first": {
        "prepare": NOTHING,
        "deploy": DEPLOYED,
        "scale-down": Effects(release=True, stopped=True),
        "reconfigure": Effects(release=True, stopped=True, switched=True),
        "scale-up": Effects(release=True, switched=True, restored=True),
        "validate": Effects(release=True, switched=True, restored=True),
        "decommission": Effects(release=True, switched=True, restored=True, removed=True),
        "complete": DEPLOYED,
    },
}
ORDERS: tuple[Order, ...] = ("scale-down-first", "deploy-first")


def at(*steps: str, order: Order = "scale-down-first") -> Migration:
    """Return a migration with a history of steps, at the last one."""
    return Migration.model_validate(
        {"step": steps[-1], "order": order, "history": history(*steps), "validation": EVIDENCE, "evidence": OBSERVED}
    )


def without_history(step: str, order: Order) -> Migration:
    return Migration.model_validate({"step": step, "order": order, "validation": EVIDENCE, "evidence": OBSERVED})


@pytest.mark.parametrize("order", ORDERS)
def test_the_sequence_has_every_step_except_rolled_back(order: Order) -> None:
    assert list(steps(order)) == list(TABLE[order])
    assert set(steps(order)) == set(STEPS) - {"rolled-back"}


@pytest.mark.parametrize(("order", "step"), [(order, step) for order in ORDERS for step in TABLE[order]])
def test_effects_of_each_step(order: Order, step: str) -> None:
    assert effects(without_history(step, order)) == TABLE[order][step]
    way = list(steps(order))
    assert effects(at(*way[: way.index(step) + 1], order=order)) == TABLE[order][step]  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ORDERS)
def test_each_step_changes_one_repository(order: Order) -> None:
    """The release is in this repository, all else in the application repository, so no two commits race."""
    way = [TABLE[order][step] for step in steps(order)]
    for before, after in pairwise(way):
        ours = before.release != after.release
        theirs = (before.stopped, before.switched, before.restored, before.removed) != (
            after.stopped,
            after.switched,
            after.restored,
            after.removed,
        )
        assert not (ours and theirs)


@pytest.mark.parametrize("step", STEPS)
def test_the_application_repository_is_untouched_exactly_at_the_identities(step: str) -> None:
    assert effects(without_history(step, "scale-down-first")).owner_is_untouched == (step in IDENTITIES)


def test_without_a_migration_a_client_uses_the_release() -> None:
    assert effects(None) == DEPLOYED


@pytest.mark.parametrize(
    ("order", "steps", "deployed"),
    [
        ("scale-down-first", ("prepare", "scale-down", "rolled-back"), False),
        ("scale-down-first", ("prepare", "scale-down", "deploy", "rolled-back"), True),
        ("scale-down-first", ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "rolled-back"), True),
        ("scale-down-first", ("prepare", "scale-down", "deploy", "scale-down", "rolled-back"), False),
        ("scale-down-first", ("rolled-back",), True),
        ("scale-down-first", ("validate", "rolled-back"), True),
        ("scale-down-first", ("scale-down", "deploy", "rolled-back", "prepare"), False),
        ("scale-down-first", ("scale-down", "deploy", "rolled-back", "prepare", "scale-down"), False),
        ("scale-down-first", ("scale-down", "deploy", "rolled-back", "prepare", "scale-down", "rolled-back"), False),
        ("scale-down-first", ("scale-down", "deploy", "rolled-back", "scale-down"), True),
        ("scale-down-first", ("scale-down", "deploy", "rolled-back", "scale-down", "rolled-back"), True),
        ("scale-down-first", ("scale-down", "rolled-back", "scale-down"), False),
        ("scale-down-first", ("prepare", "scale-down", "deploy", "scale-down"), False),
        ("deploy-first", ("prepare", "deploy", "scale-down", "rolled-back"), True),
        ("deploy-first", ("prepare", "deploy", "prepare"), False),
        ("deploy-first", ("prepare", "deploy", "scale-down", "rolled-back", "scale-down"), True),
    ],
)
def test_the_release_stays_when_a_rollback_kept_it(order: Order, steps: tuple[str, ...], deployed: bool) -> None:
    """A rollback changes the application repository alone, and so does the next attempt: the release stays."""
    now = effects(at(*steps, order=order))
    assert now.release is deployed
    assert now.owner_is_untouched is (steps[-1] in IDENTITIES)


def test_a_rollback_without_history_keeps_the_release() -> None:
    assert effects(without_history("rolled-back", "scale-down-first")).release


@pytest.mark.parametrize(
    ("others", "deployed"),
    [
        ((), True),
        (("prepare",), False),
        (("prepare", "scale-down"), False),
        (("prepare", "deploy"), True),
        (("prepare", "validate"), True),
        (("scale-down", None), True),
        (("prepare", "complete"), True),
        (("complete", "complete"), True),
    ],
)
def test_the_release_stays_as_long_as_one_client_needs_it(others: tuple[str | None, ...], deployed: bool) -> None:
    environment = environment_of(over={"clients": [client(f"app{index}", step) for index, step in enumerate(others)]})
    assert release_is_deployed(environment) is deployed


def test_only_clients_with_a_migration_have_files_for_an_application_repository() -> None:
    environment = environment_of(over={"clients": [client("moving", "prepare"), client("there", None), client("done", "complete")]})
    assert [content.name for content in owned(environment)] == ["moving", "done"]


RAN = ("scale-down", "deploy", "reconfigure", "scale-up")


@pytest.mark.parametrize(
    ("completed", "left"),
    [
        (RAN, ""),
        (RAN[:3], ""),
        (("scale-down", "deploy", "rolled-back"), ""),
        ((*RAN, "rolled-back"), "rolled-back"),
        ((*RAN, "validate", "rolled-back", "scale-down", "deploy", "reconfigure"), "rolled-back"),
        ((*RAN, "rolled-back", "prepare", "scale-down"), "rolled-back"),
        ((*RAN, "reconfigure", "deploy", "scale-down"), ""),
        ((*RAN, "reconfigure", "deploy", "scale-down", "prepare"), "prepare"),
        ((*RAN, "rolled-back", "scale-down", "deploy", "reconfigure", "scale-up"), ""),
        ((*RAN, "rolled-back", "scale-down", "rolled-back"), "rolled-back"),
        (("rolled-back",), "rolled-back"),
    ],
)
def test_the_application_leaves_keys_where_it_ran_and_went_back_to_the_old_redis(completed: tuple[str, ...], left: str) -> None:
    """A step back to reconfigure, with the same data, and a rollback before the first start leave none of an earlier attempt."""
    entry = left_shared(at(*completed))
    assert (entry.step if entry else "") == left
