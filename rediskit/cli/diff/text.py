"""Differences as text: a readable list by object, a unified diff of the files, and data for JSON."""

from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher, unified_diff
from itertools import zip_longest
from typing import Any

from rediskit.errors import visible
from rediskit.output.tree_diff import FileDiff, TreeDiff, ValueChange
from rediskit.yamlio import writer as yaml

_WIDE = 160
"""The maximum length of a value in the list. A longer value is shown from its first difference."""
_BEFORE = 24
"""Characters shown before that place."""


def counts(differences: TreeDiff) -> str:
    """Return the counts, such as `1 added, 2 changed`."""
    numbers = Counter(difference.status for difference in differences.all)
    return (
        ", ".join(f"{numbers[status]} {status}" for status in ("added", "changed", "moved", "removed") if numbers[status])
        or "no difference"
    )


def readable(differences: TreeDiff) -> Iterator[str]:
    """Yield the readable list: one line per object or file, and below it one line per value."""
    yield f"{differences.name}: {counts(differences)}"
    for difference in differences.all:
        yield visible(f"{difference.status:<8} {difference}{_remark(difference)}")
        for change in difference.changes:
            yield from (visible(f"  {line}") for line in _change(change))


def unified(differences: TreeDiff) -> Iterator[str]:
    """Yield a unified diff of the files. Paths begin with the name of the environment."""
    for difference in differences.all:
        yield from unified_file(difference, f"{differences.name}/")


def unified_file(difference: FileDiff, folder: str = "") -> Iterator[str]:
    """Yield a unified diff of one file, with its header."""
    old = f"a/{folder}{difference.old_path or difference.path}" if difference.before is not None else "/dev/null"
    new = f"b/{folder}{difference.path}" if difference.after is not None else "/dev/null"
    yield visible(f"--- {old}")
    yield visible(f"+++ {new}")
    lines = list(unified_diff(_lines(difference.before or ""), _lines(difference.after or ""), lineterm=""))[2:]
    if not lines:
        yield f"# {_no_lines(difference)}"
    for line in lines:
        text = line.removesuffix("\n")
        yield visible(text)
        if text == line and not line.startswith("@@"):
            yield "\\ No newline at end of file"


def _no_lines(difference: FileDiff) -> str:
    if difference.before is None or difference.after is None:
        return "the file is empty"
    if difference.status == "moved":
        return "moved, and nothing else differs"
    return "only comments, quotes or layout differ, and with a secret in it the file is not shown as it is laid out"


def as_json(differences: TreeDiff) -> dict[str, Any]:
    """Return the differences as JSON, without the texts."""
    return {
        "name": differences.name,
        "empty": differences.empty,
        "objects": [
            {**(difference.identity._asdict() if difference.identity else {}), **_json(difference)} for difference in differences.objects
        ],
        "files": [_json(difference) for difference in differences.files],
        "warnings": [{"message": warning.message, "hint": warning.hint} for warning in differences.warnings],
    }


def _json(difference: FileDiff) -> dict[str, Any]:
    return {
        "status": difference.status,
        "path": difference.path,
        "oldPath": difference.old_path or None,
        "changes": [change._asdict() for change in difference.changes],
    }


def _remark(difference: FileDiff) -> str:
    remarks = [f"{difference.old_path} -> {difference.path}"] if difference.old_path else []
    if difference.status == "changed" and not difference.changes:
        remarks.append("only comments, quotes or layout" if difference.by_values else _line_counts(difference))
    return f"  ({', '.join(remarks)})" if remarks else ""


def _line_counts(difference: FileDiff) -> str:
    steps = SequenceMatcher(None, _lines(difference.before or ""), _lines(difference.after or "")).get_opcodes()
    added = sum(end - begin for step, _, _, begin, end in steps if step != "equal")
    removed = sum(end - begin for step, begin, end, _, _ in steps if step != "equal")
    return f"+{added} -{removed} lines"


def _change(change: ValueChange) -> Iterator[str]:
    if change.kind == "order":
        yield f"{change.path}: order {', '.join(map(str, change.old))} -> {', '.join(map(str, change.new))}"
    elif change.kind == "changed":
        yield from _changed(change)
    else:
        mark, value = ("+", change.new) if change.kind == "added" else ("-", change.old)
        lines = _shown(value)
        if len(lines) == 1:
            yield f"{mark} {change.path}: {_cut(lines[0], 0)}"
        else:
            yield f"{mark} {change.path}:"
            yield from (f"    {_cut(line, 0)}" for line in lines)


def _changed(change: ValueChange) -> Iterator[str]:
    where = change.path or "the whole document"
    old, new = _shown(change.old), _shown(change.new)
    if len(old) == len(new) == 1:
        begin = _alike(old[0], new[0])
        yield f"{where}: {_cut(old[0], begin)} -> {_cut(new[0], begin)}"
        return
    yield f"{where}:"
    for step, begin, end, new_begin, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if step != "equal":
            yield from _marked("-", old[begin:end], new[new_begin:new_end])
            yield from _marked("+", new[new_begin:new_end], old[begin:end])


def _marked(mark: str, lines: list[str], others: list[str]) -> Iterator[str]:
    for line, other in zip_longest(lines, others[: len(lines)], fillvalue=""):
        yield f"  {mark} {_cut(line, _alike(line, other))}"


def _alike(first: str, other: str) -> int:
    """Return the length of the common beginning of two texts."""
    return next((at for at, pair in enumerate(zip(first, other, strict=False)) if pair[0] != pair[1]), min(len(first), len(other)))


def _shown(value: Any) -> list[str]:
    """Return the lines of a value: a text of several lines unchanged, any other value as YAML."""
    if isinstance(value, str) and "\n" in value:
        return value.split("\n")
    try:
        lines = yaml.dump({"x": value}).removesuffix("\n").split("\n")
    except (TypeError, ValueError):
        return [repr(value)]
    return (
        [lines[0].removeprefix("x: ")]
        if len(lines) == 1
        else [line.removeprefix("  ") if isinstance(value, dict) else line for line in lines[1:]]
    )


def _cut(text: str, begin: int) -> str:
    """Return the part of a long text around `begin`, with its length."""
    if len(text) <= _WIDE:
        return text
    start = max(0, begin - _BEFORE)
    head = "..." if start else ""
    tail = "..." if start + _WIDE < len(text) else ""
    return f"{head}{text[start : start + _WIDE]}{tail} ({len(text)} characters)"


def _lines(text: str) -> list[str]:
    """Return the lines with their newlines; no other character ends a line."""
    lines = text.split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]
