"""`migrate step` in one repository for the config and the application."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.cli import main
from rediskit.migrate.edit import put_in_place
from rediskit.migrate.evidence import appended, entry
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.test_in_place import CONFIG, MINE, OVERLAY, VALUES, built, repository
from tests.cli.test_in_place import run as run
from tests.conftest import Run
from tests.output.repositories import Repository
from tests.samples import helm_release

AT = "2026-03-01T22:00:30-03:00"


TO = ("migrate", "step", CONFIG, "--at", AT, "--to")


RELEASE = {"baseNamespace": False, "release": "release.yaml"}


KINDS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "kustomize": ({"kind": "kustomize"}, ()),
    "flux-helmrelease": ({"kind": "flux-helmrelease", **RELEASE}, (helm_release(),)),
    "helm-values": ({"kind": "helm-values", "release": "release.yaml", "values": VALUES}, (helm_release(),)),
}


def one_repository(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> Repository:
    """Return a repository with a config, an application of a kind and a remote, rendered and pushed."""
    section, objects = KINDS[kind]
    repository(folder, owner={**section, "path": OVERLAY, "inPlace": True})
    if objects:
        owner(folder, *objects, listed=False, components=[f"../../{MINE}"])
        (folder / "owner/.git").rmdir()
        (folder / "config/release.yaml").write_text(dump(objects[0]))
        data = yaml.safe_load((folder / CONFIG).read_text())
        data["gitops"]["tool"] = "flux"
        (folder / CONFIG).write_text(yaml.safe_dump(data, sort_keys=False, width=1000))
    project = Repository(folder, monkeypatch)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder.parent / "remote.git"], check=True)
    project.git("remote", "add", "origin", str(folder.parent / "remote.git"))
    assert main(["render", CONFIG]) == 0
    project.commit({})
    project.git("push", "--quiet", "--set-upstream", "origin", "main")
    return project


def put_evidence(repository: Repository, kind: str, **more: str) -> None:
    """Commit evidence of the current step."""
    environment = load(CONFIG)
    client = environment.clients[0]
    assert client.migration is not None
    put_in_place(appended(environment, client, [entry(kind, client.migration, AT, by="measured", **more)])[0])
    repository.commit({})
    repository.git("push", "--quiet")


def effect(folder: Path, kustomize: Path, kind: str) -> tuple[bool, bool]:
    """Return whether the build stops and switches the application."""
    objects = built(folder, kustomize)
    if kind == "kustomize":
        spec = objects["Deployment", "beersystem-backend"]["spec"]
        return spec["replicas"] == 0, "redis-shared-master" in dump(spec)
    spec = objects["HelmRelease", "shop"]["spec"]
    if kind == "helm-values":
        return spec["values"].get("replicas") == 0, "redis" in spec["values"]
    text = dump({"postRenderers": spec.get("postRenderers", [])})
    return "replicas: 0" in text, "redis-shared-master" in text


@pytest.mark.parametrize("kind", KINDS)
def test_migrate_step_makes_one_commit_and_no_export(
    kind: str, tmp_path: Path, run: Run, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    here = one_repository(tmp_path / "one", monkeypatch, kind)
    start = built(here.folder, kustomize)
    if kind != "kustomize":
        put_evidence(here, "installed", value="1.2.3")
    expected = {"scale-down": (True, False), "deploy": (True, False), "reconfigure": (True, True), "scale-up": (False, True)}
    for step, seen in expected.items():
        if kind == "helm-values" and step in ("deploy", "scale-up"):
            put_evidence(here, "verified", source="cluster 1")
        before = int(here.git("rev-list", "--count", "HEAD"))
        code, output, errors = run(*TO, step, "--push")
        assert (code, "to do" in output) == (0, False), (step, errors)
        assert int(here.git("rev-list", "--count", "HEAD")) == before + 1
        assert here.git("status", "--porcelain") == here.git("rev-list", "origin/main..HEAD") == ""
        assert effect(here.folder, kustomize, kind) == seen, step
    assert not list((here.folder / OVERLAY).glob("rediskit*"))
    assert run("migrate", "rollback", CONFIG, "--at", AT, "--reason", "logins fail")[0] == 0
    assert run(*TO, "rolled-back", "--push")[0] == 0
    assert built(here.folder, kustomize) == start


def test_a_step_is_refused_if_the_commit_builds_something_else(
    tmp_path: Path, run: Run, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trial build reads the work tree, and the GitOps tool the commit. A change that the build does not contain is no obstacle."""
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    here = one_repository(tmp_path / "one", monkeypatch, "kustomize")
    (here.folder / "notes.txt").write_text("mine\n")
    base = here.folder / "owner/base/kustomization.yaml"
    sound = base.read_text()
    for content in (f"{sound}commonAnnotations: {{mine: here}}\n", f"{sound}nameSuffix: -2\n"):
        base.write_text(content)
        before = (here.folder / CONFIG).read_bytes()
        code, _, errors = run(*TO, "scale-down", "--push")
        assert (code, "error[" in errors, "owner/base/kustomization.yaml" in errors or "owner-build" in errors) == (1, True, True), errors
        assert (here.folder / CONFIG).read_bytes() == before
    base.write_text(sound)
    code, _, errors = run(*TO, "scale-down", "--push")
    assert code == 0, errors
    assert here.git("status", "--porcelain") == "?? notes.txt"
