"""What kustomize makes of a workload and our patch, in process: the part of strategic merge that our patches use.

Tests hold it against the real kustomize. Lists merge by `name`; patched entries come first, in the order of the patch;
a null removes its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from rediskit.renderers.tree import Object


def apply(base: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """The patched object. Neither argument is changed."""
    result: Object = {}
    for key, value in base.items():
        if key not in patch:
            result[key] = deepcopy(value)
        elif patch[key] is not None:
            result[key] = _merge(value, patch[key])
    for key, value in patch.items():
        if key not in base and value is not None:
            result[key] = _without_nulls(value)
    return result


def _merge(base: Any, patch: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        return apply(base, patch)
    if _named(base) and _named(patch):
        known = {entry["name"]: entry for entry in base}
        patched = [apply(known.get(entry["name"], {}), entry) for entry in patch]
        names = {entry["name"] for entry in patch}
        return patched + [deepcopy(entry) for entry in base if entry["name"] not in names]
    return deepcopy(patch)


def _named(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(e, Mapping) and "name" in e for e in value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value
