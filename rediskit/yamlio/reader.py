"""Bytes of YAML to plain data, as people mean it, with the place of every key and value.

Built on the parser's events, never on PyYAML's composing and constructing: those recurse, follow aliases and guess types. libyaml
gives the events; where PyYAML comes without it, its own parser does (some ten times slower, and it takes no tab as a space between
words). Everything here works on one event at a time, so that no input can exhaust the stack or grow in memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)

from rediskit.errors import ConfigError, Path, Positions, Problem
from rediskit.files import MAX_BYTES
from rediskit.yamlio.places import KeyPlaces, Lines, Mark, Marks, ValuePlaces
from rediskit.yamlio.scalars import resolve
from rediskit.yamlio.syntax import EMPTY, ESCAPE, NUMBER, TAG, explain

MAX_LEVELS = 100
"""Mappings and lists that may stand in each other, the root included."""
MAX_PROBLEMS = 100
"""The reading stops after so many."""

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BOM = b"\xef\xbb\xbf"
# What libyaml refuses, and the characters that it takes for line breaks or skips but no editor shows.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NOT_IN_KEYS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SURROGATE = re.compile("[\ud800-\udfff]")
# libyaml compares each %TAG with all before it: 1 MiB of them takes seconds. A tag is refused anyway.
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document.

    data: dict with str keys, list, str, bool, None, and the numbers of `rediskit.yamlio.scalars` that know their text.
    positions: path of each value to the place where it begins (a missing value: behind its colon); `()` is the root.
    keys: path of each mapping entry to the place of its key.
    Both are read-only mappings that work out a place when it is asked for: look up what you need, and copy nothing.
    """

    data: Any
    positions: Positions
    keys: Positions


def read(text: bytes, file: str, *, mapping: bool = True) -> Document:
    """Reads one YAML document.

    text: the file's bytes: UTF-8 (with or without byte order mark), at most 1 MiB and 100 levels.
    file: its name, for the locations. mapping: whether the root must be a mapping.
    Raises ConfigError with every problem found (at most 100); a syntax error ends the pass.
    """
    content = _decode(text, file)
    return _Reader(Lines(file, content), mapping).read()


def _decode(text: bytes, file: str) -> str:
    if len(text) > MAX_BYTES:
        _refuse(Lines(file, ""), 0, "the file is larger than 1 MiB", "no config or manifest needs so much: is it the right file?")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text[:2]:
        _refuse(Lines(file, ""), 0, "the file is in UTF-16 or UTF-32", "save it as UTF-8")
    text = text.removeprefix(_BOM)
    try:
        content = text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start].decode()
        _refuse(Lines(file, before), len(before), f"byte {text[error.start]:#04x} is not UTF-8", "save the file as UTF-8")
    if found := _CONTROL.search(content):
        code = f"U+{ord(found[0]):04X}"
        _refuse(Lines(file, content), found.start(), f"the invisible character {code}", f'remove it; in text write "\\u{code[2:]}"')
    if found := _TAG_DIRECTIVE.search(content):
        _refuse(Lines(file, content), found.start(), *TAG)
    return content


def _refuse(lines: Lines, at: int, message: str, hint: str) -> NoReturn:
    raise ConfigError(Problem(message, hint, (), lines.at(at)))


class _Open:
    """A mapping or list that is being read."""

    __slots__ = ("data", "key", "marks", "wants_key")

    def __init__(self, data: dict[str, Any] | list[Any], marks: Marks) -> None:
        self.data, self.marks = data, marks
        self.key: str | None = None
        """The key whose value comes next; None when the key was refused, and its value is to be dropped."""
        self.wants_key = isinstance(data, dict)


class _Reader:
    """One pass over the events of a text."""

    def __init__(self, lines: Lines, mapping: bool) -> None:
        self.lines, self.mapping = lines, mapping
        self.problems: list[Problem] = []
        self.open: list[_Open] = []
        self.data: Any = None
        self.marks: Mark | None = None
        self.documents = 0

    def read(self) -> Document:
        self._events()
        if self.marks is None:
            self._stop(0, *EMPTY)
        if self.problems:
            raise ConfigError(self.problems)
        return Document(self.data, ValuePlaces(self.lines, self.marks), KeyPlaces(self.lines, self.marks))

    def _events(self) -> None:
        parser = PARSER(self.lines.text)
        while (event := self._next(parser)) is not None:
            self._event(event, event.start_mark.index)  # type: ignore[union-attr]

    def _next(self, parser: Any) -> Event | None:
        try:
            event: Event | None = parser.get_event()
            return event
        except yaml.MarkedYAMLError as error:
            problem = explain(error, self.lines, self.open[-1].marks.at if self.open else 0)
        except (ValueError, OverflowError):  # PyYAML's own parser, on an escape beyond Unicode or a version of 5,000 digits
            problem = Problem(*NUMBER, (), self.lines.at(parser.index))
        raise ConfigError([*self.problems, problem])

    def _event(self, event: Event, at: int) -> None:
        if isinstance(event, ScalarEvent):
            self._scalar(event, at)
        elif isinstance(event, CollectionStartEvent):
            self._begin(event, at, {} if isinstance(event, MappingStartEvent) else [])
        elif isinstance(event, CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, AliasEvent):
            self._alias(at)
        elif isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._stop(at, "a second document begins here", "one file holds one document: move it into a file of its own")

    def _scalar(self, event: ScalarEvent, at: int) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(event, at)
        value: Any = event.value
        if event.style == '"' and not value.isascii() and SURROGATE.search(value):
            self._problem(at, *ESCAPE)
        if self.open and self.open[-1].wants_key:
            self._key(event, value, at)
        elif event.style:
            self._place(value, at, at)
        else:
            self._place(resolve(value), at, at)

    def _begin(self, event: CollectionStartEvent, at: int, data: dict[str, Any] | list[Any]) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(event, at)
        if len(self.open) == MAX_LEVELS:
            self._stop(at, f"more than {MAX_LEVELS} levels of mappings and lists", "no config needs so many: check brackets and dashes")
        marks = Marks(at)
        self._place(data, marks, at)
        self.open.append(_Open(data, marks))

    def _place(self, value: Any, mark: Mark, at: int) -> None:
        """Puts a value, or the container that comes next, where it belongs."""
        if not self.open:
            self._root(value, mark, at)
            return
        into = self.open[-1]
        if isinstance(into.data, list):
            into.marks.values[len(into.data)] = mark
            into.data.append(value)
        elif into.wants_key:
            self._problem(at, "a key must be text, found a mapping or a list", "put text that begins with { or [ in quotes")
            into.key, into.wants_key = None, False
        else:
            if into.key is not None:
                into.data[into.key] = value
                into.marks.values[into.key] = mark
            into.wants_key = True

    def _root(self, value: Any, mark: Mark, at: int) -> None:
        if value is None and self.lines.text[at : at + 1] not in ("n", "~"):
            self._stop(0, *EMPTY)
        self.data, self.marks = value, mark
        if self.mapping and not isinstance(value, dict):
            found = "a list" if isinstance(value, list) else "a single value"
            hint = "begin each line with a key, a colon and a space: key: value"
            self._problem(at, f"expected a mapping of keys to values, found {found}", hint)

    def _key(self, event: ScalarEvent, key: str, at: int) -> None:
        into = self.open[-1]
        into.wants_key = False
        into.key = None
        if not event.style:
            if key == "<<":
                self._problem(
                    at, "a merge key (<<) is refused", "write out the keys that it would bring: what a line says stands in that line"
                )
                return
            if key in ("", "~", "null", "true", "false"):
                self._problem(
                    at,
                    f"a key must be text, found {key or 'nothing'}",
                    f'put it in quotes: "{key}"' if key else "write the key before its colon",
                )
                return
        elif event.style in "|>" or _NOT_IN_KEYS.search(key):
            self._problem(at, "a key must be one line of visible text", "write it in one line, without escapes")
            return
        if key in into.marks.keys:
            first = self.lines.at(into.marks.keys[key])
            self._problem(at, f"duplicate key, first written in line {first.line}", "keep one of the two", (key,))
            return
        into.marks.keys[key] = at
        into.key = key

    def _alias(self, at: int) -> None:
        self._problem(at, "an alias (*) is refused", "write out what it stands for; put text that begins with * in quotes")
        if not self.open:
            self.marks = at
        elif self.open[-1].wants_key:
            self.open[-1].key, self.open[-1].wants_key = None, False
        else:
            self._place(None, at, at)

    def _properties(self, event: ScalarEvent | CollectionStartEvent, at: int) -> None:
        if event.anchor is not None:
            self._problem(at, "an anchor (&) is refused", "remove it and write out its aliases; put text that begins with & in quotes")
        if event.tag is not None:
            self._problem(at, *TAG)

    def _path(self) -> Path:
        """Where the reader stands, up to the first key that was refused."""
        path: list[str | int] = []
        for into in self.open:
            innermost = into is self.open[-1]
            if isinstance(into.data, list):
                path.append(len(into.data) if innermost else len(into.data) - 1)
            elif into.key is None or (innermost and into.wants_key):
                break
            else:
                path.append(into.key)
        return tuple(path)

    def _problem(self, at: int, message: str, hint: str, below: Path = ()) -> None:
        self.problems.append(Problem(message, hint, (*self._path(), *below), self.lines.at(at)))
        if len(self.problems) == MAX_PROBLEMS:
            self._stop(at, f"{MAX_PROBLEMS} problems up to here; the rest was not read", "mend these first")

    def _stop(self, at: int, message: str, hint: str) -> NoReturn:
        raise ConfigError([*self.problems, Problem(message, hint, self._path(), self.lines.at(at))])
