"""A whole move by the commands that rediskit proposes, in a cluster that applies what is pushed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli import cluster_double
from tests.cli.checkout import fold
from tests.cli.cluster_double import Double
from tests.cli.migrations import READY, write
from tests.cli.test_step import CONFIG, DEPLOYED, Place
from tests.conftest import Run

TIMES = {
    "scale-down": "2026-03-01T22:01:00-03:00",
    "deploy": "2026-03-01T22:02:00-03:00",
    "reconfigure": "2026-03-01T22:04:00-03:00",
    "scale-up": "2026-03-01T22:05:00-03:00",
    "validate": "2026-03-01T22:06:00-03:00",
    "record": "2026-03-03T09:00:00-03:00",
    "decommission": "2026-03-03T09:05:00-03:00",
    "complete": "2026-03-04T09:00:00-03:00",
}
"""The time of each command: that of a person is the clock."""


class Person:
    """A person who types the command that the last one proposed. typed: those commands."""

    def __init__(self, place: Place, run: Run) -> None:
        self.place, self._run = place, run
        self.typed: list[str] = []

    def first(self) -> str:
        """Return the first command, from the status."""
        _, output, _ = self._run("migrate", "status", CONFIG, "--at", TIMES["scale-down"])
        (line,) = [line for line in output.splitlines() if line.startswith("  next command: ")]
        return line.removeprefix("  next command: ")

    def type(self, command: str) -> str:
        """Run a command, and return the next one."""
        words = shlex.split(command, comments=True)
        assert words[0] == "rediskit", command
        self.typed.append(shlex.join(words))
        step = words[words.index("--to") + 1] if "--to" in words else "record"
        code, output, errors = self._run(*words[1:], "--at", TIMES[step])
        assert code == 0, output + errors
        if "step" in words:
            assert "\nverification: passed, " in output, output
        return next(line.removeprefix("next: ") for line in output.splitlines() if line.startswith("next: "))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, run: Run) -> Place:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    place = Place(tmp_path, monkeypatch)
    section = {"monitoring": {"enabled": False}}
    write(place.here.folder / "config", {"step": "prepare", "order": "scale-down-first", **READY}, {**DEPLOYED, **section})
    place.start(run)
    return place


@pytest.fixture
def cluster(place: Place, monkeypatch: pytest.MonkeyPatch, kustomize: Path) -> Double:
    return cluster_double.start(place.folder, monkeypatch, kustomize)


@pytest.mark.usefixtures("cluster")
def test_a_person_only_types_what_the_last_command_proposed(place: Place, run: Run) -> None:
    person = Person(place, run)
    command = person.first()
    while command.startswith("rediskit"):
        if "--to complete" in command:
            fold(place.folder)
            place.owner.commit({})
            place.owner.git("push", "--quiet")
        command = person.type(command)
    assert command == "none: the migration is complete"
    steps = [words.partition("--to ")[2].split()[0] for words in person.typed if "--to " in words]
    assert steps == ["scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete"]
    assert len(person.typed) <= 10, person.typed
    assert [place.remote(name) for name in ("here", "owner")] == ["beersystem: complete"] * 2
    assert place.here.git("status", "--porcelain") == place.owner.git("status", "--porcelain") == ""
    assert run("check", CONFIG, "--base", "HEAD~1")[0] == 0
