"""The repository and the branch that `rediskit init` reads from Git."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit import load
from rediskit.git import work_tree as rediskit_git
from tests.cli.test_init import REPOSITORY, WORD, config, rediskit
from tests.cli.test_init import bare as bare
from tests.cli.test_init import repository as repository
from tests.output.repositories import Repository


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (REPOSITORY, REPOSITORY),
        ("git@git.example.org:platform/cluster.git", "git@git.example.org:platform/cluster.git"),
        ("ssh://git@git.example.org:2222/platform/cluster.git", "ssh://git@git.example.org:2222/platform/cluster.git"),
        (f"https://somebody:{WORD}@git.example.org/platform/cluster.git", REPOSITORY),
        (f"https://{WORD}@git.example.org/platform/cluster.git", REPOSITORY),
        (f"ssh://git:{WORD}@git.example.org/cluster.git", "ssh://git@git.example.org/cluster.git"),
        ("/srv/git/cluster.git", ""),
        ("../cluster.git", ""),
    ],
    ids=["https", "scp", "ssh", "password", "token", "ssh-password", "path", "relative"],
)
def test_the_repository_is_the_remote_without_what_is_secret(repository: Repository, remote: str, expected: str) -> None:
    repository.git("remote", "set-url", "origin", remote)
    ended = rediskit("init")
    assert ended.code == 0
    text = (repository.folder / "config/home.yaml").read_text(encoding="utf-8")
    assert config(repository.folder)["gitops"]["repository"] == (expected or "https://git.example.com/owner/repository.git")
    assert ("config/home.yaml:4: the remote origin is a path on this machine: write the address" in ended.output) == (expected == "")
    assert WORD not in text + ended.output
    assert ("# without the user name and the password of the remote" in text) == (WORD in remote)
    assert load("config/home.yaml").name == "home"


def test_several_remotes_without_origin_are_an_open_question(repository: Repository) -> None:
    repository.git("remote", "rename", "origin", "one")
    assert rediskit("init", "--dry-run").output.count("open:") == 0, "a single one is meant"
    repository.git("remote", "add", "two", REPOSITORY)
    assert (
        "Git has several remotes (one, two): write the address of the repository for this folder (--repository)" in rediskit("init").output
    )
    repository.git("remote", "add", "origin", "https://git.example.org/third.git")
    rediskit("init", "--name", "lab")
    assert config(repository.folder, "lab")["gitops"]["repository"] == "https://git.example.org/third.git"


def test_the_branch_is_the_default_branch_of_the_remote(repository: Repository) -> None:
    def revision(*arguments: str) -> str:
        rediskit("init", "--name", "home", *arguments)
        revision: str = config(repository.folder)["gitops"]["revision"]
        (repository.folder / "config/home.yaml").unlink()
        return revision

    assert revision() == "main"
    repository.git("checkout", "--quiet", "-b", "feature")
    assert revision() == "main", "what somebody works on is not what the tool follows"
    repository.git("checkout", "--quiet", "-b", "master")
    assert revision() == "master"
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/production")
    assert revision() == "production"
    assert revision("--revision", "stable") == "stable"


def test_outside_of_git_the_repository_is_an_open_question_and_the_project_renders(bare: Path) -> None:
    ended = rediskit("init")
    assert ended.code == 0
    line = (bare / "config/home.yaml").read_text(encoding="utf-8").splitlines()[3]
    assert line == "  # open: this folder is not in a Git work tree: write the address of the repository for this folder (--repository)"
    assert f"open questions, each a comment in the config:\n  config/home.yaml:4: {line.strip().removeprefix('# open: ')}\n" in ended.output
    assert "next:\n  answer the open questions in config/home.yaml\n  rediskit render\n" in ended.output
    assert rediskit("render").code == 0


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("script", ["exit 1", "exit 129", "sleep 60", None], ids=["knows nothing", "fails", "hangs", "missing"])
def test_the_repository_is_an_open_question_if_git_fails(tmp_path: Path, script: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    if script:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin" if script else str(program.parent))
    monkeypatch.setattr(rediskit_git, "TIME_LIMIT", 0.3)
    ended = rediskit("init")
    assert (ended.code, ended.errors) == (0, "")
    assert "write the address of the repository for this folder (--repository)" in ended.output
    assert load("config/home.yaml").gitops.repository == "https://git.example.com/owner/repository.git"
