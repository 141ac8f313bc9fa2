"""Change values in the text of a YAML file. All other bytes stay: comments, order, quotes, indentation and line breaks.

ruamel.yaml returns the start and the end of each value; `splice` replaces the text between them.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rediskit.errors import ConfigError, Path, Problem, RefusedError, dotted
from rediskit.yamlio.edits import Append, AppendBlock, Edit, Prepend, Put, Remove, Replace, apply
from rediskit.yamlio.flow import Value, flow, scalar
from rediskit.yamlio.reader import read

_BOM = b"\xef\xbb\xbf"
_BREAK = re.compile(r"\r\n|\n|\r")


def splice(text: bytes, file: str, edits: Sequence[Edit]) -> bytes:
    """Return the text after these changes, applied in order. The result is parsed again and compared with the expected data.

    Raises RefusedError when the layout of the text does not allow a change in place.
    """
    expected = copy.deepcopy(read(text, file).data)
    mark = _BOM if text.startswith(_BOM) else b""
    changed = text.removeprefix(_BOM).decode()
    for edit in edits:
        try:
            changed = _Text(changed).edited(edit)
        except (_LayoutError, YAMLError) as error:
            raise _refused(file, edit) from error
        apply(expected, edit)
    result = mark + changed.encode()
    try:
        is_expected = read(result, file).data == expected
    except ConfigError:
        is_expected = False
    if not is_expected:
        raise _refused(file, edits[-1])
    return result


def _refused(file: str, edit: Edit) -> RefusedError:
    hint = "edit the file by hand: its layout does not allow the change of a single line"
    return RefusedError(Problem(f"{file}: {dotted(edit.path)} can't be changed in place", hint, code="layout"))


class _LayoutError(Exception):
    """The layout of the text does not allow the change."""


class _Text:
    """A text and its YAML nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node = YAML(typ="safe", pure=True).compose(text)
        line_break = _BREAK.search(text)
        self.newline = line_break[0] if line_break else "\n"
        self.step, self.offset = _indentation(self.root)

    def edited(self, edit: Edit) -> str:
        """Return the text after one change."""
        path = edit.path
        parent: Node | None = None
        key: Node | None = None
        node: Node | None = self.root
        for depth, part in enumerate(path):
            inner = _child(node, part)
            if inner is None:
                return self._missing(node, path[depth:], edit)
            parent, (key, node) = node, inner
        if isinstance(edit, Append):
            return self._append(node, edit.value)
        if isinstance(edit, AppendBlock):
            return self._append_block(key, node, edit.text)
        if isinstance(edit, Prepend):
            return self._prepend(node, edit.value)
        if isinstance(edit, Replace):
            return self._replace(node, edit.value)
        if isinstance(edit, Remove):
            return self._remove(parent, int(path[-1]))
        return self._put(key, node, edit)

    def _missing(self, parent: Node | None, path: Path, edit: Edit) -> str:
        """Add the value of an edit whose path is missing below a mapping."""
        if isinstance(edit, (Replace, Remove)):
            raise _LayoutError
        if isinstance(edit, AppendBlock):
            return self._block_list(parent, path, edit.text)
        value: Value = edit.value if isinstance(edit, Put) else [edit.value]
        for name in reversed(path[1:]):
            value = {str(name): value}
        return self._insert(parent, str(path[0]), value)

    def _prepend(self, node: Node | None, value: Value) -> str:
        if not isinstance(node, SequenceNode):
            raise _LayoutError
        if not node.value:
            return self._into_flow(node, flow(value))
        first, begin = node.value[0], node.start_mark.index
        if node.flow_style:
            return self._cut(first.start_mark.index, first.start_mark.index, f"{flow(value)}, ")
        column = node.start_mark.column
        gap = max(first.start_mark.column - column, 2) if first.start_mark.line == node.start_mark.line else 2
        in_block = isinstance(first, MappingNode) and not first.flow_style
        lines = self._item(value, column, gap, in_block=in_block)
        # The text before the old first item stays before the new one: spaces, or the dash of an outer list.
        return self._cut(begin, begin, self.newline.join([lines[0].lstrip(" "), *lines[1:]]) + self.newline + " " * column)

    def _replace(self, node: Node | None, value: Value) -> str:
        if not isinstance(node, MappingNode) or not isinstance(value, Mapping):
            raise _LayoutError
        begin = node.start_mark.index
        if node.flow_style:
            return self._cut(begin, node.end_mark.index, flow(value))
        column = node.start_mark.column
        lines = [line for key, inner in value.items() for line in self._entry(key, inner, column)]
        end, is_block_scalar = self._end(node)
        close = self.newline if is_block_scalar and self.text[end - 1] in "\r\n" else ""
        return self._cut(begin, end, self.newline.join(lines).lstrip(" ") + close)

    def _remove(self, node: Node | None, index: int) -> str:
        """Remove an item with its dash, its lines and the line break; comments after it stay."""
        if not isinstance(node, SequenceNode) or len(node.value) < 2:
            raise _LayoutError
        item = node.value[index]
        if node.flow_style:
            if index + 1 < len(node.value):
                return self._cut(item.start_mark.index, node.value[index + 1].start_mark.index, "")
            return self._cut(node.value[index - 1].end_mark.index, item.end_mark.index, "")
        begin = self.text.rindex("-", 0, item.start_mark.index)
        if index:
            begin = max(self.text.rfind(letter, 0, begin) for letter in "\r\n") + 1
        end, is_block_scalar = self._end(item)
        if not is_block_scalar:
            line_break = _BREAK.search(self.text, end)
            end = line_break.end() if line_break else len(self.text)
        if not index:  # The spaces before the first dash stay, those before the next dash are removed.
            end = self.text.index("-", end)
        return self._cut(begin, end, "")

    def _put(self, key: Node | None, node: Node | None, edit: Put) -> str:
        if isinstance(edit.value, Mapping):
            text = self.text
            for name, value in edit.value.items():
                text = _Text(text).edited(Put((*edit.path, name), value))
            return text
        if not isinstance(node, ScalarNode) or (isinstance(edit.value, Sequence) and not isinstance(edit.value, str)):
            raise _LayoutError
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
            raise _LayoutError
        if parent.flow_style:
            return self._into_flow(parent, f"{scalar(key)}: {flow(value)}")
        column = parent.value[0][0].start_mark.column
        return self._below(parent, self._entry(key, value, column))

    def _append(self, node: Node | None, value: Value) -> str:
        if not isinstance(node, SequenceNode):
            raise _LayoutError
        if node.flow_style:
            return self._into_flow(node, flow(value))
        last = node.value[-1]
        column, gap = self._dash(node)
        in_block = isinstance(last, MappingNode) and not last.flow_style
        return self._below(node, self._item(value, column, gap, in_block=in_block))

    def _block_list(self, parent: Node | None, path: Path, text: str) -> str:
        """Add a key with a list of one item to a block mapping."""
        if not isinstance(parent, MappingNode) or parent.flow_style or len(path) != 1:
            raise _LayoutError
        column = parent.value[0][0].start_mark.column
        return self._below(parent, [f"{' ' * column}{scalar(str(path[0]))}:", *_indented(text, column + self.offset, 2)])

    def _append_block(self, key: Node | None, node: Node | None, text: str) -> str:
        if not isinstance(node, SequenceNode) or key is None:
            raise _LayoutError
        if not node.value:
            lines = _indented(text, key.start_mark.column + self.offset, 2)
            begin, rest = self._behind_colon(key), self.text[node.end_mark.index :]
            alone = re.match(r"[ \t]*(?:#[^\r\n]*)?(?:[\r\n]|$)", rest)
            if not alone or "".join(self.text[begin : node.end_mark.index].split()) != "[]":
                raise _LayoutError
            end = line_break.start() if (line_break := _BREAK.search(rest)) else len(rest)
            return self.text[:begin] + self.newline.join([rest[:end], *lines]) + rest[end:]
        if node.flow_style:
            raise _LayoutError
        return self._below(node, _indented(text, *self._dash(node)))

    def _dash(self, node: SequenceNode) -> tuple[int, int]:
        """Return the column of the dashes of a block list, and the distance of its items from them."""
        column, last = node.start_mark.column, node.value[-1]
        gap = last.start_mark.column - column if last.start_mark.line > node.start_mark.line or len(node.value) == 1 else 2
        return column, gap if 2 <= gap <= 12 else 2

    def _into_flow(self, node: Node, entry: str) -> str:
        if not node.value:
            return self._cut(node.start_mark.index + 1, node.start_mark.index + 1, entry)
        end, _ = self._end(node.value[-1])
        return self._cut(end, end, f", {entry}")

    def _below(self, node: Node, lines: list[str]) -> str:
        """Add lines after the last line of a block, before comments and blank lines."""
        end, is_block_scalar = self._end(node)
        if is_block_scalar:
            if end and self.text[end - 1] not in "\r\n":
                return self._cut(end, end, "".join(f"{self.newline}{line}" for line in lines))
            return self._cut(end, end, "".join(f"{line}{self.newline}" for line in lines))
        line_break = _BREAK.search(self.text, end)
        at = line_break.start() if line_break else len(self.text)
        return self._cut(at, at, "".join(f"{self.newline}{line}" for line in lines))

    def _end(self, node: Any) -> tuple[int, bool]:
        """Return the end of a node without comments, and whether its last value is a block scalar, which includes its last line break.

        The mark of an empty value can be after following comments, so its colon is the end.
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
        """Return the offset after the colon of a key, or after a key without a colon, as in `{key}`."""
        colon = re.compile(r"\s*:").match(self.text, key.end_mark.index)
        return colon.end() if colon else int(key.end_mark.index)

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


def _indented(text: str, column: int, gap: int) -> list[str]:
    """Return the lines of a block list at a column; gap: the distance of the items from their dashes, 2 in the text."""
    first, *lines = text.splitlines()
    head = f"{' ' * column}-{' ' * (gap - 1)}{first.removeprefix('- ')}"
    return [head, *(f"{' ' * (column + gap - 2)}{line}" if line else "" for line in lines)]


def _child(node: Node | None, part: str | int) -> tuple[Node | None, Node] | None:
    """Return key and value of an entry of a mapping, or None and an item of a list; None for a missing key."""
    if isinstance(node, MappingNode):
        return next((pair for pair in node.value if pair[0].value == part), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    raise _LayoutError


def _indentation(root: Node) -> tuple[int, int]:
    """Return the indentation of mappings and of list dashes below their key, as used first in the text."""
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
