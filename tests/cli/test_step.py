"""`rediskit migrate step` in real Git repositories: what it refuses, what it commits and pushes, and where it continues."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.git.publish import Checkout
from rediskit.source.loader import load
from tests.cli import cluster_double
from tests.cli.checkout import owner
from tests.cli.cluster_double import Double
from tests.cli.migrations import READY, write
from tests.conftest import Run
from tests.output.repositories import Repository
from tests.samples import ROOT

CONFIG = "config/chocolandia.yaml"
AT = "2026-03-01T22:00:30-03:00"
TO = ("migrate", "step", CONFIG, "--at", AT, "--to")


class Place:
    """Two clones with their bare repositories: `here` with the config, `owner` of the application."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, order: str = "scale-down-first") -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        write(_created(folder / "here/config"), {"step": "prepare", "order": order, **READY})
        owner(folder)
        (folder / "owner/.git").rmdir()
        self.here, self.owner = (Repository(folder / name, monkeypatch) for name in ("here", "owner"))
        for name, repository in (("here", self.here), ("owner", self.owner)):
            subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder / f"{name}.git"], check=True)
            repository.git("remote", "add", "origin", str(folder / f"{name}.git"))
        monkeypatch.chdir(self.here.folder)

    def start(self, run: Run) -> None:
        """Export the Component that changes nothing, render, commit and push."""
        assert run("render", CONFIG)[0] == 0
        assert run("migrate", "export", CONFIG, "--to", "../owner/prod")[0] == 0
        (self.here.folder / ".gitignore").write_text(".rediskit.local.yaml\n")
        (self.here.folder / ".rediskit.local.yaml").write_text("checkouts: {beersystem: ../owner/prod}\n")
        for repository in (self.here, self.owner):
            repository.commit({})
            repository.git("push", "--quiet", "--set-upstream", "origin", "main")

    def remote(self, name: str, revision: str = "main") -> str:
        return subprocess.run(
            ["git", "-C", self.folder / f"{name}.git", "log", "-1", "--format=%s", revision], check=True, capture_output=True, text=True
        ).stdout.strip()

    def step(self) -> str:
        migration = load(CONFIG).clients[0].migration
        assert migration is not None
        return migration.step

    def state(self) -> dict[str, bytes]:
        """Every file of both work trees, and the commits."""
        heads = {name: repository.git("rev-parse", "HEAD").encode() for name, repository in (("here", self.here), ("owner", self.owner))}
        files = {
            str(path): path.read_bytes()
            for repository in (self.here, self.owner)
            for path in repository.folder.rglob("*")
            if path.is_file() and ".git" not in path.relative_to(repository.folder).parts
        }
        return {**files, **heads}


def _created(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, run: Run) -> Place:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    clones = Place(tmp_path, monkeypatch)
    clones.start(run)
    return clones


def test_a_step_of_the_application_repository_is_committed_and_pushed_in_both(place: Place, run: Run) -> None:
    code, output, errors = run(*TO, "scale-down", "--push")
    assert code == 0, errors
    assert (place.step(), place.remote("here"), place.remote("owner")) == ("scale-down", "beersystem: scale-down", "beersystem: scale-down")
    assert place.here.git("status", "--porcelain") == place.owner.git("status", "--porcelain") == ""
    assert output.splitlines()[-1] == (f"next: rediskit migrate step {CONFIG} --client beersystem --to scale-down --commit --push --wait")
    assert run("check", CONFIG, "--base", "HEAD~1")[0] == 0


def test_a_step_of_this_repository_leaves_the_other_one(place: Place, run: Run) -> None:
    assert run(*TO, "scale-down", "--push")[0] == 0
    before = place.owner.git("rev-parse", "HEAD")
    assert run(*TO, "deploy", "--push")[0] == 0
    assert (place.remote("here"), place.owner.git("rev-parse", "HEAD")) == ("beersystem: deploy", before)


def test_without_commit_only_config_and_rendered_manifests_change(place: Place, run: Run) -> None:
    before = place.state()
    code, output, _ = run(*TO, "scale-down")
    changed = {os.path.relpath(path, place.folder) for path, content in place.state().items() if before.get(path) != content}
    assert code == 0
    assert all(path.startswith(("here/config/", "here/rendered/")) for path in changed)
    assert "here/config/chocolandia.yaml" in changed
    assert "--to scale-down --commit --push --wait" in output
    assert run(*TO, "scale-down", "--push")[0] == 0, "the same command with --push continues"
    assert place.remote("owner") == "beersystem: scale-down"


def test_the_same_command_does_not_take_a_second_step(place: Place, run: Run) -> None:
    assert run(*TO, "scale-down", "--push")[0] == 0
    before = place.state()
    code, output, _ = run(*TO, "scale-down", "--push", "--json")
    assert (code, json.loads(output)["continued"], place.state()) == (0, True, before)


def _config_edited(place: Place) -> None:
    file = place.here.folder / CONFIG
    file.write_text(file.read_text().replace("  memory:", "  # mine\n  memory:") + "# mine\n")
    file.write_text(file.read_text().replace("kubernetes", "kubernetes") + "monitoring: {interval: 10s}\n")


def _rendered_edited(place: Place) -> None:
    (place.here.folder / "rendered/chocolandia/README.md").write_text("mine\n")


def _base_edited(place: Place) -> None:
    file = place.owner.folder / "base/kustomization.yaml"
    file.write_text(file.read_text() + "commonAnnotations: {mine: here}\n")


def _behind(name: str) -> None:
    other = f"../{name}-other"
    subprocess.run(["git", "clone", "--quiet", f"../{name}.git", other], check=True)
    for command in (["config", "user.name", "x"], ["config", "user.email", "x@example.org"]):
        subprocess.run(["git", "-C", other, *command], check=True)
    subprocess.run(["git", "-C", other, "commit", "--quiet", "--allow-empty", "-m", "another"], check=True)
    subprocess.run(["git", "-C", other, "push", "--quiet"], check=True)


def _unlisted(place: Place) -> None:
    place.owner.commit({"prod/kustomization.yaml": "resources: [../base]\n"})
    place.owner.git("push", "--quiet")


OBSTACLES = {
    "config": (_config_edited, "uncommitted-changes"),
    "rendered": (_rendered_edited, "uncommitted-changes"),
    "base": (_base_edited, "uncommitted-changes"),
    "here behind": (lambda _: _behind("here"), "checkout-behind"),
    "there behind": (lambda _: _behind("owner"), "checkout-behind"),
    "other branch": (lambda place: place.here.git("switch", "--quiet", "--create", "other"), "wrong-branch"),
    "no branch": (lambda place: place.owner.git("checkout", "--quiet", "--detach"), "merge-unfinished"),
    "no component": (_unlisted, "component-unlisted"),
    "no checkout": (lambda place: (place.here.folder / ".rediskit.local.yaml").unlink(), "checkout-unknown"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_a_step_is_refused_before_anything_is_written(place: Place, run: Run, name: str) -> None:
    obstruct, problem = OBSTACLES[name]
    obstruct(place)
    before = place.state()
    code, output, errors = run(*TO, "scale-down", "--push")
    assert (code in (1, 2), output, f"error[{problem}]" in errors) == (True, "", True), errors
    assert place.state() == before


def _reject(place: Place, name: str, branch: str) -> None:
    """Let the remote reject pushes to a branch, as a protected branch does."""
    hook = place.folder / f"{name}.git/hooks/update"
    hook.write_text(f'#!/bin/sh\n[ "$1" != refs/heads/{branch} ] || {{ echo "protected branch" >&2; exit 1; }}\n')
    hook.chmod(0o755)


@pytest.mark.parametrize("name", ["here", "owner"])
def test_a_rejected_push_is_reported_and_continues_as_a_branch(place: Place, run: Run, name: str) -> None:
    _reject(place, name, "main")
    code, _, errors = run(*TO, "scale-down", "--push")
    assert (code, "error[push-rejected]" in errors, "protected branch" in errors) == (1, True, True), errors
    assert "or add --branch NAME for a pull request" in errors
    code, output, errors = run(*TO, "scale-down", "--push", "--branch", "move")
    assert code == 0, errors
    assert place.remote(name, "move") == "beersystem: scale-down"
    assert "next: open a pull request for move in " in output
    assert place.remote(name) == "a state", "the protected branch is unchanged"


def test_a_branch_is_continued_after_it_is_merged(place: Place, run: Run) -> None:
    assert run(*TO, "scale-down", "--push", "--branch", "move")[0] == 0
    assert (place.remote("here"), place.remote("owner")) == ("a state", "a state")
    for name, repository in (("here", place.here), ("owner", place.owner)):
        subprocess.run(["git", "-C", place.folder / f"{name}.git", "branch", "--force", "main", "move"], check=True)
        repository.git("switch", "--quiet", "main")
        repository.git("pull", "--quiet")
    assert run(*TO, "deploy", "--push")[0] == 0
    assert place.remote("here") == "beersystem: deploy"


KILLED_AFTER = {
    "edit": ("rediskit.migrate.step.write", 1),
    "render": ("rediskit.git.publish.Checkout.commit", 1),
    "commit here": ("rediskit.git.publish.Checkout.push", 1),
    "push here": ("rediskit.migrate.export.write", 1),
    "export": ("rediskit.git.publish.Checkout.commit", 2),
    "commit there": ("rediskit.git.publish.Checkout.push", 2),
}
KILLER = """
import os, signal, sys
from importlib import import_module
import rediskit.cli.migrate.step
name, count = sys.argv[1], int(sys.argv[2])
owner, _, attribute = name.rpartition('.')
try:
    place = import_module(owner)
except ModuleNotFoundError:
    place = getattr(import_module(owner.rpartition('.')[0]), owner.rpartition('.')[2])
real, calls = getattr(place, attribute), []
def killing(*arguments, **options):
    calls.append(1)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)
setattr(place, attribute, killing)
from rediskit.cli import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.parametrize("phase", KILLED_AFTER)
def test_a_step_that_was_killed_after_a_phase_continues(place: Place, run: Run, phase: str) -> None:
    name, count = KILLED_AFTER[phase]
    arguments = [sys.executable, "-c", KILLER, name, str(count), *TO, "scale-down", "--push"]
    killed = subprocess.run(arguments, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert place.remote("owner") == "a state"
    code, _, errors = run(*TO, "scale-down", "--push")
    assert code == 0, errors
    assert (place.remote("here"), place.remote("owner")) == ("beersystem: scale-down", "beersystem: scale-down")
    assert len(place.here.git("log", "--format=%s").splitlines()) == 2, "one commit"
    assert place.here.git("status", "--porcelain") == place.owner.git("status", "--porcelain") == ""


def test_another_step_is_refused_until_the_interrupted_one_is_finished(place: Place, run: Run) -> None:
    assert run(*TO, "scale-down")[0] == 0
    assert place.step() == "scale-down"
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, "error[step-uncommitted]" in errors, "add --to scale-down" in errors) == (1, True, True), errors


def test_commits_contain_only_the_files_of_the_step_and_run_the_hooks_of_the_user(place: Place, run: Run) -> None:
    (place.here.folder / "notes.txt").write_text("mine")
    place.here.git("add", "notes.txt")
    hook = place.here.folder / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\ntouch {place.folder}/hook\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    assert run(*TO, "scale-down", "--commit")[0] == 0
    assert place.here.git("status", "--porcelain") == "A  notes.txt"
    assert (place.folder / "hook").exists()
    assert Checkout(place.here.folder).distance() == (1, 0)


def test_a_refused_step_leaves_no_evidence_of_the_scan(place: Place, run: Run) -> None:
    for step in ("scale-down", "deploy", "reconfigure", "scale-up", "validate"):
        assert run(*TO, step, "--push")[0] == 0
    before = place.state()
    code, _, errors = run(*TO, "decommission", "--push", "--confirm-irreversible")
    assert (code, "error[validation-missing]" in errors or "error[evidence" in errors, place.state()) == (1, True, before), errors


DEPLOYED = {"client": {"owner": {"object": "Application/argocd/beersystem"}}}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, place: Place, run: Run) -> Double:
    """Return a cluster that applies what is pushed, and an application whose Application the config references."""
    write(place.here.folder / "config", {"step": "prepare", **READY}, DEPLOYED)
    assert run("render", CONFIG)[0] == 0
    place.here.commit({})
    place.here.git("push", "--quiet")
    return cluster_double.start(tmp_path, monkeypatch, kustomize)


def take(run: Run, *steps: str) -> tuple[int, str, str]:
    for step in steps:
        code, output, errors = run(*TO, step, "--wait", "--timeout", "5")
        assert code == 0 or step == steps[-1], (step, output, errors)
    return code, output, errors
