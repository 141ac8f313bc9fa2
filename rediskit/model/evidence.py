"""Evidence of a migration: measurements and observations, each valid for one step."""

from datetime import datetime
from typing import Literal, Self

from pydantic import model_validator

from rediskit.model.base import Model, refuse
from rediskit.model.criteria import CRITERIA, FAILED, UNKNOWN
from rediskit.model.step import Step
from rediskit.model.types import Digest, Line, Prose, Timestamp

DISCARDED = ":discarded"
"""The suffix of the value of `drained` where a person accepts the loss of the tasks that are left."""

KEPT = ":kept"
"""The suffix of the value of `empty` where a person accepts that the application starts with the keys that are left."""

EvidenceKind = Literal["secret", "scan", "verified", "drained", "jobs", "empty", "downtime", "criterion", "folded", "installed"]


class Evidence(Model):
    """One observation, written by `rediskit migrate record`, `verify`, `scan`, `step` and `export`, and by `check --owner`."""

    kind: EvidenceKind
    """`secret`: the namespaces of Redis and of the client have the Secret. `scan`: uses of the old Redis in the application repository, in
    the cluster or in a file. `verified`: `rediskit migrate verify` passed.
    `drained`: the tasks left in the old Redis after the application stopped. `jobs`: the Jobs of its CronJobs that were running then.
    `empty`: the keys in the databases of the client in the shared Redis, before it starts there.
    `downtime`: start and end of the downtime. `criterion`: a criterion of the validation.
    `folded`: the base of the application repository contains the change itself.
    `installed`: the live HelmRelease of the application allows the migration."""
    step: Step
    """The step of the observation. The entry is valid for this step only."""
    at: Timestamp
    """The time of the observation, with a UTC offset."""
    by: Literal["measured", "person"] = "person"
    """`measured` by a command, or observed by a `person`."""
    source: Line | None = None
    """The source, such as the commit of the application repository."""
    digest: Digest | None = None
    """The digest of the observed content."""
    about: Line | None = None
    """The subject of the observation, written by the command. The entry is valid while the config has the same subject.
    `secret`: the Secret, its key and namespaces. `scan`: the old Redis and the objects to remove with it. `drained`: the old Redis.
    `jobs`: the CronJobs. `empty`: the databases of the client and their Redis.
    `installed`: the HelmRelease. `verified`, `folded`: the digest of what the step requires of the application."""
    value: Line | None = None
    """`scan`: the number of certain uses. `criterion`: its name, with `:failed` or `:unknown` (not measurable). `downtime`: start/end.
    `drained`: the number of tasks, with `:discarded` where their loss is accepted. `jobs`: the number of running Jobs.
    `empty`: the number of keys, with `:kept` where the application may start with them.
    `installed`: the version of the chart."""
    measured: Line | None = None
    """`criterion`: the measured value."""
    limit: Line | None = None
    """`criterion`: the limit of the measured value."""
    coverage: Line | None = None
    """`criterion`: the share of the validation period with data."""
    dispute: Prose | None = None
    """`criterion`: why a person contradicts a failed measurement. README, plan and status show it."""
    note: Prose | None = None
    """A remark."""

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        value = self.value or ""
        if self.kind == "criterion" and value.removesuffix(FAILED).removesuffix(UNKNOWN) not in CRITERIA:
            refuse("evidence-value", f"{value or 'nothing'} is not a criterion", f"choose one of {', '.join(CRITERIA)}", "value")
        if self.dispute and not (self.kind == "criterion" and self.by == "person" and self.holds):
            refuse("evidence-value", "only a person's criterion disputes a measurement", "remove dispute", "dispute")
        if self.kind == "scan" and not value.isdecimal():
            refuse(
                "evidence-value",
                "a scan needs the number of certain uses",
                "run rediskit check --owner or rediskit migrate scan",
                "value",
            )
        if self.kind == "drained" and not value.removesuffix(DISCARDED).isdecimal():
            hint = "run rediskit migrate record --drained"
            refuse("evidence-value", f"{value or 'nothing'} is not a number of tasks", hint, "value")
        if self.kind == "empty" and not value.removesuffix(KEPT).isdecimal():
            refuse("evidence-value", f"{value or 'nothing'} is not a number of keys", "run rediskit migrate record --empty", "value")
        if self.kind == "installed" and not value:
            refuse("evidence-value", "no version of a chart", "run rediskit migrate record --installed", "value")
        if self.kind == "jobs" and not value.isdecimal():
            refuse("evidence-value", f"{value or 'nothing'} is not a number of Jobs", "run rediskit migrate record --jobs", "value")
        if self.kind == "downtime":
            self._interval()
        return self

    def _interval(self) -> tuple[datetime, datetime]:
        try:
            start, end = (datetime.fromisoformat(part) for part in (self.value or "").split("/"))
            if start <= end:
                return start, end
        except (ValueError, TypeError):
            pass  # Refused below, like an end before the start.
        hint = "write two times with UTC offsets, like 2026-03-01T22:00:00-03:00/2026-03-01T22:06:00-03:00"
        refuse("evidence-value", f"{self.value or 'nothing'} is not an interval start/end", hint, "value")

    @property
    def seconds(self) -> float:
        """The length of the downtime, in seconds."""
        start, end = self._interval()
        return (end - start).total_seconds()

    @property
    def criterion(self) -> str:
        """The name of the criterion; "" for other kinds."""
        return (self.value or "").removesuffix(FAILED).removesuffix(UNKNOWN) if self.kind == "criterion" else ""

    @property
    def holds(self) -> bool:
        """Whether the criterion is met."""
        return not (self.value or "").endswith((FAILED, UNKNOWN))

    @property
    def refuted(self) -> bool:
        """Whether a measurement of the criterion failed."""
        return self.by == "measured" and (self.value or "").endswith(FAILED)

    @property
    def unknown(self) -> bool:
        """Whether the criterion could not be measured."""
        return (self.value or "").endswith(UNKNOWN)
