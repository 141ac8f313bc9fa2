"""Where the values and keys of a document stand: kept as offsets while reading, made into lines and columns when asked for.

Only errors ask. A table of every path and place, made beforehand, would cost more time and memory than the reading itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rediskit.errors import Location, Path

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Lines:
    """One text, asked for the Location of a character."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _LINE_BREAK.finditer(self.text))]

    def at(self, offset: int) -> Location:
        """The place of the character with this offset; an offset behind the end is the end."""
        offset = min(offset, len(self.text))
        line = bisect_right(self._starts, offset)
        return Location(self.file, line, offset - self._starts[line - 1] + 1)

    def before(self, offset: int) -> str:
        """What stands in the line before this character."""
        return self.text[self._starts[bisect_right(self._starts, offset) - 1] : offset]


@dataclass(slots=True)
class Marks:
    """The offsets of one mapping or list: its own, those of its values by key or index, and those of a mapping's keys."""

    at: int
    values: dict[str | int, int | Marks] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)


Mark = int | Marks
"""The offset of a scalar, or the offsets of a container."""


class ValuePlaces(Mapping[Path, Location]):
    """Path of each value to where it stands; `()` is the root. In the order of the document."""

    def __init__(self, lines: Lines, root: Mark) -> None:
        self._lines, self._root = lines, root

    def __getitem__(self, path: Path) -> Location:
        mark = _find(self._root, path, path)
        return self._lines.at(mark if isinstance(mark, int) else mark.at)

    def __iter__(self) -> Iterator[Path]:
        yield ()
        yield from _paths(self._root, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KeyPlaces(Mapping[Path, Location]):
    """Path of each mapping entry to where its key stands. In the order of the document."""

    def __init__(self, lines: Lines, root: Mark) -> None:
        self._lines, self._root = lines, root

    def __getitem__(self, path: Path) -> Location:
        mark = _find(self._root, path[:-1], path)
        key = path[-1] if path else None
        if not isinstance(mark, Marks) or not isinstance(key, str) or key not in mark.keys:
            raise KeyError(path)
        return self._lines.at(mark.keys[key])

    def __iter__(self) -> Iterator[Path]:
        return (path for path in _paths(self._root, ()) if isinstance(path[-1], str))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _find(mark: Mark, path: Path, asked: Path) -> Mark:
    for part in path:
        if not isinstance(mark, Marks) or part not in mark.values:
            raise KeyError(asked)
        mark = mark.values[part]
    return mark


def _paths(mark: Mark, path: Path) -> Iterator[Path]:
    if isinstance(mark, Marks):
        for part, inner in mark.values.items():
            yield (*path, part)
            yield from _paths(inner, (*path, part))
