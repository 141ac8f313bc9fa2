"""`rediskit migrate step` and evidence of a checkout wait for the branch of the application repository that is deployed."""

from __future__ import annotations

import subprocess

import pytest

from tests.cli.migrations import READY, write
from tests.cli.test_step import AT, CONFIG, TO, Place
from tests.cli.test_step import place as place
from tests.conftest import Run

BRANCH = ("--push", "--branch", "move")
DAY = "2026-03-02T23:00:00-03:00"


def merged(place: Place, name: str, branch: str = "move", into: str = "main") -> None:
    """Merge a branch into the deployed one at the remote."""
    subprocess.run(["git", "-C", place.folder / f"{name}.git", "branch", "--force", into, branch], check=True)


def pulled(place: Place, name: str) -> None:
    repository = getattr(place, name)
    repository.git("switch", "--quiet", "main")
    repository.git("pull", "--quiet")


@pytest.mark.parametrize("options", [("--push",), BRANCH, (), ("--commit",)], ids=["push", "branch", "none", "commit"])
def test_a_step_waits_until_the_last_one_is_merged_in_the_application_repository(place: Place, run: Run, options: tuple[str, ...]) -> None:
    assert run(*TO, "scale-down", *BRANCH)[0] == 0
    merged(place, "here")
    pulled(place, "here")
    before = place.state()
    code, output, errors = run(*TO, "deploy", *options)
    assert (code, output, place.state()) == (1, "", before), errors
    assert "error[step-unmerged]: beersystem: the step to scale-down is not merged in the application repository: ../owner" in errors
    assert "  help: merge them, and run git -C ../owner switch main && git -C ../owner pull --rebase" in errors
    merged(place, "owner")
    pulled(place, "owner")
    code, _, errors = run(*TO, "deploy", *options)
    assert (code, place.step()) == (0, "deploy"), errors


def test_a_branch_that_is_merged_as_another_commit_needs_no_switch(place: Place, run: Run) -> None:
    assert run(*TO, "scale-down", *BRANCH)[0] == 0
    merged(place, "here")
    pulled(place, "here")
    place.owner.git("switch", "--quiet", "--create", "squashed", "main")
    place.owner.git("checkout", "move", "--", ".")
    place.owner.git("commit", "--quiet", "--message", "merged")
    place.owner.git("push", "--quiet", "origin", "squashed:main")
    place.owner.git("switch", "--quiet", "move")
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, place.step()) == (0, "deploy"), errors


@pytest.mark.parametrize(("action", "target"), [("rollback", "rolled-back"), ("back", "prepare")])
def test_a_rollback_does_not_wait_for_a_merge(place: Place, run: Run, action: str, target: str) -> None:
    assert run(*TO, "scale-down", *BRANCH)[0] == 0
    merged(place, "here")
    pulled(place, "here")
    assert run("migrate", action, CONFIG, "--reason", "x", "--at", AT)[0] == 0
    code, _, errors = run(*TO, target, "--push", "--branch", "undo")
    assert (code, place.remote("owner", "undo")) == (0, f"beersystem: {target}"), errors


def test_the_deployed_branch_is_that_of_the_config(place: Place, run: Run) -> None:
    """Another branch than the default one of the remote can be deployed."""
    write(place.here.folder / "config", {"step": "prepare", **READY}, {"client": {"owner": {"revision": "production"}}})
    assert run("render", CONFIG)[0] == 0
    place.here.commit({})
    place.here.git("push", "--quiet")
    merged(place, "owner", "main", "production")
    assert run(*TO, "scale-down", *BRANCH)[0] == 0
    for name in ("here", "owner"):
        merged(place, name)
        pulled(place, name)
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, "are not merged into production of origin: prod/rediskit/beersystem/" in errors) == (1, True), errors
    merged(place, "owner", "move", "production")
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, place.step()) == (0, "deploy"), errors


def test_a_checkout_that_knows_no_deployed_branch_is_refused(place: Place, run: Run) -> None:
    assert run(*TO, "scale-down", "--push")[0] == 0
    subprocess.run(["git", "-C", place.folder / "owner.git", "branch", "--move", "main", "trunk"], check=True)
    place.owner.git("fetch", "--quiet", "--prune")
    place.owner.git("branch", "--quiet", "--set-upstream-to", "origin/trunk")
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, "error[step-unmerged]" in errors, "git -C ../owner remote set-head origin --auto" in errors) == (1, True, True), errors
    place.owner.git("remote", "set-head", "origin", "--auto")
    code, _, errors = run(*TO, "deploy", "--push")
    assert (code, place.step()) == (0, "deploy"), errors


def test_a_commit_that_is_not_merged_is_no_evidence(place: Place, run: Run) -> None:
    for step in ("scale-down", "deploy", "reconfigure", "scale-up", "validate"):
        assert run(*TO, step, "--push")[0] == 0
    place.owner.git("switch", "--quiet", "--create", "other")
    place.owner.commit({"base/notes.txt": "mine\n"})
    scan = ("check", CONFIG, "--owner", "../owner/prod", "--at", DAY)
    code, _, errors = run(*scan)
    assert (code, "the scan of beersystem is not recorded: ../owner has changes that are not merged into main of origin" in errors) == (
        0,
        True,
    ), errors
    before = place.state()
    code, _, errors = run(*TO, "decommission", "--confirm-irreversible", "--checkout", "../owner/prod")
    assert (code, "error[step-unmerged]" in errors, place.state()) == (1, True, before), errors
    folded = ("migrate", "record", CONFIG, "--folded", "--owner", "../owner/prod", "--at", DAY)
    assert run(*folded)[0] == 1
    place.owner.git("push", "--quiet", "origin", "other:main")
    code, _, errors = run(*scan)
    assert (code, "note: recorded the scan of beersystem" in errors) == (0, True), errors
