"""`rediskit migrate verify` as a person meets it: differences, refusals, records, and the gate of the next step."""

from __future__ import annotations

import copy
import io
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.migrate.verification.artefact import MAX_FILE
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.cli.migrations import CONFIG, SECRET, WINDOW, entries, write
from tests.cli.test_check_owner import KEDA
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import backend, merged

EXTERNAL: dict[str, Any] = {"client": {"owner": {"kind": "external"}}}
NOW = "2026-03-01T22:30:00-03:00"
PLAIN_PASSWORD = "Sup3rPlain"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return the command in this process, in the folder of the config: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    return partial(run, "migrate")


def at(folder: Path, *steps: str, over: dict[str, Any] | None = None, **more: Any) -> Path:
    """Write a config whose beersystem took these steps, with owner.kind external."""
    section = {"step": steps[-1], "window": WINDOW, "history": entries(*steps), "evidence": [SECRET], **more}
    return write(folder, section, merged(EXTERNAL, over or {}))


def objects(folder: Path) -> list[dict[str, Any]]:
    """Return the objects of the application as its step requires them."""
    environment = load(folder / CONFIG)
    change = {change.reference: change for change in changes(environment, environment.clients[0])}.get("Deployment/beersystem-backend")
    return [edited(backend(), change) if change else backend(), *copy.deepcopy(OLD_REDIS)]


def put(folder: Path, *contents: dict[str, Any]) -> str:
    (folder / "shown.yaml").write_text("---\n".join(map(dump, contents)), encoding="utf-8")
    return "shown.yaml"


def test_each_difference_has_object_pointer_wanted_and_actual(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down", "deploy", "reconfigure")
    workload = backend()
    env = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": "REDIS_PASSWORD", "value": PLAIN_PASSWORD})
    before = (tmp_path / CONFIG).read_bytes()
    code, output, errors = run("verify", CONFIG, "--from", put(tmp_path, workload), "--record", "--json")
    differences = json.loads(output)["differences"]
    place = "/spec/template/spec/containers/backend/env"
    assert (code, errors) == (1, "")
    assert differences == [
        {"object": "Deployment/beersystem-backend", "pointer": pointer, "wanted": wanted, "actual": actual}
        for pointer, wanted, actual in (
            ("/spec/replicas", "0", "1"),
            (f"{place}/REDIS_HOST", '"redis-shared-master.redis.svc.cluster.local"', '"redis.beersystem.svc.cluster.local"'),
            (f"{place}/REDIS_PASSWORD", "key redis-password of Secret redis-credentials", "a value that can be a secret: not shown"),
        )
    ]
    assert (tmp_path / CONFIG).read_bytes() == before


def test_a_file_of_another_step_is_refused_with_the_step_that_it_shows(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    stopped = objects(tmp_path)
    at(tmp_path, "scale-down", "deploy", "reconfigure")
    code, output, _ = run("verify", CONFIG, "--from", put(tmp_path, *stopped))
    assert (code, output.splitlines()[-1]) == (1, "it shows step scale-down or deploy")


def test_a_record_passes_the_gate_of_the_next_step(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down", "deploy", "reconfigure")
    advance = ("advance", CONFIG, "--to", "scale-up", "--at", NOW, "--dry-run", "--override", "rehearsal")
    code, _, errors = run(*advance)
    assert (code, "verification-missing" in errors) == (1, True), errors
    code, output, errors = run("verify", CONFIG, "--from", put(tmp_path, *objects(tmp_path)), "--record", "--at", NOW)
    assert (code, errors) == (0, ""), errors
    (entry,) = yaml.safe_load((tmp_path / CONFIG).read_text())["clients"][0]["migration"]["evidence"][1:]
    shortened = {key: entry[key][:7] for key in ("digest", "about")}
    assert {**entry, "at": str(entry["at"]), **shortened} == {
        "kind": "verified",
        "step": "reconfigure",
        "at": str(yaml.safe_load(NOW)),
        "by": "measured",
        "source": "shown.yaml",
        "digest": "sha256:",
        "about": "sha256:",
    }
    assert "+    - kind: verified" in output
    assert run(*advance)[0] == 0


def test_each_step_of_plain_files_needs_a_verification_and_a_built_one_none(tmp_path: Path, run: Run) -> None:
    for kind, blocked in (("manifests", True), ("external", True), ("kustomize", False), ("argocd-app", False)):
        at(tmp_path, "scale-down", over={"client": {"owner": {"kind": kind}}})
        _, output, _ = run("status", CONFIG, "--at", NOW)
        assert ("blocked[verification-missing]" in output) == blocked, kind


def test_an_external_container_needs_a_verification_of_the_switch(tmp_path: Path, run: Run) -> None:
    containers = {"backend": {"external": "config.yaml of ConfigMap/shop"}}
    over = {"client": {"owner": {"kind": "kustomize"}, "workloads": {0: {"containers": containers}}}}
    for steps, blocked in ((("scale-down",), False), (("scale-down", "deploy", "reconfigure"), True)):
        data = at(tmp_path, *steps)
        content = yaml.safe_load(data.read_text())
        content["clients"][0] |= {"owner": {"kind": "kustomize"}}
        content["clients"][0]["workloads"][0]["containers"] = containers
        data.write_text(yaml.safe_dump(content, sort_keys=False))
        _, output, _ = run("status", CONFIG, "--at", NOW)
        assert ("blocked[verification-missing]" in output) == blocked, (steps, over)


def test_an_encrypted_config_file_needs_the_word_of_a_person(tmp_path: Path, run: Run) -> None:
    data = at(tmp_path, "scale-down", "deploy", "reconfigure")
    content = yaml.safe_load(data.read_text())
    content["clients"][0]["workloads"][0]["containers"] = {"backend": {"external": "config.yaml of Secret/shop"}}
    data.write_text(yaml.safe_dump(content, sort_keys=False))
    workload = backend()
    workload["spec"]["replicas"] = 0
    shown = put(tmp_path, workload)
    words = "config.yaml of Secret/shop of Deployment/beersystem-backend"
    for command in (("status", CONFIG, "--at", NOW), ("plan", CONFIG), ("verify", CONFIG, "--from", shown)):
        code, output, errors = run(*command)
        assert (code, words in output + errors) == (0, True), command
    code, _, errors = run("verify", CONFIG, "--from", shown, "--record", "--at", NOW)
    assert (code, "verify-hidden" in errors) == (1, True)
    code, _, errors = run("verify", CONFIG, "--from", shown, "--record", "--at", NOW, "--observed", "CLIENT LIST shows its pods")
    assert (code, errors) == (0, "")
    entry = yaml.safe_load(data.read_text())["clients"][0]["migration"]["evidence"][-1]
    assert (entry["by"], entry["note"]) == ("measured", "CLIENT LIST shows its pods")


def test_the_word_of_a_person_alone_is_recorded_as_such(tmp_path: Path, run: Run) -> None:
    file = at(tmp_path, "scale-down")
    assert run("verify", CONFIG, "--record", "--at", NOW, "--observed", "the pods are gone")[0] == 0
    entry = yaml.safe_load(file.read_text())["clients"][0]["migration"]["evidence"][-1]
    assert (entry["by"], entry["note"], "source" in entry, "digest" in entry) == ("person", "the pods are gone", False, False)


def test_a_list_from_a_cluster_does_not_prove_a_removal(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", **decommissioned())
    workload = objects(tmp_path)[0]
    for uid, code in (("5d0c62f2", 1), ("", 0)):
        content = merged(workload, {"metadata": {"uid": uid} if uid else {}})
        assert run("verify", CONFIG, "--from", put(tmp_path, content))[0] == code
    code, output, _ = run("verify", CONFIG, "--from", put(tmp_path, *objects(tmp_path)))
    assert (code, "Deployment/redis: wanted deleted, actual exists" in output) == (1, True)


def decommissioned() -> dict[str, Any]:
    from tests.cli.migrations import evidence

    return evidence()


REFUSED: dict[str, tuple[str, int, str]] = {
    "a plan": ('{"format_version": "1.2", "planned_values": {}}', 2, "standard input is a plan: planned_values are a preview"),
    "a state without values": ('{"format_version": "1.0"}', 2, "standard input is a state without values"),
    "no object": ("a: 1\n", 2, "standard input contains a document that is not a Kubernetes object"),
    "nothing": ("", 2, "standard input contains no Kubernetes object"),
    "no YAML": ("{{ .Values.x }}", 2, "can't be read as YAML"),
    "a List in a List": ("kind: List\nitems: [{kind: List, items: []}]\n", 2, "standard input contains a List in a List"),
    "an object without a name": ("kind: Deployment\n", 2, "standard input contains a Deployment without a name"),
    "deep JSON": ("[" * 100_000, 2, "levels"),
    "deep YAML": ("a: " + "[" * 200, 2, "levels"),
    "a long number": ("[" + "9" * 5000 + "]", 2, "standard input contains a document that is not a Kubernetes object"),
    "the namespace of another": (
        dump(merged(backend(), {"metadata": {"namespace": "other"}})),
        1,
        "standard input contains Deployment/beersystem-backend in namespace other, not in beersystem",
    ),
    "twice": (f"{dump(backend())}---\n{dump(backend())}", 1, "standard input contains Deployment/beersystem-backend more than once"),
    "too large": ("#" * (MAX_FILE + 1), 2, "standard input is larger than 32 MiB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_input_is_refused_in_words(name: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text, expected, words = REFUSED[name]
    at(tmp_path, "scale-down")
    before = (tmp_path / CONFIG).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, output, errors = run("verify", CONFIG, "--from", "-", "--record")
    assert (code, output, words in errors) == (expected, "", True), errors
    assert len(errors) < 1000
    assert (tmp_path / CONFIG).read_bytes() == before


def test_noise_of_the_server_and_secrets_change_and_print_nothing(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    workload, *rest = objects(tmp_path)
    noise = {"uid": "1", "resourceVersion": "7", "managedFields": [{"fieldsV1": {"f:spec": {"f:replicas": {}}}}], "annotations": {}}
    noise["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(backend())}
    live = merged(workload, {"metadata": noise, "status": {"observedGeneration": 3}})
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "shop", "namespace": "beersystem"},
        "stringData": {"p": PLAIN_PASSWORD},
    }
    code, output, errors = run("verify", CONFIG, "--from", put(tmp_path, live, secret, *rest))
    assert (code, errors) == (0, ""), output
    assert PLAIN_PASSWORD not in output


def test_pods_that_still_run_are_a_difference(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    live = merged(objects(tmp_path)[0], {"metadata": {"uid": "1"}, "status": {"replicas": 1}})
    code, output, _ = run("verify", CONFIG, "--from", put(tmp_path, live))
    assert (code, "/status/replicas: wanted 0, actual 1" in output) == (1, True)


def pod(owner: str, name: str, phase: str = "Running", **labels: str) -> dict[str, Any]:
    metadata = {"name": f"{name}-x2k7p", "namespace": "beersystem", "labels": labels, "ownerReferences": [{"kind": owner, "name": name}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("content", "is_left"),
    [
        (pod("ReplicaSet", "beersystem-backend-5d8c", **{"pod-template-hash": "5d8c"}), True),
        (pod("ReplicaSet", "beersystem-backend-5d8c", "Failed", **{"pod-template-hash": "5d8c"}), False),
        (pod("ReplicaSet", "beersystem-backend-canary-5d8c", **{"pod-template-hash": "5d8c"}), False),
        (pod("StatefulSet", "beersystem-backend"), False),
    ],
    ids=["of the workload", "ended", "of another Deployment", "of a StatefulSet with the name"],
)
def test_a_pod_that_terminates_is_a_difference(content: dict[str, Any], is_left: bool, tmp_path: Path, run: Run) -> None:
    """Its Deployment counts it no longer: `status.replicas` is 0."""
    at(tmp_path, "scale-down")
    code, output, _ = run("verify", CONFIG, "--from", put(tmp_path, *objects(tmp_path), content))
    assert (code, f"Pod/{content['metadata']['name']}: wanted not there, actual has not ended" in output) == (int(is_left), is_left), output


def test_an_autoscaler_that_the_config_does_not_reference_is_refused(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    code, _, errors = run("verify", CONFIG, "--from", put(tmp_path, *objects(tmp_path), KEDA))
    assert (code, "error[owner-autoscaler]: ScaledObject/backend scales Deployment/beersystem-backend" in errors) == (1, True), errors


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "nothing to verify"),
        (("--live", "--from", "x.yaml"), "--from and --live are two sources"),
        (("--observed", "x"), "--observed needs --record"),
        (("--from", "missing.yaml"), "cannot read missing.yaml"),
        (("--from", "chocolandia"), "cannot read chocolandia: is a directory"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: tuple[str, ...], words: str, tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    code, output, errors = run("verify", CONFIG, *options)
    assert (code, output, words in errors) == (2, "", True), errors


def test_export_names_the_page_where_there_are_no_files(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    code, _, errors = run("export", CONFIG, "--to", ".")
    assert code == 2
    assert "change the application as rendered/chocolandia/owners/beersystem/REQUIRED.md states" in errors


def test_a_manifest_that_something_else_renders_is_named(tmp_path: Path, run: Run) -> None:
    at(tmp_path, "scale-down")
    release = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "shop", "namespace": "beersystem"}}
    code, output, _ = run("verify", CONFIG, "--from", put(tmp_path, release))
    assert code == 1
    assert "Deployment/beersystem-backend: wanted exists, actual not in shown.yaml" in output
    assert "help: HelmRelease/shop can contain it" in output
