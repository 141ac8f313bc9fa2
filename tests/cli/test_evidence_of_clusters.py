"""Evidence from a cluster has the uid of its namespace kube-system, and evidence of another cluster is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit.model.criteria import MEASURED
from rediskit.source.loader import load
from tests.cli.migrations import CONFIG, to, write
from tests.cli.refused_steps import CRON
from tests.cli.test_migrate import run as run
from tests.conftest import Run
from tests.samples import client, merged

AT = ("--at", "2026-03-01T22:03:00-03:00")
EARLIER = {
    "kind": "verified", "step": "scale-down", "at": "2026-03-01T22:01:00-03:00", "by": "measured", "source": "cluster of-production"
}  # fmt: skip
QUEUE: dict[str, Any] = {"client": {"use": ["queue"]}, "redis": {"memory": {"policy": "volatile-lru"}}}
ANSWERS = """#!/bin/sh
case "$*" in
*kube-system*) echo '{"metadata": {"uid": "UID"}}' ;;
exec*keyspace*) echo '# Keyspace' ;;
exec*EVAL*) echo '{"keys": 0, "found": []}' ;;
*) echo '{"items": []}' ;;
esac
"""
"""A cluster without pods, Jobs, tasks and keys."""


def kubectl(folder: Path, monkeypatch: pytest.MonkeyPatch, uid: str) -> None:
    program = folder / "kubectl"
    program.write_text(ANSWERS.replace("UID", uid))
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))


def sources(file: Path) -> list[str | None]:
    migration = load(file).clients[0].migration
    assert migration is not None
    return [entry.source for entry in migration.evidence]


READS = {
    "drained": (("--drained",), "deploy", QUEUE, "Service beersystem/redis"),
    "empty": (("--empty",), "deploy", QUEUE, "Service redis/redis-shared-master"),
    "jobs": (("--jobs",), "deploy", CRON, "Jobs of namespace beersystem"),
}


@pytest.mark.parametrize("name", READS)
def test_evidence_of_another_cluster_is_refused(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    options, step, over, read = READS[name]
    file = write(tmp_path, to(step, evidence=[EARLIER]), over)
    text = file.read_bytes()
    kubectl(tmp_path, monkeypatch, "of-staging")
    code, output, errors = run("record", CONFIG, *options, *AT)
    assert (code, output, file.read_bytes()) == (1, "", text)
    assert errors.splitlines()[0] == "error[verify-cluster]: this is cluster of-staging, and earlier evidence is from cluster of-production"
    kubectl(tmp_path, monkeypatch, "of-production")
    code, _, errors = run("record", CONFIG, *options, *AT)
    assert (code, sources(file)[-1]) == (0, f"cluster of-production, {read}"), errors


def test_the_first_evidence_of_any_client_sets_the_cluster(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence of each kind counts, not only of a verification."""
    first = {**EARLIER, "kind": "empty", "source": "cluster of-production, Service redis/redis-shared-master", "value": "0"}
    other = merged(client("worker", "deploy", namespace="worker"), {"migration": {"evidence": [first]}})
    write(tmp_path, to("deploy"), {**QUEUE, "others": [other]})
    kubectl(tmp_path, monkeypatch, "of-staging")
    code, _, errors = run("record", CONFIG, "--client", "beersystem", "--drained", *AT)
    assert (code, "error[verify-cluster]" in errors) == (1, True), errors


def test_a_cluster_that_replaces_the_old_one_is_accepted(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = {"accept": [{"code": "verify-cluster", "on": "cluster rebuilt", "reason": "restored from a backup"}]}
    write(tmp_path, to("deploy", evidence=[EARLIER]), {**QUEUE, **accepted})
    kubectl(tmp_path, monkeypatch, "rebuilt")
    code, _, errors = run("record", CONFIG, "--drained", *AT)
    assert code == 0, errors
    kubectl(tmp_path, monkeypatch, "of-production")
    code, _, errors = run("record", CONFIG, "--drained", *AT)
    assert (code, "this is cluster of-production, and earlier evidence is from cluster rebuilt" in errors) == (1, True), errors


def test_a_measurement_in_another_cluster_is_refused(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, to("validate", evidence=[EARLIER]))
    measure = ("record", CONFIG, "--measure", "--at", "2026-03-03T09:00:00-03:00")
    kubectl(tmp_path, monkeypatch, "of-staging")
    code, _, errors = run(*measure)
    assert (code, "error[verify-cluster]" in errors) == (1, True), errors
    kubectl(tmp_path, monkeypatch, "of-production")
    assert run(*measure)[0] == 0
    assert [str(source).partition(",")[0] for source in sources(file)[1:]] == ["cluster of-production"] * len(MEASURED)
