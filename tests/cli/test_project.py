"""The project of a command line: found from folders below it, and never above the Git work tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

CONFIG = "name: home\ngitops: {tool: argocd, repository: https://git.example.org/a/b.git}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a Git work tree with a config and folders below it."""
    for folder in ("top/.git", "top/config", "top/docs/pages"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "top/config/home.yaml").write_text(CONFIG)
    return tmp_path / "top"


def test_every_command_finds_the_project_from_a_folder_below_it(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "docs/pages")
    code, output, _ = run("render")
    assert (code, output.splitlines()[0].partition(":")[0]) == (0, "home")
    assert (project / "rendered/home/README.md").is_file()
    assert run("check")[0] == 0
    assert run("migrate", "status")[1] == "home: no migration in progress\n"
    assert json.loads(run("doctor", "--json")[1])["configs"][0]["file"] == "../../config/home.yaml"
    (project / "config/home.yaml").write_text(CONFIG + "netwrk: {}\n")
    assert run("check")[2].startswith("../../config/home.yaml:3:1: error[unknown-key]")


def test_the_folder_config_of_another_program_is_no_project(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "docs/config").mkdir()
    (project / "docs/config/routes.yaml").write_text("routes: []\n")
    monkeypatch.chdir(project / "docs")
    assert run("render", "--json")[0] == 0
    assert (project / "rendered/home").is_dir()
    assert not (project / "docs/rendered").exists()


def test_the_nearest_project_is_used(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "docs/config").mkdir()
    (project / "docs/config/other.yaml").write_text(CONFIG.replace("home", "other").replace("}", ", path: docs/rendered/other}"))
    monkeypatch.chdir(project / "docs/pages")
    assert run("render")[1].startswith("other: ")
    assert (project / "docs/rendered/other").is_dir()


@pytest.mark.parametrize("kind", ["another work tree", "no Git"])
def test_no_project_outside_of_the_work_tree_is_used(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    if kind == "no Git":
        (project / ".git").rmdir()
    else:
        (project / "docs/.git").mkdir()
    monkeypatch.chdir(project / "docs/pages")
    message = "error: no config/*.yaml in this directory or a parent\n"
    hint = "set a config file, change to the folder that contains config/, or create a config with rediskit init"
    assert run("render") == (2, "", f"{message}  help: {hint}\n")


def test_an_output_option_counts_from_the_current_folder(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "config/home.yaml").write_text(CONFIG.replace("}", ", path: docs/out/home}"))
    monkeypatch.chdir(project / "docs")
    assert run("render", "--output", "out")[0] == 0
    assert (project / "docs/out/home").is_dir()
