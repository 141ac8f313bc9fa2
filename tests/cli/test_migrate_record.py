"""`rediskit migrate record`: the evidence that it writes, and the gates that it passes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rediskit.model.criteria import MEASURED
from rediskit.renderers import render
from rediskit.source.loader import load
from tests.cli.cluster_double import CLUSTER, SHOWS_THE_CLUSTER
from tests.cli.migrations import (
    CONFIG,
    IN_WINDOW,
    MEASURED_LATENCY,
    evidence,
    migration,
    to,
    write,
)
from tests.cli.refused_evidence import QUEUE
from tests.cli.refused_steps import CRON, local
from tests.cli.test_migrate import run as run
from tests.conftest import Run
from tests.samples import EVIDENCE, OBSERVED, merged


def test_record_writes_the_observations(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("validate"))
    names = ("no-restarts", "no-redis-errors", "stable-connections", "functions-verified", "no-user-reports")
    seen = [word for name in names for word in ("--criterion", name)]
    assert run("record", CONFIG, *seen, "--at", "2026-03-02T23:00:00-03:00", "--notes", "p95: 12 ms")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.validation is not None
    assert (saved.validation.start, saved.validation.until) == ("2026-03-01T22:03:00-03:00", "2026-03-02T23:00:00-03:00")
    assert "latency" not in saved.criteria
    assert saved.validation.notes == "p95: 12 ms"
    code, _, errors = run("advance", CONFIG, "--at", "2026-03-03T09:00:00-03:00", "--confirm-irreversible")
    assert (code, "criterion latency is not recorded: p95 below 10 ms" in errors) == (1, True)
    done = run("record", CONFIG, "--criterion", "latency", "--failed", "no-user-reports", "--at", "2026-03-03T23:00:00-03:00")
    assert done[0] == 0, (done, file.read_text())
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.validation is not None
    assert saved.criteria["latency"].holds
    assert not saved.criteria["no-user-reports"].holds
    assert saved.validation.start == "2026-03-01T22:03:00-03:00"


def test_a_failed_measurement_blocks_and_a_dispute_is_shown_everywhere(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("validate", **evidence([*OBSERVED, MEASURED_LATENCY])))
    at = ("--at", "2026-03-03T09:00:00-03:00")
    code, _, errors = run("advance", CONFIG, *at, "--confirm-irreversible")
    assert (code, "criterion latency failed: measured 12.4 ms, limit 10 ms" in errors) == (1, True)
    shown = f"criterion latency: failed, measured at {MEASURED_LATENCY['at']} (12.4 ms, limit 10 ms, coverage 100%)"
    assert shown in run("status", CONFIG, *at)[1]
    assert run("record", CONFIG, "--criterion", "latency", "--dispute", "a backup ran", *at)[0] == 0
    assert load(file).clients[0].migration.criteria["latency"].holds  # type: ignore[union-attr]
    for command in ("status", "plan"):
        assert "a backup ran" in run(command, CONFIG)[1], command
    assert b"the measurement failed, but the criterion was recorded as met" in render(load(file)).files["README.md"]
    code, _, errors = run("advance", CONFIG, *at, "--confirm-irreversible", "--dry-run")
    assert code == 0, errors


def test_an_unknown_measurement_needs_the_word_of_a_person(tmp_path: Path, run: Run) -> None:
    unknown = {**MEASURED_LATENCY, "value": "latency:unknown", "note": "no calls of GET and SET are counted"}
    others = [criterion for criterion in OBSERVED if criterion.get("value") != "latency"]
    file = write(tmp_path, to("validate", **evidence([*others, unknown])))
    at = ("--at", "2026-03-03T09:00:00-03:00")
    code, _, errors = run("advance", CONFIG, *at, "--confirm-irreversible")
    assert (code, "criterion latency could not be measured: no calls of GET and SET are counted" in errors) == (1, True)
    assert b"a person must verify it" in render(load(file)).files["README.md"]
    assert run("record", CONFIG, "--criterion", "latency", *at)[0] == 0
    assert run("advance", CONFIG, *at, "--confirm-irreversible", "--dry-run")[0] == 0


def test_a_measurement_without_kubectl_is_unknown(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL", "/nonexistent")
    file = write(tmp_path, to("validate"))
    assert run("record", CONFIG, "--measure", "--at", "2026-03-03T09:00:00-03:00")[0] == 0
    migration = load(file).clients[0].migration
    assert migration is not None
    assert {name: entry.unknown for name, entry in migration.criteria.items()} == dict.fromkeys(MEASURED, True)


def test_a_new_attempt_discards_the_evidence_of_an_earlier_one(tmp_path: Path, run: Run) -> None:
    old = {**EVIDENCE, "from": "2026-02-01T22:00:00-03:00", "until": "2026-02-03T22:00:00-03:00"}
    file = write(tmp_path, to("validate", validation=old, evidence=[{**criterion, "at": old["until"]} for criterion in OBSERVED]))
    assert run("record", CONFIG, "--criterion", "latency", "--at", "2026-03-02T23:00:00-03:00")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.validation is not None
    assert saved.validation.start == "2026-03-01T22:03:00-03:00"
    assert list(saved.criteria) == ["latency"]


def test_record_the_downtime_the_secret_and_the_base(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("validate"))
    assert run("record", CONFIG, "--down-until", "2026-03-01T22:06:30-03:00")[0] == 0
    assert run("record", CONFIG, "--secret-seen", "--folded", "--at", "2026-03-03T23:00:00-03:00")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.downtime is not None
    assert saved.downtime.seconds == 390
    recorded = [(entry.kind, entry.step, entry.at, entry.by) for entry in saved.evidence if entry.at == "2026-03-03T23:00:00-03:00"]
    assert recorded == [("secret", "validate", "2026-03-03T23:00:00-03:00", "person"), ("folded", *recorded[1][1:])]


@pytest.mark.parametrize(("more", "value", "note"), [((), "0", "LLEN is 0"), (("--discard", "tests"), "0:discarded", "LLEN is 0; tests")])
def test_a_person_may_record_empty_queues_and_the_gate_passes(
    more: tuple[str, ...], value: str, note: str, tmp_path: Path, run: Run
) -> None:
    file = write(tmp_path, to("deploy"), QUEUE)
    at = ("--at", "2026-03-01T22:03:00-03:00")
    assert run("record", CONFIG, "--drained", "--empty", "--observed", "LLEN is 0", *more, *at)[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    recorded, keys = saved.evidence[-2:]
    assert (recorded.kind, recorded.step, recorded.by, recorded.value, recorded.note) == ("drained", "deploy", "person", value, note)
    assert (keys.kind, keys.step, keys.by, keys.value, keys.note) == ("empty", "deploy", "person", "0", "LLEN is 0")
    assert run("advance", CONFIG, *at)[0] == 0


def test_the_queues_of_a_local_redis_are_recorded_before_scale_down(tmp_path: Path, run: Run) -> None:
    """The gate was that of reconfigure, when the pods with the queues were gone."""
    write(tmp_path, migration(), local("queue", data="discard"))
    assert run("record", CONFIG, "--drained", "--observed", "LLEN is 0 in each pod", "--at", "2026-03-01T21:59:00-03:00")[0] == 0
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert (code, "the old Redis is in the pods: its data is lost at scale-down" in errors) == (0, True), errors
    assert run("advance", CONFIG, "--at", "2026-03-01T22:02:00-03:00")[0] == 0
    at = ("--at", "2026-03-01T22:03:00-03:00")
    assert run("record", CONFIG, "--empty", "--observed", "INFO keyspace is empty", *at)[0] == run("advance", CONFIG, *at)[0] == 0
    code, _, errors = run("rollback", CONFIG, "--reason", "slow", "--at", "2026-03-01T22:04:00-03:00")
    assert (code, "after a rollback it starts empty" in errors) == (0, True), errors


@pytest.mark.parametrize(("use", "data"), [(("cache",), "none"), (("sessions",), "discard"), ((), "discard")])
def test_a_local_redis_whose_data_may_be_lost_is_scaled_down(use: tuple[str, ...], data: str, tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration(), local(*use, data=data))
    assert run("advance", CONFIG, "--at", IN_WINDOW)[0] == 0


def test_without_kubectl_the_queues_can_be_recorded_by_a_person(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = write(tmp_path, to("deploy"), QUEUE).read_text()
    monkeypatch.setenv("KUBECTL", str(tmp_path / "absent"))
    code, output, errors = run("record", CONFIG, "--drained")
    assert (code, output, (tmp_path / CONFIG).read_text()) == (3, "", text)
    assert "; or verify the queues, then record it with --drained --observed TEXT" in errors


JOB = {"metadata": {"name": "report-1", "ownerReferences": [{"kind": "CronJob", "name": "report"}]}, "status": {"active": 1}}


FINISHED = {**JOB, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}


def kubectl_prints(folder: Path, monkeypatch: pytest.MonkeyPatch, *jobs: Mapping[str, Any]) -> Path:
    """Put a kubectl on the way that prints these Jobs, and return the file with its arguments."""
    program, log = folder / "kubectl", folder / "kubectl.log"
    (folder / "jobs.json").write_text(json.dumps({"kind": "List", "items": list(jobs)}))
    program.write_text(f'#!/bin/sh\necho "$*" >> {log}\n{SHOWS_THE_CLUSTER}\ncat {folder}/jobs.json\n')
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    return log


def test_jobs_are_read_with_kubectl_and_the_gate_passes_without_a_running_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, to("deploy"), CRON)
    at = ("--at", "2026-03-01T22:03:00-03:00")
    log = kubectl_prints(tmp_path, monkeypatch, JOB, FINISHED)
    code, output, errors = run("record", CONFIG, "--jobs", *at)
    assert (code, output) == (1, "")
    assert errors.splitlines() == [
        "error[jobs-running]: beersystem: report-1 in namespace beersystem is running",
        "  help: wait until they have finished, or run kubectl delete job report-1 --namespace beersystem",
    ]
    kubectl_prints(tmp_path, monkeypatch, FINISHED, merged(JOB, {"metadata": {"ownerReferences": [{"kind": "CronJob", "name": "other"}]}}))
    assert run("record", CONFIG, "--jobs", *at)[0] == 0
    assert [call.split()[:4] for call in log.read_text().splitlines()[-2:]] == [
        ["get", kind, "--namespace", "beersystem"] for kind in ("jobs", "pods")
    ]
    saved = load(file).clients[0].migration
    assert saved is not None
    recorded = saved.evidence[-1]
    source = f"{CLUSTER}, Jobs of namespace beersystem"
    assert (recorded.kind, recorded.by, recorded.value, recorded.source) == ("jobs", "measured", "0", source)
    assert run("advance", CONFIG, *at)[0] == 0


def test_a_pod_of_a_deleted_job_that_terminates_is_refused(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = write(tmp_path, to("deploy"), CRON).read_text()
    owners = [{"kind": "Job", "name": "report-29384756"}]
    kubectl_prints(tmp_path, monkeypatch, {"metadata": {"name": "report-29384756-abcde", "ownerReferences": owners}, "status": {}})
    code, output, errors = run("record", CONFIG, "--jobs", "--at", "2026-03-01T22:03:00-03:00")
    assert (code, output, (tmp_path / CONFIG).read_text()) == (1, "", text)
    assert "error[pods-running]: beersystem: report-29384756-abcde in namespace beersystem: not ended" in errors


def test_a_person_may_record_that_no_job_is_running(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, to("deploy"), CRON)
    monkeypatch.setenv("KUBECTL", str(tmp_path / "absent"))
    at = ("--at", "2026-03-01T22:03:00-03:00")
    assert run("record", CONFIG, "--jobs", *at)[0] == 3
    assert run("record", CONFIG, "--jobs", "--observed", "looked at the list", *at)[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert (saved.evidence[-1].by, saved.evidence[-1].note) == ("person", "looked at the list")
    text = run("plan", CONFIG)[1]
    assert "  gate: no Job of a suspended CronJob is running [jobs]\n" in text
    assert "  $ rediskit migrate record chocolandia.yaml --client beersystem --jobs\n" in text


def test_a_dry_record_as_json_contains_the_entries(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    text = file.read_bytes()
    code, output, errors = run("record", CONFIG, "--secret-seen", "--at", IN_WINDOW, "--dry-run", "--json")
    document = json.loads(output)
    assert (code, errors, document["written"], file.read_bytes()) == (0, "", False, text)
    assert document["files"][0]["diff"][-5:] == [
        "+    - kind: secret",
        "+      step: prepare",
        f"+      at: {IN_WINDOW}",
        "+      by: person",
        "+      about: Secret redis-credentials key redis-password in redis and beersystem",
    ]
