"""One repository for the config and the application: the overlay lists the rendered folder, and a step is one commit."""

from __future__ import annotations

import itertools
import subprocess
from functools import partial
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
from tests.cli.test_migrate import IN_WINDOW, READY, entries
from tests.conftest import Run
from tests.output.repositories import Repository
from tests.samples import helm_release, loaded, merged

OVERLAY = "owner/prod"
CONFIG = "config/chocolandia.yaml"
MINE = "rendered/chocolandia/owners/beersystem"
REPOSITORY = "https://github.com/cbenitezpy-ueno/chocolandia_kube.git"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return the command in this process, in the root of the repository."""
    monkeypatch.chdir(tmp_path)
    return partial(run)


def repository(folder: Path, *steps: str, listed: bool = True, **more: Any) -> Path:
    """Write a repository with a config and an application at a step, and return its root."""
    (folder / "config").mkdir(exist_ok=True)
    loaded(folder / "config", "prepare")
    file = folder / CONFIG
    data = yaml.safe_load(file.read_text())
    section = {"step": steps[-1], "history": entries(*steps)} if steps else {"step": "prepare"}
    data["clients"][0] = merged(data["clients"][0], {"owner": {"kind": "kustomize", "path": OVERLAY, "inPlace": True}, **more})
    data["clients"][0]["migration"] = {**READY, **section}
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000))
    top = owner(folder, listed=False, **({"components": [f"../../{MINE}"]} if listed else {}))
    (top / ".git").rmdir()
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    return folder


def built(folder: Path, kustomize: Path) -> Any:
    done = subprocess.run([kustomize, "build", folder / OVERLAY], capture_output=True, check=True, timeout=60)
    return {(content["kind"], content["metadata"]["name"]): content for content in yaml.safe_load_all(done.stdout)}


def test_a_step_is_an_edit_a_render_and_one_commit(tmp_path: Path, run: Run, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step forward and the rollback through the real kustomize, without an export."""
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    repository(tmp_path)
    assert run("render", CONFIG)[0] == 0
    start = built(tmp_path, kustomize)
    now = ("migrate", "advance", CONFIG, "--at", IN_WINDOW)
    expected: tuple[tuple[str, int, str], ...] = (
        ("scale-down", 0, "redis.beersystem.svc.cluster.local"),
        ("deploy", 0, "redis.beersystem.svc.cluster.local"),
        ("reconfigure", 0, "redis-shared-master.redis.svc.cluster.local"),
        ("scale-up", 1, "redis-shared-master.redis.svc.cluster.local"),
    )
    for step, replicas, host in expected:
        code, output, errors = run(*now, "--to", step)
        assert code == 0, errors
        assert "migrate export" not in output
        assert run("render", CONFIG)[0] == 0
        workload = built(tmp_path, kustomize)["Deployment", "beersystem-backend"]
        env = {variable["name"]: variable.get("value") for variable in workload["spec"]["template"]["spec"]["containers"][0]["env"]}
        assert (workload["spec"]["replicas"], env["REDIS_HOST"]) == (replicas, host), step
        subprocess.run(["git", "-C", str(tmp_path), "add", "--all"], check=True)
        author = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *author, "commit", "--quiet", "--message", step], check=True)
    assert run("migrate", "rollback", CONFIG, "--at", IN_WINDOW, "--reason", "logins fail")[0] == 0
    assert run("render", CONFIG)[0] == 0
    assert built(tmp_path, kustomize) == start


def test_advance_refuses_a_step_that_the_build_does_not_take(
    tmp_path: Path, run: Run, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    repository(tmp_path)
    assert run("render", CONFIG)[0] == 0
    overlay = tmp_path / OVERLAY / "kustomization.yaml"
    sound = yaml.safe_load(overlay.read_text())
    broken: dict[str, tuple[dict[str, Any], str]] = {
        "replicas again": ({**sound, "replicas": [{"name": "beersystem-backend", "count": 2}]}, "owner-beaten"),
        "a workload that is missing": ({**sound, "resources": []}, "owner-build"),
        "a file that is missing": ({**sound, "resources": ["../base", "missing.yaml"]}, "owner-build"),
    }
    before = (tmp_path / CONFIG).read_bytes()
    for name, (content, problem) in broken.items():
        overlay.write_text(dump(content))
        code, _, errors = run("migrate", "advance", CONFIG, "--at", IN_WINDOW)
        assert (code, f"error[{problem}]" in errors) == (1, True), (name, errors)
        assert (tmp_path / CONFIG).read_bytes() == before
    monkeypatch.setenv("KUSTOMIZE", str(tmp_path / "missing"))
    assert run("migrate", "advance", CONFIG, "--at", IN_WINDOW)[0] == 3
    assert (tmp_path / CONFIG).read_bytes() == before


def test_a_rollback_needs_no_kustomize(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, "scale-down")
    monkeypatch.setenv("KUSTOMIZE", str(tmp_path / "missing"))
    code, _, errors = run("migrate", "rollback", CONFIG, "--at", IN_WINDOW, "--reason", "logins fail")
    assert code == 0, errors


@pytest.mark.parametrize("key", ["migration", "client", "kind"])
def test_render_refuses_to_remove_a_folder_that_a_kustomization_lists(key: str, tmp_path: Path, run: Run) -> None:
    repository(tmp_path)
    assert run("render", CONFIG)[0] == 0
    file = tmp_path / CONFIG
    data = yaml.safe_load(file.read_text())
    if key == "client":
        data["clients"] = []
    elif key == "migration":
        del data["clients"][0]["migration"]
    else:
        data["clients"][0]["owner"] = {"kind": "manifests"}
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    before = {path: path.read_bytes() for path in (tmp_path / "rendered").rglob("*") if path.is_file()}
    code, _, errors = run("render", CONFIG)
    words = f"{OVERLAY}/kustomization.yaml:4:3: error[owner-still-listed]: {OVERLAY}/kustomization.yaml lists {MINE}"
    assert (code, words in errors) == (1, True), errors
    assert {path: path.read_bytes() for path in (tmp_path / "rendered").rglob("*") if path.is_file()} == before
    (tmp_path / OVERLAY / "kustomization.yaml").write_text(dump({"resources": ["../base"]}))
    code, _, errors = run("render", CONFIG)
    assert code == 0, errors
    assert not (tmp_path / MINE / "kustomization.yaml").exists()


def application(**annotations: str) -> dict[str, Any]:
    spec = {"source": {"repoURL": REPOSITORY, "path": OVERLAY, "targetRevision": "main"}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "annotations": annotations},
        "spec": spec,
    }


def flux(kind: str = "GitRepository", **spec: Any) -> str:
    unit = {"path": f"./{OVERLAY}", "sourceRef": {"kind": kind, "name": "cluster"}}
    objects = (
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "shop"}, "spec": unit},
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": "cluster"}, "spec": {"url": REPOSITORY, **spec}},
    )
    return "---\n".join(map(dump, objects))


PATHS = "argocd.argoproj.io/manifest-generate-paths"
DEPLOYERS: dict[str, tuple[dict[str, str], str]] = {
    "no annotation": ({"apps.yaml": dump(application())}, ""),
    "the folder of the Application alone": ({"apps.yaml": dump(application(**{PATHS: "."}))}, "owner-paths"),
    "base and overlay": ({"apps.yaml": dump(application(**{PATHS: ".;../base"}))}, "owner-paths"),
    "the whole repository": ({"apps.yaml": dump(application(**{PATHS: "/"}))}, ""),
    "the rendered folder": ({"apps.yaml": dump(application(**{PATHS: f".;/{MINE}"}))}, ""),
    "the output, relative": ({"apps.yaml": dump(application(**{PATHS: ".;../../rendered"}))}, ""),
    "a pattern": ({"apps.yaml": dump(application(**{PATHS: "/rendered/*/owners/*/kustomization.yaml"}))}, ""),
    "another Application": ({"apps.yaml": dump(merged(application(**{PATHS: "."}), {"spec": {"source": {"path": "other"}}}))}, ""),
    "another repository": ({"apps.yaml": dump(merged(application(**{PATHS: "."}), {"spec": {"source": {"repoURL": "https://x/y"}}}))}, ""),
    "Flux": ({"flux.yaml": flux()}, ""),
    "a .sourceignore with other folders": ({"flux.yaml": flux(), ".sourceignore": "/docs/\n"}, ""),
    "a .sourceignore with the output": ({"flux.yaml": flux(), ".sourceignore": "/rendered/\n"}, "owner-paths"),
    "a .sourceignore in the output": ({"flux.yaml": flux(), "rendered/.sourceignore": "owners/\n"}, "owner-paths"),
    "a .sourceignore with an exception": ({"flux.yaml": flux(), ".sourceignore": "/*\n!/rendered\n!/owner\n"}, ""),
    "spec.ignore": ({"flux.yaml": flux(ignore="/*\n!/owner\n")}, "owner-paths"),
    "spec.ignore after .sourceignore": ({"flux.yaml": flux(ignore="!/rendered/\n"), ".sourceignore": "/rendered/\n"}, ""),
    "a sparse checkout without it": ({"flux.yaml": flux(sparseCheckout=["owner"])}, "owner-paths"),
    "a sparse checkout with it": ({"flux.yaml": flux(sparseCheckout=["owner", "./rendered"])}, ""),
    "an artifact": ({"flux.yaml": flux("OCIRepository")}, "owner-artifact"),
}


@pytest.mark.parametrize("name", DEPLOYERS)
def test_check_reports_a_deployer_that_does_not_see_the_folder(name: str, tmp_path: Path, run: Run) -> None:
    files, code = DEPLOYERS[name]
    repository(tmp_path)
    assert run("render", CONFIG)[0] == 0
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    _, _, errors = run("check", CONFIG)
    reported = {word for word in ("owner-paths", "owner-artifact", "owner-component") if f"[{word}]" in errors}
    assert reported == ({code} if code else set()), errors


def test_an_overlay_that_does_not_list_the_folder_is_reported(tmp_path: Path, run: Run) -> None:
    repository(tmp_path, listed=False)
    assert run("render", CONFIG)[0] == 0
    code, _, errors = run("check", CONFIG)
    assert (code, "error[owner-component]" in errors) == (1, True), errors
    assert f"components: [../../{MINE}]" in errors


AT = "2026-03-01T22:00:30-03:00"
TO = ("migrate", "step", CONFIG, "--at", AT, "--to")
RELEASE = {"baseNamespace": False, "release": "release.yaml"}
VALUES = {"stopped": {"replicas": 0}, "switched": {"redis": {"host": "${host}"}}, "removed": {"old": False}}
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
    made = Repository(folder, monkeypatch)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder.parent / "remote.git"], check=True)
    made.git("remote", "add", "origin", str(folder.parent / "remote.git"))
    assert main(["render", CONFIG]) == 0
    made.commit({})
    made.git("push", "--quiet", "--set-upstream", "origin", "main")
    return made


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


def test_an_application_of_argo_cd_has_no_overlay_to_list_the_folder(tmp_path: Path, run: Run) -> None:
    section = {"kind": "helm-values", "release": "chocolandia/application.yaml", "values": VALUES, "path": OVERLAY, "inPlace": True}
    (tmp_path / "config").mkdir()
    loaded(tmp_path / "config", "prepare")
    data = yaml.safe_load((tmp_path / CONFIG).read_text())
    data["clients"][0]["owner"] = section
    (tmp_path / CONFIG).write_text(yaml.safe_dump(data, sort_keys=False, width=1000))
    code, _, errors = run("render", CONFIG)
    assert (code, "inPlace needs an overlay, and an Application lists a values file" in errors) == (2, True), errors


@pytest.mark.parametrize(("path", "words"), [("missing", "is not a folder of the work tree"), ("owner/base", "does not list")])
def test_another_folder_is_refused_in_words(path: str, words: str, tmp_path: Path, run: Run) -> None:
    repository(tmp_path, owner={"kind": "kustomize", "path": path, "inPlace": True})
    run("render", CONFIG)
    code, _, errors = run("check", CONFIG)
    assert code in (1, 2)
    assert words in errors


def test_nothing_is_exported(tmp_path: Path, run: Run) -> None:
    repository(tmp_path)
    code, _, errors = run("migrate", "export", CONFIG, "--to", OVERLAY)
    assert (code, "nothing is exported" in errors) == (2, True)
    assert not list(itertools.chain((tmp_path / OVERLAY).glob("rediskit*")))


def test_check_owner_builds_each_step_in_place(tmp_path: Path, run: Run, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    repository(tmp_path)
    assert run("render", CONFIG)[0] == 0
    code, _, errors = run("check", CONFIG, "--owner", OVERLAY)
    assert (code, "error[" in errors) == (0, False), errors
