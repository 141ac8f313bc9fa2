"""`rediskit migrate scan`: the evidence of an application without a checkout, from the cluster, from a file, or by a person's word."""

from __future__ import annotations

import io
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rediskit import load
from rediskit.yamlio.writer import dump
from tests.cli.test_scan import AT, HISTORY, at, cron_job, named
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, merged

UID = "5d0c62f2-1d7c-4c37-9b7e-0f2f4a0c6d11"
CLUSTER = f"cluster {UID}"
HOST = "redis-shared-master.redis.svc.cluster.local"
PLAIN_PASSWORD = "Sup3rPlain"
SCAN = ("migrate", "scan", "chocolandia.yaml", "--at", AT)
ADVANCE = ("migrate", "advance", "chocolandia.yaml", "--at", AT, "--confirm-irreversible")


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return the command in this process, in the folder of a config with an application that a person changes."""
    monkeypatch.chdir(tmp_path)
    at(tmp_path, kind="external")
    return partial(run)


def moved() -> Object:
    """Return the application as it runs on the shared Redis."""
    workload = backend()
    env = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    for entry in env:
        if entry["name"] == "REDIS_HOST":
            entry["value"] = HOST
    return merged(workload, {"metadata": {"uid": "backend"}})


def owned(content: Object, uid: str, owner: str, **more: Any) -> Object:
    """Return an object that another one has created."""
    return merged(content, {"metadata": {"uid": uid, "ownerReferences": [{"uid": owner, "controller": True}]}, **more})


class Cluster:
    """A program in the place of kubectl that prints lists of objects."""

    RESOURCES = ("deployments", "statefulsets", "daemonsets", "cronjobs", "jobs", "replicasets", "pods", "configmaps", "services")

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *objects: Object) -> None:
        self.folder = folder / "cluster"
        self.folder.mkdir()
        for resource in self.RESOURCES:
            self.put(resource, *(content for content in (moved(), *OLD_REDIS, *objects) if f"{content['kind'].lower()}s" == resource))
        program = self.folder / "kubectl"
        program.write_text(
            f"""#!/bin/sh
[ "$1" != --context ] || shift 2
case "$2 $3" in
"namespace kube-system") echo '{{"metadata": {{"uid": "{UID}"}}}}' ;;
customresourcedefinitions*) [ ! -f "{self.folder}/$3.json" ] || echo '{{"kind": "CustomResourceDefinition"}}' ;;
*) case "$*" in *--all-namespaces*) cat "{self.folder}/$2.json" ;; *) exit 1 ;; esac ;;
esac
"""
        )
        program.chmod(0o755)
        monkeypatch.setenv("KUBECTL", str(program))

    def put(self, resource: str, *objects: Object) -> None:
        (self.folder / f"{resource}.json").write_text(json.dumps({"kind": "List", "items": objects}))


def evidence(folder: Path) -> list[dict[str, Any]]:
    migration = load(folder / "chocolandia.yaml").clients[0].migration
    assert migration is not None
    return [entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in migration.evidence if entry.kind == "scan"]


def test_nothing_in_the_cluster_passes_the_gate_and_the_evidence_records_what_was_read(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cluster(tmp_path, monkeypatch)
    code, _, errors = run(*ADVANCE)
    assert (code, "[scan-missing]" in errors) == (1, True)
    assert "migrate scan chocolandia.yaml --client beersystem --live --record" in errors
    code, output, errors = run(*SCAN, "--live", "--record")
    assert (code, errors.replace("note: ", "")) == (0, ""), errors
    assert f"beersystem: 3 objects of {CLUSTER}: 0 certain and 0 possible uses" in output
    (entry,) = evidence(tmp_path)
    assert (entry["by"], entry["source"], entry["value"], entry["at"]) == ("measured", CLUSTER, "0", AT)
    assert entry["note"].startswith("3 objects")
    words = f"the live objects of {CLUSTER} at {AT}: 0 certain uses"
    for command in (("migrate", "status", "chocolandia.yaml", "--at", AT), ("migrate", "plan", "chocolandia.yaml")):
        _, output, errors = run(*command)
        assert words in output + errors, command
    code, _, errors = run(*ADVANCE)
    assert (code, words in errors) == (0, True), errors
    run("render", "chocolandia.yaml")
    assert words in (tmp_path / "rendered/chocolandia/README.md").read_text()


USED: dict[str, tuple[Object, str]] = {
    "a CronJob": (cron_job("redis://redis:6379/0"), "CronJob/nightly"),
    "a ConfigMap of another namespace": (
        merged(named("ConfigMap", data={"app.yaml": "host: redis.beersystem\n"}), {"metadata": {"namespace": "other"}}),
        "ConfigMap/nightly",
    ),
    "a pod of a kind that is not read": (
        owned(
            named("Pod", spec={"containers": [{"name": "a", "image": "shop:1", "env": [{"name": "REDIS_HOST", "value": "redis"}]}]}),
            "pod",
            "an operator",
        ),
        "Pod/nightly",
    ),
    "a pod without an owner": (
        named(
            "Pod", spec={"containers": [{"name": "a", "image": "shop:1", "env": [{"name": "REDIS_URL", "value": "redis://redis:6379"}]}]}
        ),
        "Pod/nightly",
    ),
    "the application itself": (
        merged(backend(), {"metadata": {"name": "old-backend", "uid": "old"}}),
        "Deployment/old-backend",
    ),
}


@pytest.mark.parametrize("name", USED)
def test_a_use_in_the_cluster_blocks_decommission_and_no_word_replaces_it(
    name: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, user = USED[name]
    Cluster(tmp_path, monkeypatch, content)
    code, output, _ = run(*SCAN, "--live", "--record", "--json")
    document = json.loads(output)
    assert (code, {use["object"] for use in document["scan"]["uses"] if use["strength"] == "certain"}) == (1, {user}), document
    assert evidence(tmp_path)[-1]["value"] != "0"
    code, _, errors = run(*ADVANCE, "--override", "now")
    assert (code, "[scan-in-use]" in errors) == (1, True), errors
    before = (tmp_path / "chocolandia.yaml").read_bytes()
    code, _, errors = run(*SCAN, "--observed", "nobody uses it", "--record")
    assert (code, "[scan-measured]" in errors) == (1, True), errors
    assert (tmp_path / "chocolandia.yaml").read_bytes() == before


def test_what_is_over_in_the_cluster_is_no_use(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ReplicaSets, ended Jobs and pods, copies in annotations, and the old Redis with its own pods."""
    old = backend()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "beersystem"}, "spec": old["spec"]["template"]["spec"]}
    replica_set = {**old, "kind": "ReplicaSet"}
    job = {**cron_job("x"), "kind": "Job", "apiVersion": "batch/v1"}
    job["spec"] = {"template": {"spec": pod["spec"]}}
    cluster = Cluster(
        tmp_path,
        monkeypatch,
        owned(replica_set, "rs", "backend"),
        owned(pod, "p1", "rs"),
        owned(merged(replica_set, {"metadata": {"name": "r"}}), "rs2", "an operator", spec={**old["spec"], "replicas": 0}),
        merged(job, {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
        merged(pod, {"metadata": {"name": "done"}, "status": {"phase": "Succeeded"}}),
    )
    copy = {
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(old)},
        "managedFields": [{"manager": "redis:6379"}],
    }
    cluster.put("deployments", merged(moved(), {"metadata": copy}), OLD_REDIS[0])
    code, output, errors = run(*SCAN, "--live")
    assert (code, errors) == (0, ""), output
    assert evidence(tmp_path) == [], "without --record nothing is written"


def test_the_address_that_a_load_balancer_got_is_one_of_the_old_redis(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    user = named("ConfigMap", data={"app.yaml": "redis: 192.168.4.207\n"})
    cluster = Cluster(tmp_path, monkeypatch, user)
    assert run(*SCAN, "--live")[0] == 0
    service = next(content for content in OLD_REDIS if content["kind"] == "Service")
    cluster.put("services", merged(service, {"status": {"loadBalancer": {"ingress": [{"ip": "192.168.4.207"}]}}}))
    code, output, _ = run(*SCAN, "--live")
    assert (code, "ConfigMap/nightly in beersystem uses the old Redis" in output) == (1, True), output


def test_the_kinds_of_operators_are_read_where_they_exist(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(tmp_path, monkeypatch)
    trigger = {"type": "redis", "metadata": {"address": "redis.beersystem:6379"}}
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "s", "namespace": "beersystem"}}
    assert run(*SCAN, "--live")[0] == 0
    cluster.put("scaledobjects.keda.sh", {**scaled, "spec": {"scaleTargetRef": {"name": "x"}, "triggers": [trigger]}})
    code, output, _ = run(*SCAN, "--live")
    assert (code, "ScaledObject/s in beersystem uses the old Redis" in output) == (1, True)


def test_an_incomplete_read_is_no_scan(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to list a kind, with another answer, or in another cluster, nothing is recorded."""
    cluster = Cluster(tmp_path, monkeypatch)
    before = (tmp_path / "chocolandia.yaml").read_bytes()
    for spoil, expected in (("", 3), ("{}", 3), ('{"items": [{"metadata": {}}]}', 3)):
        (cluster.folder / "configmaps.json").write_text(spoil)
        assert run(*SCAN, "--live", "--record")[0] == expected, spoil
    (cluster.folder / "configmaps.json").unlink()
    assert run(*SCAN, "--live", "--record")[0] == 3
    cluster.put("configmaps")
    cluster.put("deployments", *OLD_REDIS[:1])
    code, _, errors = run(*SCAN, "--live", "--record")
    assert (code, f"[scan-workload]: {CLUSTER} does not contain Deployment/beersystem-backend in namespace beersystem" in errors) == (
        1,
        True,
    )
    assert (tmp_path / "chocolandia.yaml").read_bytes() == before
    cluster.put("deployments", moved(), *OLD_REDIS[:1])
    other = [{"kind": "verified", "step": "validate", "at": AT, "by": "measured", "source": "cluster another"}]
    at(tmp_path, kind="external", migration={"step": "validate", "history": HISTORY, "evidence": other})
    code, _, errors = run(*SCAN, "--live", "--record")
    assert (code, "[verify-cluster]" in errors) == (1, True), errors


def test_a_file_of_the_whole_application_is_evidence_with_its_digest(tmp_path: Path, run: Run) -> None:
    (tmp_path / "live.yaml").write_text("---\n".join(map(dump, (moved(), *OLD_REDIS))))
    code, _, errors = run(*SCAN, "--from", "live.yaml", "--record")
    assert code == 0, errors
    (entry,) = evidence(tmp_path)
    assert (entry["source"], entry["value"], entry["digest"][:7], entry["note"][:9]) == ("file live.yaml", "0", "sha256:", "3 objects")
    assert "the objects of file live.yaml" in run("migrate", "status", "chocolandia.yaml", "--at", AT)[1]
    assert run(*ADVANCE)[0] == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (dump(OLD_REDIS[1]), "does not contain Deployment/beersystem-backend"),
        (dump(merged(backend(), {"metadata": {"namespace": "other"}})), "does not contain Deployment/beersystem-backend"),
        ('{"format_version": "1.2", "planned_values": {}}', "is a plan"),
        ("", "contains no Kubernetes object"),
    ],
)
def test_a_file_of_something_else_is_refused(content: str, words: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (tmp_path / "chocolandia.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    code, output, errors = run(*SCAN, "--from", "-", "--record")
    assert (code in (1, 2), output, words in errors) == (True, "", True), errors
    assert (tmp_path / "chocolandia.yaml").read_bytes() == before


def test_no_secret_is_read_or_printed(tmp_path: Path, run: Run) -> None:
    secret = named("Secret", stringData={"REDIS_URL": f"redis://:{PLAIN_PASSWORD}@redis:6379"})
    (tmp_path / "live.yaml").write_text("---\n".join(map(dump, (moved(), secret))))
    code, output, errors = run(*SCAN, "--from", "live.yaml", "--record")
    assert (code, PLAIN_PASSWORD in output + errors + (tmp_path / "chocolandia.yaml").read_text()) == (1, False)
    assert "secrets" not in Cluster.RESOURCES
