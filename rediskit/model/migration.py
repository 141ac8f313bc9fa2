"""The migration of a client from its old Redis to the shared Redis. Times are inputs, never read from a clock."""

from datetime import datetime
from itertools import pairwise
from typing import Self

from pydantic import Field, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.criteria import CRITERIA
from rediskit.model.evidence import Evidence, EvidenceKind
from rediskit.model.measures import Duration
from rediskit.model.step import Order as Order
from rediskit.model.step import Step as Step
from rediskit.model.step import impossible
from rediskit.model.types import Prose, Timestamp

VALIDATION = Duration("24h")


class Window(Model):
    """The maintenance window."""

    start: Timestamp
    """The start, with a UTC offset, like 2026-03-01T22:00:00-03:00."""
    duration: Duration = Duration("1h")
    """The length of the window."""


class Budgets(Model):
    """Time limits of the migration."""

    downtime: Duration = Duration("10m")
    """The longest time from scale-down until the application is ready."""


class Entry(Model):
    """A completed step."""

    step: Step
    """The step."""
    at: Timestamp
    """The time of the step, with a UTC offset, like 2026-03-01T22:00:00-03:00."""
    reason: Prose | None = None
    """The reason; required for `rolled-back`."""

    @model_validator(mode="after")
    def _has_a_reason(self) -> Self:
        if self.step == "rolled-back" and not self.reason:
            refuse("rollback-reason", "rolled-back needs a reason", "add reason: the observation that caused the rollback")
        return self


class Validation(Model):
    """The validation period of at least 24 hours."""

    start: Timestamp = Field(alias="from")
    """The start of the period, with a UTC offset."""
    until: Timestamp
    """The end of the period, at least 24 hours after the start."""
    notes: Prose | None = None
    """Remarks."""

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.seconds < 0:
            refuse(
                "validation-evidence", f"{self.until} is before the start {self.start}", "swap the times, or check day and offset", "until"
            )
        return self

    @property
    def seconds(self) -> float:
        """The length of the period, in seconds."""
        return (moment(self.until) - moment(self.start)).total_seconds()


class Migration(Model):
    """The migration of one client: the current step, its history and its evidence."""

    step: Step
    """The last step that is in Git."""
    order: Order = "scale-down-first"
    """`deploy-first` deploys the shared Redis before the application goes down."""
    window: Window | None = None
    """The maintenance window of the downtime."""
    budgets: Budgets = Budgets()
    """Time limits of the migration."""
    history: tuple[Entry, ...] = ()
    """All completed steps, oldest first. The last entry is `step`."""
    validation: Validation | None = None
    """The validation period of at least 24 hours."""
    evidence: tuple[Evidence, ...] = ()
    """All observations, oldest first. A gate needs evidence of one kind for one step."""

    @field_validator("history")
    @classmethod
    def _oldest_first(cls, history: tuple[Entry, ...]) -> tuple[Entry, ...]:
        refuse_all(
            [
                Problem(
                    f"{entry.at} is before {before.at}, the time of {before.step}",
                    "write the oldest step first",
                    (index, "at"),
                    code="history-order",
                )
                for index, (before, entry) in enumerate(pairwise(history), 1)
                if moment(entry.at) < moment(before.at)
            ]
        )
        return history

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.history and self.history[-1].step != self.step:
            message = f"the step is {self.step}, but the history ends with {self.history[-1].step}"
            refuse("history-order", message, "correct the one that was edited by hand", "step")
        refuse_all(self._impossible())
        if self.is_decommissioned:
            refuse_all(self.missing_evidence(self.step))
        return self

    def _impossible(self) -> list[Problem]:
        """Return a problem for each entry that no command writes after the one before, as after a merge of two branches."""
        steps = [entry.step for entry in self.history]
        hint = "write only the steps that were taken, and state the last one in step: each is one forward, one back, or a rollback"
        return [
            Problem(f"{steps[index]} cannot follow {steps[index - 1]}", hint, ("history", index, "step"), code="history-order")
            for index in impossible(steps, self.order)
        ]

    @property
    def is_decommissioned(self) -> bool:
        """Whether the old Redis is removed, so that no rollback is possible."""
        return self.step in ("decommission", "complete")

    @property
    def running_since(self) -> Entry | None:
        """The entry of the last start of the application on the shared Redis. A return from validate to scale-up is not a start."""
        previous = [None, *(entry.step for entry in self.history)]
        starts = [entry for before, entry in zip(previous, self.history, strict=False) if entry.step == "scale-up" and before != "validate"]
        return starts[-1] if starts else None

    @property
    def criteria(self) -> dict[str, Evidence]:
        """The evidence of each criterion that counts, since the application started on the shared Redis: in general, the last one.

        A person's word counts after a failed measurement only with `dispute`. An unknown measurement does not replace a person's word.
        """
        start = self.running_since
        observations = [entry for entry in self.evidence if entry.kind == "criterion" and entry.step in ("scale-up", "validate")]
        counting: dict[str, Evidence] = {}
        for entry in observations:
            before = counting.get(entry.criterion)
            if start is not None and moment(entry.at) < moment(start.at):
                continue
            contradicts = entry.by == "person" and entry.holds and not entry.dispute
            if before and ((contradicts and before.refuted) or (entry.unknown and before.by == "person")):
                continue
            counting[entry.criterion] = entry
        return counting

    @property
    def scan(self) -> Evidence | None:
        """The last scan for the old Redis since the step `validate`. A person's word counts only without a measured one."""
        scans = self._since("validate", "scan")
        measured = [scan for scan in scans if scan.by == "measured"]
        return next(reversed(measured or scans), None)

    @property
    def verified(self) -> Evidence | None:
        """The last verification of the application since the current step."""
        return next(reversed(self._since(self.step, "verified")), None)

    @property
    def folded(self) -> Evidence | None:
        """The last evidence, since the step `decommission`, that the base contains the change itself."""
        return next(reversed(self._since("decommission", "folded")), None)

    @property
    def secret(self) -> Evidence | None:
        """The first evidence, before the downtime, that the namespaces of Redis and of the client have the Secret."""
        return next(
            (entry for entry in self.evidence if entry.kind == "secret" and entry.step in ("prepare", "deploy", "rolled-back")), None
        )

    @property
    def installed(self) -> Evidence | None:
        """The last observation of the HelmRelease of the application before the downtime; its value is the version of the chart."""
        return next((entry for entry in reversed(self.evidence) if entry.kind == "installed"), None)

    @property
    def downtime(self) -> Evidence | None:
        """The last evidence of the downtime."""
        return next((entry for entry in reversed(self.evidence) if entry.kind == "downtime"), None)

    def _since(self, step: Step, kind: EvidenceKind) -> list[Evidence]:
        """Return the evidence of a kind and a step since the last time of the step. A planned step has no time, and no evidence."""
        if any(not entry.at for entry in self.history if entry.step == step):
            return []
        times = [moment(entry.at) for entry in self.history if entry.step == step]
        observations = [entry for entry in self.evidence if entry.kind == kind and entry.step == step]
        return [entry for entry in observations if not times or moment(entry.at) >= times[-1]]

    def missing_evidence(self, step: Step) -> list[Problem]:
        """Return a problem for each missing piece of evidence for a step that removes the old Redis."""
        hint = "stay at validate for 24 hours, and record the criteria with rediskit migrate record"
        validation, start = self.validation, self.running_since
        if validation is None:
            return [Problem(f"{step} needs 24 hours of validation (validation is missing)", hint, ("step",), code="validation-evidence")]
        problems = []
        if start and moment(validation.start) < moment(start.at):
            message = f"validation started at {validation.start}, before the application started on the shared Redis at {start.at}"
            problems.append(Problem(message, "record the validation of this attempt again", ("validation", "from")))
        if validation.seconds < VALIDATION.amount:
            message = f"validation lasted {validation.seconds / 3600:.1f} hours, 24 are required"
            problems.append(Problem(message, hint, ("validation", "until")))
        problems += [_unmet(name, entry, hint) for name in CRITERIA if (entry := self.criteria.get(name)) is None or not entry.holds]
        return [problem._replace(code="validation-evidence") for problem in problems]


def moment(text: str) -> datetime:
    """Return the time of a Timestamp."""
    return datetime.fromisoformat(text)


def _unmet(name: str, entry: Evidence | None, hint: str) -> Problem:
    """Return the problem of a criterion that is not met. hint: the fix where it is not recorded."""
    if entry is None or not (entry.refuted or entry.unknown):
        return Problem(f"criterion {name} is not recorded: {CRITERIA[name].description}", hint, ("evidence",))
    record = f"rediskit migrate record --criterion {name}"
    if entry.unknown:
        hint = f"verify it yourself, then run {record} --notes TEXT"
        return Problem(f"criterion {name} could not be measured: {entry.note or CRITERIA[name].description}", hint, ("evidence",))
    hint = f"fix the cause and measure again, or run {record} --dispute REASON"
    return Problem(f"criterion {name} failed: measured {entry.measured}, limit {entry.limit}", hint, ("evidence",))
