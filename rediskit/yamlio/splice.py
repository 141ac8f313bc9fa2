"""Changes in the text of a YAML file, limited to the values that are meant: every other byte stays.

ruamel.yaml says where each value begins and ends; the text is cut there. Nothing is written out anew, so that comments, order, quotes,
indentation, line breaks and blanks are never touched.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rediskit.errors import ConfigError, Path, Problem, RefusedError, dotted
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import Float, Int, resolve

Scalar = str | bool | int | float | None
Value = Scalar | Mapping[str, Any] | Sequence[Any]
_BOM = b"\xef\xbb\xbf"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/+@%()=;-]*(?::[A-Za-z0-9._/+@%()=;-]+[A-Za-z0-9 ._/+@%()=;-]*)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 takes for booleans: here it is text, but an editor may colour it otherwise."""
_BREAK = re.compile(r"\r\n|\n|\r")


class Put(NamedTuple):
    """A value at a path: a scalar replaces a scalar, a mapping is put key by key; what is not there is added, with what is above it."""

    path: Path
    value: Value


class Append(NamedTuple):
    """One more item of a list; the list is made where there is none."""

    path: Path
    value: Value


class Prepend(NamedTuple):
    """One more item at the front of a list; the list is created where there is none."""

    path: Path
    value: Value


class Replace(NamedTuple):
    """An item of a list, written again as a whole. path: that of the item."""

    path: Path
    value: Value


class Remove(NamedTuple):
    """An item of a list that has others. path: that of the item."""

    path: Path


Edit = Put | Append | Prepend | Replace | Remove


def splice(text: bytes, file: str, edits: Sequence[Edit]) -> bytes:
    """The text with these changes, one after the other.

    text: a file as `reader.read` takes it. file: its name, for errors. Reading the result gives exactly the data that is meant: that is
    looked at before it is given back. Raises ConfigError when the text can't be read, RefusedError when it can't be changed in place.
    """
    meant = copy.deepcopy(read(text, file).data)
    mark = _BOM if text.startswith(_BOM) else b""
    changed = text.removeprefix(_BOM).decode()
    for edit in edits:
        try:
            changed = _Text(changed).edited(edit)
        except (_CannotError, YAMLError) as error:
            raise _refused(file, edit) from error
        _apply(meant, edit)
    made = mark + changed.encode()
    try:
        is_meant = read(made, file).data == meant
    except ConfigError:
        is_meant = False
    if not is_meant:
        raise _refused(file, edits[-1])
    return made


def _refused(file: str, edit: Edit) -> RefusedError:
    hint = "write it there by hand: its layout leaves no place where a line can be changed alone"
    return RefusedError(Problem(f"{file}: {dotted(edit.path)} can't be changed in place", hint, code="layout"))


class _CannotError(Exception):
    """The layout has no place for the change."""


def _apply(data: Any, edit: Edit) -> None:
    """What the data will be."""
    *above, name = edit.path
    last: Any = name
    for part in above:
        data = data[part] if isinstance(part, int) else data.setdefault(part, {})
    if isinstance(edit, Remove):
        del data[last]
        return
    value = copy.deepcopy(edit.value)
    if isinstance(edit, Replace):
        data[last] = value
    elif isinstance(edit, Prepend):
        (data[last] if isinstance(data, list) else data.setdefault(last, [])).insert(0, value)
    elif isinstance(edit, Append):
        (data[last] if isinstance(data, list) else data.setdefault(last, [])).append(value)
    else:
        old = data[last] if isinstance(data, list) else data.get(last)
        data[last] = _merged(old, value)


def _merged(old: Any, value: Any) -> Any:
    """A mapping is put key by key, at every level."""
    if isinstance(old, dict) and isinstance(value, Mapping):
        return {**old, **{key: _merged(old.get(key), inner) for key, inner in value.items()}}
    return value


class _Text:
    """One text and its nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node = YAML(typ="safe", pure=True).compose(text)
        found = _BREAK.search(text)
        self.newline = found[0] if found else "\n"
        self.step, self.offset = _habits(self.root)

    def edited(self, edit: Edit) -> str:
        """The text with one change."""
        path = edit.path
        key: Node | None = None
        node: Node | None = self.root
        for depth, part in enumerate(path):
            inner = _child(node, part)
            if inner is None:
                if isinstance(edit, (Replace, Remove)):
                    raise _CannotError
                value: Value = edit.value if isinstance(edit, Put) else [edit.value]
                for name in reversed(path[depth + 1 :]):
                    value = {str(name): value}
                return self._insert(node, str(part), value)
            key, node = inner
        if isinstance(edit, Append):
            return self._append(node, edit.value)
        if isinstance(edit, Prepend):
            return self._prepend(node, edit.value)
        if isinstance(edit, Replace):
            return self._replace(node, edit.value)
        if isinstance(edit, Remove):
            return self._remove(self._parent(path), int(path[-1]))
        return self._put(key, node, edit)

    def _parent(self, path: Path) -> Node | None:
        node: Node | None = self.root
        for part in path[:-1]:
            inner = _child(node, part)
            node = inner[1] if inner else None
        return node

    def _prepend(self, node: Node | None, value: Value) -> str:
        if not isinstance(node, SequenceNode):
            raise _CannotError
        if not node.value:
            return self._into_flow(node, flow(value))
        first, begin = node.value[0], node.start_mark.index
        if node.flow_style:
            return self._cut(first.start_mark.index, first.start_mark.index, f"{flow(value)}, ")
        column = node.start_mark.column
        gap = max(first.start_mark.column - column, 2) if first.start_mark.line == node.start_mark.line else 2
        in_block = isinstance(first, MappingNode) and not first.flow_style
        lines = self._item(value, column, gap, in_block=in_block)
        # The first line stands behind what is in front of the old first item already: blanks, or the dash of a list around it.
        return self._cut(begin, begin, self.newline.join([lines[0].lstrip(" "), *lines[1:]]) + self.newline + " " * column)

    def _replace(self, node: Node | None, value: Value) -> str:
        if not isinstance(node, MappingNode) or not isinstance(value, Mapping):
            raise _CannotError
        begin = node.start_mark.index
        if node.flow_style:
            return self._cut(begin, node.end_mark.index, flow(value))
        column = node.start_mark.column
        lines = [line for key, inner in value.items() for line in self._entry(key, inner, column)]
        end, is_block_scalar = self._end(node)
        close = self.newline if is_block_scalar and self.text[end - 1] in "\r\n" else ""
        return self._cut(begin, end, self.newline.join(lines).lstrip(" ") + close)

    def _remove(self, node: Node | None, index: int) -> str:
        """Cuts an item with its dash, its lines and the break behind it; comments behind it stay."""
        if not isinstance(node, SequenceNode) or len(node.value) < 2:
            raise _CannotError
        item = node.value[index]
        if node.flow_style:
            before, after = (index, index + 1) if index + 1 < len(node.value) else (index - 1, index)
            if index + 1 < len(node.value):
                return self._cut(item.start_mark.index, node.value[after].start_mark.index, "")
            return self._cut(node.value[before].end_mark.index, item.end_mark.index, "")
        begin = self.text.rindex("-", 0, item.start_mark.index)
        if index:
            begin = max(self.text.rfind(letter, 0, begin) for letter in "\r\n") + 1
        end, is_block_scalar = self._end(item)
        if not is_block_scalar:
            found = _BREAK.search(self.text, end)
            end = found.end() if found else len(self.text)
        if not index:  # The blanks in front of the first dash stay: those in front of the next one go.
            end = self.text.index("-", end)
        return self._cut(begin, end, "")

    def _put(self, key: Node | None, node: Node | None, edit: Put) -> str:
        if isinstance(edit.value, Mapping):
            text = self.text
            for name, value in edit.value.items():
                text = _Text(text).edited(Put((*edit.path, name), value))
            return text
        if not isinstance(node, ScalarNode) or (isinstance(edit.value, Sequence) and not isinstance(edit.value, str)):
            raise _CannotError
        begin, end = node.start_mark.index, node.end_mark.index
        new = scalar(edit.value, node.style or "")
        if key is not None and begin == end:
            at = self._behind_colon(key)
            return self._cut(at, at, f" {new}")
        if node.style in ("|", ">"):
            old = self.text[begin:end]
            new += old[len(old.rstrip()) :]
        return self._cut(begin, end, new)

    def _insert(self, parent: Node | None, key: str, value: Value) -> str:
        if not isinstance(parent, MappingNode):
            raise _CannotError
        if parent.flow_style:
            return self._into_flow(parent, f"{scalar(key)}: {flow(value)}")
        column = parent.value[0][0].start_mark.column
        return self._below(parent, self._entry(key, value, column))

    def _append(self, node: Node | None, value: Value) -> str:
        if not isinstance(node, SequenceNode):
            raise _CannotError
        if node.flow_style:
            return self._into_flow(node, flow(value))
        last = node.value[-1]
        column = node.start_mark.column
        gap = last.start_mark.column - column if last.start_mark.line > node.start_mark.line or len(node.value) == 1 else 2
        gap = gap if 2 <= gap <= 12 else 2
        in_block = isinstance(last, MappingNode) and not last.flow_style
        return self._below(node, self._item(value, column, gap, in_block=in_block))

    def _into_flow(self, node: Node, entry: str) -> str:
        if not node.value:
            return self._cut(node.start_mark.index + 1, node.start_mark.index + 1, entry)
        end, _ = self._end(node.value[-1])
        return self._cut(end, end, f", {entry}")

    def _below(self, node: Node, lines: list[str]) -> str:
        """New lines below the last one of a block, before the comments and blank lines that follow it."""
        end, is_block_scalar = self._end(node)
        if is_block_scalar:
            if end and self.text[end - 1] not in "\r\n":
                return self._cut(end, end, "".join(f"{self.newline}{line}" for line in lines))
            return self._cut(end, end, "".join(f"{line}{self.newline}" for line in lines))
        found = _BREAK.search(self.text, end)
        at = found.start() if found else len(self.text)
        return self._cut(at, at, "".join(f"{self.newline}{line}" for line in lines))

    def _end(self, node: Any) -> tuple[int, bool]:
        """Where the last thing of a node ends, comments apart, and whether that is a block scalar, whose text ends with its last line.

        The mark of an empty value may lie behind the comments that follow: its colon counts.
        """
        if isinstance(node, tuple):
            key, value = node
            empty = isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index
            return (self._behind_colon(key), False) if empty else self._end(value)
        if isinstance(node, ScalarNode):
            return node.end_mark.index, node.style in ("|", ">")
        if node.flow_style or not node.value:
            return node.end_mark.index, False
        return self._end(node.value[-1])

    def _behind_colon(self, key: Node) -> int:
        """The place behind a key's colon; behind the key where it has none, as in `{key}`."""
        found = re.compile(r"\s*:").match(self.text, key.end_mark.index)
        return found.end() if found else int(key.end_mark.index)

    def _entry(self, key: str, value: Value, column: int) -> list[str]:
        head = f"{' ' * column}{scalar(key)}:"
        if isinstance(value, Mapping) and value:
            return [head, *(line for name, inner in value.items() for line in self._entry(name, inner, column + self.step))]
        if isinstance(value, (list, tuple)) and value:
            items = (self._item(inner, column + self.offset, 2, in_block=False) for inner in value)
            return [head, *(line for lines in items for line in lines)]
        return [f"{head} {flow(value)}"]

    def _item(self, value: Value, column: int, gap: int, *, in_block: bool) -> list[str]:
        dash = f"{' ' * column}-{' ' * (gap - 1)}"
        if not in_block or not isinstance(value, Mapping):
            return [f"{dash}{flow(value)}"]
        lines = [line for key, inner in value.items() for line in self._entry(key, inner, column + gap)]
        return [dash + lines[0].lstrip(), *lines[1:]]

    def _cut(self, begin: int, end: int, new: str) -> str:
        return self.text[:begin] + new + self.text[end:]


def _child(node: Node | None, part: str | int) -> tuple[Node | None, Node] | None:
    """The key (of a mapping) and the value; None where the mapping has no such key."""
    if isinstance(node, MappingNode):
        return next((pair for pair in node.value if pair[0].value == part), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    raise _CannotError


def _habits(root: Node) -> tuple[int, int]:
    """How far mappings, and the dashes of lists, are indented below their key: as in the first place of the text that shows it."""
    step, offset = None, None
    stack = [root]
    while stack and (step is None or offset is None):
        node = stack.pop(0)
        for key, value in node.value if isinstance(node, MappingNode) else ():
            distance = value.start_mark.column - key.start_mark.column
            if isinstance(value, MappingNode) and not value.flow_style and step is None:
                step = distance
            if isinstance(value, SequenceNode) and not value.flow_style and offset is None:
                offset = distance
            stack.append(value)
        stack += node.value if isinstance(node, SequenceNode) else ()
    return step or 2, offset or 0


def flow(value: Value) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str) or not isinstance(value, Sequence):
        return scalar(value)
    return "[" + ", ".join(flow(inner) for inner in value) + "]"


def scalar(value: Scalar, style: str = "") -> str:
    """Return a scalar as YAML: text in this style of quotes where possible, a number as it was written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value.text if isinstance(value, (Int, Float)) else str(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if (
        style != '"'
        and _PLAIN.fullmatch(value)
        and isinstance(resolve(value), str)
        and value.lower() not in _WORDS
        and value == value.strip()
    ):
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    number = ord(letter)
    return {"\n": "\\n", "\t": "\\t"}.get(letter) or (f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}")
