"""`rediskit migrate` and its steps as a person meets them: words, codes, exit codes, and the lines that change."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.source.loader import load
from tests.cli.migrations import (
    CONFIG,
    IN_WINDOW,
    SECRET,
    evidence,
    folded,
    git,
    migration,
    to,
    write,
)
from tests.cli.refused_steps import without_replicas
from tests.conftest import Run
from tests.samples import client


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return the command in this process, in the folder of the config: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    return partial(run, "migrate")


MOVES: dict[str, tuple[dict[str, Any], str, dict[str, Any], str]] = {
    "scale-down": (migration(), f"advance --at {IN_WINDOW}", {"step": "scale-down", "at": IN_WINDOW}, "the application repository"),
    "deploy": (to("scale-down"), f"advance --at {IN_WINDOW}", {"step": "deploy", "at": IN_WINDOW}, "this repository"),
    "validate": (
        to("scale-up"),
        "advance --at 2026-03-01T23:30:00-03:00 --to validate",
        {"step": "validate", "at": "2026-03-01T23:30:00-03:00"},
        "only the config",
    ),
    "decommission": (
        to("validate", **evidence()),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {"step": "decommission", "at": "2026-03-03T09:00:00-03:00"},
        "the application repository",
    ),
    "complete": (
        to("decommission", **evidence(entries=folded("2026-03-03T10:00:00-03:00"))),
        "advance --at 2026-03-04T09:00:00-03:00",
        {"step": "complete", "at": "2026-03-04T09:00:00-03:00"},
        "the application repository",
    ),
    "back": (
        to("validate"),
        "back --at 2026-03-02T09:00:00-03:00 --reason slow",
        {"step": "scale-up", "at": "2026-03-02T09:00:00-03:00", "reason": "slow"},
        "only the config",
    ),
    "rollback": (
        to("validate"),
        "rollback --at 2026-03-02T09:00:00-03:00 --reason slow",
        {"step": "rolled-back", "at": "2026-03-02T09:00:00-03:00", "reason": "slow"},
        "the application repository",
    ),
    "the window overridden": (
        {"step": "prepare", "evidence": [SECRET]},
        f"advance --at {IN_WINDOW} --override night",
        {"step": "scale-down", "at": IN_WINDOW, "reason": "override (window-missing): night"},
        "the application repository",
    ),
    "window and Secret overridden, with a remark": (
        {"step": "prepare"},
        f"advance --at {IN_WINDOW} --override night --reason first",
        {"step": "scale-down", "at": IN_WINDOW, "reason": "first; override (window-missing, secret-missing): night"},
        "the application repository",
    ),
    "the budget overridden": (
        to("reconfigure"),
        "advance --at 2026-03-01T22:30:00-03:00 --override near",
        {"step": "scale-up", "at": "2026-03-01T22:30:00-03:00", "reason": "override (budget-spent): near"},
        "the application repository",
    ),
    "an override that nothing needs is not recorded": (
        migration(),
        f"advance --at {IN_WINDOW} --override night",
        {"step": "scale-down", "at": IN_WINDOW},
        "the application repository",
    ),
    "one replica needs no word": (
        migration(),
        f"advance --at {IN_WINDOW}",
        {"step": "scale-down", "at": IN_WINDOW},
        "the application repository",
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_step_changes_step_and_history_alone(name: str, tmp_path: Path, run: Run) -> None:
    section, command, entry, repository = MOVES[name]
    single = "one replica" in name
    file = write(
        tmp_path, section, {"client": {"workloads": {0: {"replicas": 1}}}} if single else None, without_replicas() if single else None
    )
    before = yaml.safe_load(file.read_text())
    text = file.read_text()
    action, *options = command.split(" ")
    dry = run(action, CONFIG, *options, "--dry-run")
    assert file.read_text() == text
    code, output, errors = run(action, CONFIG, *options)
    assert code == dry[0] == 0, errors
    assert f"This changes {repository}\n" in output
    after = load(file).clients[0].migration
    assert after is not None
    assert after.history[-1].model_dump(exclude_none=True) == entry
    meant = before
    meant["clients"][0]["migration"] |= {"step": entry["step"], "history": [*section.get("history", []), entry]}
    assert yaml.load(file.read_text(), yaml.BaseLoader) == yaml.load(yaml.safe_dump(meant), yaml.BaseLoader)
    old, new = text.splitlines(), file.read_text().splitlines()
    assert [line for line in old if line not in new] == [f"    step: {section['step']}"]
    diff = [line for line in output.splitlines() if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))]
    assert [line[1:] for line in diff if line.startswith("-")] == [f"    step: {section['step']}"]
    assert dry[1].splitlines()[: len(diff)] == output.splitlines()[: len(diff)]
    assert {path.name for path in tmp_path.iterdir()} == {"chocolandia", CONFIG}


def test_advance_and_back_leave_the_config_as_it_was_apart_from_its_history(tmp_path: Path, run: Run) -> None:
    section = migration("scale-down", "deploy")
    text = write(tmp_path, section).read_text()
    assert run("advance", CONFIG, "--at", "2026-03-01T22:03:00-03:00")[0] == 0
    assert run("back", CONFIG, "--at", "2026-03-01T22:04:00-03:00", "--reason", "wrong host")[0] == 0
    after = (tmp_path / CONFIG).read_text()
    added = [line for line in after.splitlines() if line not in text.splitlines()]
    assert added == [
        "    - step: reconfigure",
        "      at: 2026-03-01T22:03:00-03:00",
        "      at: 2026-03-01T22:04:00-03:00",
        "      reason: wrong host",
    ]
    kept = after.splitlines()
    for line in (
        "    - step: reconfigure",
        "      at: 2026-03-01T22:03:00-03:00",
        "      at: 2026-03-01T22:04:00-03:00",
        "      reason: wrong host",
    ):
        kept.remove(line)
    last = len(kept) - 1 - kept[::-1].index("    - step: deploy")
    del kept[last]
    assert kept == text.splitlines()


def test_what_the_config_does_not_take_is_exit_code_2_and_nothing_is_written(tmp_path: Path, run: Run) -> None:
    text = write(tmp_path, to("validate")).read_text()
    code, output, errors = run("record", CONFIG, "--from", "2026-03-05T00:00:00Z", "--until", "2026-03-04T00:00:00Z")
    assert (code, output) == (2, "")
    assert "2026-03-04T00:00:00Z is before the start 2026-03-05T00:00:00Z" in errors
    assert (tmp_path / CONFIG).read_text() == text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["advance", "--at", "tomorrow"], "--at: tomorrow is not a time with a UTC offset"),
        (["status", "--at", "2026-03-01T22:00:00"], "--at: 2026-03-01T22:00:00 is not a time with a UTC offset"),
        (["advance", "--to", "deployed"], "--to: deployed is no step"),
        (["status", "--client", "beer"], "client beer has no migration"),
        (["record", "--discard", "tests"], "--observed and --discard need --drained"),
        (["record", "--observed", "none"], "--observed and --discard need --drained"),
        (["record", "--keep", "tests"], "--keep needs --empty"),
        (["record", "--jobs"], "--jobs: beersystem has no CronJob"),
        (["record", "--down-from", "now"], "--down-from: now is not a time with a UTC offset"),
    ],
)
def test_a_wrong_option_is_exit_code_2(options: list[str], message: str, tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration())
    code, output, errors = run(options[0], CONFIG, *options[1:])
    assert (code, output) == (2, "")
    assert errors.splitlines()[0] == f"error: {message}"


def test_with_several_clients_one_is_named_and_the_other_stays(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    data = yaml.safe_load(file.read_text())
    data["clients"].append(client("other", "prepare"))
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert (code, errors) == (2, "error: 2 clients have a migration\n  help: choose one with --client: beersystem, other\n")
    assert run("advance", CONFIG, "--client", "beersystem", "--at", IN_WINDOW)[0] == 0
    clients = load(file).clients
    assert [client.migration.step for client in clients if client.migration] == ["scale-down", "prepare"]
    code, output, _ = run("status", CONFIG, "--at", IN_WINDOW)
    assert code == 0
    assert [line.partition(",")[0] for line in output.splitlines() if not line.startswith(" ") and line] == [
        "beersystem: scale-down",
        "other: prepare",
    ]


def test_the_file_of_a_client_is_what_is_edited(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    data = yaml.safe_load(file.read_text())
    own = data["clients"][0]
    own["workloads"][0]["manifest"] = "beersystem-backend.yaml"
    data["clients"] = [{"file": "chocolandia/beersystem.yaml"}]
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    text = f"# the team's own file\n{yaml.safe_dump(own, sort_keys=False)}# end\n"
    (tmp_path / "chocolandia/beersystem.yaml").write_text(text)
    config = file.read_text()
    code, output, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert code == 0, errors
    assert "--- a/chocolandia/beersystem.yaml\n+++ b/chocolandia/beersystem.yaml" in output
    assert file.read_text() == config
    assert (tmp_path / "chocolandia/beersystem.yaml").read_text() == text.replace("\n  step: prepare", "\n  step: scale-down").replace(
        "# end\n", f"  history:\n  - {{step: scale-down, at: {IN_WINDOW}}}\n# end\n"
    )
    assert load(file).clients[0].migration is not None


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path, run: Run) -> None:
    file, real = write(tmp_path, migration()), tmp_path / "real/chocolandia.yaml"
    (tmp_path / "chocolandia").rename(tmp_path / "real")
    real.write_bytes(file.read_bytes().replace(b"chocolandia/beersystem-backend.yaml", b"beersystem-backend.yaml"))
    real.chmod(0o640)
    file.unlink()
    file.symlink_to("real/chocolandia.yaml")
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert code == 0, errors
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "step: scale-down" in real.read_text()


def test_two_steps_in_one_commit_are_refused(tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration())
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "prepare")
    assert run("advance", CONFIG, "--at", IN_WINDOW)[0] == 0
    code, output, errors = run("advance", CONFIG, "--at", "2026-03-01T22:02:00-03:00")
    assert (code, output) == (1, "")
    message = "error[step-uncommitted]: beersystem: the step to scale-down is not committed yet; with deploy one commit would take two"
    assert errors.splitlines()[-2:] == [message, "  help: render and commit what is there first"]
    assert run("back", CONFIG, "--at", "2026-03-01T22:02:00-03:00", "--reason", "not yet")[0] == 0
    assert run("advance", CONFIG, "--at", "2026-03-01T22:03:00-03:00")[0] == 0
    git(tmp_path, "commit", "-qam", "scale-down")
    code, output, errors = run("advance", CONFIG, "--at", "2026-03-01T22:04:00-03:00")
    assert (code, "not committed" in errors) == (0, False)
    assert f"  $ rediskit migrate step {CONFIG} --client beersystem --to deploy --commit --push --wait" in output.splitlines()
    code, _, errors = run("rollback", CONFIG, "--at", "2026-03-01T22:05:00-03:00", "--reason", "no address")
    assert code == 0, "the way out is never refused for what is not committed"
    assert f"note: {CONFIG} has other changes that are not committed: they will be in the same commit" in errors.splitlines()


def test_a_step_without_git_is_taken_with_a_note(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, migration())
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert (code, errors.splitlines()[0]) == (0, "note: not compared with the last commit: git is not on PATH")
    assert run("rollback", CONFIG, "--at", "2026-03-01T22:05:00-03:00", "--reason", "no address")[0] == 0
    assert "step: rolled-back" in file.read_text()
