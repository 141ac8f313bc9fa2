"""The scan of a built application repository: the files that the overlay does not read, and other overlays over the same base."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.source.schema import schema_text
from rediskit.yamlio.writer import dump
from tests.cli.checkout import committed, git, owner
from tests.cli.test_scan import at, cron_job, findings, named, scans
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, merged

FULL = "redis.beersystem.svc.cluster.local"


def deployment(name: str, host: str, namespace: str = "") -> Object:
    """Return a Deployment with a host in a variable; without a namespace by default."""
    containers = [{"name": "web", "image": "shop:1", "env": [{"name": "REDIS_HOST", "value": host}]}]
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": {"containers": containers}}}}


def application(host: str) -> Object:
    """Return the workload of the client with a host in the variable of the old Redis."""
    content = backend()
    for entry in content["spec"]["template"]["spec"]["containers"][0]["env"]:
        entry.update({"value": host} if entry["name"] == "REDIS_HOST" else {})
    return content


def write(folder: Path, path: str, *objects: Any) -> None:
    file = folder / "owner" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("---\n".join(dump(content) for content in objects), encoding="utf-8")


def uses_found(run: Run, file: str) -> list[tuple[str, str]]:
    """Return code and object of each use."""
    return [(code, message.split(" ")[0]) for code, _, message in findings(run, file)[1] if code != "scan-not-visible"]


@pytest.mark.parametrize(
    ("host", "namespace", "overlay", "expected"),
    [
        (FULL, "", {}, "old-redis-in-use"),
        (FULL, "reports", {}, "old-redis-in-use"),
        (FULL, "", {"namespace": "reports"}, "old-redis-in-use"),
        ("redis", "beersystem", {}, "old-redis-in-use"),
        ("redis", "", {"namespace": "beersystem"}, "old-redis-in-use"),
        ("redis", "", {}, "scan-possible"),
        ("redis", "reports", {}, ""),
        ("redis", "", {"namespace": "reports"}, ""),
        ("redis", "beersystem", {"namespace": "reports"}, ""),
        ("redis.reports", "", {}, ""),
    ],
)
def test_a_workload_in_another_folder_of_the_checkout_is_found(
    host: str, namespace: str, overlay: dict[str, str], expected: str, tmp_path: Path, run: Run
) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    write(tmp_path, "reports/app.yaml", deployment("reports", host, namespace))
    write(tmp_path, "reports/kustomization.yaml", {"resources": ["app.yaml"], **overlay})
    assert uses_found(run, at(tmp_path)) == ([(expected, "Deployment/reports")] if expected else [])
    assert scans(tmp_path) == [("validate", str(int(expected == "old-redis-in-use")))]


def test_export_refuses_decommission_while_another_folder_uses_the_old_redis(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    write(tmp_path, "reports/app.yaml", deployment("reports", FULL))
    code, _, errors = run("migrate", "export", at(tmp_path, "decommission"), "--to", "owner/prod")
    assert (code, "Deployment/reports uses the old Redis" in errors) == (1, True)


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"namespace": "staging"}, ""),
        ({}, ""),
        ({"namespace": "staging", "components": ["rediskit/beersystem"]}, ""),
        ({"namePrefix": "reports-"}, "old-redis-in-use"),
    ],
)
def test_another_overlay_over_the_base_uses_the_redis_of_its_own_namespace(
    overlay: dict[str, Any], expected: str, tmp_path: Path, run: Run
) -> None:
    owner(tmp_path, application("redis"), *OLD_REDIS)
    write(tmp_path, "staging/kustomization.yaml", {"resources": ["../base"], **overlay})
    assert uses_found(run, at(tmp_path)) == ([(expected, "Deployment/reports-beersystem-backend")] if expected else [])


@pytest.mark.parametrize(("migrates", "expected"), [(False, "old-redis-in-use"), (True, "scan-possible")])
def test_another_overlay_with_the_full_name_uses_the_old_redis_unless_a_migration_changes_it(
    migrates: bool, expected: str, tmp_path: Path, run: Run
) -> None:
    top = owner(tmp_path, application(FULL), *OLD_REDIS)
    components = {"components": ["rediskit/staging"]} if migrates else {}
    write(tmp_path, "staging/kustomization.yaml", {"resources": ["../base"], "namespace": "staging", **components})
    if migrates:
        write(tmp_path, "staging/rediskit/staging/kustomization.yaml", {"kind": "Component"})
        (top / "staging/rediskit/staging/.rediskit.json").write_text("{}", encoding="utf-8")
    assert uses_found(run, at(tmp_path)) == [(expected, "Deployment/beersystem-backend")]


def test_a_patch_for_a_workload_of_the_build_in_another_overlay_is_a_possible_use(tmp_path: Path, run: Run) -> None:
    """One cluster cannot have the workload twice: the overlay is of another cluster."""
    owner(tmp_path, backend(), *OLD_REDIS)
    patch = deployment("beersystem-backend", FULL)
    write(tmp_path, "other/patch.yaml", patch)
    write(tmp_path, "other/kustomization.yaml", {"resources": ["../base"], "patches": [{"path": "patch.yaml"}]})
    assert uses_found(run, at(tmp_path)) == [("scan-possible", "Deployment/beersystem-backend")]


def test_the_files_of_the_build_do_not_count_twice(tmp_path: Path, run: Run) -> None:
    """The old address is in a patch, in the literals of a generator and in a file of it: the build shows which of them remain."""
    generator = [{"name": "settings", "envs": ["settings.env"], "namespace": "beersystem"}]
    top = owner(tmp_path, backend(), *OLD_REDIS, configMapGenerator=generator)
    resources = sorted(path.name for path in (top / "base").glob("*-*.yaml"))
    write(tmp_path, "base/kustomization.yaml", {"resources": resources, "patches": [{"path": "patch.yaml"}]})
    patch = deployment("beersystem-backend", FULL, "beersystem")
    name = backend()["spec"]["template"]["spec"]["containers"][0]["name"]
    patch["spec"]["template"]["spec"]["containers"] = [{"name": name, "env": [{"name": "REDIS_HOST", "value": FULL}]}]
    write(tmp_path, "base/patch.yaml", patch)
    (tmp_path / "owner/prod/settings.env").write_text(f"REDIS_URL=redis://{FULL}:6379\n", encoding="utf-8")
    ((code, name),) = uses_found(run, at(tmp_path))
    assert (code, name.startswith("ConfigMap/settings-")) == ("old-redis-in-use", True)


def test_a_text_in_another_folder_is_found(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, backend(), *OLD_REDIS)
    (top / "reports").mkdir()
    (top / "reports/.env").write_text(f"REDIS_HOST={FULL}\n", encoding="utf-8")
    assert uses_found(run, at(tmp_path)) == [("old-redis-in-use", "File/owner/reports/.env")]


def test_another_client_is_scanned_with_its_own_step(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    worker = merged(backend(), {"metadata": {"name": "worker"}})
    write(tmp_path, "worker/app.yaml", worker)
    write(tmp_path, "worker/kustomization.yaml", {"resources": ["app.yaml"]})
    file = at(tmp_path)
    data = yaml.safe_load((tmp_path / file).read_text(encoding="utf-8"))
    first = data["clients"][0]
    (tmp_path / "chocolandia/worker.yaml").write_text(dump(worker), encoding="utf-8")
    workload = {"manifest": "chocolandia/worker.yaml", "containers": first["workloads"][0]["containers"]}
    for step, expected in (("validate", []), ("prepare", [("old-redis-in-use", "Deployment/worker")])):
        second = {**first, "name": "worker", "workloads": [workload], "migration": {"step": step}}
        second |= {"previous": {"host": "redis.elsewhere"}} if step == "prepare" else {}
        second["owner"] = {**first.get("owner", {}), "kind": "argocd-app"}
        (tmp_path / file).write_text(yaml.safe_dump({**data, "clients": json.loads(json.dumps([first, second]))}), encoding="utf-8")
        assert {use for use in uses_found(run, file) if use[1] == "Deployment/worker"} == set(expected)


def test_what_cannot_be_read_in_another_folder_is_not_visible(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    top = owner(tmp_path, backend(), *OLD_REDIS)
    sealed = named("SealedSecret", "keys", spec={"encryptedData": {"a": "b"}})
    write(tmp_path, "reports/keys.yaml", sealed)
    (top / "reports/settings.env").write_bytes(b"\xff\xfe")
    (top / "outside.yaml").symlink_to("/etc/hostname")
    walk = os.walk

    def refused(folder: Path, onerror: Any = None) -> Any:
        if onerror is not None:
            onerror(PermissionError(13, "Permission denied", str(top / "closed")))
        return walk(folder, onerror=onerror)

    monkeypatch.setattr(os, "walk", refused)
    hidden = [message for code, _, message in findings(run, at(tmp_path))[1] if code == "scan-not-visible"]
    assert [message for message in hidden if "owner/" in message or "keys" in message] == [
        "not visible: SealedSecret/keys at /spec/encryptedData (encrypted)",
        "not visible: Folder/owner/closed (permission denied)",
        "not visible: File/owner/outside.yaml (a link to a target outside of the checkout)",
        "not visible: File/owner/reports/settings.env (not a text in UTF-8)",
    ]


def test_the_folders_that_a_sparse_checkout_leaves_out_are_not_visible(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, backend(), *OLD_REDIS)
    write(tmp_path, "reports/app/app.yaml", deployment("reports", FULL))
    (top / ".git").rmdir()
    committed(top)
    git(top, "sparse-checkout", "set", "base", "prod")
    hidden = [message for code, _, message in findings(run, at(tmp_path))[1] if code == "scan-not-visible"]
    assert "not visible: Folder/owner/reports (not checked out)" in hidden


def test_the_configs_and_the_rendered_files_of_rediskit_are_no_uses(tmp_path: Path, run: Run) -> None:
    """The repository of the application can be that of the config, with copies of the old manifests."""
    owner(tmp_path, backend(), *OLD_REDIS)
    file = at(tmp_path)
    other = (tmp_path / file).read_text(encoding="utf-8").replace("name: chocolandia", "name: homelab", 1)
    for name in ("base", "prod", ".git"):
        (tmp_path / "owner" / name).rename(tmp_path / name)
    (tmp_path / "homelab.yaml").write_text(other, encoding="utf-8")
    (tmp_path / "rendered/homelab/flux").mkdir(parents=True)
    (tmp_path / "rendered/homelab/.rediskit.json").write_text("{}", encoding="utf-8")
    (tmp_path / "rendered/homelab/flux/app.yaml").write_text(dump(cron_job(f"redis://{FULL}")), encoding="utf-8")
    (tmp_path / "rediskit.schema.json").write_text(f"{schema_text()}\n", encoding="utf-8")
    (tmp_path / ".rediskit.local.yaml").write_text("checkouts: {redis: ../redis}\n", encoding="utf-8")
    code, output, _ = run("check", file, "--owner", "prod", "--json")
    assert "old-redis-in-use" not in output
    assert "scan-possible" not in output
    assert code in (0, 1)
