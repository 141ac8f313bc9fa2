"""The clock: the one place from which commands take the time."""

from __future__ import annotations

from datetime import UTC, datetime

from rediskit.errors import Problem, RefusedError
from rediskit.migrate.times import TOLERANCE
from rediskit.model.migration import moment


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def refuse_later(time: str, option: str) -> None:
    """Raise RefusedError for a time that is later than now, clocks that differ by two minutes granted. For commands that write."""
    if moment(time) > now() + TOLERANCE:
        hint = "a step is recorded when it is taken: leave the option out, or rehearse it with --dry-run"
        raise RefusedError(Problem(f"{option}: {time} is later than now", hint, code="time-in-future"))
