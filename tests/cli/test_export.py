"""`migrate export` and `check --owner` on a checkout of an owner, with the real kustomize."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.yamlio.writer import dump
from tests.cli.checkout import committed, fold, owner
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, loaded

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


SECRET = "".join(reversed("drowssap-terces-dlo"))
LITERAL = f"        - name: REDIS_PASSWORD   # the old one\n          value: {SECRET}\n"


def plain(folder: Path, *, text: str = "", file: str = "deployment-beersystem-backend.yaml") -> Path:
    """Return a repository with plain files, as an application without kustomize has them; its Deployment has a password in plain text."""
    top = folder / "owner"
    for content in (backend(), *OLD_REDIS):
        name = f"{content['kind']}-{content['metadata']['name']}.yaml".lower()
        (top / "prod").mkdir(parents=True, exist_ok=True)
        (top / "prod" / name).write_text(f"# by hand\n{dump(content)}", encoding="utf-8")
    deployment = top / "prod/deployment-beersystem-backend.yaml"
    source = text or deployment.read_text(encoding="utf-8").replace("env:\n", f"env:\n{LITERAL}", 1)
    deployment.unlink()
    (top / "prod" / file).write_bytes(source.encode())
    for arguments in (["init", "--quiet"], ["config", "user.name", "x"], ["config", "user.email", "x@example.org"]):
        git(top, *arguments)
    commit(top)
    return top


def git(top: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(top), *arguments], check=True, capture_output=True, text=True).stdout


def commit(top: Path) -> None:
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--allow-empty", "--message", "x")


FORWARD = ("scale-down", "deploy", "reconfigure", "scale-up", "validate")


@pytest.mark.parametrize("last", FORWARD)
def test_a_rollback_gives_back_the_plain_file_byte_for_byte(tmp_path: Path, run: Run, last: str) -> None:
    """It gave back the config's copy: without comments, quotes and the password."""
    top = plain(tmp_path)
    file = top / "prod/deployment-beersystem-backend.yaml"
    before = file.read_bytes()
    assert SECRET.encode() in before
    for step in ("prepare", *FORWARD[: FORWARD.index(last) + 1]):
        code, output, errors = exported(run, at(tmp_path, step, "manifests"))
        assert (code, [line for line in errors.splitlines() if not line.startswith("note: recorded the scan of ")]) == (0, [])
        assert SECRET not in output + errors
        assert (file.read_bytes() == before) is (step == "prepare")
        commit(top)
    after = file.read_text(encoding="utf-8")
    assert after.startswith("# by hand")
    assert (SECRET not in after) is (last in ("reconfigure", "scale-up", "validate"))
    assert exported(run, at(tmp_path, "rolled-back", "manifests"))[0] == 0
    assert file.read_bytes() == before


def test_no_byte_of_the_application_s_file_reaches_the_rendered_manifests(tmp_path: Path, run: Run) -> None:
    """The tree held the whole object: a literal password of the config's manifest was in it."""
    plain(tmp_path)
    at(tmp_path, "scale-up", "manifests")
    run("render", "chocolandia.yaml")
    folder = tmp_path / "rendered/chocolandia/owners/beersystem"
    assert sorted(path.name for path in folder.iterdir()) == ["deployment-beersystem-backend.yaml"]
    content = yaml.safe_load((folder / "deployment-beersystem-backend.yaml").read_bytes())
    (container,) = content["spec"]["template"]["spec"]["containers"]
    assert container.keys() == {"name", "env"}
    assert {entry["name"] for entry in container["env"]} == {"REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"}


@pytest.mark.parametrize("step", ["scale-up", "rolled-back"])
def test_changes_of_others_in_a_plain_file_are_kept(tmp_path: Path, run: Run, step: str) -> None:
    """An image that a bot updates during validation was refused, or lost with --force."""
    top = plain(tmp_path)
    file = top / "prod/deployment-beersystem-backend.yaml"
    before = file.read_text(encoding="utf-8")
    image = backend()["spec"]["template"]["spec"]["containers"][0]["image"]
    assert exported(run, at(tmp_path, "reconfigure", "manifests"))[0] == 0
    file.write_text(file.read_text(encoding="utf-8").replace(image, f"{image}-next"), encoding="utf-8")
    commit(top)
    code, _, errors = exported(run, at(tmp_path, step, "manifests"))
    assert (code, errors) == (0, "")
    assert f"{image}-next" in file.read_text(encoding="utf-8")
    if step == "rolled-back":
        assert file.read_text(encoding="utf-8") == before.replace(image, f"{image}-next")


def test_a_plain_file_of_which_a_value_of_the_step_was_edited_is_refused_without_force(tmp_path: Path, run: Run) -> None:
    top = plain(tmp_path)
    file = top / "prod/deployment-beersystem-backend.yaml"
    before = file.read_bytes()
    assert exported(run, at(tmp_path, "scale-up", "manifests"))[0] == 0
    file.write_text(file.read_text(encoding="utf-8").replace("redis-shared-master", "redis-other"), encoding="utf-8")
    commit(top)
    for more in ([], ["--dry-run"]):
        code, _, errors = exported(run, at(tmp_path, "rolled-back", "manifests"), *more)
        assert code == 1
        assert "error[file-edited]: " in errors
    assert exported(run, at(tmp_path, "rolled-back", "manifests"), "--force")[0] == 0
    assert file.read_bytes() == before


def test_a_plain_file_with_changes_that_are_in_no_commit_is_refused(tmp_path: Path, run: Run) -> None:
    file = plain(tmp_path) / "prod/deployment-beersystem-backend.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("replicas: 1", "replicas: 1\n  minReadySeconds: 9"), encoding="utf-8")
    before = file.read_bytes()
    code, _, errors = exported(run, at(tmp_path, "scale-down", "manifests"))
    assert code == 1
    assert "error[file-uncommitted]: " in errors
    assert file.read_bytes() == before
    commit(tmp_path / "owner")
    assert exported(run, at(tmp_path, "scale-down", "manifests"))[0] == 0


def test_without_a_version_from_before_the_migration_a_rollback_is_refused(tmp_path: Path, run: Run) -> None:
    top = plain(tmp_path)
    assert exported(run, at(tmp_path, "scale-up", "manifests"))[0] == 0
    git(top, "checkout", "--quiet", "--orphan", "new")
    commit(top)
    code, _, errors = exported(run, at(tmp_path, "rolled-back", "manifests"))
    assert code == 1
    assert "error[file-base]: " in errors


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_plain_files_with_several_documents(tmp_path: Path, run: Run, newline: str) -> None:
    """They were refused."""
    parts = ["# first\n", dump(OLD_REDIS[1]), "--- # the application\n", dump(backend()), "---\n", "kind: Other\nmetadata: {name: x}\n"]
    text = "".join(parts).replace("\n", newline)
    top = plain(tmp_path, text=text, file="all.yaml")
    (top / "prod/service-redis.yaml").unlink()
    file = top / "prod/all.yaml"
    for step in ("scale-down", "scale-up"):
        assert exported(run, at(tmp_path, step, "manifests"))[0] == 0
        content = file.read_bytes().decode()
        assert content.startswith("".join(parts[:3]).replace("\n", newline))
        assert content.endswith("".join(parts[4:]).replace("\n", newline))
        commit(top)
    _, output, _ = exported(run, at(tmp_path, "decommission", "manifests"), "--dry-run")
    assert "to do: delete Service/redis from owner/prod/all.yaml\n" in output
    assert exported(run, at(tmp_path, "rolled-back", "manifests"))[0] == 0
    assert file.read_bytes() == text.encode()


def test_an_export_of_plain_files_lists_the_objects_to_delete(tmp_path: Path, run: Run) -> None:
    plain(tmp_path)
    code, output, _ = exported(run, at(tmp_path, "decommission", "manifests"))
    assert code == 0
    assert "to do: delete owner/prod/deployment-redis.yaml: it contains only Deployment/redis\n" in output
    assert "to do: delete owner/prod/service-redis.yaml: it contains only Service/redis\n" in output
    code, _, errors = exported(run, at(tmp_path, "complete", "manifests"))
    assert code == 1
    assert "[complete]" in errors


def remarks(run: Run, config: str) -> list[tuple[str, str, str | None, int | None]]:
    """Code, severity, file and line of what `check --owner` finds in the application repository."""
    run("render", config)
    _, output, _ = run("check", config, "--owner", "owner/prod", "--json")
    findings = json.loads(output)["findings"]
    return [
        (remark["code"], remark["severity"], remark["file"], remark["line"]) for remark in findings if remark["code"].startswith("owner-")
    ]


def test_a_checkout_at_its_step_is_clean(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    config = at(tmp_path, "scale-up")
    assert exported(run, config, "--force")[0] == 0
    assert remarks(run, config) == []
    assert run("check", config, "--owner", "owner/prod")[0] == 0


def without_replicas() -> Object:
    workload = backend()
    del workload["spec"]["replicas"]
    return workload


def scaled(count: int) -> Object:
    workload = backend()
    workload["spec"]["replicas"] = count
    return workload


PROD, WORKLOAD = "owner/prod/kustomization.yaml", "owner/base/deployment-beersystem-backend.yaml"


@pytest.mark.parametrize(
    ("expected", "settings", "objects"),
    [
        (("owner-beaten", "error", PROD, 6), REPLICAS, ()),
        (("owner-beaten", "error", PROD, 6), PATCH, ()),
        (("owner-replicas", "warning", WORKLOAD, 2), {}, (scaled(4), *OLD_REDIS)),
        (("owner-replicas", "warning", WORKLOAD, 2), {}, (without_replicas(), *OLD_REDIS)),
        (("owner-removal", "warning", PROD, 1), {}, (backend(), OLD_REDIS[0])),
        (("owner-workload", "error", PROD, 1), {}, OLD_REDIS),
        (("owner-build", "error", PROD, 1), {"resources": ["../nothing"]}, ()),
    ],
)
def test_what_check_finds_in_the_checkout(
    tmp_path: Path, run: Run, expected: tuple[str, str, str, int], settings: Mapping[str, Any], objects: tuple[Object, ...]
) -> None:
    owner(tmp_path, *objects, **settings)
    listed = remarks(run, at(tmp_path, "prepare"))
    assert expected in listed
    others = {"owner-workload": {"owner-build"}, "owner-beaten": {"owner-replicas"}}.get(expected[0], set())
    assert {remark[0] for remark in listed} <= {expected[0]} | others


def test_a_base_without_replicas_is_an_error_where_the_count_would_be_lost(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, without_replicas(), *OLD_REDIS)
    workload = {"manifest": None, "kind": "Deployment", "name": "beersystem-backend", "replicas": 3}
    assert ("owner-replicas", "error", WORKLOAD, 2) in remarks(run, at(tmp_path, "prepare", workloads={0: workload}))


HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "backend", "namespace": "beersystem"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "beersystem-backend"},
        "minReplicas": 1,
        "maxReplicas": 5,
    },
}
KEDA = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "backend", "namespace": "beersystem"},
    "spec": {"scaleTargetRef": {"name": "beersystem-backend"}, "triggers": []},
}


@pytest.mark.parametrize("scaler", [HPA, KEDA], ids=["HPA", "KEDA"])
def test_an_autoscaler_that_the_config_does_not_name_is_found_before_the_downtime(tmp_path: Path, run: Run, scaler: Object) -> None:
    top, reference = owner(tmp_path, backend(), *OLD_REDIS, scaler), f"{scaler['kind']}/backend"
    config = at(tmp_path, "prepare")
    assert exported(run, config)[0] == 0
    file = f"owner/base/{scaler['kind'].lower()}-backend.yaml"
    assert remarks(run, config) == [("owner-autoscaler", "error", file, 2)]
    before = disk(top)
    code, _, errors = exported(run, at(tmp_path, "scale-down"))
    assert code == 1
    assert f"{reference} scales Deployment/beersystem-backend, and the config does not reference it" in errors
    assert f"set autoscaler: {{kind: {scaler['kind']}, name: backend" in errors
    assert disk(top) == before
    named = {"kind": scaler["kind"], "name": "backend", "min": 1, "max": 5}
    assert exported(run, at(tmp_path, "scale-down", workloads={0: {"autoscaler": named}}))[0] == 0
    assert remarks(run, "chocolandia.yaml") == []


def test_a_component_of_an_older_step(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    assert exported(run, at(tmp_path, "scale-down"), "--force")[0] == 0
    listed = remarks(run, at(tmp_path, "scale-up"))
    assert {remark[0] for remark in listed} == {"owner-drift"}
    assert run("check", "chocolandia.yaml", "--owner", "owner/prod")[0] == 1


def test_a_component_that_nothing_lists(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, listed=False)
    config = at(tmp_path, "scale-down")
    assert exported(run, config)[0] == 0
    assert remarks(run, config) == [("owner-component", "error", PROD, 1)]


def test_a_component_below_the_outermost_overlay(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "base/kustomization.yaml").write_text(
        (top / "base/kustomization.yaml").read_text(encoding="utf-8") + "components:\n- ../prod/rediskit/beersystem\n", encoding="utf-8"
    )
    config = at(tmp_path, "scale-down")
    assert exported(run, config)[0] == 0
    assert remarks(run, config) == [("owner-component", "warning", "owner/base/kustomization.yaml", 6)]


def test_from_decommission_on_the_base_may_be_without_the_old_redis(tmp_path: Path, run: Run) -> None:
    """The base contains the removal before that is recorded, and the autoscaler is released."""
    owner(tmp_path, backend(), HPA)
    config = at(tmp_path, "decommission")
    assert exported(run, config, "--force")[0] == 0
    assert remarks(run, config) == []
    config = at(tmp_path, "complete")
    assert exported(run, config, "--force")[0] == 0
    assert {remark[0] for remark in remarks(run, config)} == {"owner-folded"}


def test_record_folded_builds_the_base(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    config = at(tmp_path, "decommission")
    assert exported(run, config, "--force")[0] == 0
    before = disk(tmp_path)
    arguments = ("migrate", "record", config, "--folded", "--at", "2026-03-09T09:30:00Z", "--owner", "owner/prod")
    code, out, err = run(*arguments)
    assert (code, out, disk(tmp_path)) == (1, "", before)
    assert (
        f"{PROD}:1:1: error[owner-folded]: the base does not contain the change itself: Deployment/beersystem-backend, Deployment/redis"
        in err
    )
    committed(tmp_path / "owner")
    fold(tmp_path)
    code, _, err = run(*arguments)
    assert (code, "error[checkout-uncommitted]: the checkout has changes that no commit contains: base/deployment-" in err) == (1, True)
    committed(tmp_path / "owner")
    assert run(*arguments)[0] == 0
    assert "kind: folded\n      step: decommission\n      at: 2026-03-09T09:30:00Z" in (tmp_path / config).read_text(encoding="utf-8")


def test_record_folded_reports_what_it_cannot_build(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    config = at(tmp_path, "decommission")
    code, _, err = run("migrate", "record", config, "--secret-seen", "--owner", "owner/prod")
    assert (code, "--owner is there for --folded" in err) == (2, True)
    (top / "base/kustomization.yaml").write_text("resources: [gone.yaml]\n", encoding="utf-8")
    code, _, err = run("migrate", "record", config, "--folded", "--owner", "owner/prod")
    assert (code, "does not build" in err) == (1, True)
    config = at(tmp_path, "decommission", "manifests")
    code, _, err = run("migrate", "record", config, "--folded", "--owner", "owner/prod")
    assert (code, "the application repository has plain files" in err) == (2, True)


def test_at_complete_the_base_carries_the_change_itself(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    config = at(tmp_path, "complete")
    assert exported(run, config, "--force")[0] == 0
    assert [remark[:2] for remark in remarks(run, config)] == [("owner-folded", "error")]
    fold(tmp_path)
    assert remarks(run, config) == []
