"""`rediskit migrate step --wait` verifies a step that is live."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rediskit.migrate.verification.verify import live_artefact
from tests.cli.cluster_double import Double
from tests.cli.test_check_owner import HPA, KEDA
from tests.cli.test_step import CONFIG, TO, take
from tests.cli.test_step import cluster as cluster
from tests.cli.test_step import place as place
from tests.conftest import Run


def test_a_step_that_is_live_is_verified(cluster: Double, run: Run) -> None:
    code, output, errors = take(run, "scale-down")
    assert (code, "verification: passed, 0 of 0 checks passed\n" in output) == (0, True), output + errors
    code, output, errors = take(run, "deploy")
    assert (code, cluster.calls("annotate") != []) == (0, True), output + errors
    assert "verification: passed, " in output
    assert "  $ kubectl" in output, "what a person looks at"
    assert output.splitlines()[-1].startswith("next: rediskit migrate step ")
    assert "--to reconfigure" in output.splitlines()[-1]
    code, output, errors = run(*TO, "deploy", "--wait", "--json")
    verification = json.loads(output)["verification"]
    assert (code, verification["status"], verification["unknown"]) == (0, "passed", []), errors
    assert {result["id"] for result in verification["results"]} > {"ping", "replicas-online", "secrets-equal", "client-connection"}
    assert {result["vantage"] for result in verification["results"]} >= {"cluster:redis", "cluster:beersystem"}
    assert [call for call in cluster.calls("create") if "redis-benchmark" in call] == [], "no load test in the downtime"


def test_a_step_waits_for_pods_that_terminate(cluster: Double, run: Run) -> None:
    owner = [{"kind": "ReplicaSet", "name": "beersystem-backend-5d8c"}]
    metadata = {"name": "beersystem-backend-5d8c-x2k7p", "labels": {"pod-template-hash": "5d8c"}, "ownerReferences": owner}
    cluster.terminate({"kind": "Pod", "metadata": metadata, "status": {"phase": "Running"}})
    command = (*TO, "scale-down", "--wait", "--timeout", "0")
    code, _, errors = run(*command)
    assert (code, "error[not-live]: not live after 0 s: beersystem-backend-5d8c-x2k7p: not ended" in errors) == (3, True), errors
    cluster.terminate()
    assert run(*command)[0] == 0


@pytest.mark.parametrize("owner", ["ScaledObject", "Other"])
def test_a_scaled_object_of_the_cluster_fails_the_verification(owner: str, cluster: Double, run: Run) -> None:
    """No manifest shows it, and KEDA starts the application again. An autoscaler alone starts no first pod."""
    meta = {"name": "keda-hpa-backend", "namespace": "beersystem", "ownerReferences": [{"kind": owner, "name": "backend"}]}
    cluster.scale({**HPA, "metadata": meta}, KEDA)
    code, output, errors = take(run, "scale-down")
    is_reported = "ScaledObject/backend scales Deployment/beersystem-backend" in output + errors
    assert (code, is_reported) == (int(owner == "ScaledObject"), owner == "ScaledObject"), output + errors


def test_a_failed_verification_is_exit_code_1_and_the_same_command_verifies_again(cluster: Double, run: Run) -> None:
    take(run, "scale-down")
    cluster.message("replication", failed="replicas-online")
    code, output, _ = take(run, "deploy")
    assert code == 1
    assert "  failed  replicas-online host:6379 from cluster:redis: why\n" in output
    assert "verification: failed, " in output
    again = f"next: rediskit migrate step {CONFIG} --client beersystem --to deploy --commit --push --wait   # fix the cause: "
    assert output.splitlines()[-1].startswith(again)
    assert len(cluster.calls("create")) == 6, "once more, after a pause"
    cluster.message("replication")
    code, output, _ = take(run, "deploy")
    assert (code, "verification: passed, " in output) == (0, True)


def test_a_container_that_is_not_connected_fails_the_verification(cluster: Double, run: Run) -> None:
    take(run, "scale-down", "deploy", "reconfigure")
    cluster.connect(connected=False)
    code, output, _ = take(run, "scale-up")
    assert (code, "failed  client-connection beersystem-backend-0/backend" in output) == (1, True), output
    cluster.connect()
    code, output, errors = take(run, "scale-up")
    assert code == 0, output + errors


def test_a_result_without_data_is_unknown_and_not_passed(cluster: Double, run: Run) -> None:
    take(run, "scale-down")
    cluster.message("connectivity", silent=["ping"])
    code, output, _ = take(run, "deploy")
    assert (code, "  unknown ping " in output, "verification: unknown, " in output) == (3, True, True), output
    code, output, _ = run(*TO, "deploy", "--wait", "--no-verify")
    assert (code, "verification" in output) == (0, False)


@pytest.mark.usefixtures("cluster")
def test_a_kubectl_that_does_not_run_is_unknown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    take(run, "scale-down", "deploy", "reconfigure", "scale-up")
    monkeypatch.setenv("KUBECTL", "/nonexistent")
    code, output, errors = take(run, "validate")
    assert code == 3, errors
    assert "  unknown $KUBECTL is /nonexistent, which does not exist" in output
    assert "verification: unknown, 0 of 0 checks passed" in output


@pytest.mark.usefixtures("cluster")
def test_an_application_that_is_not_as_the_step_requires_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else scales it up again after the wait."""

    def scaled(*arguments: Any) -> Any:
        shown = live_artefact(*arguments)
        for content in shown.objects.values():
            if content["kind"] == "Deployment":
                content["spec"]["replicas"] = 1
        return shown

    monkeypatch.setattr("rediskit.migrate.verification.after_step.live_artefact", scaled)
    code, output, _ = take(run, "scale-down")
    assert (code, "  failed  Deployment/beersystem-backend /spec/replicas: wanted 0, actual 1\n" in output) == (1, True), output
