"""The commands render, check and schema as a person and a pipeline meet them: exit codes, words, JSON, and what is left on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rediskit.output.paths import STAGE
from tests.conftest import Run
from tests.samples import WARNED

CONFIG = "name: {name}\ngitops:\n  tool: argocd\n  repository: https://git.example.org/platform/cluster.git\n"
VERBS = ("render", "check", "schema")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder: one config, `one`, not rendered yet, outside of Git."""
    config(tmp_path, "one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(folder: Path, name: str, more: str = "") -> Path:
    (folder / "config").mkdir(exist_ok=True)
    file = folder / f"config/{name}.yaml"
    file.write_text(CONFIG.format(name=name) + more, encoding="utf-8")
    return file


def on_disk(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder: content and time of the last change."""
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def lines(errors: str) -> list[str]:
    """Return the problems and warnings on standard error, without hints and without what the config itself is warned of."""
    return [line for line in errors.splitlines() if not line.startswith("  ") and not any(f"[{code}]" in line for code in WARNED)]


def environments(output: str) -> dict[str, dict[str, Any]]:
    return {environment["name"]: environment for environment in json.loads(output)["environments"]}


# render


def test_render_writes_the_manifests_and_reports_it(folder: Path, run: Run) -> None:
    code, output, errors = run("render")
    files = sorted(on_disk(folder / "rendered/one"))
    assert code == 0
    assert lines(errors) == []
    assert output.splitlines()[0] == f"one: {len(files) - 1} created, 0 changed, 0 removed, 0 unchanged"
    assert output.splitlines()[1:] == [f"  + {path}" for path in files if path != ".rediskit.json"]
    assert "README.md" in files


def test_a_second_render_touches_nothing(folder: Path, run: Run) -> None:
    run("render")
    before = on_disk(folder)
    code, output, _ = run("render")
    assert (code, on_disk(folder)) == (0, before)
    assert output == f"one: 0 created, 0 changed, 0 removed, {len(before) - 2} unchanged\n"


def test_a_changed_config_is_a_few_changed_files(folder: Path, run: Run) -> None:
    run("render")
    before = on_disk(folder / "rendered/one")
    config(folder, "one", "redis: {namespace: cache}\n")
    code, output, _ = run("render", "--json")
    after = on_disk(folder / "rendered/one")
    changes = environments(output)["one"]
    assert code == 0
    assert set(changes["created"]) == after.keys() - before.keys() != set()
    assert set(changes["removed"]) == before.keys() - after.keys() != set()
    assert set(changes["changed"]) == {path for path in before.keys() & after.keys() if before[path][0] != after[path][0]} - {
        ".rediskit.json"
    }
    assert all(after[path] == before[path] for path in changes["unchanged"])


def test_json_of_render(folder: Path, run: Run) -> None:
    code, output, errors = run("render", "--json")
    document = json.loads(output)
    assert (code, errors) == (0, "")
    assert list(document) == ["version", "environments", "findings", "exitCode"]
    assert document["exitCode"] == 0
    (environment,) = document["environments"]
    assert environment.pop("created") == sorted(set(on_disk(folder / "rendered/one")) - {".rediskit.json"})
    assert environment == {
        "name": "one",
        "changed": [],
        "removed": [],
        "unchanged": [],
        "edited": [],
        "foreign": [],
        "interrupted": False,
        "staleIndex": False,
        "warnings": [],
    }
    for finding in document["findings"]:
        assert list(finding) == ["code", "severity", "message", "hint", "path", "file", "line", "column", "on"]
        assert finding["severity"] in ("warning", "info")


def test_output_goes_where_it_is_told(folder: Path, run: Run) -> None:
    assert run("render", "--output", "deploy/cluster")[0] == 0
    assert (folder / "deploy/cluster/one/README.md").is_file()
    assert not (folder / "rendered").exists()
    assert run("check", "--output", "deploy/cluster")[0] == 0
    assert run("check")[0] == 1


# Files that people edited, added or took away


def test_an_edited_file_is_named_and_nothing_written(folder: Path, run: Run) -> None:
    run("render")
    for path in ("README.md", "platform/kustomization.yaml"):
        with (folder / "rendered/one" / path).open("a") as stream:
            stream.write("# by hand\n")
    config(folder, "one", "redis: {namespace: cache}\n")
    before = on_disk(folder)
    code, output, errors = run("render")
    assert (code, output, on_disk(folder)) == (1, "", before)
    assert lines(errors) == [
        "error: rendered/one/README.md was edited by hand",
        "error: rendered/one/platform/kustomization.yaml was edited by hand",
    ]
    assert errors.count("--force") == 2
    code, output, errors = run("render", "--json")
    assert (code, errors, on_disk(folder)) == (1, "", before)
    refused = json.loads(output)
    assert refused["exitCode"] == 1
    assert [problem["message"] for problem in refused["problems"]] == [
        "rendered/one/README.md was edited by hand",
        "rendered/one/platform/kustomization.yaml was edited by hand",
    ]


def test_force_overwrites_edited_files_and_lists_them(folder: Path, run: Run) -> None:
    run("render")
    before = on_disk(folder)["rendered/one/README.md"][0]
    (folder / "rendered/one/README.md").write_text("by hand")
    code, output, _ = run("render", "--force")
    assert code == 0
    assert "  ~ README.md (edited by hand)\n" in output
    assert on_disk(folder)["rendered/one/README.md"][0] == before
    (folder / "rendered/one/README.md").write_text("by hand")
    code, output, _ = run("render", "--force", "--json")
    assert (code, environments(output)["one"]["edited"]) == (0, ["README.md"])
    assert run("check")[0] == 0


def test_check_names_edited_files(folder: Path, run: Run) -> None:
    run("render")
    (folder / "rendered/one/README.md").write_text("by hand")
    before = on_disk(folder)
    code, output, _ = run("check")
    assert (code, on_disk(folder)) == (1, before)
    assert output.splitlines()[0].startswith("one: 0 missing, 1 different, 0 left over, ")
    assert output.splitlines()[1] == "  ~ README.md (edited by hand)"
    assert output.splitlines()[2] == "one: move the edits into the config; render overwrites edited files only with --force"
    assert environments(run("check", "--json")[1])["one"]["edited"] == ["README.md"]


def test_edited_files_are_named_however_many_changes_there_are(folder: Path, run: Run) -> None:
    for number in range(8):
        config(folder, f"more{number}")
    run("render")
    (folder / "rendered/one/README.md").write_text("by hand")
    for number in range(8):
        config(folder, f"more{number}", "redis: {namespace: cache, release: other}\n")
    code, output, _ = run("check")
    assert code == 1
    assert [line for line in output.splitlines() if line.startswith("  ")] == ["  ~ README.md (edited by hand)"]


def test_a_foreign_file_is_a_warning_of_both_verbs(folder: Path, run: Run) -> None:
    run("render")
    (folder / "rendered/one/notes.txt").write_text("mine")
    for verb in (["render"], ["render", "--force"], ["check"]):
        code, _, errors = run(*verb)
        assert code == 0
        assert [line for line in lines(errors) if "rendered/one/notes.txt" in line and line.startswith("warning: ")]
        environment = environments(run(*verb, "--json")[1])["one"]
        assert environment["foreign"] == ["notes.txt"]
        assert [warning["message"] for warning in environment["warnings"] if "rendered/one/notes.txt" in warning["message"]]
    assert (folder / "rendered/one/notes.txt").read_text() == "mine"


def test_a_foreign_file_in_the_way_is_refused_even_with_force(folder: Path, run: Run) -> None:
    (folder / "rendered/one").mkdir(parents=True)
    (folder / "rendered/one/README.md").write_text("mine")
    for verb in (["render"], ["render", "--force"]):
        code, output, errors = run(*verb)
        assert (code, output) == (1, "")
        assert [line for line in lines(errors) if line.startswith("error: rendered/one/README.md ")]
    code, _, errors = run("check")
    assert code == 1
    assert [line for line in lines(errors) if line.startswith("warning: rendered/one/README.md ")]
    assert on_disk(folder / "rendered/one").keys() == {"README.md"}


def test_check_reports_an_interrupted_render(folder: Path, run: Run) -> None:
    run("render")
    (folder / "rendered/one" / STAGE).mkdir()
    code, output, _ = run("check")
    assert code == 1
    assert output.splitlines()[1:] == ["one: an earlier render was interrupted, or a merge is not finished: render again to fix it"]
    assert environments(run("check", "--json")[1])["one"]["interrupted"] is True
    assert run("render")[0] == 0
    assert run("check")[0] == 0


def test_check_reports_a_missing_index(folder: Path, run: Run) -> None:
    run("render")
    (folder / "rendered/one/.rediskit.json").unlink()
    code, output, _ = run("check")
    assert code == 1
    assert output.splitlines()[1:] == ["one: the index is missing or does not match the files: render again to fix it"]
    assert environments(run("check", "--json")[1])["one"]["staleIndex"] is True
    assert run("render")[0] == 0
    assert run("check")[0] == 0


# check


def test_check_of_what_was_never_rendered(folder: Path, run: Run) -> None:
    code, output, _ = run("check")
    assert code == 1
    assert output.splitlines()[0].startswith("one: ")
    assert " missing, 0 different, 0 left over, 0 unchanged" in output
    assert output.splitlines()[-1] == "one: rediskit render makes these changes"
    assert not (folder / "rendered").exists()


def test_check_of_drift_in_every_direction(folder: Path, run: Run) -> None:
    run("render")
    config(folder, "one", "redis: {namespace: cache}\n")
    (folder / "rendered/one/README.md").unlink()
    before = on_disk(folder)
    code, output, _ = run("check")
    assert (code, on_disk(folder)) == (1, before)
    marks = {line[2] for line in output.splitlines() if line.startswith("  ")}
    assert marks == {"+", "~", "-"}
    assert "edited by hand" not in output
    document = json.loads(run("check", "--json")[1])
    assert list(document) == ["version", "environments", "findings", "drifted", "exitCode"]
    assert (document["drifted"], document["exitCode"]) == (True, 1)
    assert "README.md" in document["environments"][0]["created"]


@pytest.mark.usefixtures("folder")
def test_check_of_what_is_rendered(run: Run) -> None:
    run("render")
    code, output, errors = run("check", "--json")
    document = json.loads(output)
    assert (code, document["drifted"], document["exitCode"], errors) == (0, False, 0, "")


# Several configs, and none


# The file system says no


# schema


def test_schema_is_the_committed_file(folder: Path, run: Run) -> None:
    code, output, errors = run("schema")
    assert (code, errors) == (0, "")
    schema = json.loads(output)
    assert {"name", "gitops", "redis", "clients"} <= schema["properties"].keys()
    assert run("schema", "--json")[1] == output
    assert [path.name for path in folder.iterdir()] == ["config"]


# Errors and exit codes


# As a program of its own
