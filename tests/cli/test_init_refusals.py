"""What `rediskit init` refuses, and existing files that it keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rediskit.init.dump import MAX_INPUT
from rediskit.yamlio.writer import dump
from tests.cli.test_init import FILES, THREE, WHOLE, WORD, files, rediskit
from tests.cli.test_init import repository as repository
from tests.init.live import container, redis, service, text, workload
from tests.output.repositories import Repository
from tests.samples import ROOT


@pytest.mark.parametrize(
    ("stdin", "code", "message"),
    [
        (": : :\n", 2, "standard input:1:"),
        ("Error from server (NotFound): deployments.apps not found\n", 2, "no Deployment, StatefulSet, CronJob or Rollout"),
        ("", 2, "standard input contains no object"),
        (
            dump({**workload(container(**THREE)), "kind": "Pod"}),
            2,
            "standard input contains no Deployment, StatefulSet, CronJob or Rollout, only: Pod",
        ),
        (text(redis(), service()), 2, "the input contains only Redis"),
        (text(workload(container()), workload(container(), name="b")), 2, "no variable refers to Redis in Deployment/web, Deployment/b"),
        (text(workload(container(**{**THREE, "REDIS_HOST": WORD}, DB_PASSWORD=WORD))), 1, "env[0].value repeats a secret of the input"),
        ("x" * (1024 * 1024 + 1), 2, "standard input:1:1: error: a document is larger than 1 MiB and is not a List"),
        ("x" * (MAX_INPUT + 1), 2, "standard input is larger than 50 MiB"),
        (text(workload(container("No_Label", **THREE))), 1, "the new config does not render; nothing was written"),
    ],
    ids=["not-yaml", "error-of-kubectl", "empty", "pod", "redis-alone", "no-variable", "repeated", "long", "huge", "bad-container"],
)
def test_input_that_is_refused_leaves_nothing(repository: Repository, stdin: str, code: int, message: str) -> None:
    ended = rediskit("init", "--from", "-", "new", piped=stdin)
    assert (ended.code, ended.output) == (code, "")
    assert message in ended.errors
    assert WORD not in ended.errors
    assert "Traceback" not in ended.errors
    assert files(repository.folder) == []
    assert not (repository.folder / "new").exists()
    document = json.loads(rediskit("init", "--from", "-", "new", "--json", piped=stdin).output)
    assert (document["exitCode"], message.split(":")[-1].strip() in json.dumps(document)) == (code, True)


def test_a_missing_file_and_a_terminal_are_refused(repository: Repository) -> None:
    assert rediskit("init", "--from", "live.yaml").errors.startswith("error[file-missing]: file live.yaml does not exist\n")
    leader, follower = os.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "rediskit", "init", "--from", "-"],
            stdin=follower,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process:
            _, errors = process.communicate(timeout=60)
    finally:
        os.close(leader)
        os.close(follower)
    assert process.returncode == 2
    assert errors.decode().splitlines() == [
        "error: standard input is a terminal",
        "  help: pipe the objects into it: kubectl get deployment NAME -o yaml | rediskit init --from -",
    ]
    assert files(repository.folder) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "Home Lab"], "--name: 'Home Lab' is not a DNS label\n  help: use lower-case letters"),
        (["--name", ""], "--name: '' is not a DNS label"),
        (["--repository", "somewhere"], "--repository: somewhere is not a Git repository URL\n  help: write the URL that"),
        (["--repository", ""], "--repository: '' is not a Git repository URL"),
        (["--revision", "a..b"], "--revision: a..b is not a Git branch, tag or commit"),
        (["--namespace", "Shop"], "--namespace: Shop is not a DNS label"),
        (["--replicas", "0"], "--replicas: 0 is too small"),
        (["--tool", "helm"], "unknown value 'helm'"),
        (["--replicas", "many"], "invalid int value"),
    ],
)
def test_a_wrong_command_line(repository: Repository, arguments: list[str], message: str) -> None:
    ended = rediskit("init", *arguments)
    assert ended.code == 2
    assert message in ended.errors
    assert files(repository.folder) == []


def test_a_folder_name_without_letters_needs_the_option_name(tmp_path: Path) -> None:
    folder = tmp_path / "---"
    folder.mkdir()
    assert (
        "the folder name contains no letter or digit for the name of the environment\n  help: set one with --name"
        in rediskit("init", str(folder)).errors
    )
    assert rediskit("init", str(folder), "--name", "home").code == 0


@pytest.mark.usefixtures("repository")
def test_nothing_is_written_without_space_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    ended = rediskit("init", str(tmp_path / "new"))
    assert (ended.code, ended.errors.splitlines()[0]) == (1, "error: the temporary folder: No space left on device")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("path", ["config/home.yaml", "config/home/beersystem-backend.yaml", "rediskit.schema.json"])
def test_existing_files_are_not_overwritten(repository: Repository, path: str) -> None:
    existing = repository.folder / path
    existing.parent.mkdir(parents=True, exist_ok=True)
    existing.write_text("mine\n")
    ended = rediskit("init", "--from", "-", piped=WHOLE)
    assert (ended.code, ended.output) == (1, "")
    assert ended.errors == f"error: {path} already exists\n  help: move it or choose another name: rediskit does not overwrite it\n"
    assert files(repository.folder) == [path]
    assert existing.read_text() == "mine\n"


def test_every_existing_file_is_reported(repository: Repository) -> None:
    assert rediskit("init", "--from", "-", piped=WHOLE).code == 0
    for path in ("config/home.yaml", "config/home/beersystem-backend.yaml", "rediskit.schema.json"):
        (repository.folder / path).write_text("mine\n")
    ended = rediskit("init", "--from", "-", piped=WHOLE)
    assert [line for line in ended.errors.splitlines() if not line.startswith(" ")] == [
        "error: rediskit.schema.json already exists",
        "error: config/home/beersystem-backend.yaml already exists",
        "error: config/home.yaml already exists",
    ]


@pytest.mark.usefixtures("repository")
def test_init_twice_is_refused() -> None:
    assert rediskit("init").code == 0
    ended = rediskit("init")
    assert (ended.code, ended.errors.splitlines()[0]) == (1, "error: config/home.yaml already exists")


def test_an_existing_makefile_and_gitattributes_are_kept(repository: Repository) -> None:
    (repository.folder / "Makefile").write_text("all:\n")
    (repository.folder / ".gitattributes").write_text("* text=auto\n")
    ended = rediskit("init")
    assert ended.code == 0
    assert "  Makefile exists and is unchanged: `rediskit render` and `rediskit check` do not need it\n" in ended.output
    assert "  .gitattributes exists and is unchanged: add the line `rendered/*/.rediskit.json merge=union`\n" in ended.output
    assert (repository.folder / "Makefile").read_text() == "all:\n"
    assert (repository.folder / ".gitattributes").read_text() == "* text=auto\n"


def test_the_makefile_of_init_has_the_targets_render_check_and_diff(repository: Repository, tmp_path: Path) -> None:
    rediskit("init")
    program = tmp_path / "bin/rediskit"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m rediskit \"$@\"\n")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    for target in ("render", "check", "diff"):
        done = subprocess.run(["make", target], capture_output=True, text=True, check=False, env=environment, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (repository.folder / "rendered/home/README.md").is_file()


KILLS = """
import os, signal, sys
from itertools import count
from rediskit.output.input_files import write_new
from rediskit.init.project import Options, new_project
from tests.output.faults import watching

def make(folder, kill):
    source = (open(sys.argv[1], "rb").read(), "live")
    made = new_project(Options(folder, name="home", repository="https://git.example.org/a.git", source=source))
    with watching(lambda number, what: os.kill(os.getpid(), signal.SIGKILL) if number == kill else None):
        write_new(folder, made.files)

for number in count(1):
    folder = f"{sys.argv[2]}/{number}"
    child = os.fork()
    if child == 0:
        make(folder, number)
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
    whole = os.path.exists(f"{folder}/config/home.yaml")
    if not whole:
        make(folder, 0)
    print("whole" if whole else "begun", *(path for path in sys.argv[3:] if not os.path.isfile(f"{folder}/{path}")))
"""


def test_the_next_run_completes_a_killed_init(tmp_path: Path) -> None:
    """A run is killed before each operation. The config is written last: if it exists, all files exist; if not, init starts again."""
    (tmp_path / "live.yaml").write_text(WHOLE, encoding="utf-8")
    wanted = [*FILES, "config/home/beersystem-backend.yaml"]
    command = [sys.executable, "-c", KILLS, str(tmp_path / "live.yaml"), str(tmp_path), *wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = done.stdout.split("\n")[:-1]
    assert len(seen) > 15
    assert set(seen) == {"begun", "whole"}, "no line names a file that is missing"
