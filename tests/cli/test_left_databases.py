"""Another number for a database of an application that uses the shared Redis: its keys and tasks stay in the old one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.migrations import CONFIG, to
from tests.cli.migrations import write as write_config
from tests.cli.refused_evidence import NO_KEYS, QUEUE
from tests.cli.test_client_changes import compared, shop
from tests.cli.test_client_changes import run as run
from tests.conftest import Run

MESSAGE = "shop changes default from database 0 at HEAD to database 3: its keys and tasks stay there"
RUNNING = {"name": "shop", "namespace": "shop", "databases": {"default": 0}}


def left(run: Run, folder: Path, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    """Return severity and message of each finding about a database that is left."""
    code, everything = compared(run, folder, before, after)
    findings = [finding for finding in everything if finding["code"] == "database-left"]
    assert not findings or code == 1
    return [(finding["severity"], finding["message"]) for finding in findings]


@pytest.mark.parametrize("step", ["reconfigure", "scale-up", "validate"])
def test_another_number_in_the_middle_of_a_migration_is_an_error(tmp_path: Path, run: Run, step: str) -> None:
    assert left(run, tmp_path, shop(step), shop(step, databases={"default": 3})) == [("error", MESSAGE)]


def test_another_number_without_a_migration_is_an_error_that_can_be_accepted(tmp_path: Path, run: Run) -> None:
    assert left(run, tmp_path, RUNNING, {**RUNNING, "databases": {"default": 3}}) == [("error", MESSAGE)]
    file = tmp_path / "config/lab.yaml"
    file.write_text(file.read_text() + "accept: [{code: database-left, on: shop, reason: only a cache}]\n")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert (code, [finding for finding in json.loads(output)["findings"] if finding["code"] == "database-left"]) == (0, [])


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}, ["a from database 1 at HEAD to database 2", "b from database 2 at HEAD to database 1"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["b from database 2 at HEAD to no database"]),
        ({"a": 1}, {"tasks": 1}, []),
        ({"a": 1}, {"a": 1, "b": 2}, []),
    ],
    ids=["swapped", "removed", "renamed", "added"],
)
def test_each_database_is_compared_by_its_name(
    tmp_path: Path, run: Run, before: dict[str, int], after: dict[str, int], messages: list[str]
) -> None:
    reported = left(run, tmp_path, {**RUNNING, "databases": before}, {**RUNNING, "databases": after})
    assert [message.removeprefix("shop changes ").partition(": ")[0] for _, message in reported] == messages


@pytest.mark.parametrize("step", ["prepare", "scale-down", "deploy"])
def test_before_the_application_is_switched_the_number_can_change(tmp_path: Path, run: Run, step: str) -> None:
    assert left(run, tmp_path, shop(step), shop(step, databases={"default": 3})) == []


def test_evidence_about_another_database_does_not_start_the_application(tmp_path: Path, run: Run) -> None:
    """The number changes at reconfigure, after the gate of that step read the old one."""
    write_config(tmp_path, to("reconfigure", evidence=[NO_KEYS]), {**QUEUE, "client": {"use": ["queue"], "databases": {"default": 3}}})
    at = ("--at", "2026-03-01T22:04:00-03:00")
    code, _, errors = run("migrate", "advance", str(tmp_path / CONFIG), *at)
    assert (code, "is about database 0 of redis-shared in redis, not about database 3" in errors) == (1, True), errors
    assert "error[database-unread]" in errors
    record = ("migrate", "record", str(tmp_path / CONFIG), "--empty", "--observed", "read database 3", *at)
    assert run(*record)[0] == run("migrate", "advance", str(tmp_path / CONFIG), *at)[0] == 0
