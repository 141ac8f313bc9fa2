"""A hostile `.git/config`: no verb starts what it names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rediskit.cli import main
from tests.cli.test_export import at

NAMES = {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org", "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org"}


def git(folder: Path, *arguments: str) -> str:
    more = {**os.environ, **NAMES, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=folder, env=more, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a committed repository, with a change that is not committed."""
    top = tmp_path / "repository"
    top.mkdir()
    at(top, "prepare")
    monkeypatch.chdir(top)
    git(top, "init", "--quiet", "--initial-branch", "main")
    assert main(["render", "chocolandia.yaml"]) == 0
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "x")
    with (top / "chocolandia.yaml").open("a", encoding="utf-8") as config:
        config.write("# a change\n")
    os.utime(top / "rendered/chocolandia/README.md", (0, 0))  # Git reads its content again, through the filters
    return top


def program(folder: Path) -> Path:
    """Return a program that leaves a mark when it is started."""
    program = folder / "program"
    program.write_text(f'#!/bin/sh\ntouch "{folder}/started"\nexit 1\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def monitor(top: Path, started: Path) -> None:
    git(top, "config", "core.fsmonitor", str(started))


def clean_filter(top: Path, started: Path) -> None:
    git(top, "config", "filter.a=b.c.clean", str(started))
    git(top, "config", "filter.a=b.c.required", "true")
    (top / ".git/info/attributes").write_text("* filter=a=b.c\n", encoding="utf-8")


def process_filter(top: Path, started: Path) -> None:
    git(top, "config", "filter.x.process", str(started))
    (top / ".git/info/attributes").write_text("* filter=x\n", encoding="utf-8")


def included_filter(top: Path, started: Path) -> None:
    (top / ".git/more").write_text(f'[filter "x"]\n\tclean = "{started}"\n', encoding="utf-8")
    git(top, "config", "include.path", "more")
    (top / ".git/info/attributes").write_text("* filter=x\n", encoding="utf-8")


def hooks(top: Path, started: Path) -> None:
    (top / "hooks").mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (top / "hooks" / name).symlink_to(started)
    git(top, "config", "core.hooksPath", "hooks")


def promisor(top: Path, started: Path) -> None:
    """Return a partial clone whose remote is a program, without the objects of the configs."""
    for key, value in (
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::{started}"),
        ("protocol.ext.allow", "always"),
    ):
        git(top, "config", key, value)
    for file in ("chocolandia.yaml", "rendered/chocolandia/README.md"):
        blob = git(top, "rev-parse", f"HEAD:{file}").strip()
        (top / ".git/objects" / blob[:2] / blob[2:]).unlink()


VERBS = (
    ("doctor", "chocolandia.yaml"),
    ("check", "chocolandia.yaml", "--base", "HEAD"),
    ("diff", "chocolandia.yaml", "--against", "HEAD"),
    ("migrate", "advance", "chocolandia.yaml", "--dry-run"),
    ("migrate", "status", "chocolandia.yaml"),
    ("init", "elsewhere"),
)


@pytest.mark.parametrize("attack", [monitor, clean_filter, process_filter, included_filter, hooks, promisor])
def test_no_verb_starts_what_the_configuration_of_a_repository_names(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], attack: object
) -> None:
    attack(repository, program(tmp_path))  # type: ignore[operator]
    for verb in VERBS:
        main(list(verb))
        assert not (tmp_path / "started").exists(), " ".join(verb)
        assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("attack", [monitor, clean_filter, process_filter, included_filter, promisor])
def test_the_attacks_work_on_git_as_it_is(repository: Path, tmp_path: Path, attack: object) -> None:
    attack(repository, program(tmp_path))  # type: ignore[operator]
    for arguments in (("status", "--porcelain"), ("cat-file", "-p", "HEAD:chocolandia.yaml")):
        subprocess.run(["git", *arguments], cwd=repository, capture_output=True, check=False)
    assert (tmp_path / "started").exists()


def test_what_is_not_committed_is_still_seen(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean_filter(repository, program(tmp_path))
    main(["doctor", "chocolandia.yaml"])
    assert "not committed" in capsys.readouterr().out
