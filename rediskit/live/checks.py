"""The result of a check of a running shared Redis."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from rediskit.renderers.verification.checks import CHECKS, Phase, Status


class Result(NamedTuple):
    """The result of a check. The fields of the check are repeated, so that one JSON line is complete.

    Attributes:
        sc: The success criterion that it proves.
        target: What was verified, such as host and port.
        vantage: Where from: `here`, `outside`, `cluster:<namespace>`, `kubectl` or `prometheus`.
        measured: The measured value; "" without one.
        unit: The unit of value and limit.
        detail: Why it is not passed, or a remark.
    """

    id: str
    phase: Phase
    sc: str
    target: str
    vantage: str
    status: Status
    measured: str
    limit: str
    unit: str
    detail: str
    at: str


def result(name: str, target: str, vantage: str, status: Status, measured: object = "", detail: str = "", *, limit: object = "") -> Result:
    """Return the result of a check of the table."""
    check = CHECKS[name]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    text = "" if measured is None else str(measured)
    return Result(name, check.phase, check.sc, target, vantage, status, text, str(limit) or check.limit, check.unit, detail, at)


def compared(
    name: str, target: str, vantage: str, measured: float | None, limit: float, detail: str = "", *, least: bool = False
) -> Result:
    """Return the result of a number: at most the limit, or at least with `least`. Without a number, the result is unknown."""
    if measured is None:
        return result(name, target, vantage, "unknown", "", detail or "no data", limit=_number(limit))
    passed = measured >= limit if least else measured <= limit
    status: Status = "passed" if passed else "failed"
    return result(name, target, vantage, status, _number(measured), "" if passed else detail, limit=_number(limit))


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def exit_code(results: Iterable[Result]) -> int:
    """Return 1 if a check failed, 3 if a result is unknown or no check passed, else 0."""
    statuses = {result.status for result in results}
    if "failed" in statuses:
        return 1
    return 0 if "passed" in statuses and "unknown" not in statuses else 3
