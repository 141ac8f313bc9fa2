"""The commands render, check and schema as a person and a pipeline meet them: exit codes, words, JSON, and what is left on disk."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import rediskit.cli.parser
import rediskit.cli.render
import rediskit.cli.schema
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.output.paths import STAGE
from tests.conftest import Run
from tests.samples import WARNED

ROOT = Path(__file__).parent.parent.parent
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


def start(folder: Path, *arguments: str, program: tuple[str, ...] = ("-m", "rediskit"), **options: Any) -> subprocess.Popen[str]:
    """Return the command as a program of its own."""
    return subprocess.Popen([sys.executable, *program, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options)


def program(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command to its end, and return exit code, output and errors."""
    process = start(folder, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


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
        hint = "set a config file, or change to the folder that contains config/"
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


# The file system says no


@pytest.mark.parametrize("output", ["taken", "taken/below", "/proc/rediskit"])
def test_an_output_that_can_not_be_written_is_refused_in_plain_words(output: str, folder: Path, run: Run) -> None:
    (folder / "taken").write_text("a file")
    code, text, errors = run("render", "--output", output)
    assert (code, text) == (1, "")
    assert len(lines(errors)) == 1
    assert output.split("/")[-1] in errors or output in errors
    assert "Traceback" not in errors
    assert (folder / "taken").read_text() == "a file"


# schema


def test_schema_is_the_committed_file(folder: Path, run: Run) -> None:
    code, output, errors = run("schema")
    assert (code, errors) == (0, "")
    schema = json.loads(output)
    assert {"name", "gitops", "redis", "clients"} <= schema["properties"].keys()
    assert run("schema", "--json")[1] == output
    assert [path.name for path in folder.iterdir()] == ["config"]


# Errors and exit codes


@pytest.mark.parametrize(
    ("error", "code"), [(ConfigError, 2), (RefusedError, 1), (MissingToolError, 3)], ids=["config", "refused", "missing tool"]
)
@pytest.mark.usefixtures("folder")
def test_each_kind_of_error_has_its_exit_code(error: Any, code: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise error([Problem("first", "fix it"), Problem("second")])

    monkeypatch.setattr(rediskit.cli.schema, "run", fail)
    assert run("schema") == (code, "", "error: first\n  help: fix it\nerror: second\n")
    result, output, errors = run("schema", "--json")
    document = json.loads(output)
    assert (result, document["exitCode"], errors) == (code, code, "")
    assert document["problems"][0] == {"message": "first", "hint": "fix it", "path": "", "file": None, "line": None, "column": None}


@pytest.mark.usefixtures("folder")
def test_an_internal_error_shows_no_traceback_without_debug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise LookupError("what only a developer understands")

    monkeypatch.setattr(rediskit.cli.render, "run", fail)
    code, output, errors = run("render")
    assert (code, output) == (3, "")
    assert errors.splitlines()[0] == "error: internal error: LookupError"
    assert "--debug" in errors
    code, output, errors = run("render", "--debug")
    assert (code, output) == (3, "")
    assert errors.startswith("Traceback")
    assert "LookupError: what only a developer understands" in errors


@pytest.mark.usefixtures("folder")
def test_an_interrupt_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(rediskit.cli.render, "run", interrupted)
    assert run("render") == (130, "", "")


@pytest.mark.usefixtures("folder")
def test_an_interrupt_before_the_command_line_is_read_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: list[str] | None) -> argparse.Namespace:
        raise KeyboardInterrupt

    monkeypatch.setattr(rediskit.cli.parser, "parse", interrupted)
    assert run("render") == (130, "", "")


# As a program of its own


@pytest.mark.parametrize("arguments", [("check",), ("check", "--json"), ("schema",)])
def test_a_full_disk_behind_standard_output(folder: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        process = start(folder, *arguments, stdout=full, stderr=subprocess.PIPE, text=True)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, lines(errors)) == (3, ["error: standard output can't be written: No space left on device"])


def test_exit_codes_of_the_program(folder: Path) -> None:
    code, output, errors = program(folder, "render")
    assert (code, output.split(":")[0]) == (0, "one"), errors
    assert program(folder, "check")[0] == 0
    (folder / "rendered/one/README.md").write_text("by hand")
    for verb in ("render", "check"):
        assert program(folder, verb)[0] == 1
    for arguments in (["render", "no.yaml"], ["no-verb"]):
        code, output, errors = program(folder, *arguments)
        assert (code, output) == (2, "")
        assert "Traceback" not in errors


def test_an_error_with_debug_shows_where_it_was_raised(folder: Path) -> None:
    code, _, errors = program(folder, "render", "no.yaml", "--debug")
    assert code == 2, "the exit code says the same with --debug"
    assert errors.startswith("Traceback")
    assert "file no.yaml does not exist" in errors


def test_a_file_name_that_is_no_unicode_is_reported(folder: Path) -> None:
    program(folder, "render")
    Path(os.fsdecode(os.fsencode(folder) + b"/rendered/one/caf\xe9")).touch()
    code, _, errors = program(folder, "check")
    assert code == 0
    assert [line for line in lines(errors) if line.startswith("warning: rendered/one/caf\\udce9 ")]
    code, output, errors = program(folder, "check", "--json")
    assert (code, errors) == (0, "")
    assert environments(output)["one"]["foreign"] == ["caf\udce9"]


def test_a_reader_that_closes_its_end_ends_the_command_quietly(folder: Path) -> None:
    """As `rediskit schema | head -1`, through a pipe that holds less than the schema: the program is writing when its reader ends."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = start(folder, "schema", stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert os.read(reader, 1) == b"{"
    os.close(reader)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, "")


def test_a_pipe_without_a_reader_ends_the_command_quietly(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(folder, "render", stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, lines(errors)) == (1, [])
    assert program(folder, "check")[0] == 0, "what it has written is whole"


def test_control_c_while_it_works(folder: Path) -> None:
    # Whoever runs the tests in the background may have Ctrl-C ignored, and a child inherits that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    hold = "import rediskit.cli.environments as c, time, sys\nc.load_all = lambda _: (print('working', flush=True), time.sleep(60))\n"
    code = f"{heard}{hold}from rediskit.cli import main\nsys.exit(main(['render', 'config/one.yaml']))"
    process = start(folder, program=("-c", code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")
    assert time.monotonic() - began < 30
