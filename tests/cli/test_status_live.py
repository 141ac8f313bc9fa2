"""`rediskit migrate status --live`: the last results of the verification Jobs, read with kubectl and only on demand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rediskit.renderers.platform import verification
from rediskit.source.loader import load
from tests.cli import cluster_double
from tests.cli.cluster_double import Double
from tests.cli.migrations import to, write
from tests.cli.test_step import CONFIG, Place
from tests.conftest import Run

STATUS = ("migrate", "status", CONFIG, "--at", "2026-03-01T22:30:00-03:00")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, run: Run) -> Double:
    """Return a cluster with the Jobs of the step deploy."""
    place = Place(tmp_path, monkeypatch)
    write(place.here.folder / "config", to("deploy"))
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    place.start(run)
    return cluster_double.start(tmp_path, monkeypatch, kustomize)


def names() -> dict[str, str]:
    """Return the rendered Jobs by phase."""
    (unit,) = verification(load(CONFIG))
    listed = [content["metadata"]["name"] for content in unit.objects if content["kind"] == "Job"]
    return {name.rpartition("-")[0].rpartition("-")[2]: name for name in listed}


def test_the_last_results_are_shown_with_live_only(cluster: Double, run: Run) -> None:
    code, output, _ = run(*STATUS)
    assert (code, "verification" in output, cluster.calls()) == (0, False, [])
    code, output, errors = run(*STATUS, "--live")
    assert (code, "verification Jobs of chocolandia:\n" in output) == (0, True), output + errors
    line = f"  passed  redis/{names()['connectivity']} at 2026-03-02T01:05:00Z, 7 of 7 checks passed\n"
    assert line in output


def test_a_failed_job_is_exit_code_1_with_the_failed_checks(cluster: Double, run: Run) -> None:
    cluster.message("replication", failed="replicas-online")
    code, output, _ = run(*STATUS, "--live")
    assert code == 1
    assert f"  failed  redis/{names()['replication']} at 2026-03-02T01:05:00Z, 6 of 7 checks passed\n" in output
    assert "    failed  replicas-online host:6379:  why\n" in output
    code, output, _ = run(*STATUS, "--live", "--json")
    statuses = {job["name"]: job["status"] for job in json.loads(output)["verification"]}
    assert (code, statuses[names()["replication"]], statuses[names()["connectivity"]]) == (1, "failed", "passed")


def test_a_job_without_a_result_or_without_a_cluster_is_unknown(cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (cluster.state / "message-connectivity").write_text("")
    code, output, _ = run(*STATUS, "--live")
    assert (code, f"unknown redis/{names()['connectivity']} at " in output) == (3, True), output
    assert "BackoffLimitExceeded: Job has reached the specified backoff limit\n" in output
    config = Path(CONFIG)
    config.write_text(config.read_text() + "verification: {run: 2}\n")
    code, output, _ = run(*STATUS, "--live")
    assert (code, "it does not exist: Argo CD has not applied the Jobs of this config" in output) == (3, True), output
    monkeypatch.setenv("KUBECTL", "/nonexistent")
    code, output, _ = run(*STATUS, "--live")
    assert (code, "$KUBECTL is /nonexistent, which does not exist" in output) == (3, True), output
    assert output.startswith("beersystem: deploy"), "the status itself needs no cluster"
