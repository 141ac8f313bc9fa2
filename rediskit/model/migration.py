"""Where a client stands on its way from its old Redis to the shared one. Times and evidence are inputs, never the clock."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.criteria import CRITERIA
from rediskit.model.evidence import Evidence, EvidenceKind
from rediskit.model.measures import Duration
from rediskit.model.step import Step as Step
from rediskit.model.types import Prose, Timestamp

Order = Literal["scale-down-first", "deploy-first"]
"""`deploy-first` deploys the shared Redis before the application goes down, so that the downtime is the cut-over alone."""

VALIDATION = Duration("24h")


class Window(Model):
    """The planned downtime: when it begins, and how long it may last."""

    start: Timestamp
    """When it begins, with its offset from UTC, like 2026-03-01T22:00:00-03:00."""
    duration: Duration = Duration("1h")
    """How long it may last."""


class Budgets(Model):
    """How long things may take."""

    downtime: Duration = Duration("10m")
    """From scale-down to the application being ready, at most."""


class Entry(Model):
    """One step that was taken."""

    step: Step
    """The step that was taken."""
    at: Timestamp
    """When it was taken, with its offset from UTC, like 2026-03-01T22:00:00-03:00."""
    reason: Prose | None = None
    """Why; `rolled-back` is never taken without one."""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.step == "rolled-back" and not self.reason:
            refuse("rolled-back without a reason", "add reason: what was seen that made you go back")
        return self


class Validation(Model):
    """The evidence of the 24 hours."""

    start: Timestamp = Field(alias="from")
    """When watching began, with its offset from UTC."""
    until: Timestamp
    """When watching ended, 24 hours later or more."""
    notes: Prose | None = None
    """What else was seen."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.seconds < 0:
            refuse(f"{self.until} is before {self.start}, when validation began", "swap the two, or check day and offset", "until")
        return self

    @property
    def seconds(self) -> float:
        """How long was validated, in seconds."""
        return (moment(self.until) - moment(self.start)).total_seconds()


class Migration(Model):
    """Where one client stands between its old Redis and the shared one. Times and evidence are written here, never taken from a clock."""

    step: Step
    """The last step that is in Git."""
    order: Order = "scale-down-first"
    """`deploy-first` deploys the shared Redis before the application goes down."""
    window: Window | None = None
    """The planned downtime."""
    budgets: Budgets = Budgets()
    """How long things may take."""
    history: tuple[Entry, ...] = ()
    """Every step taken, oldest first; the last one is `step`."""
    validation: Validation | None = None
    """The evidence of the 24 hours."""
    evidence: tuple[Evidence, ...] = ()
    """What was observed, oldest first. Gates ask for a kind and a step."""

    @field_validator("history")
    @classmethod
    def _oldest_first(cls, history: tuple[Entry, ...]) -> tuple[Entry, ...]:
        refuse_all(
            [
                Problem(f"{entry.at} is before {before.at}, when {before.step} was taken", "write the oldest step first", (index, "at"))
                for index, (before, entry) in enumerate(pairwise(history), 1)
                if moment(entry.at) < moment(before.at)
            ]
        )
        return history

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.history and self.history[-1].step != self.step:
            last = len(self.history) - 1
            refuse(
                f"the step is {self.step}, but the history ends with {self.history[last].step}",
                "one of the two was edited by hand: make them agree",
                "step",
            )
        if self.step in ("decommission", "complete"):
            refuse_all(self.missing_evidence(self.step))
        return self

    @property
    def running_since(self) -> Entry | None:
        """The step that last brought the application up on the shared Redis; a way back to scale-up from validate is none."""
        way = [None, *(entry.step for entry in self.history)]
        taken = [entry for before, entry in zip(way, self.history, strict=False) if entry.step == "scale-up" and before != "validate"]
        return taken[-1] if taken else None

    @property
    def criteria(self) -> dict[str, Evidence]:
        """The last evidence of each criterion since the application came up on the shared Redis."""
        return {one.criterion: one for one in self._since_up("criterion", "scale-up", "validate")}

    @property
    def scan(self) -> Evidence | None:
        """The last scan of the application repository since `validate` was taken; None where there is none."""
        return next(reversed(self._since("validate", "scan")), None)

    @property
    def folded(self) -> Evidence | None:
        """The evidence that the base carries the change itself, since `decommission` was taken; None where there is none."""
        return next(reversed(self._since("decommission", "folded")), None)

    @property
    def secret(self) -> Evidence | None:
        """The evidence that the Secret is in both namespaces, observed before the application goes down; None where there is none."""
        return next((one for one in self.evidence if one.kind == "secret" and one.step in ("prepare", "deploy", "rolled-back")), None)

    @property
    def downtime(self) -> Evidence | None:
        """The last evidence of how long the application was down; None where there is none."""
        return next((one for one in reversed(self.evidence) if one.kind == "downtime"), None)

    def _since(self, step: Step, kind: EvidenceKind) -> list[Evidence]:
        """Return the evidence of a kind and a step, from the last time the step was taken on."""
        taken = [entry.at for entry in self.history if entry.step == step]
        found = [one for one in self.evidence if one.kind == kind and one.step == step]
        return [one for one in found if not taken or moment(one.at) >= moment(taken[-1])]

    def _since_up(self, kind: EvidenceKind, *steps: Step) -> list[Evidence]:
        """Return the evidence of a kind and some steps, from the time the application came up on the shared Redis on."""
        began = self.running_since
        found = [one for one in self.evidence if one.kind == kind and one.step in steps]
        return [one for one in found if began is None or moment(one.at) >= moment(began.at)]

    def missing_evidence(self, step: Step) -> list[Problem]:
        """What the brief wants to see before this step, for the old Redis goes (decision 13); empty when all of it is recorded."""
        hint = "the old Redis stays until 24 hours of validation have passed: stay at validate, and record what was seen"
        validation = self.validation
        if validation is None:
            return [Problem(f"{step} without the evidence of the 24 hours (validation is missing)", hint, ("step",))]
        problems = []
        began = self.running_since
        if began and moment(validation.start) < moment(began.at):
            message = f"watching began at {validation.start}, before the application came up on the shared Redis ({began.at})"
            problems.append(
                Problem(message, "evidence of an earlier attempt says nothing of this one: record it anew", ("validation", "from"))
            )
        if validation.seconds < VALIDATION.amount:
            hours = validation.seconds / 3600
            problems.append(Problem(f"only {hours:.1f} hours were validated, 24 are needed", hint, ("validation", "until")))
        held = {one.criterion for one in self.criteria.values() if one.holds}
        for name, words in CRITERIA.items():
            if name not in held:
                problems.append(Problem(f"criterion {name} is not recorded: {words}", hint, ("evidence",)))
        return problems


def moment(text: str) -> datetime:
    """The point in time that a Timestamp names, with its offset."""
    return datetime.fromisoformat(text)
