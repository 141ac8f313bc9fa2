"""The container that reads a text with a use: its own variables and arguments, and the ConfigMaps and Secrets that it reads."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rediskit.model.nested import at, list_at, text_at
from rediskit.model.podspec import Container
from rediskit.model.pointers import pointer, unescaped
from rediskit.usage.finder import Use
from rediskit.usage.services import reference

_REFERENCES = {"ConfigMap": ("configMapRef", "configMapKeyRef"), "Secret": ("secretRef", "secretKeyRef")}


def reads(workload: Mapping[str, Any], container: Container, use: Use, switched: Collection[str] = ()) -> bool:
    """Return whether a container of a workload reads the text of a use.

    Args:
        use: A use in an object of the same namespace.
        switched: Variables that do not count: the migration sets them. A variable of `env` replaces one of `envFrom`.
    """
    if use.object == reference(workload):
        return use.pointer.startswith(f"{pointer(*container.path)}/")
    kind, _, name = use.object.partition("/")
    key = unescaped(use.pointer.rpartition("/")[2])
    if kind not in _REFERENCES:
        return False
    pod: Any = workload
    for part in container.path[:-2]:
        pod = pod[part]
    return any(variable not in switched for variable in _variables(container.content, kind, name, key)) or any(
        at(source, "name" if kind == "ConfigMap" else "secretName") == name and _has_key(source, key)
        for source in _mounted(pod, container.content, kind)
    )


def _variables(container: Mapping[str, Any], kind: str, name: str, key: str) -> Iterator[str]:
    """Yield the variables that a container reads from a key of a ConfigMap or a Secret."""
    whole, single = _REFERENCES[kind]
    entries = list_at(dict(container), "env")
    own = {text_at(entry, "name") for entry in entries}
    for source in list_at(dict(container), "envFrom"):
        if text_at(source, whole, "name") == name and (variable := f"{text_at(source, 'prefix')}{key}") not in own:
            yield variable
    for entry in entries:
        if text_at(entry, "valueFrom", single, "name") == name and text_at(entry, "valueFrom", single, "key") == key:
            yield text_at(entry, "name")


def _mounted(pod: Mapping[str, Any], container: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the ConfigMaps or Secrets of the volumes that a container mounts. A projected Secret has its name as a volume has it."""
    mounts = {text_at(mount, "name") for mount in list_at(dict(container), "volumeMounts")}
    listed = "configMap" if kind == "ConfigMap" else "secret"
    for volume in list_at(dict(pod), "volumes"):
        if text_at(volume, "name") in mounts:
            yield at(volume, listed) or {}
            for source in list_at(volume, "projected", "sources"):
                projected = at(source, listed) or {}
                yield projected if kind == "ConfigMap" else {**projected, "secretName": at(projected, "name")}


def _has_key(source: Mapping[str, Any], key: str) -> bool:
    """Return whether a volume has a file for a key: it lists none, or this one."""
    items = list_at(dict(source), "items")
    return not items or any(text_at(item, "key") == key for item in items)
