"""A rollback after `decommission` and `back`: the old Redis is a new one, without the data that it had at scale-down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit.source.loader import load
from tests.cli.migrations import CONFIG, STEPS, evidence, migration, write
from tests.cli.test_migrate import run as run
from tests.conftest import Run

AT = ("--at", "2026-03-03T12:00:00-03:00")
FORWARD = STEPS[1 : STEPS.index("decommission") + 1]
LOST = "the old Redis is empty: decommission removed it with its data at 2026-03-01T22:05:00-03:00"


def after(folder: Path, *steps: str, data: str = "discard") -> Path:
    """Return a config whose beersystem took these steps. data: what decommission did with the data of the old Redis."""
    section: dict[str, Any] = {"client": {"previous": {"data": data, "remove": ["Deployment/redis", "Service/redis"]}}}
    return write(folder, migration(*steps, **evidence()), section)


@pytest.mark.parametrize("data", ["discard", "none"])
def test_a_rollback_to_an_empty_redis_is_confirmed(tmp_path: Path, run: Run, data: str) -> None:
    file = after(tmp_path, *FORWARD, "validate", data=data)
    text = file.read_bytes()
    code, output, errors = run("rollback", CONFIG, "--reason", "slow", *AT)
    assert (code, output, file.read_bytes()) == (1, "", text)
    assert f"error[old-data-gone]: clients[0].migration.step: beersystem: {LOST}" in errors
    assert "; or use --override REASON" in errors
    code, _, errors = run("rollback", CONFIG, "--reason", "slow", "--override", "only a cache", *AT)
    assert (code, "decommission at 2026-03-01T22:05:00-03:00 removed the old Redis with its data" in errors) == (0, True), errors
    assert "its state of scale-down" not in errors
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.history[-1].reason == "slow; override (old-data-gone): only a cache"


def test_status_shows_that_the_old_redis_is_empty(tmp_path: Path, run: Run) -> None:
    after(tmp_path, *FORWARD, "validate")
    output = run("status", CONFIG, *AT)[1]
    assert f"blocked[old-data-gone]: {LOST}" in output
    assert "its state of scale-down" not in output


def test_a_step_back_to_an_empty_redis_is_confirmed(tmp_path: Path, run: Run) -> None:
    after(tmp_path, *FORWARD, "validate", "scale-up", "reconfigure")
    back = ("back", CONFIG, "--reason", "slow", *AT)
    code, _, errors = run(*back)
    assert (code, f"error[old-data-gone]: clients[0].migration.step: beersystem: {LOST}" in errors) == (1, True), errors
    assert run(*back, "--override", "only a cache")[0] == 0


@pytest.mark.parametrize(
    ("steps", "data"),
    [
        ((*FORWARD, "validate"), "keep"),
        (FORWARD[:-1], "discard"),
        ((*FORWARD, "validate", "rolled-back", *FORWARD[:-1]), "discard"),
    ],
    ids=["the volume is kept", "it was never removed", "it has run again"],
)
def test_a_redis_with_its_data_needs_no_confirmation(tmp_path: Path, run: Run, steps: tuple[str, ...], data: str) -> None:
    after(tmp_path, *steps, data=data)
    code, _, errors = run("rollback", CONFIG, "--reason", "slow", *AT)
    assert (code, "the old Redis has its state of scale-down" in errors) == (0, True), errors
