"""The part of kustomize's strategic merge that our patches use, in process.

Tests compare it with kustomize 5.8.1. Lists merge by `name`, with patched entries first, in the order of the patch. A null removes its
key, and `$patch: replace` drops the base. If a list has two entries of one name, kustomize keeps only the last one, at the position of the
first and without the patch, even in lists without a patch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rediskit.model.nested import list_at, text_at
from rediskit.model.pointers import by_name
from rediskit.renderers.owner.patches import Change
from rediskit.renderers.tree import Object


def apply(base: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """Return the patched object. Neither argument is changed."""
    if patch.get("$patch") == "replace":
        base = {}
    result: Object = {}
    for key, value in base.items():
        if key not in patch:
            result[key] = _without_duplicates(value, key)
        elif patch[key] is not None:
            result[key] = _merged(value, patch[key])
    for key, value in patch.items():
        if key not in base and key != "$patch" and value is not None:
            result[key] = _added(value)
    return result


def applied(base: Mapping[str, Any], change: Change) -> Object:
    """Return an object after a change: first the operations, then the merge. Raises ConflictError as `operated`."""
    return apply(operated(base, change.operations), change.merge)


def edited(base: Mapping[str, Any], change: Change) -> Object:
    """Return an object after a change by a program that merges all lists by name. Words that are not as in the manifest stay."""
    result: Any = _copied(base) if change.words else base
    for word in change.words:
        for container in list_at(result, *change.pod_path, word.listed):
            words = list_at(container, word.key)
            if text_at(container, "name") == word.container and word.position < len(words) and words[word.position] == word.old:
                words[word.position] = word.new
    return apply(result, change.named)


class ConflictError(ValueError):
    """A JSON 6902 operation does not fit the object."""


def operated(base: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> Object:
    """Return a copy of an object after JSON 6902 operations: test, replace, add and remove, as far as our patches use them.

    Raises ConflictError when a test fails, or a path does not exist.
    """
    result: Object = _copied(base)
    for operation in operations:
        *path, last = (token.replace("~1", "/").replace("~0", "~") for token in operation["path"].split("/")[1:])
        try:
            parent: Any = result
            for token in path:
                parent = parent[_key(parent, token)]
            _operate(parent, _key(parent, last), operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ConflictError(f"{operation['op']} {operation['path']} does not fit") from error
    return result


def _copied(value: Any) -> Any:
    """Return a copy of plain data."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _key(parent: Any, token: str) -> Any:
    if token == "-" and isinstance(parent, list):
        return len(parent)
    return int(token) if isinstance(parent, list) else token


def _operate(parent: Any, key: Any, operation: Mapping[str, Any]) -> None:
    if operation["op"] == "test":
        # kustomize 5.8.1 takes a missing key for null.
        if (parent.get(key) if isinstance(parent, dict) else parent[key]) != operation["value"]:
            raise ValueError
    elif operation["op"] == "remove":
        del parent[key]
    elif operation["op"] == "add" and isinstance(parent, list):
        if key > len(parent):
            raise IndexError
        parent.insert(key, operation["value"])
    else:
        if operation["op"] == "replace":
            parent[key]
        parent[key] = operation["value"]


def _merged(base: Any, patch: Any) -> Any:
    if isinstance(base, (dict, Mapping)) and isinstance(patch, (dict, Mapping)):
        return apply(base, patch)
    if by_name(base) is not None and by_name(patch) is not None:
        return _merged_by_name(base, patch)
    return _added(patch)


def _merged_by_name(base: Sequence[Mapping[str, Any]], patch: Sequence[Mapping[str, Any]]) -> list[Any]:
    entries: dict[str, list[Mapping[str, Any]]] = {entry["name"]: [] for entry in (*patch, *base)}
    for entry in base:
        entries[entry["name"]].append(entry)
    changes = {entry["name"]: entry for entry in patch}
    remaining = {name: duplicates for name, duplicates in entries.items() if changes.get(name, {}).get("$patch") != "delete"}
    return [
        _without_duplicates(duplicates[-1]) if len(duplicates) > 1 else apply(duplicates[0] if duplicates else {}, changes.get(name, {}))
        for name, duplicates in remaining.items()
    ]


def _without_duplicates(value: Any, key: str = "") -> Any:
    """Return a copy of a value without a patch, with duplicate entries merged as kustomize does."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, Mapping)):
        return {inner: _without_duplicates(content, inner) for inner, content in value.items()}
    if isinstance(value, list):
        return (
            _merged_by_name(value, ())
            if key in _MERGED_LISTS and by_name(value) is not None
            else [_without_duplicates(entry) for entry in value]
        )
    return value


_MERGED_LISTS = frozenset({"containers", "env", "initContainers"})


def _added(value: Any) -> Any:
    """Return a copy of a value that only the patch has, without nulls and directives."""
    if isinstance(value, (dict, Mapping)):
        return {key: _added(inner) for key, inner in value.items() if inner is not None and key != "$patch"}
    return [_added(inner) for inner in value] if isinstance(value, list) else value
