"""The commands of the runbook, as they are printed, move a client from prepare to complete and back, in both repositories.

The wait for the cluster is left out here; tests/cluster/test_step.py runs it.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.cli.parser import parser
from rediskit.state_machine.clock import later
from tests.cli.checkout import fold
from tests.cli.cluster_double import SHOWS_THE_CLUSTER
from tests.cli.test_step import Place
from tests.conftest import Run

START = "2026-03-01T22:00:30-03:00"
UNTIL_DECOMMISSION = 26 * 3600
DOWN = ("scale-down", "deploy", "reconfigure", "scale-up")
MOST, MOST_DOWN = 10, 4
"""The largest number of commands of a whole migration, and during the downtime."""


def commands(text: str) -> list[str]:
    """Return the lines of the page's blocks that change a repository: all but the read-only kubectl commands."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return [line for line in lines if not line.startswith(("kubectl ", "cmp ", "#"))]


@pytest.fixture(params=["scale-down-first", "deploy-first"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, run: Run) -> Place:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    clones = Place(tmp_path, monkeypatch, request.param)
    clones.start(run)
    return clones


def page(place: Place) -> str:
    return (place.here.folder / "rendered/chocolandia/docs/migration-beersystem.md").read_text(encoding="utf-8")


def run_at(command: str, at: str) -> int:
    return main([*shlex.split(command.replace(" --wait", "").replace("../beersystem", "../owner/prod"))[1:], "--at", at])


def follow(place: Place, lines: list[str], at: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Run commands of the runbook a minute apart, and return the time after them."""
    for command in lines:
        if "--criterion" in command:
            at = later(at, UNTIL_DECOMMISSION)
        if "--to complete" in command:
            fold(place.folder)
            place.owner.commit({})
            place.owner.git("push", "--quiet")
        assert run_at(command, at) == 0, (command, capfd.readouterr().err)
        assert " step " not in command or main(["check", "config/chocolandia.yaml"]) == 0
        at = later(at, 60)
    return at


def test_the_runbook_leads_to_the_end_in_few_commands(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    lines = commands(page(place).partition("## Roll back")[0])
    assert len(lines) <= MOST, lines
    down = [line for line in lines if any(f"--to {step} " in line for step in DOWN)]
    assert len(down) == len({line for line in lines if " step " in line}) - 3 <= MOST_DOWN
    follow(place, lines, START, capfd)
    assert place.step() == "complete"
    for name, repository in (("here", place.here), ("owner", place.owner)):
        assert place.remote(name) == "beersystem: complete"
        assert repository.git("status", "--porcelain") == ""


def test_the_rollback_of_the_runbook_can_be_followed_by_another_attempt(
    place: Place, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = place.folder / "kubectl"
    kubectl.write_text(f"#!/bin/sh\n{SHOWS_THE_CLUSTER}\necho '# Keyspace'\n", encoding="utf-8")
    kubectl.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(kubectl))
    forward, _, wrong = page(place).partition("## Roll back")
    at = follow(place, commands(forward.partition("### 6. decommission")[0]), START, capfd)
    assert place.step() == "validate"
    back, heading, again = wrong.partition("### Try again")
    assert heading
    at = follow(place, commands(back), at, capfd)
    assert (place.step(), place.remote("owner")) == ("rolled-back", "beersystem: rolled-back")
    (empty,) = commands(again.partition("## Troubleshooting")[0])
    assert empty.endswith(" --empty")
    follow(place, [empty, next(line for line in commands(forward) if "--to scale-down" in line)], at, capfd)
    assert place.step() == "scale-down"


def test_every_command_is_one_that_the_parser_takes(place: Place) -> None:
    text = page(place)
    inline = [line for line in re.findall(r"`(rediskit [^`]*)`", text) if "|" not in line]
    assert len(commands(text)) > 10
    for command in [*commands(text), *inline]:
        if command.startswith("rediskit ") and (arguments := shlex.split(command)[1:]) not in (["migrate", "back"], ["migrate", "step"]):
            assert parser().parse_args(arguments).verb == arguments[0]
