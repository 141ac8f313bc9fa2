"""The order of the steps in `migration.history`: what commands write loads, and nothing else."""

from __future__ import annotations

import pytest

from rediskit.model.migration import Order
from rediskit.model.step import Step, impossible
from tests.migrate.walks import ORDERS, reachable


@pytest.mark.parametrize("order", ORDERS)
def test_every_history_that_commands_write_is_possible(order: Order) -> None:
    histories = [[entry.step for entry in migration.history] for migration in reachable(order, 8)]
    assert {step for history in histories for step in history} >= {"rolled-back", "decommission", "complete", "prepare"}
    assert [history for history in histories if list(impossible(history, order))] == []


@pytest.mark.parametrize(
    ("history", "order", "wrong"),
    [
        (["validate", "rolled-back", "decommission"], "scale-down-first", [2]),
        (["validate", "decommission", "rolled-back"], "scale-down-first", [2]),
        (["scale-down", "scale-up"], "scale-down-first", [1]),
        (["scale-down", "reconfigure"], "scale-down-first", [1]),
        (["deploy", "scale-down", "scale-down"], "deploy-first", [2]),
        (["complete", "decommission"], "scale-down-first", [1]),
        (["scale-down", "rolled-back", "deploy"], "scale-down-first", [2]),
        (["validate", "rolled-back", "validate", "complete"], "scale-down-first", [2, 3]),
        (["deploy", "scale-down", "deploy", "prepare", "scale-down", "deploy"], "scale-down-first", []),
        (["deploy", "scale-down", "deploy", "prepare", "deploy", "reconfigure"], "deploy-first", [5]),
        (["validate", "decommission", "validate", "rolled-back", "scale-down"], "scale-down-first", []),
    ],
)
def test_a_history_that_no_command_writes_is_impossible(history: list[Step], order: Order, wrong: list[int]) -> None:
    assert list(impossible(history, order)) == wrong
