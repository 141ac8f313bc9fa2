"""Two values of plain data, held against each other: which paths differ. Lists of named entries are compared by name, not by place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from rediskit.output.tree_diff import ValueChange

_NAMES = ("name", "alert", "record", "mountPath", "containerPort", "port", "key", "path", "namespace", "kind")
"""What tells the entries of a list apart, first match wins: containers and variables by name, mounts by path, ports by number."""
_MOST = 1_000_000
"""Pairs of entries: a longer search for what was inserted costs more than it tells."""
_SIMPLE_KEY = re.compile(r"[\w/-]+")
_SIMPLE_NAME = re.compile(r"[\w./:-]+")


def changes_between(old: Any, new: Any) -> tuple[ValueChange, ...]:
    """Every path at which two documents differ. 1, 1.0, true and "1" are four different values; the order of keys does not count."""
    return tuple(_walk(old, new, ""))


def _walk(old: Any, new: Any, path: str) -> Iterator[ValueChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            below = _below(path, key)
            if key not in old:
                yield ValueChange("added", below, None, new[key])
            elif key not in new:
                yield ValueChange("removed", below, old[key], None)
            else:
                yield from _walk(old[key], new[key], below)
    elif isinstance(old, list) and isinstance(new, list):
        named = _named(old, new)
        yield from _by_name(old, new, path, named) if named else _by_place(old, new, path)
    elif _type(old) != _type(new) or old != new:
        yield ValueChange("changed", path, old, new)


def _by_name(old: list[Any], new: list[Any], path: str, key: str) -> Iterator[ValueChange]:
    before = {entry[key]: entry for entry in old}
    after = {entry[key]: entry for entry in new}
    for name in [*after, *(name for name in before if name not in after)]:
        text = str(name) if _SIMPLE_NAME.fullmatch(str(name)) else json.dumps(name, ensure_ascii=False)
        below = f"{path}[{key}={text}]"
        if name not in before:
            yield ValueChange("added", below, None, after[name])
        elif name not in after:
            yield ValueChange("removed", below, before[name], None)
        else:
            yield from _walk(before[name], after[name], below)
    kept, now = [name for name in before if name in after], [name for name in after if name in before]
    if kept != now:
        yield ValueChange("order", path, kept, now)


def _by_place(old: list[Any], new: list[Any], path: str) -> Iterator[ValueChange]:
    steps: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(old), 0, len(new))]
    if len(old) * len(new) <= _MOST:
        steps = SequenceMatcher(None, [*map(_token, old)], [*map(_token, new)], autojunk=False).get_opcodes()
    for step, begin, end, new_begin, new_end in steps:
        if step == "equal":
            continue
        both = min(end - begin, new_end - new_begin)
        for offset in range(both):
            yield from _walk(old[begin + offset], new[new_begin + offset], f"{path}[{new_begin + offset}]")
        for index in range(begin + both, end):
            yield ValueChange("removed", f"{path}[{index}]", old[index], None)
        for index in range(new_begin + both, new_end):
            yield ValueChange("added", f"{path}[{index}]", None, new[index])


def _named(old: list[Any], new: list[Any]) -> str:
    """The key whose values tell all entries of both lists apart; "" when there is none."""
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
    """The same for the same value only: JSON tells 1, 1.0, true and "1" apart."""
    return json.dumps(value, sort_keys=True)


def _below(path: str, key: str) -> str:
    if not _SIMPLE_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key
