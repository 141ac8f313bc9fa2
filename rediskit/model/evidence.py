"""Evidence of a migration: what was measured or what a person observed, each entry valid for its step."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import model_validator

from rediskit.model.base import Model, refuse
from rediskit.model.criteria import CRITERIA, FAILED
from rediskit.model.step import Step
from rediskit.model.types import Digest, Line, Prose, Timestamp

EvidenceKind = Literal["secret", "scan", "verified", "drained", "downtime", "criterion", "folded"]


class Evidence(Model):
    """One observation. `rediskit migrate record` writes it, that of a scan `rediskit migrate export` and `rediskit check --owner`."""

    kind: EvidenceKind
    """`secret`: the Secret is in both namespaces. `scan`: who uses the old Redis, in the build of the application repository.
    `verified`: `rediskit migrate verify` passed. `drained`: the queue is empty. `downtime`: how long the application was down.
    `criterion`: a criterion of the validation. `folded`: the base of the application repository carries the change itself."""
    step: Step
    """The step it was observed at; it counts for no other."""
    at: Timestamp
    """When it was observed, with its offset from UTC."""
    by: Literal["measured", "person"] = "person"
    """`measured` by a command, or observed by a `person`."""
    source: Line | None = None
    """What was looked at, such as the commit of the application repository."""
    digest: Digest | None = None
    """The digest of what was found there."""
    about: Line | None = None
    """`scan`: the old Redis that was looked for and what is removed with it. The scan counts for no other."""
    value: Line | None = None
    """`scan`: the number of certain uses. `criterion`: its name, with `:failed` where it does not hold. `downtime`: start/end."""
    note: Prose | None = None
    """A remark."""

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        value = self.value or ""
        if self.kind == "criterion" and value.removesuffix(FAILED) not in CRITERIA:
            refuse(f"{value or 'nothing'} is no criterion", f"write one of: {', '.join(CRITERIA)}", "value")
        if self.kind == "scan" and not value.isdecimal():
            refuse("a scan without the number of certain uses", "rediskit migrate export and rediskit check --owner write it", "value")
        if self.kind == "downtime":
            self._interval()
        return self

    def _interval(self) -> tuple[datetime, datetime]:
        try:
            start, end = (datetime.fromisoformat(part) for part in (self.value or "").split("/"))
            if start <= end:
                return start, end
        except (ValueError, TypeError):
            pass  # Refused below, as an end before its start is.
        hint = "write two times with their offsets, like 2026-03-01T22:00:00-03:00/2026-03-01T22:06:00-03:00"
        refuse(f"{self.value or 'nothing'} is no interval from a start to an end", hint, "value")

    @property
    def seconds(self) -> float:
        """The length of the downtime, in seconds."""
        start, end = self._interval()
        return (end - start).total_seconds()

    @property
    def criterion(self) -> str:
        """The criterion that it is about; "" for other kinds."""
        return (self.value or "").removesuffix(FAILED) if self.kind == "criterion" else ""

    @property
    def holds(self) -> bool:
        """Whether the criterion holds."""
        return not (self.value or "").endswith(FAILED)
