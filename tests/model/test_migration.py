"""The migration section: history, evidence and validation."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from rediskit.model.criteria import CRITERIA
from rediskit.model.migration import Entry, Migration, Step, Validation

STEPS = get_args(Step)
DAY = {"from": "2026-03-01T22:00:00-03:00", "until": "2026-03-02T22:00:00-03:00"}


def observed(*names: str, at: str = "2026-03-02T22:00:00-03:00") -> list[dict[str, str]]:
    return [{"kind": "criterion", "step": "validate", "at": at, "value": name} for name in names]


def migration(**sections: Any) -> Migration:
    return Migration.model_validate(sections)


def refusal(**sections: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as error:
        migration(**sections)
    return [(line["loc"], line["ctx"]["message"]) for line in error.value.errors()]


@pytest.mark.parametrize("step", [step for step in STEPS if step not in ("decommission", "complete")])
def test_steps_before_decommission_need_no_history(step: Step) -> None:
    """A missing history is a warning of `check`."""
    assert migration(step=step).step == step


@pytest.mark.parametrize("step", ["decommission", "complete"])
def test_decommission_needs_validation_and_all_criteria(step: str) -> None:
    assert refusal(step=step) == [(("step",), f"{step} needs 24 hours of validation (validation is missing)")]
    assert len(refusal(step=step, validation=DAY)) == 6
    for missing in CRITERIA:
        others = observed(*(name for name in CRITERIA if name != missing))
        for evidence in (others, [*observed(*CRITERIA), *observed(f"{missing}:failed")]):
            (complaint,) = refusal(step=step, validation=DAY, evidence=evidence)
            assert complaint == (("evidence",), f"criterion {missing} is not recorded: {CRITERIA[missing].description}")
    assert migration(step=step, validation=DAY, evidence=observed(*CRITERIA)).step == step


def test_a_criterion_of_an_earlier_attempt_does_not_count() -> None:
    again = [(step, "2026-03-02T22:00Z") for step in ("scale-down", "deploy", "reconfigure", "scale-up")]
    steps = [("scale-up", "2026-03-01T22:00Z"), ("rolled-back", "2026-03-01T23:00Z"), *again]
    history = [{"step": step, "at": at, "reason": "x"} for step, at in steps]
    parsed = migration(step="scale-up", history=history, evidence=observed("latency", at="2026-03-01T22:30Z"))
    assert parsed.criteria == {}
    parsed = migration(step="scale-up", history=history, evidence=observed("latency", at="2026-03-02T22:30Z"))
    assert list(parsed.criteria) == ["latency"]


def test_evidence_counts_for_its_own_step_only() -> None:
    history = [{"step": "validate", "at": "2026-03-01T22:00Z"}]

    def scan(step: str, at: str) -> list[dict[str, str]]:
        return [{"kind": "scan", "step": step, "at": at, "by": "measured", "value": "0"}]

    assert migration(step="validate", history=history, evidence=scan("scale-up", "2026-03-01T23:00Z")).scan is None
    assert migration(step="validate", history=history, evidence=scan("validate", "2026-03-01T21:00Z")).scan is None
    assert migration(step="validate", history=history, evidence=scan("validate", "2026-03-01T23:00Z")).scan is not None


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ({"kind": "criterion", "value": "speed"}, "speed is not a criterion"),
        ({"kind": "criterion"}, "nothing is not a criterion"),
        ({"kind": "scan"}, "a scan needs the number of certain uses"),
        ({"kind": "scan", "value": "none"}, "a scan needs the number of certain uses"),
        ({"kind": "downtime", "value": "5m"}, "5m is not an interval start/end"),
        ({"kind": "downtime", "value": "2026-03-01T22:00Z/2026-03-01T21:00Z"}, None),
        ({"kind": "downtime", "value": "2026-03-01T22:00/2026-03-01T23:00Z"}, None),
    ],
)
def test_the_value_of_evidence_has_the_form_of_its_kind(evidence: dict[str, str], message: str | None) -> None:
    expected = message or f"{evidence['value']} is not an interval start/end"
    reason = refusal(step="validate", evidence=[{"step": "validate", "at": "2026-03-01T22:00Z", **evidence}])
    assert reason == [(("evidence", 0, "value"), expected)]


@pytest.mark.parametrize(
    ("start", "until", "hours"),
    [
        ("2026-03-01T22:00:00-03:00", "2026-03-02T22:00:00-03:00", 24),
        ("2026-03-01T22:00:00-03:00", "2026-03-03T01:00:00Z", 24),  # the same moment, told with another offset
        ("2026-03-01T22:00Z", "2026-03-04T22:00Z", 72),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T13:00:00+02:00", 24),  # a clock was put forward in between
        ("2026-03-01T22:00:00-03:00", "2026-03-02T21:59:59-03:00", 24 - 1 / 3600),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T12:00:00+02:00", 23),
    ],
)
def test_the_length_of_validation_considers_utc_offsets(start: str, until: str, hours: float) -> None:
    section = {"from": start, "until": until}
    evidence = observed(*CRITERIA)
    assert Validation.model_validate(section).seconds == pytest.approx(hours * 3600)
    if hours >= 24:
        assert migration(step="decommission", validation=section, evidence=evidence).validation == Validation.model_validate(section)
    else:
        assert [path for path, _ in refusal(step="decommission", validation=section, evidence=evidence)] == [("validation", "until")]


def test_a_validation_that_ends_before_its_start_is_refused() -> None:
    for step in ("validate", "decommission"):
        assert refusal(step=step, validation={"from": DAY["until"], "until": DAY["from"]}) == [
            (("validation", "until"), "2026-03-01T22:00:00-03:00 is before the start 2026-03-02T22:00:00-03:00")
        ]


def entry(step: str, at: str, **more: str) -> dict[str, str]:
    return {"step": step, "at": at, **more}


def test_the_history_ends_with_the_step() -> None:
    history = [entry("prepare", "2026-03-01T20:00Z"), entry("scale-down", "2026-03-01T22:00Z")]
    assert migration(step="scale-down", history=history).history[-1] == Entry(step="scale-down", at="2026-03-01T22:00Z")
    assert refusal(step="deploy", history=history) == [(("step",), "the step is deploy, but the history ends with scale-down")]


def test_a_history_out_of_order_is_refused() -> None:
    same = [entry("prepare", "2026-03-01T22:00Z"), entry("scale-down", "2026-03-01T19:00-03:00")]
    assert len(migration(step="scale-down", history=same).history) == 2
    wrong = [entry("prepare", "2026-03-01T20:00-03:00"), entry("scale-down", "2026-03-01T22:00Z"), entry("deploy", "2026-03-01T21:00Z")]
    assert refusal(step="deploy", history=wrong) == [
        (("history", 1, "at"), "2026-03-01T22:00Z is before 2026-03-01T20:00-03:00, the time of prepare"),
        (("history", 2, "at"), "2026-03-01T21:00Z is before 2026-03-01T22:00Z, the time of scale-down"),
    ]


def test_a_rollback_needs_a_reason() -> None:
    assert refusal(step="rolled-back", history=[entry("rolled-back", "2026-03-01T22:00Z")]) == [
        (("history", 0), "rolled-back needs a reason")
    ]
    section = entry("rolled-back", "2026-03-01T22:00Z", reason="did not start")
    assert migration(step="rolled-back", history=[section]).history[0].reason == "did not start"
    later = [entry("rolled-back", "2026-03-01T22:00Z"), entry("prepare", "2026-03-02T22:00Z")]
    assert refusal(step="prepare", history=later)[0][0] == ("history", 0)


def test_the_default_measures_have_the_documented_amounts() -> None:
    parsed = migration(step="prepare")
    assert (parsed.order, str(parsed.budgets.downtime), parsed.window, parsed.history) == ("scale-down-first", "10m", None, ())
    window = migration(step="prepare", window={"start": "2026-03-01T22:00Z"}).window
    assert window is not None
    assert str(window.duration) == "1h"
