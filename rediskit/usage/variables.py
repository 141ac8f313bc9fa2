"""The known variables of a container. `$(VAR)` is expanded as by Kubernetes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rediskit.model.nested import at, list_at, mapping_at, text_at

_REFERENCE = r"\$\$|\$\((?P<name>[^()\s]+)\)|\$\{(?P<shell>[A-Za-z_]\w*)\}"


class Variables:
    """The variables from the ConfigMaps among some objects."""

    def __init__(self, objects: Iterable[Mapping[str, Any]], namespace: str) -> None:
        """Index the ConfigMaps. `namespace` is that of objects that set none."""
        self._namespace = namespace
        self._maps = {
            (text_at(content, "metadata", "namespace") or namespace, text_at(content, "metadata", "name")): mapping_at(content, "data")
            for content in objects
            if content.get("kind") == "ConfigMap"
        }

    def config_map(self, name: Any, namespace: str) -> dict[str, Any] | None:
        """Return the data of a ConfigMap; None if it is not among the objects."""
        return self._maps.get((namespace or self._namespace, str(name)))

    def of_container(self, container: Mapping[str, Any], namespace: str) -> dict[str, str]:
        """Return the variables of a container with known values, each expanded with those above it."""
        variables: dict[str, str] = {}
        for source in list_at(dict(container), "envFrom"):
            data = self.config_map(at(source, "configMapRef", "name"), namespace) or {}
            prefix = text_at(source, "prefix")
            variables |= {f"{prefix}{key}": value for key, value in data.items() if isinstance(value, str)}
        for entry in list_at(dict(container), "env"):
            value = self._value(entry, variables, namespace)
            if value is not None:
                variables[str(entry.get("name"))] = value
        return variables

    def _value(self, entry: Any, variables: Mapping[str, str], namespace: str) -> str | None:
        value = at(entry, "value")
        if isinstance(value, str):
            return self.expand(value, variables)
        source = mapping_at(entry, "valueFrom")
        if at(source, "fieldRef", "fieldPath") == "metadata.namespace":
            return namespace or self._namespace
        reference = source.get("configMapKeyRef")
        data = self.config_map(reference.get("name"), namespace) if isinstance(reference, dict) else None
        referenced = data.get(text_at(reference, "key")) if data else None
        return referenced if isinstance(referenced, str) else None

    @staticmethod
    def expand(text: str, variables: Mapping[str, str]) -> str:
        """Return a text with `$(VAR)` and `${VAR}` replaced if the value is known; `$$(VAR)` stays as it is."""
        if "$" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            return variables.get(match["name"] or match["shell"] or "", match[0])

        return re.sub(_REFERENCE, value, text)
