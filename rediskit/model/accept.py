"""Findings that the config accepts, each by code and place, with a reason and an optional last day."""

from collections.abc import Mapping
from datetime import date

from pydantic import field_validator

from rediskit.model.base import Model, refuse
from rediskit.model.types import Day, FindingCode, Line

NEVER: Mapping[str, str] = {
    **dict.fromkeys(
        ("step-jump", "history-rewritten", "migration-dropped", "order-changed", "step-uncommitted"), "a migration moves one step at a time"
    ),
    **dict.fromkeys(("migration-history", "evidence-missing", "evidence-future", "time-in-future"), "a step needs evidence"),
    **dict.fromkeys(
        ("old-redis-in-use", "old-redis-gone", "scan-missing", "scan-in-use"), "the old Redis is removed only when no client uses it"
    ),
    **dict.fromkeys(("volume-shared",), "each Redis needs its own volume"),
    **dict.fromkeys(("volume-deleted",), "a migration keeps the volumes of the application"),
    **dict.fromkeys(("plain-secret", "password", "ciphertext"), "a password in plain text in Git is compromised"),
    **dict.fromkeys(("accept-unused",), "an entry that accepts nothing is removed"),
}
"""The codes of findings that no config can accept, each with the reason."""


class Accept(Model):
    """An accepted finding. It is not reported until the last day has passed."""

    code: FindingCode
    """The code of the finding, as printed in brackets."""
    on: Line
    """The place: the config path as printed, a client, or `Kind/name`. For a change that `check --base` reports: path and new value, like
    `redis.appendOnly=true`. For a line of redis.conf: path and line, like `redis.values.master.configuration=maxclients 500`."""
    until: Day | None = None
    """The last day of the acceptance (UTC), like 2027-03-31. Default: no end."""
    reason: Line
    """The reason for the acceptance."""

    @field_validator("code")
    @classmethod
    def _can_be_accepted(cls, code: str) -> str:
        if code in NEVER:
            refuse("accept-code", f"{code} can never be accepted: {NEVER[code]}", "remove this entry and fix the finding")
        return code

    def expired(self, today: date) -> bool:
        """Return whether the last day of the acceptance has passed."""
        return self.until is not None and date.fromisoformat(self.until) < today
