"""Findings that the config accepts, each by its code and place, with a reason and a last day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import field_validator

from rediskit.model.base import Model, refuse
from rediskit.model.types import Day, FindingCode, Line

NEVER: Mapping[str, str] = {
    **dict.fromkeys(
        ("step-jump", "history-rewritten", "migration-dropped", "order-changed", "step-uncommitted"), "a migration moves one step at a time"
    ),
    **dict.fromkeys(
        ("migration-history", "evidence-missing", "evidence-future", "time-in-future"), "a step is taken on evidence, or not at all"
    ),
    **dict.fromkeys(
        ("old-redis-in-use", "old-redis-gone", "scan-missing", "scan-in-use"), "the old Redis is removed when nobody uses it any more"
    ),
    **dict.fromkeys(("plain-secret", "password", "ciphertext"), "a secret in plain text in Git is lost"),
    **dict.fromkeys(("accept-unused",), "an entry of accept that accepts nothing is removed"),
}
"""The codes of findings that no config can accept, each with the rule behind it."""


class Accept(Model):
    """One finding that is accepted: it is not reported until the given day has passed."""

    code: FindingCode
    """The code of the finding, as it is printed in brackets."""
    on: Line
    """Where it is: the config path as printed, a client, or `Kind/name`. For a change found by `check --base`: the path and its new value,
    like `redis.appendOnly=true`."""
    until: Day | None = None
    """The last day on which it is accepted (UTC), like 2027-03-31. Left out, it does not end."""
    reason: Line
    """Why it is accepted."""

    @field_validator("code")
    @classmethod
    def _can_be_accepted(cls, code: str) -> str:
        if code in NEVER:
            refuse(f"{code} can never be accepted: {NEVER[code]}", "remove this entry, and fix what is reported")
        return code

    def expired(self, today: date) -> bool:
        """Whether the last day of the acceptance is over."""
        return self.until is not None and date.fromisoformat(self.until) < today
