"""The objects that other objects need: pods to start, and objects of Flux and External Secrets to be applied; and what creates a Secret."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.model.nested import at, list_at, text_at
from rediskit.model.podspec import pods_of

_NAMED: Mapping[str, tuple[str, str]] = {
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
}
"""The kind and the key of the name, for each key of a reference in a pod spec."""
_NAMES_OF_SECRETS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Secret": (),
    "SealedSecret": (("spec", "template", "metadata", "name"),),
    "ExternalSecret": (("spec", "target", "name"),),
    "Certificate": (("spec", "secretName"),),
    "VaultStaticSecret": (("spec", "destination", "name"),),
    "VaultDynamicSecret": (("spec", "destination", "name"),),
    "OnePasswordItem": (),
    "InfisicalSecret": (("spec", "managedSecretReference", "secretName"),),
    "DopplerSecret": (("spec", "managedSecret", "name"),),
    "BitwardenSecret": (("spec", "secretName"),),
}
"""The kinds that create a Secret, each with the fields of its name, if it has another one (from the API references of the operators)."""


def created_secret(content: Mapping[str, Any]) -> str:
    """Return the name of the Secret that an object is or creates; "" if it creates none."""
    fields = _NAMES_OF_SECRETS.get(str(content.get("kind")))
    if fields is None:
        return ""
    return next(filter(None, (text_at(content, *path) for path in fields)), "") or text_at(content, "metadata", "name")


def created_by_name(name: str) -> str:
    """Return the Secret that an object with this `Kind/name` creates by default; the name itself for other kinds."""
    kind, _, own = name.partition("/")
    return f"Secret/{own}" if kind in _NAMES_OF_SECRETS else name


def needed(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and `Kind/name` of each object that the pods of an object need, except for optional ones."""
    for path, pod in pods_of(content):
        yield from _below(pod, path)
        account = pod.get("serviceAccountName")
        if isinstance(account, str):
            yield (*path, "serviceAccountName"), f"ServiceAccount/{account}"


_WAITING = {
    "HelmRelease": "helm.toolkit.fluxcd.io",
    "Kustomization": "kustomize.toolkit.fluxcd.io",
    "ExternalSecret": "external-secrets.io",
}
"""The kinds that are not applied while an object that they refer to is missing, each with its API group."""
_LISTS = (("dependsOn",), ("healthChecks",), ("valuesFrom",), ("postBuild", "substituteFrom"))
_SINGLE = (("sourceRef",), ("chartRef",), ("chart", "spec", "sourceRef"), ("secretStoreRef",), ("decryption", "secretRef"))
"""The references of these kinds below `spec`, in lists and single ones (API references of Flux 2 and External Secrets).

Without the source of its chart, a HelmRelease still gets new values, with the last archive, but no new chart (helm-controller 1.6).
tests/cluster/test_awaited.py shows it for each reference of Flux.
"""
_KINDS = {"secretStoreRef": "SecretStore", "secretRef": "Secret"}
"""The kind of a reference without one. In `dependsOn` it is that of the object."""


def awaited(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield path, `Kind/name` and namespace of each object without which Flux or External Secrets no longer applies an object.

    The namespace is "" where neither the reference nor the object sets it.
    """
    kind = str(content.get("kind"))
    if kind not in _WAITING or str(content.get("apiVersion")).partition("/")[0] != _WAITING[kind]:
        return
    spec, home = content.get("spec"), text_at(content, "metadata", "namespace")
    references = [(path, at(spec, *path)) for path in _SINGLE]
    references += [((*path, index), entry) for path in _LISTS for index, entry in enumerate(list_at(spec, *path))]
    for path, entry in references:
        if (name := text_at(entry, "name")) and at(entry, "optional") is not True:
            of_kind = text_at(entry, "kind") or (kind if path[0] == "dependsOn" else _KINDS.get(str(path[-1]), ""))
            yield ("spec", *path, "name"), f"{of_kind}/{name}", text_at(entry, "namespace") or home


def _below(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        place = (*path, key)
        kind, name = _NAMED.get(key, ("", "")) if isinstance(key, str) else ("", "")
        if key == "secret" and isinstance(inner, dict):  # A volume has secretName, a projected source has name.
            kind, name = "Secret", "secretName" if "secretName" in inner else "name"
        if kind and isinstance(named := at(inner, name), str) and at(inner, "optional") is not True:
            yield (*place, name), f"{kind}/{named}"
        yield from _below(inner, place)
