"""The commands of the runbook, as they stand there, move a client from prepare to complete and back, in both repositories."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.cli.parser import parser
from rediskit.source.loader import load
from rediskit.state_machine.clock import later
from tests.cli.checkout import fold, owner
from tests.cli.test_migrate import READY, write

START = "2026-03-01T22:00:30-03:00"
UNTIL_DECOMMISSION = 26 * 3600


def commands(text: str) -> list[str]:
    """The lines of the page's blocks that call rediskit."""
    return [
        line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line.startswith("rediskit ")
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path) -> Path:
    """A repository as the runbook means it: the config in config/; the owner's checkout is beside it."""
    (tmp_path / "config").mkdir()
    owner(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(folder: Path, order: str) -> str:
    file = write(folder / "config", {"step": "prepare", "order": order, "window": READY["window"]})
    assert main(["render", f"config/{file.name}"]) == 0
    return (folder / "rendered/chocolandia/docs/migration-beersystem.md").read_text(encoding="utf-8")


def run(command: str, at: str) -> int:
    arguments = shlex.split(command.replace("$OWNER_DIR", "owner/prod"))[1:]
    dated = arguments[0] == "migrate" and arguments[1] not in ("plan", "export")
    return main([*arguments, *(("--at", at) if dated else ())])


def step(folder: Path) -> str:
    migration = load(folder / "config/chocolandia.yaml").clients[0].migration
    assert migration is not None
    return migration.step


@pytest.mark.parametrize("order", ["scale-down-first", "deploy-first"])
def test_the_runbook_leads_to_the_end(order: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = begin(folder, order)
    way, _, _ = text.partition("## Roll back")
    at = START
    for command in commands(way):
        if "--criterion" in command:
            at = later(at, UNTIL_DECOMMISSION)
        if "--folded" in command:
            fold(folder)
        assert run(command, at) == 0, (command, capsys.readouterr().err)
        at = later(at, 60) if " advance " in command else at
        if command.startswith("rediskit render "):
            assert main(["check", "config/chocolandia.yaml"]) == 0
    assert step(folder) == "complete"


@pytest.mark.parametrize("order", ["scale-down-first", "deploy-first"])
def test_the_way_back_of_the_runbook_leads_back_and_forward_again(order: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = begin(folder, order)
    way, _, wrong = text.partition("## Roll back")
    at = START
    for command in commands(way.partition("### 6. decommission")[0]):
        assert run(command, at) == 0, (command, capsys.readouterr().err)
        at = later(at, 60) if " advance " in command else at
    assert step(folder) == "validate"
    back, _, _ = wrong.partition("The shared Redis stays. To try again")
    for command in commands(back):
        assert run(command, at) == 0, (command, capsys.readouterr().err)
    assert step(folder) == "rolled-back"
    for command in [next(one for one in commands(way) if "--to scale-down" in one)]:
        assert run(command, later(at, 60)) == 0, (command, capsys.readouterr().err)
    assert step(folder) == "scale-down"


def test_every_command_is_one_that_the_parser_takes(folder: Path) -> None:
    text = begin(folder, "scale-down-first")
    inline = [line for line in re.findall(r"`(rediskit [^`]*)`", text) if "|" not in line]
    assert len(commands(text)) > 20
    for command in [*commands(text), *inline]:
        arguments = shlex.split(command)[1:]
        if arguments != ["migrate", "back"]:
            assert parser().parse_args(arguments).verb == arguments[0]
