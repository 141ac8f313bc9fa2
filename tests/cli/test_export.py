"""`migrate export` and `check --owner` on a checkout of an owner, with the real kustomize."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.checkout import owner
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import loaded

ENV = "/spec/template/spec/containers/backend/env"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kustomize: Path) -> Run:
    """Return the command in this process, in a folder with a config (`shop.yaml` beside the checkout `owner`)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))

    return run


def at(folder: Path, step: str, kind: str = "kustomize", **client: Any) -> str:
    """Return a config with beersystem at a step, and its tree in `rendered`."""
    from tests.samples import config, merged

    data = config(step)
    loaded(folder, step, over={"clients": [merged(data["clients"][0], {"owner": {"kind": kind}, **client})]})
    return "chocolandia.yaml"


def disk(top: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


def exported(run: Run, config: str, *more: str) -> tuple[int, str, str]:
    return run("migrate", "export", config, "--to", "owner/prod", *more)


def test_the_first_export_prints_the_line_for_the_kustomization(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    code, output, errors = exported(run, at(tmp_path, "scale-down"))
    assert (code, errors) == (0, "")
    assert "to do: add to owner/prod/kustomization.yaml, once:  components: [rediskit/beersystem]" in output
    assert "  Deployment/beersystem-backend in beersystem: /spec/replicas\n" in output
    assert "next: git -C owner/prod add -A . && git -C owner/prod commit -m 'beersystem: scale-down'" in output
    assert set(disk(top / "prod/rediskit/beersystem")) == {".rediskit.json", "deployment-beersystem-backend.yaml", "kustomization.yaml"}
    assert yaml.safe_load((top / "prod/kustomization.yaml").read_bytes()) == {"resources": ["../base"]}


def test_a_checkout_with_a_space_in_its_path(tmp_path: Path, run: Run) -> None:
    config = at(tmp_path, "scale-down")
    (tmp_path / "own er").mkdir()
    owner(tmp_path / "own er")
    _, output, _ = run("migrate", "export", config, "--to", "own er/owner/prod")
    assert "next: git -C 'own er/owner/prod' add -A . && git -C 'own er/owner/prod' commit" in output


def test_forward_and_back_leaves_the_build_of_the_base(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    for step, pointers in (
        ("prepare", []),
        ("scale-down", ["/spec/replicas"]),
        (
            "scale-up",
            ["/spec/template/spec/containers/backend/env/REDIS_HOST/value", "/spec/template/spec/containers/backend/env/REDIS_PASSWORD"],
        ),
        ("rolled-back", []),
    ):
        code, output, _ = exported(run, at(tmp_path, step), "--json")
        report = json.loads(output)
        assert code == report["exitCode"] == 0
        assert [obj["pointers"] for obj in report["objects"]] == ([pointers] if pointers else [])
        assert report["written"]
        if step == "prepare":
            (top / "prod/kustomization.yaml").write_text("resources: [../base]\ncomponents: [rediskit/beersystem]\n", encoding="utf-8")
    code, output, _ = exported(run, at(tmp_path, "rolled-back"))
    assert code == 0
    assert "next: nothing, the checkout is at this step already" in output


def test_decommission_names_what_goes(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, listed=False)
    code, output, _ = exported(run, at(tmp_path, "decommission"))
    assert code == 0
    assert "  Deployment/redis in beersystem: gone\n" in output
    assert "  Service/redis in beersystem: gone\n" in output


def test_a_dry_run_writes_nothing(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    before = disk(top)
    code, output, _ = exported(run, at(tmp_path, "scale-up"), "--dry-run")
    assert code == 0
    assert "nothing was written" in output
    assert disk(top) == before


REPLICAS = {"replicas": [{"name": "beersystem-backend", "count": 2}]}
SET_TO_2 = '[{"op": "replace", "path": "/spec/replicas", "value": 2}]'
PATCH = {"patches": [{"target": {"kind": "Deployment", "name": "beersystem-backend"}, "patch": SET_TO_2}]}


@pytest.mark.parametrize(
    ("code", "settings", "objects"),
    [
        ("owner-beaten", REPLICAS, ()),
        ("owner-beaten", PATCH, ()),
        ("owner-build", {"resources": ["../nothing"]}, ()),
        ("owner-build", {}, OLD_REDIS),
    ],
)
def test_a_build_that_is_not_what_the_step_means_is_refused(
    tmp_path: Path, run: Run, code: str, settings: Mapping[str, Any], objects: tuple[Object, ...]
) -> None:
    top = owner(tmp_path, *objects, listed=False, **settings)
    before = disk(top)
    exit_code, output, errors = exported(run, at(tmp_path, "scale-down"))
    assert (exit_code, output) == (1, "")
    assert f"[{code}]" in errors
    assert disk(top) == before


def test_a_workload_that_is_not_there_is_refused_at_prepare_too(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, *OLD_REDIS, listed=False)
    code, _, errors = exported(run, at(tmp_path, "prepare"))
    assert code == 1
    assert "error[owner-workload]: Deployment/beersystem-backend is not in the build of owner/prod" in errors


def test_what_was_edited_by_hand_is_kept_without_force(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    assert exported(run, at(tmp_path, "scale-down"))[0] == 0
    file = top / "prod/rediskit/beersystem/deployment-beersystem-backend.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    code, _, errors = exported(run, at(tmp_path, "scale-up"))
    assert code == 1
    assert "was edited by hand" in errors
    assert file.read_text(encoding="utf-8").endswith("# mine\n")
    assert exported(run, at(tmp_path, "scale-up"), "--force")[0] == 0
    assert "mine" not in file.read_text(encoding="utf-8")


def test_without_kustomize_the_error_has_the_instructions_to_install_it(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    owner(tmp_path)
    monkeypatch.delenv("KUSTOMIZE")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, errors = exported(run, at(tmp_path, "scale-down"))
    assert code == 3
    assert errors == "error: kustomize is not on PATH\n  help: install kustomize, or set $KUSTOMIZE to its path\n"


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("nothing", "folder nothing does not exist"),
        ("owner", "owner has no kustomization.yaml"),
        ("alone", "alone is not in a Git work tree"),
    ],
)
def test_a_folder_that_does_not_fit(tmp_path: Path, run: Run, to: str, message: str) -> None:
    owner(tmp_path)
    (tmp_path / "alone").mkdir()
    code, _, errors = run("migrate", "export", at(tmp_path, "scale-down"), "--to", to)
    assert code == 2
    assert errors.startswith(f"error: {message}")


def test_an_overlay_elsewhere(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    code, output, _ = run("migrate", "export", at(tmp_path, "scale-down"), "--to", "owner", "--overlay", "owner/prod")
    assert code == 0
    assert "components: [../rediskit/beersystem]" in output
    assert (top / "rediskit/beersystem/kustomization.yaml").is_file()


@pytest.mark.parametrize(("kind", "place"), [("argocd-app", "spec.source.kustomize.patches"), ("flux-kustomization", "spec.patches")])
def test_a_snippet_is_tried_as_its_tool_takes_it(tmp_path: Path, run: Run, kind: str, place: str) -> None:
    top = owner(tmp_path, listed=False)
    code, output, errors = exported(run, at(tmp_path, "scale-down", kind))
    assert (code, errors) == (0, "")
    ours = f"the entries of {place} whose patch starts with '# rediskit: beersystem'"
    assert f"to do: replace {ours} in the" in output
    assert "keep all others" in output
    assert "Deployment/beersystem-backend in beersystem: /spec/replicas" in output
    owner(tmp_path, listed=False, **REPLICAS)
    before = disk(top)
    code, _, errors = exported(run, at(tmp_path, "scale-up", kind))
    assert code == 1
    assert "[owner-beaten]" in errors
    assert disk(top) == before


@pytest.mark.parametrize("kind", ["argocd-app", "flux-kustomization"])
@pytest.mark.parametrize("step", ["prepare", "rolled-back"])
def test_a_snippet_without_patches_removes_ours_and_keeps_those_of_the_application_repository(
    tmp_path: Path, run: Run, kind: str, step: str
) -> None:
    """The instruction was to put an empty list in place of the whole list."""
    owner(tmp_path, listed=False)
    code, output, _ = exported(run, at(tmp_path, step, kind))
    assert code == 0
    assert "to do: remove the entries of" in output
    assert "whose patch starts with '# rediskit: beersystem'" in output
    assert "keep all others" in output


def test_every_line_of_a_kustomize_message_is_shown(tmp_path: Path, run: Run) -> None:
    """Only the last line was reported: here the end of a patch of the application repository, without the reason."""
    owner(tmp_path, listed=False, patches=[{"patch": "a: b\nc: [d\n"}])
    code, _, errors = exported(run, at(tmp_path, "scale-down"))
    assert code == 1
    assert "kustomize reports: Error: " in errors
    assert "a: b" in errors
