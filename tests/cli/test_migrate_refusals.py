"""Refusals of `rediskit migrate`: each has a code, a reason and a place, and writes nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rediskit.state_machine.gates import GATES
from tests.cli.migrations import (
    CONFIG,
    evidence,
    migration,
    to,
    write,
)
from tests.cli.refused_evidence import EVIDENCE_REFUSED
from tests.cli.refused_steps import STEPS_REFUSED
from tests.cli.test_migrate import run as run
from tests.conftest import Run
from tests.samples import client

CASES = STEPS_REFUSED | EVIDENCE_REFUSED


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_a_code_and_a_reason_and_writes_nothing(name: str, tmp_path: Path, run: Run) -> None:
    case = CASES[name]
    file = write(tmp_path, case.section, case.over, case.manifest)
    before = file.read_bytes()
    action, *options = case.command.split(" ")
    code, output, errors = run(action, CONFIG, *options)
    assert (code, output) == (case.code, ""), errors
    lines = errors.splitlines()
    messages = [line for line in lines if not line.startswith("  ")]
    assert [re.sub(rf"^(?:{CONFIG}:\d+:\d+: )?error\[(.*?)\]: (?:clients\S*: )?", r"\1: ", line) for line in messages] == [
        f"{code}: {message}" for code, message in case.messages.items()
    ]
    assert len(lines) == 2 * len(messages), "each says how to go on"
    assert file.read_bytes() == before
    code, output, errors = run(action, CONFIG, *options, "--json")
    problems = json.loads(output)["problems"]
    assert (code, errors) == (case.code, "")
    assert {problem["code"]: problem["message"] for problem in problems} == case.messages
    assert {path.name for path in tmp_path.iterdir()} == {"chocolandia", CONFIG}


def test_advance_warns_that_another_client_loses_its_rollback(tmp_path: Path, run: Run) -> None:
    other = client("worker", "validate", namespace="beersystem", previous={"host": "redis"})
    write(tmp_path, to("validate", **evidence()), {"others": [other]})
    code, _, errors = run(
        "advance", CONFIG, "--client", "beersystem", "--at", "2026-03-03T09:00:00-03:00", "--confirm-irreversible", "--dry-run"
    )
    assert (code, "note: worker cannot roll back after this step: it has the same old Redis" in errors) == (0, True), errors


def test_the_refusals_are_many() -> None:
    assert len(CASES) >= 25
    assert len({code for case in CASES.values() for code in case.messages}) >= 24


def test_the_codes_of_the_gates_are_listed_and_each_has_its_case() -> None:
    of_steps = {"step-jump", "step-first", "step-terminal", "rollback-nothing", "rollback-too-late"}
    of_record = {"criterion-measured", "nothing-to-record", "not-validating", "not-down", "not-stopped"}
    tried = {code for case in CASES.values() for code in case.messages}
    assert tried == {code for gate in GATES.values() for code in gate.codes} | of_steps | of_record


def test_a_refusal_has_its_place_in_the_config(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    _, _, errors = run("advance", CONFIG, "--at", "2026-03-01T19:55:00-03:00")
    number = next(number for number, line in enumerate(file.read_text().splitlines(), 1) if "start:" in line)
    assert errors.startswith(f"{CONFIG}:{number}:14: error[window-not-started]: clients[0].migration.window.start: ")
