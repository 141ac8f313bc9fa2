"""`migrate export` compares the step with the last commit of the application repository: the cluster applies only commits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.checkout import committed, owner
from tests.cli.test_scan import AT, at
from tests.cli.test_scan import run as run
from tests.conftest import Run

STEPS = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission")


def exported(run: Run, folder: Path, step: str, *options: str, **client: Any) -> tuple[int, bool]:
    """Return the exit code of an export, and whether it refuses the step as one that skips another."""
    code, _, errors = run("migrate", "export", at(folder, step, **client), "--to", "owner/prod", "--at", AT, *options)
    return code, "[export-jump]" in errors


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a checkout with one commit and without files of rediskit."""
    top = owner(tmp_path, listed=False)
    (top / ".git").rmdir()
    committed(top)
    return top


@pytest.mark.parametrize("step", ["reconfigure", "scale-up", "validate", "decommission"])
def test_a_step_whose_earlier_effects_were_never_committed_is_refused(step: str, tmp_path: Path, run: Run, top: Path) -> None:
    assert exported(run, tmp_path, step) == (1, True)
    assert not (top / "prod/rediskit").exists()


@pytest.mark.parametrize("kind", ["kustomize", "argocd-app"])
def test_each_effect_after_the_other_is_exported(kind: str, tmp_path: Path, run: Run, top: Path) -> None:
    for step in (*STEPS, "validate", "scale-up", "reconfigure", "rolled-back"):
        assert exported(run, tmp_path, step, kind=kind) == (0, False), step
        committed(top, empty=True)


def test_the_switch_is_no_step_after_a_stop_that_was_exported_but_not_committed(tmp_path: Path, run: Run, top: Path) -> None:
    assert exported(run, tmp_path, "scale-down") == (0, False)
    assert exported(run, tmp_path, "reconfigure") == (1, True)
    committed(top)
    assert exported(run, tmp_path, "reconfigure") == (0, False)


def test_committed_files_of_another_config_are_compared_by_their_effect(tmp_path: Path, run: Run, top: Path) -> None:
    assert exported(run, tmp_path, "scale-down") == (0, False)
    committed(top)
    more = {"workloads": {0: {"containers": {"backend": {"env": {"CACHE_HOST": "${host}"}}}}}}
    assert exported(run, tmp_path, "reconfigure", **more) == (0, False)
    assert exported(run, tmp_path, "validate", **more) == (1, True)


def test_a_rollback_is_exported_after_each_effect(tmp_path: Path, run: Run, top: Path) -> None:
    for step in STEPS[:-1]:
        assert exported(run, tmp_path, step) == (0, False), step
        committed(top, empty=True)
        assert exported(run, tmp_path, "rolled-back", "--dry-run") == (0, False), step
