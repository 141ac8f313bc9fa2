"""The checks of config values: each case is reported with a hint, at the position of the value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, render
from rediskit.yamlio.writer import dump
from tests.checks.cases import Case, assert_reported, name_of
from tests.checks.client_cases import (
    CLIENTS,
    OLD_REDIS,
    USES,
    first_client,
    prefixed,
    two_clients,
    with_arguments,
    with_databases,
    with_env,
)
from tests.checks.shared_cases import SHARED
from tests.checks.workload_cases import BASES, BLUE_GREEN, DELETED, REFERENCE, SHARED_HOST, WORKLOADS, with_host, with_pod, with_settings
from tests.samples import SEALED, backend, loaded

COMPOSED = "redis://$(REDIS_HOST):$(REDIS_PORT)/1"
URL = first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}"}}}}})
WARNINGS = [
    Case(
        "composed-url",
        "composes SESSION_STORE of backend from $(REDIS_HOST) without the new password: Redis would answer NOAUTH",
        "chocolandia/beersystem-backend.yaml",
        step="prepare",
        manifest=with_env({"name": "SESSION_STORE", "value": COMPOSED}),
    ),
    Case(
        "composed-url",
        "composes CACHE of backend from $(REDIS_HOST)",
        manifest=with_env({"name": "CACHE", "value": "redis+socket://:$(OLD_PASSWORD)@$(REDIS_HOST)"}),
    ),
    Case("composed-url", "composes args[1] of backend from $(REDIS_HOST)", manifest=with_arguments("--broker", COMPOSED)),
    Case(
        "password-in-url",
        "beersystem has the password in a URL, redis://:${password}@${address}, and with secrets.mode manual it can have characters",
        "redis://:${password}",
        URL,
    ),
    Case(
        "password-in-url",
        "with secrets.mode external-secrets it can have characters that change the URL",
        "redis://:${password}",
        {**URL, "secrets": {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis"}},
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_HOST in backend",
        "${host}",
        manifest=prefixed({"prefix": "CACHE_"}),
    ),
    Case("memory-headroom", "the memory limit of master and replica is 2Gi: 2 times maxmemory 1gb, less than 2.2", "name: chocolandia"),
    Case("frozen-image", "bitnamilegacy/redis and bitnamilegacy/redis-exporter: frozen since 2025-08-28", "name: chocolandia"),
    Case(
        "database-unnamed",
        "worker, beersystem use database 0, and not all of them name it",
        "worker",
        with_databases({"default": 0}, {}),
    ),
    Case(
        "previous-differs",
        "has redis.beersystem.svc.cluster.local in REDIS_HOST, but previous.host is redis.other",
        "redis.other",
        first_client("prepare", previous={"host": "redis.other"}),
    ),
    Case(
        "old-redis-in-use",
        "Deployment/beersystem-backend uses the old Redis redis.beersystem.svc.cluster.local at /spec/template/spec/containers/0/env/18",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "CACHE_URL", "value": "redis://redis.beersystem.svc.cluster.local:6379/1"}),
    ),
    Case(
        "old-redis-in-use",
        "beersystem-backend.yaml: redis.beersystem",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "SHORT", "value": "redis.beersystem"}),
    ),
    Case(
        "old-redis-in-use",
        "beersystem-backend.yaml: redis:6379",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "BARE", "value": "redis:6379"}),
    ),
    Case(
        "old-redis-possible",
        "may use the old Redis redis.beersystem.svc.cluster.local at /spec/template/spec/containers/0/env/18/value",
        "chocolandia/beersystem-backend.yaml",
        manifest=with_env({"name": "REDIS_HOSTS", "value": "redis"}),
    ),
    *(
        Case(
            "old-redis-possible",
            f"worker may use the old Redis redis.beersystem.svc.cluster.local, which beersystem removes: {host} can be the same",
            host,
            two_clients("decommission", "prepare", previous={"host": host}),
        )
        for host in ("10.43.0.7", "redis-master", "redis.example.com")
    ),
    Case(
        "previous-differs",
        "has redis.other in REDIS_URL, but previous.host is redis.beersystem.svc.cluster.local",
        "redis.beersystem",
        first_client("prepare", workloads=URL["clients"][0]["workloads"]),
        manifest=with_env({"name": "REDIS_URL", "value": "redis://redis.other:6379"}),
    ),
    Case(
        "previous-differs",
        "has database 4 in REDIS_URL, but the new URL has 0",
        "redis://:${password}",
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}"}}}}}),
        manifest=with_env({"name": "REDIS_URL", "value": "redis://redis:6379/4"}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_HSOT in backend",
        "${host}",
        first_client(
            workloads={
                0: {"containers": {"backend": {"env": {"REDIS_HSOT": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}}}
            }
        ),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_ULR in backend",
        "redis://:${password}",
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_ULR": "redis://:${password}@${address}"}}}}}),
    ),
    Case(
        "variable-absent",
        "beersystem-backend.yaml has no REDIS_PROT in backend",
        "${port}",
        first_client(workloads={0: {"containers": {"backend": {"env": {"REDIS_PROT": "${port}"}}}}}, previous={"port": 6380}),
    ),
    Case(
        "migration-history",
        "beersystem is at scale-down without a history",
        "scale-down",
        first_client("scale-down", migration={"history": []}),
        step="scale-down",
    ),
]


VALUES = [Case(**entry) for entry in yaml.safe_load(Path(__file__).with_name("values.yaml").read_text(encoding="utf-8"))]
DIFFERENT = [
    Case("previous-differs", "but previous.host is redis.other", "redis.other", first_client(step, previous={"host": "redis.other"}))
    for step in ("scale-down", "validate")
]
"""Another Redis than `previous`, which is an error from `scale-down` on."""
CASES = [
    *VALUES,
    *DIFFERENT,
    *CLIENTS,
    *OLD_REDIS,
    *WORKLOADS,
    *BASES,
    *USES,
    *SHARED,
    *(case._replace(severity="warning") for case in WARNINGS),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_value_that_other_objects_do_not_support_is_reported(tmp_path: Path, case: Case) -> None:
    assert_reported(case, tmp_path)


@pytest.mark.parametrize(
    "annotations",
    [
        {"link.argocd.argoproj.io/external-link": "https://example.org"},
        {"example.org/team": "{{ .Release.Name }}"},
        {"prometheus.io/path": "/metrics"},
    ],
)
def test_an_annotation_that_no_gitops_tool_reads_has_no_finding(tmp_path: Path, annotations: dict[str, str]) -> None:
    environment = loaded(tmp_path, "validate", over={"redis": {"values": {"commonAnnotations": annotations}}})
    assert "tool-key" not in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize("case", ["port as before", "from a ConfigMap"])
def test_a_missing_port_and_a_container_with_envfrom_are_not_reported(tmp_path: Path, case: str) -> None:
    live = backend()
    container = live["spec"]["template"]["spec"]["containers"][0]
    gone = "REDIS_PORT" if case == "port as before" else "REDIS_HOST"
    container["env"] = [entry for entry in container["env"] if entry["name"] != gone]
    if case == "from a ConfigMap":
        container["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    environment = loaded(tmp_path, "validate", manifest=live)
    assert "variable-absent" not in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize(
    "manifest",
    [
        with_env({"name": "SESSION_STORE", "value": "redis://:$(REDIS_PASSWORD)@$(REDIS_HOST):$(REDIS_PORT)/1"}),
        with_env({"name": "CACHE_ADDRESS", "value": "$(REDIS_HOST):$(REDIS_PORT)"}),
        with_env({"name": "METRICS", "value": "http://$(REDIS_HOST):9121"}),
        with_env({"name": "ESCAPED", "value": "redis://$$(REDIS_HOST)"}),
        with_arguments("--broker", "redis://:$(REDIS_PASSWORD)@$(REDIS_HOST)"),
    ],
)
def test_a_composed_address_that_is_no_redis_url_or_has_the_password_is_not_reported(tmp_path: Path, manifest: dict[str, Any]) -> None:
    environment = loaded(tmp_path, "prepare", manifest=manifest)
    assert "composed-url" not in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize("sources", [({},), ({"prefix": "REDIS_"},), ({"prefix": "CACHE_"}, {"prefix": "R"})])
def test_a_variable_that_envfrom_can_set_is_not_absent(tmp_path: Path, sources: tuple[dict[str, Any], ...]) -> None:
    environment = loaded(tmp_path, "validate", manifest=prefixed(*sources))
    assert "variable-absent" not in {finding.code for finding in check(environment, render(environment))}


@pytest.mark.parametrize("secrets", ["sealed-secrets", "generated"])
def test_a_generated_password_in_a_url_is_not_reported(tmp_path: Path, secrets: str) -> None:
    mode = SEALED if secrets == "sealed-secrets" else {"mode": "external-secrets", "generate": True}
    environment = loaded(tmp_path, "prepare", over={**URL, "secrets": mode})
    assert "password-in-url" not in {finding.code for finding in check(environment, render(environment))}


def test_argo_cd_substitutes_nothing(tmp_path: Path) -> None:
    environment = loaded(tmp_path, over=first_client(workloads={0: {"containers": {"backend": {"env": {"PREFIX": "$${APP}:"}}}}}))
    assert "flux-substitution" not in {finding.code for finding in check(environment, render(environment))}


def test_a_release_with_a_dollar_and_a_brace_turns_substitution_off(tmp_path: Path) -> None:
    values = {"master": {"extraEnvVars": [{"name": "PS1", "value": "${HOSTNAME}"}]}}
    environment = loaded(tmp_path, over={"gitops": {"tool": "flux"}, "redis": {"values": values}})
    tree = render(environment)
    off = {path for path, content in tree.objects.items() if "kustomize.toolkit.fluxcd.io/substitute" in dump(content)}
    script = next(path for path in tree.objects if path.startswith("checks/configmap-"))
    assert off == {"flux/release/helmrelease-redis-shared.yaml", script}
    assert "flux-substitution" not in {finding.code for finding in check(environment, tree)}


@pytest.mark.parametrize(
    "manifest",
    [
        with_settings("StatefulSet", updateStrategy={"rollingUpdate": {"partition": 0}}),
        with_settings("Rollout", strategy={"blueGreen": {**BLUE_GREEN, "autoPromotionSeconds": 9}}),
        with_settings("Rollout", strategy={"canary": {"steps": [{"setWeight": 20}, {"pause": {"duration": 60}}]}}),
        with_settings("StatefulSet", **{**DELETED, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}),
        with_settings("StatefulSet", **{**DELETED, "volumeClaimTemplates": []}),
    ],
)
def test_a_workload_whose_pods_and_volumes_follow_the_steps_has_no_finding(tmp_path: Path, manifest: dict[str, Any]) -> None:
    environment = loaded(tmp_path, "prepare", manifest=manifest)
    assert {finding.code for finding in check(environment, render(environment))}.isdisjoint({"pods-not-updated", "volume-deleted"})


def test_at_complete_a_workload_may_keep_its_pods(tmp_path: Path) -> None:
    environment = loaded(tmp_path, "complete", manifest=with_settings("StatefulSet", updateStrategy={"type": "OnDelete"}, **DELETED))
    assert {finding.code for finding in check(environment, render(environment))}.isdisjoint({"pods-not-updated", "volume-deleted"})


@pytest.mark.parametrize("step", ["decommission", "complete"])
def test_from_decommission_on_the_manifest_may_contain_the_change(tmp_path: Path, step: str) -> None:
    workload = with_host(SHARED_HOST)
    workload["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "X", "valueFrom": REFERENCE})
    environment = loaded(tmp_path, step, manifest=workload)
    assert {finding.code for finding in check(environment, render(environment))}.isdisjoint({"base-switched", "secret-taken"})


@pytest.mark.parametrize(
    "manifest",
    [
        with_host("redis-shared-master.other.svc"),
        with_env({"name": "NEXT_HOST", "value": SHARED_HOST}),
        with_pod(volumes=[{"name": "redis-credentials", "emptyDir": {}}]),
        with_env({"name": "SECRET_OF", "value": "redis-credentials-old"}),
    ],
)
def test_a_base_without_the_shared_redis_and_its_secret_has_no_finding(tmp_path: Path, manifest: dict[str, Any]) -> None:
    environment = loaded(tmp_path, "prepare", manifest=manifest)
    assert {finding.code for finding in check(environment, render(environment))}.isdisjoint({"base-switched", "secret-taken"})
