"""Locations of values and keys in a document: the reader stores offsets, a lookup computes line and column.

Only errors need locations. A table of all locations would take more time and memory than reading the document.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from rediskit.errors import Location, Path, Positions

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Lines:
    """A text that computes the location of a character. above: the number of lines of the file above the text."""

    def __init__(self, file: str, text: str, above: int = 0) -> None:
        self.file, self.text, self.above = file, text, above

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(line_break.end() for line_break in _LINE_BREAK.finditer(self.text))]

    def at(self, offset: int) -> Location:
        """Return the location of the character at an offset; that of the end for a larger offset."""
        offset = min(offset, len(self.text))
        line = bisect_right(self._starts, offset)
        return Location(self.file, self.above + line, offset - self._starts[line - 1] + 1)

    def before(self, offset: int) -> str:
        """Return the part of the line before an offset."""
        return self.text[self._starts[bisect_right(self._starts, offset) - 1] : offset]


class Marks(NamedTuple):
    """The offsets of a mapping or list: its start, its values by key or index, and the keys of a mapping."""

    at: int
    values: dict[str | int, Any]
    keys: dict[str, int]


Mark = int | Marks
"""The offset of a scalar, or the offsets of a container."""


class _Places(Mapping[Path, Location]):
    """Locations by path in the order of the document."""

    def __init__(self, lines: Lines, root: Mark) -> None:
        self._lines, self._root = lines, root

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, path: Path) -> Location:
        if (offset := self._offset(path)) is None:
            raise KeyError(path)
        return self._lines.at(offset)

    def get(self, path: Path, default: Any = None) -> Any:
        """Return the location of a path. Most searches are for absent values, and a KeyError costs ten times as much as the search."""
        offset = self._offset(path)
        return default if offset is None else self._lines.at(offset)

    def _offset(self, path: Path) -> int | None:
        raise NotImplementedError


class ValuePlaces(_Places):
    """The location of each value by path; `()` is the root."""

    def _offset(self, path: Path) -> int | None:
        mark = _find(self._root, path)
        return mark.at if isinstance(mark, Marks) else mark

    def __iter__(self) -> Iterator[Path]:
        yield ()
        yield from _paths(self._root, ())


class KeyPlaces(_Places):
    """The location of the key of each mapping entry by path."""

    def _offset(self, path: Path) -> int | None:
        mark = _find(self._root, path[:-1])
        return mark.keys.get(path[-1]) if path and isinstance(mark, Marks) else None  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Path]:
        return (path for path in _paths(self._root, ()) if isinstance(path[-1], str))


def _find(root: Mark, path: Path) -> Mark | None:
    """Return the mark of a value; None where there is none."""
    mark: Mark | None = root
    for part in path:
        mark = mark.values.get(part) if isinstance(mark, Marks) else None
    return mark


def _paths(mark: Mark, path: Path) -> Iterator[Path]:
    if isinstance(mark, Marks):
        for part, inner in mark.values.items():
            yield (*path, part)
            yield from _paths(inner, (*path, part))


class Places(Mapping[Path, Location]):
    """Locations of the values (or keys) of a config whose clients can be in their own files."""

    def __init__(self, config: Positions) -> None:
        self._config = config
        self._clients: dict[Path, Positions] = {}

    def put(self, path: Path, client: Positions) -> None:
        """Use the locations of a client's file at and below the path `("clients", index)`."""
        self._clients[path] = client

    def __getitem__(self, path: Path) -> Location:
        if (location := self.get(path)) is None:
            raise KeyError(path)
        return location  # type: ignore[no-any-return]

    def get(self, path: Path, default: Any = None) -> Any:
        client = self._clients.get(path[:2]) if self._clients else None
        return self._config.get(path, default) if client is None else client.get(path[2:], default)

    def __iter__(self) -> Iterator[Path]:
        yield from (path for path in self._config if path[:2] not in self._clients)
        for above, client in self._clients.items():
            yield from ((*above, *path) for path in client)

    def __len__(self) -> int:
        return sum(1 for _ in self)
