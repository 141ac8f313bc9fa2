"""Times of a migration: never later than now, and close to the commit that wrote them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rediskit.cli import clock
from rediskit.state_machine.clock import written
from tests.cli.migrations import CONFIG, IN_WINDOW, entries, git, migration, to, write
from tests.conftest import Run

NOW = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
FUTURE = "2099-01-01T00:00:00Z"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return run


def findings_of(output: str, code: str) -> list[dict[str, Any]]:
    return [finding for finding in json.loads(output)["findings"] if finding["code"] == code]


@pytest.mark.parametrize(
    "arguments",
    [
        ("advance", "--at", FUTURE),
        ("rollback", "--at", FUTURE, "--reason", "errors"),
        ("back", "--at", FUTURE, "--reason", "errors"),
        ("record", "--at", FUTURE, "--secret-seen"),
        ("record", "--at", IN_WINDOW, "--down-from", IN_WINDOW, "--down-until", FUTURE),
        ("record", "--at", IN_WINDOW, "--criterion", "latency", "--until", FUTURE),
    ],
)
def test_a_command_that_writes_refuses_a_later_time(arguments: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, to("validate"))
    before = file.read_bytes()
    code, output, errors = run("migrate", arguments[0], CONFIG, *arguments[1:])
    assert (code, output) == (1, "")
    assert f"{FUTURE} is later than now" in errors
    assert "error[time-in-future]: " in errors
    assert "rehearse it with --dry-run" in errors
    assert file.read_bytes() == before


def test_a_rehearsal_may_be_later(run: Run, tmp_path: Path) -> None:
    write(tmp_path, migration(window={"start": FUTURE}))
    code, output, errors = run("migrate", "advance", CONFIG, "--at", FUTURE, "--dry-run")
    assert (code, "time-in-future" in errors) == (0, False)
    assert "would go from prepare to scale-down" in output
    assert run("migrate", "advance", CONFIG, "--at", FUTURE)[0] == 1


def test_clocks_may_differ_by_two_minutes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    file = write(tmp_path, to("deploy"))
    before = file.read_bytes()
    late, early = (written(NOW + timedelta(minutes=2, seconds=seconds)) for seconds in (1, 0))
    assert run("migrate", "rollback", CONFIG, "--reason", "errors", "--at", late)[0] == 1
    assert file.read_bytes() == before
    assert run("migrate", "record", CONFIG, "--secret-seen", "--at", early)[0] == 0


def test_check_refuses_history_and_evidence_in_the_future(run: Run, tmp_path: Path) -> None:
    history = [*entries("scale-down"), {"step": "deploy", "at": FUTURE}]
    evidence = [{"kind": "secret", "step": "deploy", "at": FUTURE}]
    write(tmp_path, {**migration(), "step": "deploy", "history": history, "evidence": evidence})
    assert run("render", CONFIG)[0] == 0, "a render has no clock"
    code, output, _ = run("check", CONFIG, "--json")
    assert code == 1
    paths = [finding["path"] for finding in findings_of(output, "time-in-future")]
    assert paths == ["clients[0].migration.history[1].at", "clients[0].migration.evidence[0].at"]


def test_a_step_is_committed_when_it_is_taken(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history has 22:00 (-03:00); the commit of the second step was made 16 minutes after its time."""
    git(tmp_path, "init", "-q")
    for section, time in (
        (migration(), "2026-03-02T00:50:00Z"),
        (to("scale-down"), "2026-03-02T01:14:00Z"),
        (to("deploy"), "2026-03-02T01:17:00Z"),
    ):
        write(tmp_path, section)
        monkeypatch.setenv("GIT_AUTHOR_DATE", time)
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "a step")
    (finding,) = findings_of(run("check", CONFIG, "--base", "HEAD~2", "--json")[1], "time-differs")
    assert finding["path"] == "clients[0].migration.history[1].at"
    assert finding["severity"] == "warning"
    assert "deploy has the time 2026-03-01T22:01:00-03:00, and its commit " in finding["message"]
    assert finding["message"].endswith(" has 2026-03-02T01:17:00Z")
    assert findings_of(run("check", CONFIG, "--base", "HEAD", "--json")[1], "time-differs") == []
