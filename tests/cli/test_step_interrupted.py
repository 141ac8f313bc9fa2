"""`rediskit migrate step` after a kill, a rejected push or a merge: the same command continues, and takes no second step."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cluster_double import Double
from tests.cli.test_step import AT, CONFIG, KILLER, TO, Place, _behind, _reject, cluster, place, take
from tests.conftest import Run
from tests.samples import ROOT

__all__ = ["cluster", "place"]

SCALE_DOWN = (*TO, "scale-down", "--push")
BRANCH = (*SCALE_DOWN, "--branch", "move")


def kill(name: str, count: int, command: Sequence[str]) -> None:
    """Run a command that is killed at the call of a function. count: at which of its calls."""
    arguments = [sys.executable, "-c", KILLER, name, str(count), *command]
    killed = subprocess.run(arguments, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert killed.returncode == -signal.SIGKILL, killed.stderr


def commits(place: Place) -> list[int]:
    """Return the number of commits in both repositories."""
    return [len(repository.git("log", "--format=%s").splitlines()) for repository in (place.here, place.owner)]


def is_clean(place: Place) -> bool:
    return place.here.git("status", "--porcelain") == place.owner.git("status", "--porcelain") == ""


ON_A_BRANCH = {
    "switch here": ("rediskit.git.publish.Checkout.commit", 1),
    "commit here": ("rediskit.git.publish.Checkout.push", 1),
    "push here": ("rediskit.migrate.export.write", 1),
    "switch there": ("rediskit.git.publish.Checkout.commit", 2),
    "commit there": ("rediskit.git.publish.Checkout.push", 2),
}


@pytest.mark.parametrize("named", [True, False], ids=["with --to", "without --to"])
@pytest.mark.parametrize("phase", ON_A_BRANCH)
def test_a_step_on_a_branch_continues_after_a_kill(place: Place, run: Run, phase: str, named: bool) -> None:
    kill(*ON_A_BRANCH[phase], BRANCH)
    command = BRANCH if named else ("migrate", "step", CONFIG, "--at", AT, "--push", "--branch", "move")
    code, output, errors = run(*command)
    assert code == 0, errors
    assert "next: open a pull request for move in . and ../owner, merge it, and run git switch main && git pull --rebase there" in output
    assert [place.remote(name, "move") for name in ("here", "owner")] == ["beersystem: scale-down"] * 2
    assert [place.remote(name) for name in ("here", "owner")] == ["a state"] * 2
    assert (commits(place), is_clean(place), place.step()) == ([2, 2], True, "scale-down")


IN_THE_CLUSTER = {
    "push": "rediskit.live.gitops.refresh",
    "refresh": "rediskit.live.gitops.missing",
    "wait": "rediskit.migrate.step.verify_step",
}


@pytest.mark.parametrize("phase", IN_THE_CLUSTER)
def test_a_pushed_step_continues_in_the_cluster_after_a_kill(cluster: Double, place: Place, run: Run, phase: str) -> None:
    command = (*TO, "scale-down", "--wait", "--timeout", "5")
    before = commits(place)
    kill(IN_THE_CLUSTER[phase], 1, command)
    assert [place.remote(name) for name in ("here", "owner")] == ["beersystem: scale-down"] * 2
    refreshed = len(cluster.calls("annotate"))
    code, output, errors = run(*command)
    assert (code, "verification: passed" in output) == (0, True), errors
    assert len(cluster.calls("annotate")) > refreshed, "a refresh is repeated, because nothing shows that it was made"
    assert (commits(place), is_clean(place)) == ([number + 1 for number in before], True)


def test_evidence_of_the_checkout_is_recorded_again_after_a_kill(cluster: Double, place: Place, run: Run) -> None:
    take(run, "scale-down", "deploy", "reconfigure", "scale-up", "validate")
    before = place.here.git("rev-parse", "HEAD")
    kill("rediskit.migrate.step.move", 1, (*TO, "decommission", "--push", "--confirm-irreversible"))
    assert place.here.git("status", "--porcelain") == f"M {CONFIG}", "the scan"
    code, _, errors = run(*TO, "decommission", "--push", "--confirm-irreversible")
    assert (code, "error[validation-missing]" in errors or "error[evidence" in errors) == (1, True), errors
    assert (place.step(), place.here.git("rev-parse", "HEAD")) == ("validate", before)
    assert cluster.calls("create"), "verified before"


def test_a_checkout_that_fell_behind_after_a_kill_continues_after_a_pull(place: Place, run: Run) -> None:
    kill("rediskit.git.publish.Checkout.push", 1, SCALE_DOWN)
    _behind("here")
    before = place.state()
    code, _, errors = run(*SCALE_DOWN)
    assert (code, "error[checkout-behind]" in errors, place.state()) == (1, True, before), errors
    place.here.git("pull", "--quiet", "--rebase")
    code, _, errors = run(*SCALE_DOWN)
    assert (code, place.remote("here"), place.remote("owner")) == (0, "beersystem: scale-down", "beersystem: scale-down"), errors
    assert (commits(place), is_clean(place)) == ([3, 2], True), "the other commit, and one of the step"


def test_only_the_protected_repository_gets_a_pull_request(place: Place, run: Run) -> None:
    _reject(place, "owner", "main")
    assert run(*SCALE_DOWN)[0] == 1
    assert place.remote("here") == "beersystem: scale-down"
    code, output, errors = run(*BRANCH)
    assert (code, "next: open a pull request for move in ../owner, merge it" in output) == (0, True), output + errors
    assert (place.here.git("branch", "--show-current"), place.owner.git("branch", "--show-current")) == ("main", "move")
    assert (commits(place), is_clean(place)) == ([2, 2], True)


def test_a_branch_that_is_merged_as_one_new_commit_is_continued(place: Place, run: Run) -> None:
    """The local main has the commit too: its push was rejected. The merge makes another one with the same changes."""
    _reject(place, "here", "main")
    assert run(*SCALE_DOWN)[0] == 1
    assert run(*BRANCH)[0] == 0
    (place.folder / "here.git/hooks/update").unlink()
    for name in ("here", "owner"):
        _merge_squashed(place.folder / name)
    for repository in (place.here, place.owner):
        repository.git("switch", "--quiet", "main")
        repository.git("pull", "--quiet", "--rebase")
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, place.remote("here")) == (0, "beersystem: deploy"), errors
    assert place.here.git("log", "--format=%s").splitlines()[:2] == ["beersystem: deploy", "merged"]


def _merge_squashed(clone: Path) -> None:
    """Merge the branch as a forge does: one new commit."""
    forge = clone.with_name(f"{clone.name}-forge")
    subprocess.run(["git", "clone", "--quiet", f"{clone}.git", forge], check=True)
    person = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["merge", "--quiet", "--squash", "origin/move"], [*person, "commit", "--quiet", "-m", "merged"], ["push", "--quiet"]):
        subprocess.run(["git", "-C", forge, *command], check=True, stdout=subprocess.DEVNULL)


def test_a_branch_gets_no_second_step_before_it_is_merged(place: Place, run: Run) -> None:
    assert run(*BRANCH)[0] == 0
    before = place.state()
    code, output, errors = run(*TO, "deploy", "--push", "--branch", "move")
    assert (code, output, "error[step-unmerged]: beersystem: the step to scale-down is not merged into main" in errors) == (1, "", True), (
        errors
    )
    assert place.state() == before


def test_a_branch_that_was_pushed_without_an_upstream_is_pushed(place: Place, run: Run) -> None:
    assert run(*SCALE_DOWN)[0] == 0
    for repository in (place.here, place.owner):
        repository.git("branch", "--unset-upstream")
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, place.step(), place.remote("here")) == (0, "deploy", "beersystem: deploy"), errors


def test_a_repository_that_was_never_pushed_is_pushed(place: Place, run: Run) -> None:
    """A clone of an empty repository follows a branch that does not exist yet."""
    shutil.rmtree(place.folder / "here.git")
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", place.folder / "here.git"], check=True)
    place.here.git("update-ref", "-d", "refs/remotes/origin/main")
    code, _, errors = run(*SCALE_DOWN)
    assert (code, place.remote("here"), place.remote("owner")) == (0, "beersystem: scale-down", "beersystem: scale-down"), errors


def test_python_without_filters_for_archives_continues(place: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.0 to 3.11.3 has no parameter `filter`."""
    kill("rediskit.git.publish.Checkout.commit", 2, SCALE_DOWN)
    real = tarfile.TarFile.extractall

    def extractall(self: tarfile.TarFile, path: Any = ".", members: Any = None, *, numeric_owner: bool = False) -> None:
        real(self, path, members, numeric_owner=numeric_owner, filter="fully_trusted")

    monkeypatch.setattr(tarfile.TarFile, "extractall", extractall)
    monkeypatch.delattr(tarfile, "tar_filter")
    code, _, errors = run(*SCALE_DOWN)
    assert (code, place.remote("owner")) == (0, "beersystem: scale-down"), errors
