"""Split the output of kubectl into parts that are read one by one, so that a dump of a cluster needs little memory."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Location, Problem
from rediskit.files import MAX_BYTES
from rediskit.init.json_list import json_items
from rediskit.init.lean_reader import read_lean
from rediskit.yamlio.reader import read

MAX_INPUT = 50 * 1024 * 1024
"""The largest input, in bytes: a dump of a cluster with thousands of objects."""
_BREAK = re.compile(rb"^(?:---(?=\s|$)|\.\.\.(?=\s|$))", re.MULTILINE)
_JSON = re.compile(rb"\s*[{\[]")
_EMPTY = re.compile(rb"(?:\s|#[^\n]*(?:\n|$)|%[^\n]*(?:\n|$))*")
_ITEMS = re.compile(rb"^items:[ \t]*\n(?=-[ \n])", re.MULTILINE)
_ITEM = re.compile(rb"^-(?=[ \n])", re.MULTILINE)
_AFTER = re.compile(rb"^[^-\s#]", re.MULTILINE)
"""The first key after the items of a List, which kubectl does not indent."""


class Part(NamedTuple):
    """One document, the number of lines of the input above it, and its content if it is known."""

    text: bytes
    above: int
    data: Any = None

    def content(self, file: str) -> Any:
        """Return the mapping in the document. Raises ConfigError."""
        return read_lean(self.text, file, self.above) if self.data is None else self.data


def parts(text: bytes, file: str) -> Iterator[Part]:
    """Yield each document that is not empty; in place of a List of more than 1 MiB, its objects. Raises ConfigError."""
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    starts = [0, *(match.start() for match in _BREAK.finditer(text))]
    above = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = text[start:end]
        part = re.sub(rb"^(?:---|\.\.\.)", b"", part) if start else _BREAK.sub(b"", part, count=1)
        if len(part) > MAX_BYTES and _JSON.match(part):
            for item in json_items(part, file, above):
                yield Part(item.text.encode(), item.above, item.data)
        elif len(part) > MAX_BYTES:
            yield from _items(part, file, above)
        elif not _EMPTY.fullmatch(part):
            yield Part(part, above)
        above += text.count(b"\n", start, end)


def _items(part: bytes, file: str, above: int) -> Iterator[Part]:
    """Yield the objects of a List as kubectl prints it. Lines at the left margin begin an object or a key of the List."""
    first = _ITEMS.search(part)
    if first is None:
        hint = "pass the output of kubectl get -o yaml or -o json, or fewer objects"
        problem = Problem(f"a document is larger than {MAX_BYTES >> 20} MiB and is not a List", hint, (), Location(file, above + 1, 1))
        raise ConfigError(problem)
    after = _AFTER.search(part, first.end())
    end = after.start() if after else len(part)
    _refuse_other(part[: first.start()] + b"items: []\n" + part[end:], file, above)
    starts = [item.start() for item in _ITEM.finditer(part, first.end(), end)]
    above += part.count(b"\n", 0, first.end())
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        yield Part(b" " + part[start + 1 : following], above)
        above += part.count(b"\n", start, following)


def _refuse_other(frame: bytes, file: str, above: int) -> None:
    """Raise ConfigError unless the keys beside the objects are those of a List."""
    kind = read(frame, file, above=above).data.get("kind")
    if not str(kind).endswith("List"):
        hint = "pass the output of kubectl get -o yaml"
        raise ConfigError(Problem(f"the kind of a document with items is {kind!r} instead of List", hint, (), Location(file, above + 1, 1)))
