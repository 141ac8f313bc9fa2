"""Read YAML of other programs: several documents, anchors, merge keys, tags, and scalars as Go reads them.

This reader accepts the input of kustomize and kubectl within limits of size, depth and alias expansion; `reader` is the strict reader of
configs. Invalid input raises a ConfigError and no other exception.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from rediskit.errors import ConfigError, Location, Path, Problem
from rediskit.yamlio import go_scalars
from rediskit.yamlio.reader import PARSER, SURROGATE

MAX_BYTES = 4 * 1024 * 1024
MAX_LEVELS = 100
"""The deepest nesting of mappings and lists, expanded aliases included."""
MAX_ALIASED = 100_000
"""The largest number of nodes in the expanded aliases of one file."""
MAX_DIRECTIVES = 20
"""The largest number of `%TAG` directives: libyaml compares each with all previous ones."""

_PLACED = 2
"""The depth to which locations are stored."""
_MERGE = "<<"
_RESOLVED = frozenset({"tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null"})


class Document(NamedTuple):
    """One document of a file: dict with str keys, list, str, bool, int, float, None; and the locations down to two levels.

    Expanded aliases are shared: do not change them.
    """

    data: Any
    places: Mapping[Path, Location]

    @property
    def location(self) -> Location:
        """The start of the document."""
        return self.places[()]


def read_foreign(text: bytes, file: str, *, limit: int = MAX_BYTES) -> list[Document]:
    """Return the documents of a YAML file of at most `limit` bytes.

    Raises ConfigError with one problem when the text is not YAML, is too large or too deep, or an alias can't be expanded.
    """
    if len(text) > limit:
        _refuse(f"larger than {limit >> 20} MiB", Location(file, 1, 1))
    if text.count(b"%TAG") > MAX_DIRECTIVES:
        _refuse(f"more than {MAX_DIRECTIVES} %TAG directives", Location(file, 1, 1))
    return _Reading(file).documents(text)


def _refuse(reason: str, location: Location) -> NoReturn:
    message = f"can't be read as YAML: {reason}"
    raise ConfigError(Problem(message, "fix the file, which kustomize and kubectl can't read", (), location, "yaml-syntax"))


@dataclass(slots=True)  # The reader changes it while it reads.
class _Open:
    """A mapping or a list that is not complete yet.

    Attributes:
        data: The content so far.
        anchor: Its anchor.
        key: The key of the next value.
        merging: Whether that key is a plain `<<`.
        merged: The values of the merge keys so far.
        wants_key: Whether a key comes next.
        size: The number of nodes, expanded aliases included.
        height: The number of levels below, expanded aliases included.
    """

    data: Any
    anchor: str | None
    key: str | None = None
    merging: bool = False
    merged: list[Any] = field(default_factory=list)
    wants_key: bool = False
    size: int = 1
    height: int = 1


class _Anchored(NamedTuple):
    """The value of an anchor with its number of nodes and levels."""

    value: Any
    size: int
    height: int


class _Reading:
    """One pass over the events of a file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.done: list[Document] = []
        self.open: list[_Open] = []
        self.anchors: dict[str, _Anchored | None] = {}
        self.places: dict[Path, Location] = {}
        self.root: Any = None
        self.aliased = 0
        self.at = Location(file, 1, 1)

    def documents(self, text: bytes) -> list[Document]:
        parser = None
        try:
            parser = PARSER(text)
            while (event := parser.get_event()) is not None:
                self._event(event)
        except yaml.MarkedYAMLError as error:
            if error.problem_mark is not None:
                self._move_to(error.problem_mark)
            self._stop(error.problem or error.context or "a syntax error")
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            if isinstance(error, ConfigError):
                raise
            self._stop("a character that YAML does not allow")
        finally:
            if parser is not None and hasattr(parser, "dispose"):
                parser.dispose()
        return self.done

    def _event(self, event: Event) -> None:
        if event.start_mark is not None:
            self._move_to(event.start_mark)
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._begin(event)
        elif isinstance(event, CollectionEndEvent):
            self._end()
        elif isinstance(event, AliasEvent):
            self._alias(str(event.anchor))
        elif isinstance(event, DocumentStartEvent):
            self.anchors, self.places, self.root = {}, {(): self.at}, None
        elif isinstance(event, DocumentEndEvent):
            self.done.append(Document(self.root, self.places))

    def _scalar(self, event: ScalarEvent) -> None:
        value: Any = event.value
        if not value.isascii() and re.search(SURROGATE, value):
            self._stop("an incomplete surrogate pair")
        plain = not event.style and event.tag is None
        if plain or (event.tag in _RESOLVED and not self._wants_key()):
            value = go_scalars.resolve(value)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)
        if self._wants_key():
            self._key(value, merging=plain and value == _MERGE)
        else:
            self._place(value, 1, 0)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if self._wants_key():
            self._stop("a key that is a mapping or a list")
        if len(self.open) >= MAX_LEVELS:
            self._stop(f"more than {MAX_LEVELS} levels of mappings and lists")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        mapping = isinstance(event, MappingStartEvent)
        self._note(self._next())
        self.open.append(_Open({} if mapping else [], event.anchor, wants_key=mapping))

    def _end(self) -> None:
        ended = self.open.pop()
        for other in ended.merged:
            ended.data |= {name: value for name, value in other.items() if name not in ended.data}
        if ended.anchor is not None:
            self.anchors[ended.anchor] = _Anchored(ended.data, ended.size, ended.height)
        self._place(ended.data, ended.size, ended.height, noted=True)

    def _alias(self, name: str) -> None:
        anchored = self.anchors.get(name)
        if anchored is None:
            self._stop(f"the alias *{name} is inside its own anchor" if name in self.anchors else f"the alias *{name} has no anchor")
        self.aliased += anchored.size
        if self.aliased > MAX_ALIASED:
            self._stop(f"aliases expand to more than {MAX_ALIASED} values")
        if self._wants_key():
            if isinstance(anchored.value, (dict, list)):
                self._stop("a key that is a mapping or a list")
            self._key(anchored.value)
            return
        if len(self.open) + anchored.height > MAX_LEVELS:
            self._stop(f"more than {MAX_LEVELS} levels of mappings and lists")
        self._place(*anchored)

    def _key(self, value: Any, *, merging: bool = False) -> None:
        into = self.open[-1]
        into.key, into.merging, into.wants_key = go_scalars.key(value), merging, False

    def _wants_key(self) -> bool:
        return bool(self.open) and self.open[-1].wants_key

    def _place(self, value: Any, size: int, height: int, *, noted: bool = False) -> None:
        """Add a value to the innermost mapping or list."""
        if not self.open:
            self.root = value
            return
        into = self.open[-1]
        if not noted:
            self._note(self._next())
        into.size += size
        into.height = max(into.height, height + 1)
        if isinstance(into.data, list):
            into.data.append(value)
            return
        into.wants_key = True
        if into.merging:
            self._merge(into, value)
        else:
            into.data[into.key] = value

    def _merge(self, into: _Open, value: Any) -> None:
        """Store the mappings of a merge key. The own keys of the mapping take precedence."""
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            self._stop("a merge key (<<) needs a mapping or a list of mappings")
        into.merged += mappings

    def _next(self) -> Path | None:
        """Return the path of the next value; None where its location is not stored."""
        if len(self.open) > _PLACED:
            return None
        return tuple(len(outer.data) if isinstance(outer.data, list) else str(outer.key) for outer in self.open)

    def _note(self, path: Path | None) -> None:
        if path is not None:
            self.places[path] = self.at

    def _move_to(self, mark: Any) -> None:
        self.at = Location(self.file, mark.line + 1, mark.column + 1)

    def _stop(self, reason: str) -> NoReturn:
        _refuse(reason, self.at)
