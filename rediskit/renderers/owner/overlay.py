"""The part of kustomize's strategic merge that our patches use, in process.

Tests compare it with kustomize 5.8.1. Lists merge by `name`, with patched entries first, in the order of the patch. A null removes its
key, and `$patch: replace` drops the base. If a list has two entries of one name, kustomize keeps only the last one, at the position of the
first and without the patch, even in lists without a patch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rediskit.model.pointers import by_name
from rediskit.renderers.tree import Object


def apply(base: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """Return the patched object. Neither argument is changed."""
    if patch.get("$patch") == "replace":
        base = {}
    result: Object = {}
    for key, value in base.items():
        if key not in patch:
            result[key] = _kept(value, key)
        elif patch[key] is not None:
            result[key] = _merged(value, patch[key])
    for key, value in patch.items():
        if key not in base and key != "$patch" and value is not None:
            result[key] = _added(value)
    return result


def _merged(base: Any, patch: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        return apply(base, patch)
    if by_name(base) is not None and by_name(patch) is not None:
        return _merged_by_name(base, patch)
    return _added(patch)


def _merged_by_name(base: Sequence[Mapping[str, Any]], patch: Sequence[Mapping[str, Any]]) -> list[Any]:
    entries: dict[str, list[Mapping[str, Any]]] = {entry["name"]: [] for entry in (*patch, *base)}
    for entry in base:
        entries[entry["name"]].append(entry)
    changes = {entry["name"]: entry for entry in patch}
    return [_kept(same[-1]) if len(same) > 1 else apply(same[0] if same else {}, changes.get(name, {})) for name, same in entries.items()]


def _kept(value: Any, key: str = "") -> Any:
    """Return a copy of a value without a patch, with duplicate entries merged as kustomize does."""
    if isinstance(value, Mapping):
        return {inner: _kept(content, inner) for inner, content in value.items()}
    if isinstance(value, list):
        return _merged_by_name(value, ()) if key in _MERGED_LISTS and by_name(value) is not None else [_kept(entry) for entry in value]
    return value


_MERGED_LISTS = frozenset({"containers", "env", "initContainers"})


def _added(value: Any) -> Any:
    """Return a copy of a value that only the patch has, without nulls and directives."""
    if isinstance(value, Mapping):
        return {key: _added(inner) for key, inner in value.items() if inner is not None and key != "$patch"}
    return [_added(inner) for inner in value] if isinstance(value, list) else value
