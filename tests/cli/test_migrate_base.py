"""`rediskit check --base REV`: what was done to a migration by hand, held against the committed config, at its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.source.loader import load
from tests.cli.migrations import CONFIG, IN_WINDOW, entries, git, migration, to, write
from tests.conftest import Run
from tests.samples import client, merged

DOWN = {"kind": "downtime", "step": "validate", "at": IN_WINDOW, "value": f"2026-03-01T22:00:00-03:00/{IN_WINDOW}"}
LATER = {"step": "rolled-back", "at": "2026-03-02T09:00:00-03:00", "reason": "slow"}


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return run


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a step", "--allow-empty")


def dropped(section: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key != "history"}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str, str]] = {
    "two steps on": (
        to("scale-down"),
        to("reconfigure"),
        "step-jump",
        "beersystem goes from scale-down to reconfigure, which is not one step",
        "step",
    ),
    "two steps, the history hidden": (
        to("scale-down"),
        dropped(to("reconfigure")),
        "step-jump",
        "beersystem goes from scale-down to reconfigure, which is not one step",
        "step",
    ),
    "two steps back": (to("scale-up"), to("deploy"), "step-jump", "beersystem goes from scale-up to deploy, which is not one step", "step"),
    "rolled back before anything": (
        migration(),
        {**migration(), "step": "rolled-back", "history": [LATER]},
        "step-jump",
        "beersystem goes from prepare to rolled-back, which is not one step",
        "step",
    ),
    "out and in again in one commit, and the release is gone": (
        migration("scale-down", "deploy", "rolled-back"),
        migration("scale-down", "deploy", "rolled-back", "prepare", "scale-down", "rolled-back"),
        "step-jump",
        "beersystem takes several steps in one commit",
        "history",
    ),
    "one step, three entries": (
        to("scale-down"),
        {**to("deploy"), "history": [*entries("scale-down", "deploy", "scale-down", "deploy")]},
        "step-jump",
        "beersystem takes several steps in one commit",
        "history",
    ),
    "the time of an old step": (
        to("deploy"),
        {
            **to("reconfigure"),
            "history": [{"step": "scale-down", "at": "2026-03-01T21:59:00-03:00"}, *entries("x", "deploy", "reconfigure")[1:]],
        },
        "history-rewritten",
        "beersystem changes its committed history",
        "history",
    ),
    "the history is dropped": (
        to("deploy"),
        dropped(to("deploy")),
        "history-rewritten",
        "beersystem changes its committed history",
        "migration",
    ),
    "another order on the way": (
        to("deploy"),
        {**to("deploy"), "order": "deploy-first"},
        "order-changed",
        "beersystem changes its order at deploy",
        "order",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_done_by_hand_is_found(name: str, tmp_path: Path, run: Run) -> None:
    old, new, code, message, key = CASES[name]
    write(tmp_path, old)
    commit(tmp_path)
    file = write(tmp_path, new)
    assert run("render", CONFIG)[0] == 0
    assert run("check", CONFIG)[0] == 0, "without --base nobody knows"
    ended, _, errors = run("check", CONFIG, "--base", "HEAD")
    assert ended == 1
    (line,) = (line for line in errors.splitlines() if f"[{code}]" in line)
    place, label, _, rest = line.split(": ", 3)
    assert (label, rest) == (f"error[{code}]", message)
    number = int(place.split(":")[1])
    assert f"{key}:" in file.read_text().splitlines()[number - 1] or key in ("history", "migration")
    listed = json.loads(run("check", CONFIG, "--base", "HEAD", "--json")[1])["findings"]
    assert [finding["message"] for finding in listed if finding["code"] == code] == [message]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (migration(), migration()),
        (migration(), to("scale-down")),
        (to("scale-down"), to("deploy")),
        (to("deploy"), {**migration("scale-down", "deploy", "scale-down")}),
        (to("scale-down"), migration("scale-down", "deploy", "scale-down")),
        (to("validate"), {**to("validate"), "step": "rolled-back", "history": [*to("validate")["history"], LATER]}),
        (migration("scale-down", "rolled-back"), migration("scale-down", "rolled-back", "scale-down")),
        (migration("scale-down", "rolled-back"), migration("scale-down", "rolled-back", "prepare")),
        (migration(), {**migration(), "order": "deploy-first"}),
        (to("validate"), to("validate", evidence=[DOWN])),
    ],
)
def test_one_step_and_what_is_recorded_pass(old: dict[str, Any], new: dict[str, Any], tmp_path: Path, run: Run) -> None:
    write(tmp_path, old)
    commit(tmp_path)
    write(tmp_path, new)
    assert run("render", CONFIG)[0] == 0
    assert run("check", CONFIG, "--base", "HEAD")[0] == 0


def test_a_client_that_is_added_or_removed_during_its_migration_is_reported(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("deploy"))
    commit(tmp_path)
    data = yaml.safe_load(file.read_text())
    data["clients"] = [client("other", "validate")]
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    _, _, errors = run("check", CONFIG, "--base", "HEAD")
    assert "error[step-jump]: clients[0].migration.step: the migration of other starts at validate" in errors
    assert "error[migration-dropped]: clients: beersystem is at deploy, and the config no longer contains it" in errors
    data = yaml.safe_load(write(tmp_path, to("deploy")).read_text())
    del data["clients"][0]["migration"]
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    _, _, errors = run("check", CONFIG, "--base", "HEAD")
    assert "error[migration-dropped]: clients[0]: beersystem is at deploy, and the config no longer contains its migration" in errors


def test_a_client_in_a_file_of_its_own(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("scale-down"))
    data = yaml.safe_load(file.read_text())
    own = merged(data["clients"][0], {"workloads": {0: {"manifest": "beersystem-backend.yaml"}}})
    data["clients"] = [{"file": "chocolandia/beersystem.yaml"}]
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    (tmp_path / "chocolandia/beersystem.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
    commit(tmp_path)
    own["migration"] = to("scale-up")
    (tmp_path / "chocolandia/beersystem.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
    assert load(file).clients[0].migration is not None
    _, _, errors = run("check", CONFIG, "--base", "HEAD")
    (line,) = (line for line in errors.splitlines() if "[step-jump]" in line)
    assert line.startswith("chocolandia/beersystem.yaml:")
    assert line.endswith("error[step-jump]: clients[0].migration.step: beersystem goes from scale-down to scale-up, which is not one step")


@pytest.mark.parametrize("file", [[], {"a": "b"}, None, 1.5])
def test_a_committed_client_whose_file_is_no_text_is_a_client_without_a_file(file: Any, tmp_path: Path, run: Run) -> None:
    config = write(tmp_path, to("deploy"))
    sound = config.read_text()
    data = yaml.safe_load(sound)
    data["clients"].insert(0, {"file": file})
    config.write_text(yaml.safe_dump(data, sort_keys=False))
    commit(tmp_path)
    config.write_text(sound)
    assert run("check", CONFIG, "--base", "HEAD")[0] != 3


def test_a_config_that_is_new_and_a_revision_that_is_not(tmp_path: Path, run: Run) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, to("deploy"))
    assert run("render", CONFIG)[0] == 0
    assert run("check", CONFIG, "--base", "HEAD")[0] == 0, "a branch without a commit holds no step to jump from"
    code, _, errors = run("check", CONFIG, "--base", "no-such")
    assert code == 2
    assert errors.startswith("error[git-revision]: 'no-such' is not a revision of the Git work tree")


def test_a_committed_config_that_does_not_load(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("deploy"))
    text = file.read_text()
    file.write_text(text.replace("step: deploy", "step: deployed", 1))
    commit(tmp_path)
    file.write_text(text)
    code, _, errors = run("check", CONFIG, "--base", "HEAD")
    assert (code, errors.splitlines()[0]) == (2, f"error: the migration in {CONFIG} at HEAD is not valid")
