"""Egress policies of an application repository, as `check --owner` and `migrate export` report them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.checkout import owner
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, config, loaded, merged

LABELS = backend()["spec"]["template"]["metadata"]["labels"]
HINT = "set egress: networkpolicy of client beersystem: it renders an additional policy"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kustomize: Path) -> Run:
    """Return the command in this process, in a folder with a config beside the checkout `owner`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    return run


def policy(kind: str = "NetworkPolicy", **labels: str) -> Object:
    """Return a policy that lets the pods of beersystem reach only the old Redis."""
    meta = {"name": "beersystem", "namespace": "beersystem"}
    redis: Object = {"matchLabels": {"app": "redis"}}
    selector = {"matchLabels": labels or LABELS}
    if kind == "NetworkPolicy":
        rule = {"to": [{"podSelector": redis}], "ports": [{"port": 6379}]}
        spec = {"podSelector": selector, "policyTypes": ["Egress"], "egress": [rule]}
        return {"apiVersion": "networking.k8s.io/v1", "kind": kind, "metadata": meta, "spec": spec}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": kind,
        "metadata": meta,
        "spec": {"endpointSelector": selector, "egress": [{"toEndpoints": [redis]}]},
    }


def at(folder: Path, step: str, **client: Any) -> str:
    loaded(folder, step, over={"clients": [merged(config(step)["clients"][0], client)]})
    return "chocolandia.yaml"


def reported(run: Run, file: str, folder: str = "owner/prod") -> list[tuple[str, str, str, str]]:
    output = run("check", file, "--owner", folder, "--json")[1]
    findings = [(finding["code"], finding["severity"], finding["message"], finding["hint"]) for finding in json.loads(output)["findings"]]
    return [finding for finding in findings if finding[0].startswith("egress")]


@pytest.mark.parametrize(
    ("step", "severity"), [("prepare", "warning"), ("deploy", "warning"), ("reconfigure", "error"), ("validate", "error")]
)
def test_a_policy_that_allows_only_the_old_redis_is_a_warning_and_an_error_once_switched(
    tmp_path: Path, run: Run, step: str, severity: str
) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, policy())
    message = (
        "NetworkPolicy/beersystem restricts the egress of Deployment/beersystem-backend, and no policy allows namespace redis, port 6379"
    )
    assert reported(run, at(tmp_path, step)) == [("egress-blocked", severity, message, HINT)]


def test_a_cilium_policy_asks_for_one_of_cilium(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, policy("CiliumNetworkPolicy"))
    ((_, _, _, hint),) = reported(run, at(tmp_path, "prepare"))
    assert hint == HINT.replace("networkpolicy", "cilium")


@pytest.mark.parametrize("kind", ["networkpolicy", "cilium"])
def test_egress_in_the_config_ends_the_finding(tmp_path: Path, run: Run, kind: str) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, policy())
    assert reported(run, at(tmp_path, "reconfigure", egress=kind)) == []


def test_egress_without_another_policy_is_an_error(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, policy(app="another"))
    file = at(tmp_path, "prepare", egress="networkpolicy")
    message = (
        "no egress policy of the build selects the pods of Deployment/beersystem-backend, "
        "so egress: networkpolicy would block all their other connections"
    )
    hint = "remove egress from client beersystem, or accept the finding if another repository applies such a policy"
    assert reported(run, file) == [("egress-alone", "error", message, hint)]
    accept = [{"code": "egress-alone", "on": "beersystem", "until": "2999-01-01", "reason": "the platform isolates all pods"}]
    client = merged(config("prepare")["clients"][0], {"egress": "networkpolicy"})
    loaded(tmp_path, "prepare", over={"accept": accept, "clients": [client]})
    assert reported(run, file) == []


def test_a_policy_that_decommission_removes_leaves_the_pods_isolated(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, policy())
    remove = ["Deployment/redis", "Service/redis", "NetworkPolicy/beersystem"]
    ((code, severity, message, _),) = reported(run, at(tmp_path, "prepare", egress="networkpolicy", previous={"remove": remove}))
    assert (code, severity, message.startswith("after decommission no egress policy")) == ("egress-alone", "error", True)


@pytest.mark.parametrize(("step", "expected"), [("deploy", 0), ("reconfigure", 1)])
def test_export_reports_it_in_its_exit_code(tmp_path: Path, run: Run, step: str, expected: int) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, policy())
    code, _, errors = run("migrate", "export", at(tmp_path, step), "--to", "owner/prod")
    assert (code, "[egress-blocked]: NetworkPolicy/beersystem restricts" in errors) == (expected, True)


def test_plain_manifests_are_read_too(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, backend(), *OLD_REDIS, policy())
    (top / "base/kustomization.yaml").unlink()
    (top / "prod/kustomization.yaml").unlink()
    file = at(tmp_path, "reconfigure", owner={"kind": "manifests"})
    assert [finding[:2] for finding in reported(run, file, "owner/base")] == [("egress-blocked", "error")]


@pytest.mark.parametrize("kind", ["Job", "DaemonSet"])
def test_a_use_in_a_kind_that_is_not_migrated_has_the_reason(tmp_path: Path, run: Run, kind: str) -> None:
    containers = [{"name": "agent", "image": "agent:1", "env": [{"name": "REDIS_HOST", "value": "redis"}]}]
    spec: Object = {"template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"restartPolicy": "Never", "containers": containers}}}
    api = "batch/v1" if kind == "Job" else "apps/v1"
    more = {} if kind == "Job" else {"selector": {"matchLabels": {"app": "agent"}}}
    content = {"apiVersion": api, "kind": kind, "metadata": {"name": "agent", "namespace": "beersystem"}, "spec": {**more, **spec}}
    owner(tmp_path, backend(), *OLD_REDIS, content)
    file = at(tmp_path, "validate")
    findings = json.loads(run("check", file, "--owner", "owner/prod", "--at", "2026-03-03T09:00:00-03:00", "--json")[1])["findings"]
    (finding,) = [finding for finding in findings if finding["code"] == "old-redis-in-use"]
    reason = {"Job": "runs once: wait until it has completed, or delete it", "DaemonSet": "can't be scaled to 0: stop it by a nodeSelector"}
    assert (finding["severity"], finding["hint"]) == (
        "error",
        f"change it in the application repository before decommission: rediskit migrates no {kind}, which {reason[kind]}",
    )
