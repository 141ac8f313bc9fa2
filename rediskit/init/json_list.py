"""Split a large List in JSON, as `kubectl get -o json` prints it, into its objects.

The text is decoded in windows, so that neither its length nor one value can exhaust the memory.
"""

from __future__ import annotations

import json
import re
from codecs import utf_8_decode
from collections.abc import Iterator
from sys import intern
from typing import Any, NamedTuple, NoReturn

from rediskit.errors import ConfigError, Location, Problem
from rediskit.files import MAX_BYTES
from rediskit.init.lean_reader import UnusualError, resolved
from rediskit.yamlio.reader import CONTROL, MAX_LEVELS

_WINDOW = 2 * MAX_BYTES
_SPACE = re.compile(r"[ \t\n\r]*")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape of half a character: the other half must follow."""
_CONTAINERS = (dict, list)
_HINT = "pass the output of kubectl get -o json, or fewer objects"
_LARGER = f"a value that is not JSON, or is larger than {MAX_BYTES >> 20} MiB"


class Item(NamedTuple):
    """A value, or None where only the strict reader can accept or refuse it; its text, and the number of lines above it."""

    data: Any
    text: str
    above: int


def json_items(raw: bytes, file: str, above: int) -> Iterator[Item]:
    """Yield the objects of a List. Raises ConfigError for a text that is not JSON, and for another document than a List."""
    reading = _Reading(raw, file, above)
    yield from reading.items()
    if not str(reading.keys.get("kind")).endswith("List") or "items" not in reading.keys:
        reading.refuse(f"a document that is larger than {MAX_BYTES >> 20} MiB must be a List", at_start=True)


class _Reading:
    """A List while it is read. keys: the values of its keys, without the objects."""

    def __init__(self, raw: bytes, file: str, above: int) -> None:
        self.keys: dict[str, Any] = {}
        self._raw, self._file, self._above, self._top = raw, file, above, above
        self._base, self._text, self._at = 0, "", 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_int=resolved, parse_float=resolved, parse_constant=str)
        self._slide()

    def items(self) -> Iterator[Item]:
        """Yield the values of `items`."""
        if self._take() != "{":
            self.refuse("expected {")
        while True:
            key = self._value().data
            if not isinstance(key, str) or key in self.keys or self._take() != ":":
                self.refuse("expected a key, which is not a duplicate, and a colon")
            self.keys[key] = None
            if key == "items" and self._peek() == "[":
                yield from self._array()
            else:
                self.keys[key] = self._value().data
            separator = self._take()
            if separator == "}" and not self._peek():
                return
            if separator != ",":
                self.refuse("expected a comma, or } as the end of the document")

    def _array(self) -> Iterator[Item]:
        self._take()
        if self._peek() == "]":
            self._take()
            return
        separator = ","
        while separator == ",":
            item = self._value()
            if item.text.strip() != "null":  # As an entry of a List in YAML, it is no object.
                yield item
            separator = self._take()
        if separator != "]":
            self.refuse("expected a comma or ]")

    def _value(self) -> Item:
        """Return the next value, which is at most 1 MiB long."""
        if self._at > _WINDOW - MAX_BYTES:
            self._slide()
        self._peek()
        start = self._at
        try:
            try:
                data, end = self._decoder.raw_decode(self._text, start)
            except UnusualError:
                data, end = None, json.JSONDecoder(parse_int=str).raw_decode(self._text, start)[1]
        except RecursionError:
            self.refuse(f"more than {MAX_LEVELS} levels of mappings and lists")
        except ValueError:
            self.refuse(_LARGER)
        text, self._at = self._text[start:end], end
        if _is_unusual(text, data):
            return Item(None, " " * (start - self._text.rfind("\n", 0, start) - 1) + text, self._lines(start))
        return Item(data, "", 0)

    def _peek(self) -> str:
        """Return the next character after white space, without a step beyond it; "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or not self._slide():
                return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _slide(self) -> bool:
        """Decode the window that begins at the position, and return whether it has characters."""
        self._above = self._lines(self._at)
        self._base += len(self._text[: self._at].encode())
        chunk = self._raw[self._base : self._base + _WINDOW]
        self._text, self._at = "", 0
        try:
            self._text = utf_8_decode(chunk, "strict", self._base + _WINDOW >= len(self._raw))[0]
        except UnicodeDecodeError:
            self.refuse("text that is not UTF-8")
        return bool(self._text)

    def _lines(self, at: int) -> int:
        return self._above + self._text.count("\n", 0, at)

    def refuse(self, reason: str, *, at_start: bool = False) -> NoReturn:
        """Raise ConfigError with a location. The message contains no text of the input."""
        line = self._top if at_start else self._lines(self._at)
        column = 0 if at_start else self._at - self._text.rfind("\n", 0, self._at) - 1
        raise ConfigError(Problem(f"can't be read as JSON: {reason}", _HINT, (), Location(self._file, line + 1, column + 1)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping. Raises UnusualError for a duplicate key, or a key that is not printable text."""
    data = {intern(key): value for key, value in pairs}
    if len(data) != len(pairs) or not all(map(str.isprintable, data)):
        raise UnusualError
    return data


def _is_unusual(text: str, data: Any) -> bool:
    """Return whether only the strict reader can accept or refuse a value."""
    if data is None or len(text) > MAX_BYTES or "\x7f" in text:
        return True
    if not text.isascii() and (len(text.encode()) > MAX_BYTES or re.search(CONTROL, text)):
        return True
    return (_HALF.search(text) is not None and _has_half(data)) or _is_too_deep(data)


def _has_half(data: Any) -> bool:
    """Return whether a text has half a character, which UTF-8 can't encode."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_too_deep(data: Any) -> bool:
    level = [data] if isinstance(data, _CONTAINERS) else []
    for _ in range(MAX_LEVELS):
        level = [
            inner
            for container in level
            for inner in (container.values() if type(container) is dict else container)
            if type(inner) in _CONTAINERS
        ]
    return bool(level)
