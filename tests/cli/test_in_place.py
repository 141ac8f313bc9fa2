"""One repository for the config and the application: the overlay lists the rendered folder, and a step is one commit."""

from __future__ import annotations

import itertools
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.migrations import IN_WINDOW, READY, entries
from tests.conftest import Run
from tests.samples import loaded, merged

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
    "replicas": (
        {"apps.yaml": dump(merged(application(), {"spec": {"source": {"kustomize": {"replicas": [{"name": "beersystem-backend"}]}}}}))},
        "owner-beaten",
    ),
    "replicas of another workload": (
        {"apps.yaml": dump(merged(application(), {"spec": {"source": {"kustomize": {"replicas": [{"name": "other"}]}}}}))},
        "",
    ),
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
    reported = {word for word in ("owner-paths", "owner-artifact", "owner-component", "owner-beaten") if f"[{word}]" in errors}
    assert reported == ({code} if code else set()), errors


def test_an_overlay_that_does_not_list_the_folder_is_reported(tmp_path: Path, run: Run) -> None:
    repository(tmp_path, listed=False)
    assert run("render", CONFIG)[0] == 0
    code, _, errors = run("check", CONFIG)
    assert (code, "error[owner-component]" in errors) == (1, True), errors
    assert f"components: [../../{MINE}]" in errors


VALUES = {"stopped": {"replicas": 0}, "switched": {"redis": {"host": "${host}"}}, "removed": {"old": False}}


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
