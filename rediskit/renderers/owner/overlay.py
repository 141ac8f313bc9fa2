"""What kustomize makes of a workload and our patch, in process: the part of strategic merge that our patches use.

Tests hold it against the real kustomize 5.8.1. Lists merge by `name`, patched entries first, in the order of the patch; a null
removes its key; `$patch: replace` forgets the base. Where a name stands twice, the last entry takes the place of the first, in lists
that the patch does not touch too; and it is kept as it is: a patch of that name is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rediskit.renderers.tree import Object


def apply(base: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """The patched object. Neither argument is changed."""
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
    if _named(base) and _named(patch):
        return _merged_by_name(base, patch)
    return _added(patch)


def _merged_by_name(base: Sequence[Mapping[str, Any]], patch: Sequence[Mapping[str, Any]]) -> list[Any]:
    mine: dict[str, list[Mapping[str, Any]]] = {entry["name"]: [] for entry in (*patch, *base)}
    for entry in base:
        mine[entry["name"]].append(entry)
    changes = {entry["name"]: entry for entry in patch}
    return [_kept(found[-1]) if len(found) > 1 else apply(found[0] if found else {}, changes.get(name, {})) for name, found in mine.items()]


def _kept(value: Any, key: str = "") -> Any:
    """A copy of what the patch leaves alone, as kustomize walks over it."""
    if isinstance(value, Mapping):
        return {inner: _kept(content, inner) for inner, content in value.items()}
    if isinstance(value, list):
        return _merged_by_name(value, ()) if key in _MERGED_LISTS and _named(value) else [_kept(entry) for entry in value]
    return value


_MERGED_LISTS = frozenset({"containers", "env", "initContainers"})


def _added(value: Any) -> Any:
    """A copy of what only the patch has, without its nulls and directives."""
    if isinstance(value, Mapping):
        return {key: _added(inner) for key, inner in value.items() if inner is not None and key != "$patch"}
    return [_added(inner) for inner in value] if isinstance(value, list) else value


def _named(value: Any) -> bool:
    """Return whether a list is one of mappings with names. A build can hold names that are no text."""
    return isinstance(value, Sequence) and not isinstance(value, str) and all(map(_has_name, value))


def _has_name(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("name"), str)
