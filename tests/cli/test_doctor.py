"""`rediskit doctor` with real, missing, failing and hanging programs, and with output directories and repositories in every state."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import shutil
import socket
import stat
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rediskit.cli import main
from rediskit.cli.parser import parser
from rediskit.doctor import programs as programs_module
from rediskit.doctor.programs import KNOWN_PROGRAMS
from rediskit.git import work_tree as git_module
from rediskit.yamlio.writer import dump
from tests.conftest import Run
from tests.init import live
from tests.output.repositories import Repository
from tests.samples import ROOT, loaded
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


def test_real_programs_are_found_with_their_versions(
    run: Run, tmp_path: Path, kustomize: Path, kubeconform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    brought = [tool for tool in install.table().values() if tool.name in ("sealed-secrets", "sops")]
    folders = [kustomize.parent, *(tool.folder for tool in brought)]
    monkeypatch.setenv("PATH", f"{':'.join(map(str, folders))}:{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFORM", str(kubeconform))
    code, output, _ = run("--json")
    document = json.loads(output)
    listed = {program["name"]: program for program in document["programs"]}
    assert code == 0
    assert (listed["kustomize"]["state"], listed["kustomize"]["path"]) == ("found", str(kustomize))
    assert listed["kustomize"]["version"] == install.table()["kustomize"].version.removeprefix("v")
    assert (listed["kubeconform"]["state"], listed["kubeconform"]["path"]) == ("found", str(kubeconform))
    assert listed["kubeconform"]["version"]
    assert listed["git"]["version"][0].isdigit()
    for tool, name in zip(brought, ("kubeseal", "sops"), strict=True):
        assert (listed[name]["path"], listed[name]["version"]) == (str(tool.folder / name), tool.version.removeprefix("v"))


@pytest.mark.parametrize(
    ("name", "says", "version"),
    [
        ("kubeseal", "echo 'kubeseal version: 0.36.6'", "0.36.6"),
        ("kubeseal", "echo 'kubeseal version: v0.36.6+dirty'", "0.36.6+dirty"),
        ("sops", "echo 'sops 3.13.2'", "3.13.2"),
        ("kubectl", "echo 'Client Version: v1.34.2'; echo 'Kustomize Version: v5.7.1'", "1.34.2"),
        ("kubectl", "echo 'Client Version: v0.0.0-master+$Format'", "0.0.0-master"),
        ("helm", "echo 'v3.21.4+g1234567'", "3.21.4+g1234567"),
        ("kustomize", "echo '(devel)'", "devel"),
        ("kubeconform", "echo development", "development"),
        ("helm", "echo v3.21.4 >&2", "3.21.4"),
        ("helm", "true", ""),
        ("helm", "printf '\\033[31mred\\n'", "[31mred"),
    ],
)
def test_versions_are_parsed_from_the_output_of_programs(
    bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str, version: str
) -> None:
    monkeypatch.chdir(tmp_path)
    script(bin_, name, says)
    code, output, _ = run("--json")
    (row,) = [row for row in json.loads(output)["programs"] if row["name"] == name]
    assert (code, row["state"], row["version"]) == (0, "found", version)


def test_missing_programs_are_no_problem(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (bin_ / "git").unlink()
    code, output, errors = run()
    assert (code, errors) == (0, "")
    for known in KNOWN_PROGRAMS:
        assert line_of(output, known.name) == f"- {known.name} - not found {known.purpose}"
    assert following(output) == ["rediskit init"]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("echo no >&2; exit 3", "kubeconform ended with exit code 3"),
        ("kill -9 $$", "kubeconform was killed by signal 9"),
        ("sleep 60", "kubeconform did not end within 0.5 s and was killed"),
    ],
    ids=["fails", "dies", "hangs"],
)
def test_a_program_that_fails_is_a_problem(
    bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(programs_module, "TIME_LIMIT", 0.5)
    script(bin_, "kubeconform", says)
    code, output, _ = run()
    assert code == 3
    assert line_of(output, "kubeconform") == f"! kubeconform - {why} check --kubeconform"
    assert following(output)[0] == f"fix kubeconform or remove it from PATH: {why}"


def test_a_program_that_is_not_executable_is_a_problem(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = script(bin_, "helm", "exit 0")
    file.write_bytes(b"\x7fELF no program")
    code, output, _ = run()
    assert code == 3
    assert line_of(output, "helm").startswith("! helm - helm could not be started: ")
    file.chmod(stat.S_IRUSR)
    monkeypatch.setenv("SOPS", str(tmp_path / "nowhere"))
    code, output, _ = run()
    assert code == 3
    assert line_of(output, "helm").startswith("- helm - not found")
    assert f"$SOPS is {tmp_path}/nowhere, which does not exist" in line_of(output, "sops")


def test_programs_that_hang_are_stopped_at_the_same_time(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(programs_module, "TIME_LIMIT", 2.0)
    for known in KNOWN_PROGRAMS:
        script(bin_, known.name, "sleep 60")
    start = time.monotonic()
    assert run()[0] == 3
    assert time.monotonic() - start < 2.0 * len(KNOWN_PROGRAMS) / 2


def test_no_program_uses_the_network(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("doctor asked for the network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", refuse)
    for name in ("kubectl", "sops"):
        script(bin_, name, f'echo "$@" "$SOPS_DISABLE_VERSION_CHECK" > {tmp_path}/{name}; echo 1.2.3')
    assert run()[0] == 0
    assert (tmp_path / "kubectl").read_text() == "version --client \n"
    assert (tmp_path / "sops").read_text() == "--version --disable-version-check true\n"


def test_every_program_that_rediskit_starts_is_listed() -> None:
    """Return program and environment variable of each call of `tools.find` with literal arguments."""
    started: set[tuple[str, str]] = set()
    for path in (ROOT / "rediskit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "find" and len(node.args) == 2:
                words = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                started |= {(words[0], words[1])} if len(words) == 2 else set()
    assert started >= {("git", "GIT"), ("kubeconform", "KUBECONFORM")}
    assert started <= {(known.name, known.variable) for known in KNOWN_PROGRAMS}, "add it to rediskit/doctor/programs.py"


def test_the_commands_in_the_purposes_exist() -> None:
    verbs = next(action.choices for action in parser()._actions if action.dest == "verb")
    assert verbs is not None
    for known in KNOWN_PROGRAMS:
        for part in known.purpose.split(", "):
            verb, _, more = part.partition(" ")
            if verb in verbs:
                assert more in verbs[verb].format_help(), f"{known.name}: {part}"  # type: ignore[index]
    assert {"init", "diff", "check", "secret"} <= {part.split()[0] for known in KNOWN_PROGRAMS for part in known.purpose.split(", ")}


# Libraries


def test_libraries_are_listed_and_a_missing_one_is_a_problem(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads(run("--json")[1])
    assert document["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"jinja2", "pydantic", "pyyaml"} <= {name.lower() for name, version in document["libraries"].items() if version}
    assert "pytest" not in document["libraries"]
    real = importlib.metadata.version

    def without_jinja(name: str) -> str:
        if name == "jinja2":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", without_jinja)
    code, output, _ = run()
    assert (code, line_of(output, "jinja2")) == (3, "! jinja2 missing")
    assert "pip install jinja2" in following(output)


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


def test_a_folder_outside_of_git_is_reported(
    bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bin_.is_dir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/one.yaml").write_text(CONFIG)
    main(["render"])
    capfd.readouterr()
    code, output, _ = run()
    assert code == 0
    assert "- git           not in a Git work tree, but Argo CD reads from Git" in output
    assert following(output) == ["git init"]


def test_an_output_directory_at_another_path_than_gitops_path_is_a_problem(repository: Repository, run: Run) -> None:
    (repository.folder / "config/one.yaml").write_text(CONFIG.replace("redis:\n", "  path: clusters/one\nredis:\n", 1))
    code, output, _ = run()
    assert code == 1
    assert line_of(output, "path") == "! path the output directory is rendered/one in its Git work tree, but gitops.path is clusters/one"
    assert "write path: rendered/one, or choose another --output" in following(output)


@pytest.mark.parametrize(
    ("address", "line", "code"),
    [
        ("git@git.example.org:platform/cluster.git", "remote origin is gitops.repository", 0),
        ("ssh://git@git.example.org/platform/cluster", "remote origin is gitops.repository", 0),
        ("https://token:x@GIT.example.org/Platform/cluster/", "remote origin is gitops.repository", 0),
        (
            "https://git.example.org/other.git",
            f"! remote gitops.repository is {REPOSITORY}, the remotes are origin https://git.example.org/other.git",
            1,
        ),
        ("", f"- remote none; gitops.repository is {REPOSITORY}", 0),
    ],
    ids=["scp", "ssh", "case", "other", "none"],
)
def test_the_remote_is_compared_with_gitops_repository(repository: Repository, run: Run, address: str, line: str, code: int) -> None:
    if address:
        repository.git("remote", "set-url", "origin", address)
    else:
        repository.git("remote", "remove", "origin")
    ended, output, _ = run()
    assert (ended, line_of(output, "remote")) == (code, line)
    if not address:
        assert following(output) == [f"git remote add origin {REPOSITORY}"]


def test_a_placeholder_repository_is_a_problem(repository: Repository, run: Run) -> None:
    assert main(["init", "new", "--name", "lab", "--json"]) == 0
    repository.git("remote", "remove", "origin")
    assert main(["init", "new2", "--name", "lab", "--json"]) == 0
    code, output, _ = run("new2/config/lab.yaml", "--output", "new2/rendered")
    assert code == 1
    assert "set gitops.repository in the config" in following(output)


def test_another_branch_than_gitops_revision_is_a_note(repository: Repository, run: Run) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    code, output, _ = run()
    assert (code, line_of(output, "branch")) == (0, "- branch feature, but Argo CD reads main")
    assert following(output) == ["merge it into main when it is ready"]
    repository.git("checkout", "--quiet", "--detach")
    assert line_of(run()[1], "branch") == "- branch detached HEAD, but Argo CD reads main"


def test_commits_that_are_not_pushed_are_a_note(repository: Repository, run: Run) -> None:
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD~1")
    repository.git("config", "branch.main.remote", "origin")
    repository.git("config", "branch.main.merge", "refs/heads/main")
    code, output, _ = run()
    assert (code, line_of(output, "branch"), following(output)) == (0, "- branch main, 1 not pushed", ["git push"])


def test_files_that_are_not_committed_are_a_note(repository: Repository, run: Run) -> None:
    (repository.folder / "unrelated").touch()
    assert line_of(run()[1], "commit") == "commit everything is committed"
    (repository.folder / "config/one.yaml").write_text(CONFIG.replace("tool: argocd", "tool: flux"))
    assert main(["render"]) == 0
    code, output, _ = run()
    assert code == 0
    count = int(line_of(output, "commit").split()[2])
    assert count > 5
    assert following(output) == ["git add config/one.yaml rendered/one && git commit"]


def test_manifests_of_clients_must_be_committed(repository: Repository, run: Run) -> None:
    workload = "{manifest: live/web.yaml, containers: {app: {env: {H: '${host}', P: '${port}', W: '${password}'}}}}"
    client = f"clients:\n- name: shop\n  namespace: shop\n  workloads: [{workload}]\n"
    manifest = dump(live.workload(live.container(H="redis")))
    repository.commit({"config/one.yaml": CONFIG + client, "config/live/web.yaml": manifest})
    main(["render"])
    repository.commit()
    assert line_of(run()[1], "commit") == "commit everything is committed"
    (repository.folder / "config/live/web.yaml").write_text("# mine\n" + manifest)
    _, output, _ = run()
    assert line_of(output, "commit") == "- commit 1 file not committed"
    assert following(output) == ["git add config/one.yaml config/live/web.yaml rendered/one && git commit"]


WORKLOAD = "{manifest: live/web.yaml, containers: {app: {env: {H: '${host}', P: '${port}', W: '${password}'}}}}"
CLIENT = f"clients:\n- name: shop\n  namespace: shop\n  workloads: [{WORKLOAD}]\n"


def test_a_file_that_the_config_reads_and_git_ignores_is_a_problem(repository: Repository, run: Run) -> None:
    """An earlier version printed "everything is committed", but a clone of the repository did not render."""
    manifest = dump(live.workload(live.container(H="redis")))
    repository.commit({"config/one.yaml": CONFIG + CLIENT, ".gitignore": "live/\n"})
    (repository.folder / "config/live").mkdir()
    (repository.folder / "config/live/web.yaml").write_text(manifest)
    main(["render"])
    repository.commit()
    code, output, _ = run()
    assert (code, line_of(output, "inputs")) == (1, "! inputs Git ignores files that the config reads: config/live/web.yaml")
    assert "remove them from .gitignore, then run git add config/live/web.yaml" in following(output)


def test_a_file_that_the_config_reads_and_git_does_not_track_is_listed(repository: Repository, run: Run) -> None:
    manifest = dump(live.workload(live.container(H="redis")))
    repository.commit({"config/one.yaml": CONFIG + CLIENT})
    (repository.folder / "config/live").mkdir()
    (repository.folder / "config/live/web.yaml").write_text(manifest)
    main(["render"])
    code, output, _ = run()
    assert (code, line_of(output, "inputs")) == (0, "- inputs not in Git yet: config/live/web.yaml")


@pytest.mark.parametrize(("step", "listed"), [("prepare", False), ("scale-down", True), ("complete", False)])
def test_migrations_in_progress_are_listed_with_their_next_command(repository: Repository, run: Run, step: str, listed: bool) -> None:
    assert repository.folder.is_dir()
    loaded(repository.folder / "config", step)
    main(["render", "config/chocolandia.yaml"])
    _, output, _ = run("config/chocolandia.yaml")
    assert ("migration     beersystem is at scale-down" in output) is listed
    secret = "rediskit migrate record config/chocolandia.yaml --client beersystem --secret-seen"
    assert (f"{secret}   # after you compared the Secrets in the namespaces of Redis and of the client" in following(output)) is listed


def test_an_output_directory_that_git_ignores_is_a_problem(repository: Repository, run: Run) -> None:
    repository.git("rm", "-r", "--quiet", "--cached", "rendered")
    (repository.folder / ".gitignore").write_text("rendered/\n")
    code, output, _ = run()
    assert (code, line_of(output, "commit")) == (1, "! commit Git ignores rendered/one")
    assert following(output) == ["remove rendered/one from .gitignore"]


@pytest.mark.parametrize(
    ("says", "line", "code"),
    [
        (None, "- git git is not on PATH", 0),
        ("echo 'fatal: detected dubious ownership' >&2; exit 128", "! git git fails: detected dubious ownership", 3),
        ("exit 77", "! git git ended with exit code 77", 3),
        ("sleep 60", "! git git did not end within 0.5 s and was killed", 3),
    ],
    ids=["absent", "refuses", "fails", "hangs"],
)
def test_a_git_that_fails_is_a_problem_and_a_missing_one_a_note(
    repository: Repository, bin_: Path, run: Run, monkeypatch: pytest.MonkeyPatch, says: str | None, line: str, code: int
) -> None:
    monkeypatch.setattr(git_module, "TIME_LIMIT", 0.5)
    (bin_ / "git").unlink()
    if says:
        script(bin_, "git", f'[ "$1" = --version ] && echo git version 2.50.0 && exit\n{says}')
    ended, output, _ = run()
    assert ended == code
    assert line in [" ".join(text.split()) for text in output.partition("config/one.yaml\n")[2].splitlines()]
    assert line_of(output.partition("config/one.yaml\n")[2], "tree").startswith("tree rendered/one is current, ")
    assert repository.folder.is_dir()


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
