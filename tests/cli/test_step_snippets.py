"""`migrate step` for an application whose patches a person adds to its Application or Kustomization."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rediskit.model.nested import list_at
from rediskit.renderers.owner.snippets import SNIPPETS
from tests.cli import cluster_double
from tests.cli.cluster_double import Double
from tests.cli.migrations import READY, write
from tests.cli.test_step import CONFIG, TO, Place
from tests.conftest import Run

OBJECTS = {"argocd-app": "Application/argocd/beersystem", "flux-kustomization": "Kustomization/flux-system/beersystem"}


@pytest.fixture(params=OBJECTS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, run: Run) -> Place:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    place = Place(tmp_path, monkeypatch)
    client = {"owner": {"kind": kind, "object": OBJECTS[kind]}}
    write(place.here.folder / "config", {"step": "prepare", "order": "scale-down-first", **READY}, {"client": client})
    overlay = place.owner.folder / "prod/kustomization.yaml"
    overlay.write_text("resources: [../base]\n")
    place.start(run)
    return place


@pytest.fixture
def cluster(place: Place, monkeypatch: pytest.MonkeyPatch, kustomize: Path) -> Double:
    return cluster_double.start(place.folder, monkeypatch, kustomize)


def add_patches(place: Place, kind: str) -> None:
    """Add the exported patches as a person does. Both tools append them to the kustomization that they build."""
    name, keys = SNIPPETS[kind]
    content = yaml.safe_load((place.owner.folder / "prod/rediskit/beersystem" / name).read_text())
    patches = list_at(content, *keys, "patches")
    place.owner.commit({"prod/kustomization.yaml": yaml.safe_dump({"resources": ["../base"], "patches": patches})})
    place.owner.git("push", "--quiet")


def test_a_step_waits_for_the_person_and_is_then_verified(place: Place, cluster: Double, kind: str, run: Run) -> None:
    for step in ("scale-down", "deploy", "reconfigure", "scale-up"):
        command = (*TO, step, "--wait", "--timeout", "5")
        code, output, errors = run(*command)
        assert code == 0, errors
        if step == "deploy":
            assert "verification: passed" in output
            continue
        assert place.remote("owner") == f"beersystem: {step}"
        assert "to do: replace the entries of " in output
        assert output.splitlines()[-1].startswith(f"next: rediskit migrate step {CONFIG} --client beersystem --to {step} ")
        assert "verification" not in output, "nothing has changed yet"
        add_patches(place, kind)
        code, output, errors = run(*command)
        assert (code, "verification: passed" in output, "to do:" in output) == (0, True, False), output + errors
    assert cluster.calls("annotate"), "refreshed"


def test_without_the_patches_the_step_does_not_become_live_and_repeats_what_to_do(place: Place, cluster: Double, run: Run) -> None:
    command = (*TO, "scale-down", "--wait", "--timeout", "1")
    assert run(*command)[0] == 0
    code, _, errors = run(*command)
    assert (code, "error[not-live]: not live after 1 s: Deployment beersystem/beersystem-backend: 1 replicas desired" in errors) == (
        3,
        True,
    )
    assert "help: if it is not done yet: replace the entries of " in errors
    assert (place.step(), cluster.calls("create")) == ("scale-down", [])


def test_variables_that_a_person_did_not_change_fail_the_verification(place: Place, cluster: Double, kind: str, run: Run) -> None:
    """The application is stopped before and after `reconfigure`, so only the comparison of its objects shows that the patches are old."""
    for step in ("scale-down", "deploy"):
        assert run(*TO, step, "--wait", "--timeout", "1")[0] == 0
        if step == "scale-down":
            add_patches(place, kind)
    assert run(*TO, "reconfigure", "--wait", "--timeout", "5")[0] == 0
    code, output, errors = run(*TO, "reconfigure", "--wait", "--timeout", "5")
    assert (code, "verification: failed" in output, "to do: replace the entries of " in output) == (1, True, True), output + errors
    failed = [line for line in output.splitlines() if line.startswith("  failed  Deployment/beersystem-backend ")]
    assert any("env/REDIS_HOST" in line for line in failed), output
    assert cluster.calls("get")
