"""Read YAML strictly into plain data with the location of every key and value.

The reader processes the events of the parser one at a time, so that no input can exhaust the stack or the memory. It does not use the
composer and constructor of PyYAML, which recurse, expand aliases and guess types. The events come from libyaml, or from the pure Python
parser of PyYAML, which is ten times slower.
"""

import re
from sys import intern
from typing import Any, NamedTuple, NoReturn

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
from rediskit.files import MAX_BYTES, TOO_LARGE
from rediskit.yamlio.places import KeyPlaces, Lines, Mark, Marks, ValuePlaces
from rediskit.yamlio.scalars import resolve
from rediskit.yamlio.syntax import EMPTY, ESCAPE, FEATURE, NUMBER, SYNTAX, TAG, explain

MAX_LEVELS = 100
"""The deepest nesting of mappings and lists, the root included."""
MAX_PROBLEMS = 100
"""The reader stops after this number of problems."""

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ENCODING = "file-encoding"
_KEY = "yaml-key"

_BOM = b"\xef\xbb\xbf"
# `re` needs 0.15 ms for each of these classes, and printable text does not need them: they are compiled on first use.
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
"""Characters that libyaml refuses, skips or takes as line breaks, and that no editor shows."""
_NOT_IN_KEYS = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
SURROGATE = "[\ud800-\udfff]"
# libyaml compares each %TAG with all previous ones: 1 MiB of them takes seconds.
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


class Document(NamedTuple):
    """One YAML document. `positions` and `keys` compute a location on each lookup: do not copy them.

    Attributes:
        data: dict with str keys, list, str, bool, None, and the numbers of `rediskit.yamlio.scalars`, which keep their text.
        positions: The start of each value by path; `()` is the root. An absent value starts after its colon.
        keys: The start of the key of each mapping entry by path.
    """

    data: Any
    positions: Positions
    keys: Positions


def read(text: bytes, file: str, *, mapping: bool = True, above: int = 0) -> Document:
    """Read one YAML document in UTF-8, of at most 1 MiB and 100 levels, whose root is a mapping unless `mapping` is False.

    `above` is the number of lines of the file above the text. Raises ConfigError with all problems, at most 100, up to the first syntax
    error.
    """
    content = _decode(text, file, above)
    return _Reader(Lines(file, content, above), mapping).read()


def _decode(text: bytes, file: str, above: int) -> str:
    if len(text) > MAX_BYTES:
        _refuse(Lines(file, "", above), 0, "file-size", *TOO_LARGE)
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text[:2]:
        _refuse(Lines(file, "", above), 0, _ENCODING, "the file is in UTF-16 or UTF-32", "save the file as UTF-8")
    text = text.removeprefix(_BOM)
    try:
        content = text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start].decode()
        _refuse(Lines(file, before, above), len(before), _ENCODING, f"byte {text[error.start]:#04x} is not UTF-8", "save the file as UTF-8")
    if not content.replace("\n", "").isprintable() and (control := re.search(CONTROL, content)):
        number = f"{ord(control[0]):04X}"
        hint = f'remove it, or write "\\u{number}" in text'
        _refuse(Lines(file, content, above), control.start(), _ENCODING, f"unprintable character U+{number}", hint)
    if b"%TAG" in text and (directive := _TAG_DIRECTIVE.search(content)):
        _refuse(Lines(file, content, above), directive.start(), *TAG)
    return content


def _refuse(lines: Lines, at: int, code: str, message: str, hint: str) -> NoReturn:
    raise ConfigError(Problem(message, hint, (), lines.at(at), code))


class _Open:
    """A mapping or list that is not complete yet."""

    __slots__ = ("data", "key", "marks", "wants_key")

    def __init__(self, data: dict[str, Any] | list[Any], marks: Marks) -> None:
        self.data, self.marks = data, marks
        self.key: str | None = None
        """The key of the next value; None after a refused key, whose value is dropped."""
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
        get_event = parser.get_event
        while True:
            try:
                event: Event | None = get_event()
            except yaml.MarkedYAMLError as error:
                problem = explain(error, self.lines, self.open[-1].marks.at if self.open else 0)
                raise ConfigError([*self.problems, problem]) from None
            except (ValueError, OverflowError):  # The pure Python parser: an escape beyond Unicode, or 5,000 digits of a version.
                code, message, hint = NUMBER
                problem = Problem(message, hint, (), self.lines.at(parser.index), code)
                raise ConfigError([*self.problems, problem]) from None
            if event is None:
                return
            if isinstance(event, ScalarEvent):  # Most events are scalars.
                self._scalar(event, event.start_mark.index)  # type: ignore[union-attr]
            else:
                self._event(event, event.start_mark.index)  # type: ignore[union-attr]

    def _event(self, event: Event, at: int) -> None:
        if isinstance(event, CollectionStartEvent):
            self._begin(event, at, {} if isinstance(event, MappingStartEvent) else [])
        elif isinstance(event, CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, AliasEvent):
            self._alias(at)
        elif isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._stop(at, SYNTAX, "the file contains a second document", "move the second document into its own file")

    def _scalar(self, event: ScalarEvent, at: int) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(event, at)
        value: Any = event.value
        if event.style == '"' and not value.isprintable() and re.search(SURROGATE, value):
            self._problem(at, *ESCAPE)
        if self.open and (into := self.open[-1]).wants_key:
            self._key(into, event, value, at)
        else:
            self._place(value if event.style else resolve(value), at, at)

    def _begin(self, event: CollectionStartEvent, at: int, data: dict[str, Any] | list[Any]) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(event, at)
        if len(self.open) == MAX_LEVELS:
            self._stop(at, "file-size", f"more than {MAX_LEVELS} levels of mappings and lists", "check brackets and dashes")
        marks = Marks(at, {}, {})
        self._place(data, marks, at)
        self.open.append(_Open(data, marks))

    def _place(self, value: Any, mark: Mark, at: int) -> None:
        """Add a value to the innermost mapping or list."""
        if not self.open:
            self._root(value, mark, at)
            return
        into = self.open[-1]
        if isinstance(into.data, list):
            into.marks.values[len(into.data)] = mark
            into.data.append(value)
        elif into.wants_key:
            self._problem(at, _KEY, "a key must be text, found a mapping or a list", "write text that starts with { or [ in quotes")
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
            kind = "a list" if isinstance(value, list) else "a single value"
            hint = "start each line with a key, a colon and a space: key: value"
            self._problem(at, "wrong-type", f"expected a mapping, found {kind}", hint)

    def _key(self, into: _Open, event: ScalarEvent, key: str, at: int) -> None:
        into.wants_key = False
        into.key = None
        if not event.style:
            if key == "<<":
                self._problem(at, FEATURE, "a merge key (<<) is not supported", "write the merged keys here")
                return
            if key in ("", "~", "null", "true", "false"):
                hint = f'write "{key}" in quotes' if key else "write the key before its colon"
                self._problem(at, _KEY, f"a key must be text, found {key or 'nothing'}", hint)
                return
        elif event.style in "|>" or (not key.isprintable() and re.search(_NOT_IN_KEYS, key)):
            self._problem(at, _KEY, "a key must be one line of printable text", "write the key in one line, without escapes")
            return
        if key in into.marks.keys:
            first = self.lines.at(into.marks.keys[key])
            self._problem(at, _KEY, f"duplicate key, also in line {first.line}", "remove one of them", (key,))
            return
        into.marks.keys[key] = at
        into.key = intern(key)  # A file has few keys, each of them often.

    def _alias(self, at: int) -> None:
        self._problem(at, FEATURE, "an alias (*) is not supported", "write the value here, or write text that starts with * in quotes")
        if not self.open:
            self.marks = at
        elif self.open[-1].wants_key:
            self.open[-1].key, self.open[-1].wants_key = None, False
        else:
            self._place(None, at, at)

    def _properties(self, event: ScalarEvent | CollectionStartEvent, at: int) -> None:
        if event.anchor is not None:
            hint = "remove it and write the value at each alias, or write text that starts with & in quotes"
            self._problem(at, FEATURE, "an anchor (&) is not supported", hint)
        if event.tag is not None:
            self._problem(at, *TAG)

    def _path(self) -> Path:
        """Return the path of the current value, up to the first refused key."""
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

    def _problem(self, at: int, code: str, message: str, hint: str, below: Path = ()) -> None:
        self.problems.append(Problem(message, hint, (*self._path(), *below), self.lines.at(at), code))
        if len(self.problems) == MAX_PROBLEMS:
            self._stop(at, SYNTAX, f"{MAX_PROBLEMS} problems so far, the rest is not read", "fix these first")

    def _stop(self, at: int, code: str, message: str, hint: str) -> NoReturn:
        raise ConfigError([*self.problems, Problem(message, hint, self._path(), self.lines.at(at), code)])
