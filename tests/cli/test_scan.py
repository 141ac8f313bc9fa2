"""The scan of an application repository: what it finds, the evidence it writes, and the gate that asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from rediskit import load
from rediskit.yamlio.writer import dump
from tests.cli.checkout import committed, owner
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import EVIDENCE, OBSERVED, backend, config, loaded, merged

AT = "2026-03-03T09:00:00-03:00"
HISTORY = [{"step": step, "at": f"2026-03-01T22:0{minute}:00-03:00"} for minute, step in enumerate(("scale-up", "validate"))]


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kustomize: Path) -> Run:
    """Return the command in this process, in a folder with a config beside the checkout `owner`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))

    return run


def at(folder: Path, step: str = "validate", kind: str = "kustomize", **client: Any) -> str:
    """Write a config with beersystem at a step, all evidence but that of a scan recorded."""
    data = config(step)["clients"][0]
    if step == "validate":
        observed = [criterion for criterion in OBSERVED if criterion["kind"] != "scan"]
        data["migration"] = {"step": step, "history": HISTORY, "validation": EVIDENCE, "evidence": observed}
    previous = {"data": "none"}
    loaded(folder, step, over={"clients": [merged(data, {"owner": {"kind": kind}, "previous": previous, **client})]})
    return "chocolandia.yaml"


def named(kind: str, name: str = "nightly", **parts: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "beersystem"}, **parts}


def cron_job(text: str) -> Object:
    """Return a CronJob of the same repository that the config does not know."""
    containers = [{"name": "nightly", "image": "shop:1", "env": [{"name": "REDIS_URL", "value": text}]}]
    pod = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": containers}}}}
    return named("CronJob", spec={"schedule": "0 1 * * *", "jobTemplate": pod}) | {"apiVersion": "batch/v1"}


USERS: dict[str, tuple[Object, str]] = {
    "a CronJob": (cron_job("redis://redis:6379/0"), "/spec/jobTemplate/spec/template/spec/containers/0/env/0/value"),
    "a ConfigMap": (named("ConfigMap", data={"REDIS_URL": "redis://:secret@redis.beersystem.svc.cluster.local:6379"}), "/data/REDIS_URL"),
    "a Secret": (named("Secret", stringData={"REDIS_URL": "redis://:secret@redis:6379"}), "/stringData/REDIS_URL"),
    "a ConfigMap of another namespace": (
        named("ConfigMap", data={"app.yaml": "host: redis.beersystem\n"}) | {"metadata": {"name": "nightly", "namespace": "other"}},
        "/data/app.yaml",
    ),
}


def scans(folder: Path) -> list[tuple[str, str | None]]:
    migration = load(folder / "chocolandia.yaml").clients[0].migration
    assert migration is not None
    return [(entry.step, entry.value) for entry in migration.evidence if entry.kind == "scan"]


def findings(run: Run, file: str) -> tuple[int, list[tuple[str, str, str]]]:
    code, output, _ = run("check", file, "--owner", "owner/prod", "--at", AT, "--json")
    assert "problems" not in output, output
    reported = [(finding["code"], finding["severity"], finding["message"]) for finding in json.loads(output)["findings"]]
    return code, [finding for finding in reported if finding[0].startswith(("old-redis", "scan-"))]


@pytest.mark.parametrize("name", USERS)
def test_check_finds_what_only_the_build_shows_and_records_it(name: str, tmp_path: Path, run: Run) -> None:
    content, pointer = USERS[name]
    owner(tmp_path, backend(), *OLD_REDIS, content)
    file = at(tmp_path)
    _, reported = findings(run, file)
    (sure,) = [finding for finding in reported if finding[0] == "old-redis-in-use"]
    assert sure[1] == "error"
    assert f"{content['kind']}/nightly in {content['metadata']['namespace']} uses the old Redis" in sure[2]
    assert f" at {pointer}" in sure[2]
    assert "secret" not in sure[2]
    assert scans(tmp_path) == [("validate", "1")]
    code, _, errors = run("migrate", "advance", file, "--at", AT, "--confirm-irreversible", "--override", "now")
    assert (code, "[scan-in-use]" in errors) == (1, True)


def test_nothing_found_opens_the_gate(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    file = at(tmp_path)
    code, _, errors = run("migrate", "advance", file, "--at", AT, "--confirm-irreversible", "--override", "now")
    assert (code, "[scan-missing]" in errors) == (1, True)
    assert [finding for finding in findings(run, file)[1] if finding[0] != "scan-not-visible"] == []
    assert scans(tmp_path) == [("validate", "0")]
    assert run("migrate", "advance", file, "--at", AT, "--confirm-irreversible")[0] == 0


REMOVED = "redis.beersystem.svc.cluster.local:6379 Deployment/redis Service/redis"


def test_a_scan_of_another_redis_opens_no_gate(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    file = at(tmp_path, previous={"host": "cache", "remove": ["Service/cache"], "data": "none"})
    findings(run, file)
    assert scans(tmp_path) == [("validate", "0")]
    migration = load(tmp_path / file).clients[0].migration
    assert migration is not None
    evidence = migration.evidence[-1].model_dump(mode="json", by_alias=True, exclude_none=True)
    for about, code in ((evidence["about"], 1), (REMOVED, 0)):
        observed = [criterion for criterion in OBSERVED if criterion["kind"] != "scan"] + [{**evidence, "about": about}]
        at(tmp_path, migration={"step": "validate", "history": HISTORY, "validation": EVIDENCE, "evidence": observed})
        done, _, errors = run("migrate", "advance", file, "--at", AT, "--confirm-irreversible")
        assert (done, "is about cache:6379 Service/cache, not about" in errors) == (code, bool(code)), errors


def test_a_scan_that_found_the_same_is_not_recorded_twice(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    file = at(tmp_path)
    for _ in range(2):
        findings(run, file)
    assert scans(tmp_path) == [("validate", "0")]


def test_a_scan_of_uncommitted_changes_is_reported_and_not_recorded(tmp_path: Path, run: Run) -> None:
    """Evidence is about a commit: the cluster never gets a fix that is only in the checkout."""
    top = owner(tmp_path, backend(), *OLD_REDIS, cron_job("redis://redis:6379/0"))
    file = at(tmp_path)
    assert run("render", file)[0] == 0
    copytree(tmp_path / "rendered/chocolandia/owners/beersystem", top / "prod/rediskit/beersystem")
    committed(top)
    (top / "base/cronjob-nightly.yaml").write_text(dump(cron_job("redis://new:6379")), encoding="utf-8")
    _, _, notes = run("check", file, "--owner", "owner/prod", "--at", AT)
    assert "the scan of beersystem is not recorded: the checkout has changes that no commit contains: base/cronjob-nightly.yaml" in notes
    assert scans(tmp_path) == []
    committed(top)
    assert run("migrate", "export", file, "--to", "owner/prod", "--at", AT)[0] == 0
    assert scans(tmp_path) == [("validate", "0")], "the files of the export itself are no reason"


def test_a_scan_of_the_future_is_refused(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    file = at(tmp_path)
    code, _, errors = run("check", file, "--owner", "owner/prod", "--at", "2999-01-01T00:00:00Z")
    assert (code, "[time-in-future]" in errors) == (1, True)
    assert scans(tmp_path) == []


def test_a_use_that_is_gone_opens_the_gate_again(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, cron_job("redis://redis:6379/0"))
    file = at(tmp_path)
    findings(run, file)
    (tmp_path / "owner/base/cronjob-nightly.yaml").write_text(dump(cron_job("redis://new:6379")), encoding="utf-8")
    findings(run, file)
    assert scans(tmp_path) == [("validate", "1"), ("validate", "0")]
    assert run("migrate", "advance", file, "--at", AT, "--confirm-irreversible")[0] == 0


@pytest.mark.parametrize("step", ["prepare", "scale-down", "scale-up"])
def test_before_validate_the_same_is_a_warning_and_no_evidence(step: str, tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, cron_job("redis://redis:6379/0"))
    file = at(tmp_path, step)
    before = (tmp_path / file).read_bytes()
    _, reported = findings(run, file)
    assert [finding[1] for finding in reported if finding[0] == "old-redis-in-use"] == ["warning"]
    assert (tmp_path / file).read_bytes() == before


def test_export_records_the_scan_and_fails_where_something_is_in_use(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, cron_job("redis://redis:6379/0"))
    file = at(tmp_path)
    code, output, errors = run("migrate", "export", file, "--to", "owner/prod", "--at", AT)
    assert code == 1
    assert "CronJob/nightly in beersystem uses the old Redis" in errors
    assert "scan: 1 certain and 0 possible uses of the old Redis" in output
    assert scans(tmp_path) == [("validate", "1")]


def test_a_dry_run_records_nothing(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS)
    file = at(tmp_path)
    assert run("migrate", "export", file, "--to", "owner/prod", "--at", AT, "--dry-run")[0] == 0
    assert scans(tmp_path) == []


def test_export_refuses_decommission_while_something_uses_the_old_redis(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, backend(), *OLD_REDIS, cron_job("redis://redis:6379/0"))
    before = sorted(top.rglob("*"))
    code, output, errors = run("migrate", "export", at(tmp_path, "decommission"), "--to", "owner/prod")
    assert (code, output) == (1, "")
    assert "CronJob/nightly in beersystem uses the old Redis" in errors
    assert "[old-redis-in-use]" in errors
    assert sorted(top.rglob("*")) == before


def test_decommission_without_a_scan_is_an_error_of_every_check(tmp_path: Path, run: Run) -> None:
    file = at(tmp_path, "decommission")
    text = (tmp_path / file).read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    migration = data["clients"][0]["migration"]
    migration["evidence"] = [entry for entry in migration["evidence"] if entry["kind"] != "scan"]
    (tmp_path / file).write_text(yaml.safe_dump(data), encoding="utf-8")
    code, _, errors = run("render", file)
    assert (code, "[scan-missing]" in errors) == (1, True)


def test_a_possible_use_is_a_warning_and_opens_the_gate(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, named("ConfigMap", data={"REDIS_HOSTS": "redis"}))
    file = at(tmp_path)
    _, reported = findings(run, file)
    assert [finding[:2] for finding in reported if finding[0] != "scan-not-visible"] == [("scan-possible", "warning")]
    assert scans(tmp_path) == [("validate", "0")]


def test_a_possible_use_is_accepted_by_name(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, named("ConfigMap", data={"REDIS_HOSTS": "redis"}))
    file = at(tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as stream:
        stream.write("accept: [{code: scan-possible, on: ConfigMap/nightly, reason: a list of kinds}]\n")
    _, reported = findings(run, file)
    assert [finding for finding in reported if finding[0] == "scan-possible"] == []
    assert scans(tmp_path) == [("validate", "0")]
    _, _, errors = run("check", file)
    assert "accept-unused" not in errors, "without --owner nobody looked"


def test_a_service_to_be_removed_that_selects_the_application_is_in_use(tmp_path: Path, run: Run) -> None:
    labels = backend()["spec"]["template"]["metadata"]["labels"]
    front = named("Service", "front", spec={"selector": labels, "ports": [{"port": 80}]})
    owner(tmp_path, backend(), *OLD_REDIS, front)
    file = at(tmp_path, previous={"remove": ["Deployment/redis", "Service/redis", "Service/front"], "data": "none"})
    _, reported = findings(run, file)
    assert [finding[2].partition(": ")[2] for finding in reported if finding[0] == "old-redis-in-use"] == ["selected by Service/front"]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("ghcr.io/example/shop:1", ["Deployment/listed"]),
        ("docker.io/library/redis:7-alpine", []),
        ("oliver006/redis_exporter:v1.86.0", []),
    ],
)
def test_an_application_that_is_to_be_removed_with_its_redis_is_a_possible_use(
    image: str, expected: list[str], tmp_path: Path, run: Run
) -> None:
    container = {"name": "a", "image": image, "env": [{"name": "REDIS_ADDR", "value": "redis:6379"}]}
    listed = named("Deployment", "listed", spec={"template": {"spec": {"containers": [container]}}}) | {"apiVersion": "apps/v1"}
    owner(tmp_path, backend(), *OLD_REDIS, listed)
    file = at(tmp_path, previous={"remove": ["Deployment/redis", "Service/redis", "Deployment/listed"], "data": "none"})
    _, reported = findings(run, file)
    assert [finding[2].partition(" ")[0] for finding in reported if "previous.remove lists it" in finding[2]] == expected
    assert {finding[0] for finding in reported if "previous.remove lists it" in finding[2]} <= {"scan-possible"}


def test_what_cannot_be_read_is_listed(tmp_path: Path, run: Run) -> None:
    sealed = named("SealedSecret", "keys", spec={"encryptedData": {"a": "b"}}) | {"apiVersion": "bitnami.com/v1alpha1"}
    owner(tmp_path, backend(), *OLD_REDIS, sealed)
    _, reported = findings(run, at(tmp_path))
    hidden = [finding for finding in reported if finding[0] == "scan-not-visible"]
    assert ("info", "not visible: SealedSecret/keys at /spec/encryptedData (encrypted)") in [finding[1:] for finding in hidden]
