"""The objects that pods need to start: ConfigMaps, Secrets, claims and service accounts."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.model.nested import at
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


def needed(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and `Kind/name` of each object that the pods of an object need, except for optional ones."""
    for path, pod in pods_of(content):
        yield from _below(pod, path)
        account = pod.get("serviceAccountName")
        if isinstance(account, str):
            yield (*path, "serviceAccountName"), f"ServiceAccount/{account}"


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
