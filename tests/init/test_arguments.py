"""Arguments of a command line that contain the address of Redis."""

from __future__ import annotations

import pytest

from tests.init.live import container, other_questions, workload
from tests.init.test_clients import THREE, client


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--redis-host=redis"], [("redis-host=redis", "redis-host=${host}")]),
        (["serve", "--broker=redis://redis:6379/1"], [("redis://redis:6379/1", "redis://:${password}@${address}/${database}")]),
        (["redis:6379", "--x"], [("redis:6379", "${address}")]),
    ],
)
def test_arguments_are_replaced(args: list[str], expected: list[tuple[str, str]]) -> None:
    detected = client(workload(container() | {"args": args}))
    assert (other_questions(detected), detected.workloads[0].containers[0].args) == ({}, expected)


@pytest.mark.parametrize(
    ("args", "question"),
    [
        (["--url=redis://:word@redis:6379"], "container app: args[0] contains a password"),
        (["redis:6379", "redis:6379"], "container app: args[0] contains the address of a Redis, but not once"),
    ],
)
def test_arguments_that_cannot_be_replaced_are_a_question(args: list[str], question: str) -> None:
    detected = client(workload(container(**THREE) | {"args": args}))
    assert any(text.startswith(question) for text in detected.questions["containers"])
    assert not detected.workloads[0].containers[0].args
