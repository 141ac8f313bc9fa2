"""Environments for tests: the main config with what a test changes, made in Python or loaded from a file."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rediskit import Environment, Manifest, load
from rediskit.model.ciphertext import UNOWNED
from rediskit.model.client import Client
from rediskit.model.criteria import CRITERIA
from rediskit.renderers.objects import KEEP
from rediskit.renderers.owner.required import subject_of
from rediskit.source.manifest import read_manifest
from rediskit.yamlio.writer import dump

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "config/chocolandia.yaml"
BACKEND = ROOT / "config/chocolandia/beersystem-backend.yaml"
STEPS = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete", "rolled-back")
IDENTITIES = frozenset({"prepare", "complete", "rolled-back"})
"""The steps at which the Component changes nothing."""
EVIDENCE = {
    "from": "2026-03-01T22:00:00-03:00",
    "until": "2026-03-03T08:00:00-03:00",
}
"""The validation of a migration that may decommission the old Redis."""
OBSERVED: list[dict[str, Any]] = [
    *({"kind": "criterion", "step": "validate", "at": "2026-03-03T08:00:00-03:00", "value": name} for name in CRITERIA),
    {"kind": "scan", "step": "validate", "at": "2026-03-03T08:00:00-03:00", "by": "measured", "value": "0"},
]
"""Its evidence."""
WARNED = ["memory-headroom", "frozen-image"]
"""Codes of the warnings about every config that keeps the defaults: `maxmemory 1gb` in 2Gi, and the images."""
SEALED = {"mode": "sealed-secrets", "certificate": "chocolandia/sealing.crt"}
"""`secrets` of a config for which `loaded` writes the certificate."""
RECIPIENT = "age1" + "q" * 58
SOPS = {"mode": "sops", "recipients": [RECIPIENT]}
ROTATION = "0a1b2c3d"
VARIABLES = {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}
ONE_CONTAINER = {"backend": {"env": VARIABLES}}


@cache
def _backend() -> dict[str, Any]:
    return read_manifest(BACKEND.read_bytes(), "beersystem-backend.yaml")


def backend() -> dict[str, Any]:
    """Return the real Deployment, cleaned; the caller's own copy."""
    return copy.deepcopy(_backend())


def history(*steps: str) -> list[dict[str, str]]:
    """Return an entry for each step, an hour apart."""
    reasons = {"rolled-back": {"reason": "errors in the logs"}}
    return [{"step": step, "at": f"2026-03-01T{hour:02}:00:00Z", **reasons.get(step, {})} for hour, step in enumerate(steps)]


def migration(step: str, order: str = "scale-down-first", *before: str) -> dict[str, Any]:
    """Return the section of a client at a step; `taken` are the steps of its history before this one."""
    section: dict[str, Any] = {"step": step, "order": order, "history": history(*before, step)}
    return section | ({"validation": EVIDENCE, "evidence": OBSERVED} if step in ("decommission", "complete") else {})


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` merged into it, mapping by mapping; a mapping of numbers changes entries of a list.

    Everything else is replaced.
    """
    result = dict(base)
    for key, value in over.items():
        existing = result.get(key)
        if isinstance(existing, list) and isinstance(value, Mapping):
            result[key] = [merged(entry, value[index]) if index in value else entry for index, entry in enumerate(existing)]
        else:
            result[key] = merged(existing, value) if isinstance(existing, Mapping) and isinstance(value, Mapping) else value
    return result


def config(step: str | None = "validate", order: str = "scale-down-first", over: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the main config as data: beersystem at a step (None: no migration), `over` merged in. secrets.mode is manual."""
    data: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    data["secrets"] = {"mode": "manual"}
    client = data["clients"][0]
    if step is None:
        del client["migration"]
    else:
        client["migration"] = migration(step, order)
    return merged(data, over or {})


def complete(data: dict[str, Any], environment: Environment) -> dict[str, Any]:
    """Return the config with the subject in each evidence without one, as the command that records it writes it."""

    def about(entry: Mapping[str, Any], client: Client) -> dict[str, Any]:
        return {"about": text} if (text := subject_of(environment, client, entry["kind"])) else {}

    clients = []
    for section, client in zip(data["clients"], environment.clients, strict=True):
        evidence = [{**about(entry, client), **entry} for entry in section.get("migration", {}).get("evidence", ())]
        clients.append({**section, "migration": {**section["migration"], "evidence": evidence}} if evidence else section)
    return {**data, "clients": clients}


def environment_of(step: str | None = "validate", order: str = "scale-down-first", over: Mapping[str, Any] | None = None) -> Environment:
    """Return the environment of `config`, made in Python."""
    data = config(step, order, over)
    for client in data["clients"]:
        for workload in client.get("workloads", ()) if isinstance(client, dict) else ():
            if isinstance(workload.get("manifest"), str):
                workload["manifest"] = Manifest(workload["manifest"], backend())
    environment = Environment.model_validate(data)
    completed = complete(data, environment)
    return environment if completed == data else Environment.model_validate(completed)


def helm_release(over: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the HelmRelease of an application."""
    chart = {"spec": {"chart": "app", "version": "1.2.3", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}
    head = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "shop", "namespace": "beersystem"}}
    return merged({**head, "spec": {"interval": "10m", "chart": chart, "values": {"a": 1}}}, over or {})


def helm_application(**helm: Any) -> dict[str, Any]:
    """Return the Application of a chart."""
    chart = {"repoURL": "https://charts.example.org", "chart": "app", "targetRevision": "1.2.3"}
    source = {**chart, "helm": {"valueFiles": ["values.yaml"], **helm}}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "beersystem"}
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "shop", "namespace": "argocd"}}
    return {**head, "spec": {"project": "default", "destination": destination, "source": source}}


def loaded(
    folder: Path,
    step: str | None = "validate",
    order: str = "scale-down-first",
    over: Mapping[str, Any] | None = None,
    manifest: Mapping[str, Any] | None = None,
    ciphertexts: Mapping[str, Any] | None = None,
    release: Mapping[str, Any] | None = None,
) -> Environment:
    """Return the environment of `config`, loaded from `<folder>/chocolandia.yaml`, so that everything has its position.

    manifest: another live object than the real Deployment. ciphertexts: namespace to the encrypted Secret in its file.
    release: the HelmRelease in `chocolandia/release.yaml`. A referenced `chocolandia/worker.yaml` has it with another name.
    """
    (folder / "chocolandia").mkdir(exist_ok=True)
    text = BACKEND.read_text(encoding="utf-8") if manifest is None else dump(manifest)
    (folder / "chocolandia/beersystem-backend.yaml").write_text(text, encoding="utf-8")
    if "chocolandia/worker.yaml" in str(over):
        worker = merged(backend(), {"metadata": {"name": "worker"}})
        (folder / "chocolandia/worker.yaml").write_text(dump(worker), encoding="utf-8")
    (folder / "chocolandia/release.yaml").write_text(dump(release or helm_release()), encoding="utf-8")
    parameters = [{"name": "web.replicas", "value": "1"}]
    (folder / "chocolandia/application.yaml").write_text(dump(helm_application(parameters=parameters)), encoding="utf-8")
    (folder / "chocolandia/suspended.yaml").write_text(dump(helm_release({"spec": {"suspend": True}})), encoding="utf-8")
    (folder / "chocolandia/sealing.crt").write_text("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n", encoding="utf-8")
    (folder / "chocolandia/secrets").mkdir(exist_ok=True)
    for namespace, content in (ciphertexts or {}).items():
        (folder / f"chocolandia/secrets/{namespace}.yaml").write_text(dump(content), encoding="utf-8")
    file = folder / "chocolandia.yaml"
    data = config(step, order, over)
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")
    environment = load(file)
    completed = complete(data, environment)
    if completed == data:
        return environment
    file.write_text(yaml.safe_dump(completed, sort_keys=False, width=1000), encoding="utf-8")
    return load(file)


def client(name: str, step: str | None, order: str = "scale-down-first", **sections: Any) -> dict[str, Any]:
    """One more client, with a Deployment of its own, as data."""
    data: dict[str, Any] = {"name": name, "namespace": name, **sections}
    if step is not None:
        data |= {
            "use": ["cache"],
            "workloads": [{"kind": "Deployment", "name": name, "replicas": 2, "containers": {"app": ONE_CONTAINER["backend"]}}],
            "previous": {"host": f"redis.{name}.svc.cluster.local"},
            "migration": migration(step, order),
        } | sections
    return data


def owned_by(manifest: Mapping[str, Any], step: str, order: str = "scale-down-first", **workload: Any) -> tuple[Environment, Client]:
    """Return an environment whose one client runs this workload, and that client. `workload` are further keys of its section."""
    section = {"manifest": Manifest("workload.yaml", dict(manifest)), "containers": ONE_CONTAINER, **workload}
    environment = environment_of(step, order, {"clients": [merged(config(step, order)["clients"][0], {"workloads": [section]})]})
    return environment, environment.clients[0]


def sealed(namespace: str, rotation: str = ROTATION) -> dict[str, Any]:
    """Return a SealedSecret as `rediskit secret` writes it, with a ciphertext without a key."""
    annotations = {**KEEP, "rediskit/rotation": rotation}
    template = {"rediskit/rotation": rotation, **UNOWNED}
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "redis-credentials", "namespace": namespace, "annotations": annotations},
        "spec": {
            "encryptedData": {"redis-password": "QWdCeS4uLg=="},
            "template": {"metadata": {"name": "redis-credentials", "namespace": namespace, "annotations": template}, "type": "Opaque"},
        },
    }


def sops(namespace: str, rotation: str = ROTATION) -> dict[str, Any]:
    """Return a Secret as SOPS leaves it, with a ciphertext without a key."""
    ciphertext = "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"
    annotations = {**KEEP, "rediskit/rotation": rotation}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "redis-credentials", "namespace": namespace, "annotations": annotations},
        "type": "Opaque",
        "data": {"redis-password": ciphertext},
        "sops": {
            "age": [{"recipient": RECIPIENT, "enc": "an age file\n"}],
            "lastmodified": "2026-03-01T00:00:00Z",
            "mac": ciphertext,
            "encrypted_regex": "^(data|stringData)$",
            "version": "3.13.2",
        },
    }
