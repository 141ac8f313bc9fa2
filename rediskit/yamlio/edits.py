"""The changes that `splice` can make to a YAML text, and their effect on its data."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from rediskit.errors import Path
from rediskit.yamlio.flow import Value
from rediskit.yamlio.reader import read


class Put(NamedTuple):
    """Set the value at a path. A mapping is merged key by key; missing keys and mappings are added."""

    path: Path
    value: Value


class Append(NamedTuple):
    """Add an item to the end of a list, which is created if it is missing."""

    path: Path
    value: Value


class AppendBlock(NamedTuple):
    """Add an item to the end of a list, as the text of a block list with this item: `- name: x` with comments and further lines.

    The list is created if it is missing. A list with items in flow style is refused: it has no place for comments.
    """

    path: Path
    text: str

    @property
    def value(self) -> Value:
        """The item as data."""
        items: list[Value] = read(self.text.encode(), "", mapping=False).data
        return items[0]


class Prepend(NamedTuple):
    """Add an item to the front of a list, which is created if it is missing."""

    path: Path
    value: Value


class Replace(NamedTuple):
    """Replace the item of a list at a path."""

    path: Path
    value: Value


class Remove(NamedTuple):
    """Remove the item at a path from a list with other items."""

    path: Path


Edit = Put | Append | AppendBlock | Prepend | Replace | Remove


def apply(data: Any, edit: Edit) -> None:
    """Apply a change to the data."""
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
    elif isinstance(edit, (Append, AppendBlock, Prepend)):
        items = data[last] if isinstance(data, list) else data.setdefault(last, [])
        items.insert(0 if isinstance(edit, Prepend) else len(items), value)
    else:
        old = data[last] if isinstance(data, list) else data.get(last)
        data[last] = _merged(old, value)


def _merged(old: Any, value: Any) -> Any:
    """Return the merge of two mappings, key by key at every level; else the new value."""
    if isinstance(old, dict) and isinstance(value, Mapping):
        return {**old, **{key: _merged(old.get(key), inner) for key, inner in value.items()}}
    return value
