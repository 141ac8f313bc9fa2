"""Read the objects of a dump into plain data, without the locations that only errors need.

The result is that of the strict reader. Whatever is not plain data reaches that reader, which refuses it with its location.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from sys import intern
from typing import Any

import yaml
from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from rediskit.files import MAX_BYTES
from rediskit.yamlio.reader import MAX_LEVELS, PARSER, read
from rediskit.yamlio.scalars import plain, resolve

_CLEAN = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
"""The characters of ASCII that the strict reader accepts."""
_UNUSUAL = (b"\n%", b"\\u", b"\\U")
"""Directives, and escapes that can be half of a character."""
_NO_KEYS = frozenset({"<<", "", "~", "null", "true", "false"})
_IN_QUOTED_KEYS = re.compile(r"[\x00-\x1f]")


class UnusualError(ValueError):
    """Something that only the strict reader can accept or refuse."""


def read_lean(text: bytes, file: str, above: int) -> Any:
    """Return the mapping in a document, as `plain(read(…).data)` does. Raises ConfigError as `read` does."""
    try:
        return parsed(text)
    except (UnusualError, yaml.YAMLError, ValueError, OverflowError):
        return plain(read(text, file, above=above).data)


def is_clean(text: bytes) -> bool:
    """Return whether a text is of ASCII, without control characters."""
    return not text.translate(None, _CLEAN)


def parsed(text: bytes) -> dict[str, Any]:
    """Return the mapping in a document of plain data. Raises UnusualError or an error of the parser for everything else."""
    if len(text) > MAX_BYTES or not is_clean(text) or any(mark in text for mark in _UNUSUAL):
        raise UnusualError
    get_event = PARSER(text).get_event
    start = [get_event() for _ in range(3)]
    if [type(event) for event in start] != [StreamStartEvent, DocumentStartEvent, MappingStartEvent]:
        raise UnusualError
    root: dict[str, Any] = _begun(start[2], MappingStartEvent, 0)
    _fill(root, get_event)
    get_event()  # The end of the document.
    if type(get_event()) is not StreamEndEvent:
        raise UnusualError
    return root


def _fill(root: dict[str, Any], get_event: Callable[[], Any]) -> None:
    """Read the content of a mapping. One loop with local names: each dump has millions of events."""
    opened: list[Any] = []
    into: Any = root
    key: str | None = None
    while True:
        event = get_event()
        kind = type(event)
        if kind is ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                raise UnusualError
            if key is None and type(into) is dict:
                key = _key(event, into)
                continue
            value: Any = event.value if event.style else resolved(event.value)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            if not opened:
                return
            into = opened.pop()
            continue
        else:
            value = _begun(event, kind, len(opened) + 1)
        if type(into) is list:
            into.append(value)
        elif key is None:
            raise UnusualError
        else:
            into[key] = value
            key = None
        if kind is not ScalarEvent:
            opened.append(into)
            into = value


def _begun(event: Any, kind: type, above: int) -> Any:
    """Return the empty mapping or list that an event begins."""
    if kind not in (MappingStartEvent, SequenceStartEvent) or event.anchor is not None or event.tag is not None:
        raise UnusualError
    if above >= MAX_LEVELS:
        raise UnusualError
    return {} if kind is MappingStartEvent else []


def _key(event: Any, into: dict[str, Any]) -> str:
    key: str = event.value
    refused = key in _NO_KEYS if not event.style else event.style in "|>" or _IN_QUOTED_KEYS.search(key)
    if refused or key in into:
        raise UnusualError
    return intern(key)


@lru_cache(maxsize=4096)
def resolved(text: str) -> Any:
    """Return the value of a plain scalar."""
    return plain(resolve(text))
