"""Cases of workloads that a step does not reach, and of bases that already have what a step sets."""

from __future__ import annotations

from typing import Any

from tests.checks.cases import Case
from tests.checks.client_cases import with_env
from tests.samples import backend, merged


def with_settings(kind: str, **spec: Any) -> dict[str, Any]:
    """Return the real Deployment as another kind with more keys in its spec."""
    version = "argoproj.io/v1alpha1" if kind == "Rollout" else "apps/v1"
    workload = backend()
    more = {"serviceName": "backend"} if kind == "StatefulSet" else {}
    kept = {key: value for key, value in workload["spec"].items() if kind == "Deployment" or key != "strategy"}
    return {**workload, "apiVersion": version, "kind": kind, "spec": {**kept, **more, **spec}}


def annotated(**annotations: str) -> dict[str, Any]:
    """Return the real Deployment with annotations."""
    return merged(backend(), {"metadata": {"annotations": annotations}})


CLAIMS = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]
DELETED = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"}, "volumeClaimTemplates": CLAIMS}
BLUE_GREEN = {"activeService": "backend", "autoPromotionEnabled": False}
FLUX_KEY = "kustomize.toolkit.fluxcd.io"
HELD_BACK = {
    "has updateStrategy.rollingUpdate.partition 2: the pods with a lower number keep the old variables": with_settings(
        "StatefulSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    ),
    "has updateStrategy.type OnDelete: its pods keep the old variables": with_settings("StatefulSet", updateStrategy={"type": "OnDelete"}),
    "Deployment/beersystem-backend is paused: its pods keep": with_settings("Deployment", paused=True),
    "Rollout/beersystem-backend is paused: its pods keep": with_settings("Rollout", paused=True, strategy={"canary": {}}),
    "has blueGreen.autoPromotionEnabled: false: its pods keep": with_settings("Rollout", strategy={"blueGreen": BLUE_GREEN}),
    "has canary.steps[1].pause without a duration: its pods": with_settings(
        "Rollout", strategy={"canary": {"steps": [{"pause": {"duration": "5m"}}, {"pause": {}}]}}
    ),
    "has argocd.argoproj.io/hook: Skip: the GitOps tool does not apply": annotated(**{"argocd.argoproj.io/hook": "Skip"}),
    f"has {FLUX_KEY}/reconcile: disabled": annotated(**{f"{FLUX_KEY}/reconcile": "disabled"}),
    f"has {FLUX_KEY}/ssa: IfNotPresent": annotated(**{f"{FLUX_KEY}/ssa": "IfNotPresent"}),
}
"""Workloads whose pods keep the template of the step before, by a part of the message."""
MANIFEST = "chocolandia/beersystem-backend.yaml"
WORKLOADS = [Case("pods-not-updated", message, MANIFEST, manifest=manifest) for message, manifest in HELD_BACK.items()]
WORKLOADS += [
    Case("pods-not-updated", "is paused", step=step, severity=severity, manifest=with_settings("Deployment", paused=True))
    for step, severity in {"prepare": "error", "decommission": "error", "rolled-back": "warning"}.items()
]
WORKLOADS += [
    Case(
        "volume-deleted",
        "has persistentVolumeClaimRetentionPolicy.whenScaled: Delete: scale-down deletes its volumes",
        MANIFEST,
        step=step,
        severity=severity,
        manifest=with_settings("StatefulSet", **DELETED),
    )
    for step, severity in {"prepare": "error", "scale-down": "error", "rolled-back": "warning"}.items()
]


def with_host(value: str) -> dict[str, Any]:
    """Return the real Deployment with another text in REDIS_HOST."""
    workload = backend()
    env = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    next(entry for entry in env if entry["name"] == "REDIS_HOST")["value"] = value
    return workload


def with_pod(**sections: Any) -> dict[str, Any]:
    """Return the real Deployment with more keys in its pod."""
    return merged(backend(), {"spec": {"template": {"spec": sections}}})


SHARED_HOST = "redis-shared-master.redis.svc.cluster.local"
ALREADY = "Deployment/beersystem-backend has the shared Redis in REDIS_HOST of backend already"
READS = "Deployment/beersystem-backend reads Secret redis-credentials in beersystem at /spec/template/spec/"
REFERENCE = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
BASES = [
    Case("base-switched", ALREADY, MANIFEST, step=step, severity=severity, manifest=with_host(host))
    for step, severity, host in (
        *((step, "error", SHARED_HOST) for step in ("prepare", "scale-down", "reconfigure", "validate")),
        ("validate", "error", "redis-shared-master.redis"),
        ("validate", "error", "redis-shared-replicas.redis.svc:6379"),
        ("validate", "error", "192.168.4.203"),
        ("rolled-back", "warning", SHARED_HOST),
    )
]
BASES += [
    Case("secret-taken", f"{READS}{place}", MANIFEST, step=step, severity=severity, manifest=manifest)
    for place, step, severity, manifest in (
        ("containers/0/env/18/valueFrom/secretKeyRef/name", "prepare", "error", with_env({"name": "X", "valueFrom": REFERENCE})),
        ("containers/0/env/18/valueFrom/secretKeyRef/name", "rolled-back", "warning", with_env({"name": "X", "valueFrom": REFERENCE})),
        (
            "volumes/0/secret/secretName",
            "validate",
            "error",
            with_pod(volumes=[{"name": "x", "secret": {"secretName": "redis-credentials"}}]),
        ),
        (
            "volumes/0/projected/sources/0/secret/name",
            "prepare",
            "error",
            with_pod(volumes=[{"name": "x", "projected": {"sources": [{"secret": {"name": "redis-credentials"}}]}}]),
        ),
    )
]
