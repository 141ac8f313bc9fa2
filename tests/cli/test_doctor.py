"""`rediskit doctor` with real, missing, failing and hanging programs, and with output directories and repositories in every state."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.doctor.programs import KNOWN_PROGRAMS
from tests.conftest import Run
from tests.output.repositories import Repository
from tests.samples import ROOT
from tests.tools import install

REPOSITORY = "https://git.example.org/platform/cluster.git"
CONFIG = f"name: one\ngitops:\n  tool: argocd\n  repository: {REPOSITORY}\nredis:\n  image: {{repository: example/redis, tag: 8.2.3}}\n"


@pytest.fixture
def run(run: Run) -> Run:
    return partial(run, "doctor")


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set PATH to a folder that contains git and a shell only."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("git", "sh", "sleep"):
        program_path = install.locate(program)
        assert program_path
        (folder / program).symlink_to(program_path)
    monkeypatch.setenv("PATH", str(folder))
    for known in KNOWN_PROGRAMS:
        monkeypatch.delenv(known.variable, raising=False)
    return folder


@pytest.fixture
def repository(tmp_path: Path, bin_: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Change to a work tree with a rendered and committed config and its remote."""
    assert bin_.is_dir()
    work_tree = Repository(tmp_path / "work", monkeypatch)
    work_tree.git("remote", "add", "origin", REPOSITORY)
    monkeypatch.chdir(work_tree.folder)
    work_tree.commit({"config/one.yaml": CONFIG})
    assert main(["render"]) == 0
    work_tree.commit()
    return work_tree


def script(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!{folder}/sh\n{text}\n")
    file.chmod(0o755)
    return file


def line_of(output: str, what: str) -> str:
    """Return the line of a subject, without its padding."""
    (line,) = [line for line in output.splitlines() if line[2:].split(" ")[0] == what]
    return " ".join(line.split())


def following(output: str) -> list[str]:
    return [line.strip() for line in output.partition("\nnext:")[2].splitlines() if line.strip()]


def test_nothing_is_to_do_for_a_committed_project(repository: Repository, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    before = {path: path.stat().st_mtime_ns for path in repository.folder.rglob("*")}
    count = sum(path.is_file() for path in (repository.folder / "rendered/one").rglob("*")) - 1
    code, output, errors = run()
    assert (code, errors) == (0, "")
    assert following(output) == ["nothing to do"]
    rows = [" ".join(line.split()) for line in output.partition("config/one.yaml\n")[2].splitlines()]
    assert rows[:-1] == [
        "config valid",
        f"tree rendered/one is current, {count} files",
        "remote origin is gitops.repository",
        "branch main",
        "commit everything is committed",
    ]
    assert {path: path.stat().st_mtime_ns for path in repository.folder.rglob("*")} == before, "nothing is written, no index refreshed"


def test_columns_are_aligned(repository: Repository, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert repository.folder.is_dir()
    _, output, _ = run()
    for head in ("programs", "python", "config/one.yaml"):
        rows = []
        for line in output.partition(f"{head}\n")[2].splitlines():
            if not line.startswith(("  ", "- ", "! ")):
                break
            rows.append(line)
        starts = {len(line) - len(line[2:].split(None, 1)[1]) for line in rows}
        assert len(starts) == 1, rows
        assert all(line == line.rstrip() for line in rows)


# Programs


# Libraries


# Configs and trees


def test_init_is_the_next_command_without_a_config(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, output, _ = run()
    assert (code, following(output)) == (0, ["rediskit init"])
    assert "no config/*.yaml in this folder\n" in output
    (tmp_path / "config").mkdir()
    (tmp_path / "config/home.yml").touch()
    assert following(run()[1]) == ["rename config/home.yml: a config ends in .yaml"]
    (tmp_path / "config/home.yml").rename(tmp_path / "config/home.yaml")
    monkeypatch.chdir(tmp_path / "config")
    assert following(run()[1]) == ["change to the parent folder, which contains config/"]


def test_a_missing_config_is_a_problem(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, output, _ = run("config/no.yaml")
    assert code == 2
    assert "config/no.yaml\n! config        1 problem\n    error[file-missing]: file config/no.yaml does not exist\n" in output
    assert following(output) == ["fix config/no.yaml"]


def test_every_error_of_a_config_is_listed(repository: Repository, run: Run) -> None:
    (repository.folder / "config/one.yaml").write_text(CONFIG + "clientz: []\n")
    code, output, _ = run("--json")
    (report,) = json.loads(output)["configs"]
    assert code == 2
    assert report["lines"] == [{"subject": "config", "state": "problem", "message": "1 problem", "next": ["fix config/one.yaml"]}]
    (problem,) = report["problems"]
    assert (problem["file"], problem["line"], problem["path"]) == ("config/one.yaml", 7, "clientz")
    assert "did you mean clients?" in run()[1]


def test_conflicts_between_configs_are_listed(repository: Repository, run: Run) -> None:
    (repository.folder / "config/two.yaml").write_text(CONFIG.replace("name: one", "name: two\ncluster: one"))
    code, output, _ = run()
    assert code == 2
    assert "config/one.yaml also has the release redis-shared in cluster one" in output


def test_a_missing_or_different_schema_is_a_note(repository: Repository, run: Run) -> None:
    config, schema = repository.folder / "config/one.yaml", repository.folder / "rediskit.schema.json"
    config.write_text(f"# yaml-language-server: $schema=../rediskit.schema.json\n{CONFIG}")
    code, output, _ = run()
    assert (code, line_of(output, "schema")) == (
        0,
        "- schema rediskit.schema.json: no such file or directory: editors cannot check the config",
    )
    assert following(output)[0] == "rediskit schema > rediskit.schema.json"
    schema.write_text("{}")
    code, output, _ = run()
    assert (code, line_of(output, "schema")) == (0, "- schema rediskit.schema.json is from another version of rediskit")
    schema.write_bytes((ROOT / "rediskit.schema.json").read_bytes())
    assert "- schema" not in run()[1]
    config.write_text(f"# yaml-language-server: $schema=https://example.org/rediskit.json\n{CONFIG}")
    assert "- schema" not in run()[1]


@pytest.mark.parametrize(
    ("change", "message", "comes_next", "code"),
    [
        (shutil.rmtree, "not rendered yet", "rediskit render config/one.yaml", 1),
        (lambda tree: (tree / "README.md").unlink(), "1 missing", "rediskit render config/one.yaml", 1),
        (lambda tree: (tree / ".rediskit.json").unlink(), "the index does not match the files", "rediskit render config/one.yaml", 1),
        (
            lambda tree: (tree / "README.md").write_text("mine"),
            "1 file edited by hand",
            "make the edits in rendered/one in the config, then run rediskit render config/one.yaml --force",
            1,
        ),
        (
            lambda tree: (tree.parent.parent / "config/one.yaml").write_text(CONFIG.replace("redis:\n", "redis:\n  savePoints: [900 1]\n")),
            "3 missing, 3 different, 3 obsolete",
            "rediskit render config/one.yaml",
            1,
        ),
    ],
    ids=["never", "missing", "index", "edited", "config"],
)
def test_drift_of_the_output_directory_is_a_problem(
    repository: Repository, run: Run, change: Callable[[Path], object], message: str, comes_next: str, code: int
) -> None:
    change(repository.folder / "rendered/one")
    ended, output, _ = run()
    assert (ended, line_of(output, "tree")) == (code, f"! tree rendered/one: {message}")
    assert following(output)[0] == comes_next


def test_checks_that_fail_are_counted(repository: Repository, run: Run) -> None:
    (repository.folder / "config/one.yaml").write_text(CONFIG + "  values: {networkPolicy: {enabled: true}}\n")
    code, output, _ = run()
    assert code == 1
    assert line_of(output, "checks") == "! checks 1 failed"
    assert "rediskit check config/one.yaml" in following(output)


# Git


def test_stages_of_killed_runs_are_listed_and_the_next_render_removes_them(
    run: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp/rediskit-tmp-abandond"
    temporary.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(temporary.parent))
    left = [repository.folder / "config/.rediskit.tmp", repository.folder / "rendered/.old.rediskit.tmp"]
    for folder in left:
        folder.mkdir()
    _, output, _ = run()
    for folder in left:
        assert f"{folder.relative_to(repository.folder)} is left from a killed run" in output
    assert following(output) == ["rediskit render config/one.yaml", f"rm -r {temporary}"]
    assert main(["render"]) == 0
    assert not any(folder.exists() for folder in left)
    assert following(run()[1]) == [f"rm -r {temporary}"]
