"""The part of kustomize's strategic merge that our patches use, in process.

Tests compare it with kustomize 5.8.1. Lists merge by `name`, with patched entries first, in the order of the patch. A null removes its
key, and `$patch: replace` drops the base. If a list has two entries of one name, kustomize keeps only the last one, at the position of the
first and without the patch, even in lists without a patch.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rediskit.model.nested import list_at, text_at
from rediskit.model.pointers import by_name, unescaped
from rediskit.renderers.owner.patches import Change
from rediskit.renderers.tree import Object


def apply(base: Mapping[str, Any], patch: Mapping[str, Any], *, in_place: bool = False) -> Object:
    """Return the patched object. Neither argument is changed; the result shares the parts that the patch does not change.

    in_place: Whether entries of a list keep their order, with new ones at the end. A pointer is then the same as in the base.
    """
    if patch.get("$patch") == "replace":
        base = {}
    result: Object = {}
    for key, value in base.items():
        if key not in patch:
            result[key] = _without_duplicates(value, key)
        elif patch[key] is not None:
            result[key] = _merged(value, patch[key], in_place)
    for key, value in patch.items():
        if key not in base and key != "$patch" and value is not None:
            result[key] = _added(value)
    return result


def applied(base: Mapping[str, Any], change: Change) -> Object:
    """Return an object after a change: first the operations, then the merge. Raises ConflictError as `operated`."""
    return apply(operated(base, change.operations), change.merge)


def edited(base: Mapping[str, Any], change: Change, *, in_place: bool = False) -> Object:
    """Return an object after a change by a program that merges all lists by name. Words that are not as in the manifest stay.

    in_place: As in `apply`.
    """
    result: Any = _copied(base) if change.words else base
    for word in change.words:
        for container in list_at(result, *change.pod_path, word.listed):
            words = list_at(container, word.key)
            if text_at(container, "name") == word.container and word.position < len(words) and words[word.position] == word.old:
                words[word.position] = word.new
    return apply(result, change.named, in_place=in_place)


class ConflictError(ValueError):
    """A JSON 6902 operation does not fit the object."""


def operated(base: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> Object:
    """Return a copy of an object after JSON 6902 operations: test, replace, add and remove, as far as our patches use them.

    Raises ConflictError when a test fails, or a path does not exist.
    """
    result: Object = _copied(base)
    for operation in operations:
        *path, last = map(unescaped, operation["path"].split("/")[1:])
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


def _merged(base: Any, patch: Any, in_place: bool) -> Any:
    if isinstance(base, (dict, Mapping)) and isinstance(patch, (dict, Mapping)):
        return apply(base, patch, in_place=in_place)
    if by_name(base) is not None and by_name(patch) is not None:
        return _merged_by_name(base, patch, in_place)
    return _added(patch)


def _merged_by_name(base: Sequence[Mapping[str, Any]], patch: Sequence[Mapping[str, Any]], in_place: bool = False) -> list[Any]:
    old, new = {entry["name"]: entry for entry in base}, {entry["name"]: entry for entry in patch}
    names = Counter(entry["name"] for entry in base) if len(old) < len(base) else {}
    merged = []
    for name in {**old, **new} if in_place else {**new, **old}:
        if name not in new or (names.get(name, 0) > 1 and new[name].get("$patch") != "delete"):
            merged.append(_without_duplicates(old[name]))
        elif new[name].get("$patch") != "delete":
            merged.append(apply(old.get(name, {}), new[name], in_place=in_place))
    return merged


def _without_duplicates(value: Any, key: str = "") -> Any:
    """Return a value without a patch, with duplicate entries merged as kustomize does."""
    if not _has_duplicates(value, key):
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


def _has_duplicates(value: Any, key: str) -> bool:
    """Return whether a list that kustomize merges by name has two entries of one name, at any depth."""
    if isinstance(value, dict):
        for inner, content in value.items():
            if not isinstance(content, str) and _has_duplicates(content, inner):
                return True
    elif isinstance(value, list):
        if key in _MERGED_LISTS and (named := by_name(value)) is not None and len(named) < len(value):
            return True
        return any(_has_duplicates(entry, "") for entry in value)
    return False


_MERGED_LISTS = frozenset({"containers", "env", "initContainers"})


def _added(value: Any) -> Any:
    """Return a copy of a value that only the patch has, without nulls and directives."""
    if isinstance(value, (dict, Mapping)):
        return {key: _added(inner) for key, inner in value.items() if inner is not None and key != "$patch"}
    return [_added(inner) for inner in value] if isinstance(value, list) else value
