"""Compare two values of plain data. Lists of named entries are compared by name, not by index."""

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from rediskit.output.tree_diff import ValueChange

_NAMES = ("name", "alert", "record", "mountPath", "containerPort", "port", "key", "path", "namespace", "kind")
"""Keys that identify the entries of a list, by priority: containers and variables by name, mounts by path, ports by number."""
_MOST = 1_000_000
"""Pairs of entries: a search for inserted entries in longer lists takes too much time."""
_SIMPLE_KEY = re.compile(r"[\w/-]+")
_SIMPLE_NAME = re.compile(r"[\w./:-]+")


def changes_between(old: Any, new: Any) -> tuple[ValueChange, ...]:
    """Return every path at which two documents differ. 1, 1.0, true and "1" are different values; the order of keys is ignored."""
    return tuple(_compare(old, new, ""))


def _compare(old: Any, new: Any, path: str) -> Iterator[ValueChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _by_key(old, new, {key: _below(path, key) for key in [*new, *old]})
    elif isinstance(old, list) and isinstance(new, list):
        key = _identifying_key(old, new)
        yield from _by_name(old, new, path, key) if key else _by_index(old, new, path)
    elif _type(old) != _type(new) or old != new:
        yield ValueChange("changed", path, old, new)


def _by_key(old: dict[Any, Any], new: dict[Any, Any], paths: dict[Any, str]) -> Iterator[ValueChange]:
    """Compare the values of two mappings. paths: the path of each key of both."""
    for key, path in paths.items():
        if key not in old:
            yield ValueChange("added", path, None, new[key])
        elif key not in new:
            yield ValueChange("removed", path, old[key], None)
        else:
            yield from _compare(old[key], new[key], path)


def _by_name(old: list[Any], new: list[Any], path: str, key: str) -> Iterator[ValueChange]:
    before, after = ({entry[key]: entry for entry in entries} for entries in (old, new))
    texts = {name: str(name) if _SIMPLE_NAME.fullmatch(str(name)) else json.dumps(name, ensure_ascii=False) for name in [*after, *before]}
    yield from _by_key(before, after, {name: f"{path}[{key}={text}]" for name, text in texts.items()})
    kept_before, kept_after = [name for name in before if name in after], [name for name in after if name in before]
    if kept_before != kept_after:
        yield ValueChange("order", path, kept_before, kept_after)


def _by_index(old: list[Any], new: list[Any], path: str) -> Iterator[ValueChange]:
    steps: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(old), 0, len(new))]
    if len(old) * len(new) <= _MOST:
        steps = SequenceMatcher(None, [*map(_token, old)], [*map(_token, new)], autojunk=False).get_opcodes()
    for step, begin, end, new_begin, new_end in steps:
        if step == "equal":
            continue
        both = min(end - begin, new_end - new_begin)
        for offset in range(both):
            yield from _compare(old[begin + offset], new[new_begin + offset], f"{path}[{new_begin + offset}]")
        for index in range(begin + both, end):
            yield ValueChange("removed", f"{path}[{index}]", old[index], None)
        for index in range(new_begin + both, new_end):
            yield ValueChange("added", f"{path}[{index}]", None, new[index])


def _identifying_key(old: list[Any], new: list[Any]) -> str:
    """Return the key with a different value in each entry of both lists; "" if there is none."""
    entries = [*old, *new]
    if not old or not new or not all(isinstance(entry, dict) for entry in entries):
        return ""
    for key in _NAMES:
        if all(_type(entry.get(key)) in ("str", "int") for entry in entries) and _differ(old, key) and _differ(new, key):
            return key
    return ""


def _differ(entries: list[Any], key: str) -> bool:
    return len({entry[key] for entry in entries}) == len(entries)


def _type(value: Any) -> str:
    for kind in (bool, int, float, str, dict, list):
        if isinstance(value, kind):
            return kind.__name__
    return "null"


def _token(value: Any) -> str:
    """Return a text that is equal for equal values only: in JSON 1, 1.0, true and "1" differ."""
    return json.dumps(value, sort_keys=True)


def _below(path: str, key: str) -> str:
    if not _SIMPLE_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key
