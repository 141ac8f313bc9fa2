"""Which configs a command takes, and several of them in one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import CONFIG, config, environments, lines, on_disk
from tests.cli.test_commands import folder as folder
from tests.conftest import Run


def test_every_config_of_the_folder_is_the_default(folder: Path, run: Run) -> None:
    config(folder, "two")
    (folder / "config/notes.txt").write_text("no config")
    code, output, _ = run("render", "--json")
    assert code == 0
    assert list(environments(output)) == ["one", "two"]
    assert sorted(path.name for path in (folder / "rendered").iterdir()) == ["one", "two"]


def test_named_configs_alone_are_rendered(folder: Path, run: Run) -> None:
    config(folder, "two")
    config(folder, "three")
    assert run("render", "config/two.yaml", "config/one.yaml", "config/two.yaml")[0] == 0
    assert sorted(path.name for path in (folder / "rendered").iterdir()) == ["one", "two"]


@pytest.mark.parametrize("wrong", ["redis: {replicas: many}\n", "redis: {values: {nothingOfTheChart: 1}}\n"], ids=["load", "check"])
def test_one_bad_config_of_several_writes_nothing(wrong: str, folder: Path, run: Run) -> None:
    config(folder, "two", wrong)
    config(folder, "three")
    code, output, errors = run("render")
    assert code == (2 if "many" in wrong else 1)
    assert output == ""
    assert len(lines(errors)) == 1
    assert lines(errors)[0].startswith("config/two.yaml:5:")
    assert not (folder / "rendered").exists()


def test_an_edited_file_in_one_tree_stops_the_others(folder: Path, run: Run) -> None:
    config(folder, "two")
    run("render")
    (folder / "rendered/two/README.md").write_text("by hand")
    for name in ("one", "two"):
        config(folder, name, "redis: {namespace: cache}\n")
    before = on_disk(folder)
    code, output, errors = run("render")
    assert (code, output, on_disk(folder)) == (1, "", before)
    assert lines(errors) == ["error: rendered/two/README.md was edited by hand"]


def test_no_config_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in ("render", "check"):
        code, output, errors = run(verb)
        assert (code, output) == (2, "")
        hint = "set a config file, change to the folder that contains config/, or create a config with rediskit init"
        assert errors == f"error: no config/*.yaml in this directory or a parent\n  help: {hint}\n"
        assert json.loads(run(verb, "--json")[1])["exitCode"] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_is_passed_over_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    for file in sorted(Path("config").glob("*.yaml"))[1:]:
        file.unlink()
    Path("config/one.yaml").rename("config/one.yml")
    for arguments in (("render",), ("migrate", "status"), ("secret", "check")):
        code, output, errors = run(*arguments)
        assert (code, output) == (2, "")
        assert errors == "error: no config/*.yaml in this directory or a parent\n  help: rename config/one.yml: a config ends in .yaml\n"
    Path("config/one.yml").rename("config/one.yaml")
    monkeypatch.chdir(folder / "config")
    assert (
        run("render")[2]
        == "error: no config/*.yaml in this directory or a parent\n  help: change to the parent folder, which contains config/\n"
    )


def test_the_path_in_git_is_checked_inside_a_work_tree(folder: Path, run: Run) -> None:
    (folder / ".git").mkdir()
    code, output, errors = run("render", "--output", "deploy")
    assert (code, output) == (1, "")
    assert "[gitops-path]" in lines(errors)[0]
    assert "deploy/one" in lines(errors)[0]
    assert not (folder / "deploy").exists()
    config(folder, "one").write_text(CONFIG.format(name="one") + "  path: deploy/one\n")
    assert run("render", "--output", "deploy")[0] == 0
    assert run("check", "--output", "deploy")[0] == 0


@pytest.mark.parametrize("output", ["taken", "taken/below", "/proc/rediskit"])
def test_an_output_that_can_not_be_written_is_refused_in_plain_words(output: str, folder: Path, run: Run) -> None:
    (folder / "taken").write_text("a file")
    code, text, errors = run("render", "--output", output)
    assert (code, text) == (1, "")
    assert len(lines(errors)) == 1
    assert output.split("/")[-1] in errors or output in errors
    assert "Traceback" not in errors
    assert (folder / "taken").read_text() == "a file"
