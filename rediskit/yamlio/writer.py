"""Write plain data as YAML in the format of `kustomize build`, without sorting keys and without folding lines.

PyYAML, ruamel.yaml (YAML 1.1 and 1.2) and Go read each string back unchanged. Where they differ, the writer quotes for the strictest:
Go reads the image tags `1234e56` and `09` as numbers, PyYAML `=` as a special type.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from rediskit.errors import dotted

_DEEPEST = 100
"""The deepest nesting, that of a config. Every reader supports more."""
_SIMPLE_KEY = 128
"""Bytes of a key in the form `key: value`. A longer key gets its own line, as in libyaml; readers accept at most 1024 characters."""

_WORDS = frozenset("|y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE|null|Null|NULL|~|=|<<".split("|"))
"""Plain scalars that are not strings in YAML 1.1 or 1.2, the empty one included."""
_NUMBER = (
    r"(?=[-+.0-9])(?:"
    r"[-+]?(?:[0-9_]+(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE](?:_*[-+])?[0-9_]+)?"
    r"|[-+]?_*0_*(?:[xX][0-9a-fA-F_]+|[oO](?:_*[-+])?[0-7_]+|[bB](?:_*[-+])?[01_]+)"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]| +)[0-9]+:[0-9]+:[0-9.,]+ *(?:Z|[-+][0-9:]+)?)?)"
)
"""Numbers and dates of any reader: decimal, with a prefix, base 60, not finite. Go accepts underscores anywhere."""
_plain = re.compile(
    r"(?![],[{}&*!|>'\"%@`# ]|[-?:](?: |\Z)|---|\.\.\.)"  # Starts of other YAML syntax.
    r"(?:[^ :]++|:(?! |\Z)| (?!#|\Z))++"
).fullmatch
_number = re.compile(_NUMBER).fullmatch
_DIRTY = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff"
"""Characters that need an escape: those that libyaml escapes, and Unicode line breaks. The class is compiled on first use, because `re`
needs 0.3 ms for it, and most texts are ASCII. It would compile the opposite class far slower."""
_CLEAN = bytes(range(0x20, 0x7F))
"""The printable characters of ASCII."""
_ESCAPES = dict(zip('\0\a\b\t\n\v\f\r\x1b"\\\x85\u2028\u2029', '0abtnvfre"\\NLP', strict=True))


class _UnwritableError(Exception):
    """A value that can't be written. Each level adds its part to the front of the path."""

    def __init__(self, kind: type[TypeError] | type[ValueError], reason: str, node: object = None) -> None:
        self.kind, self.reason, self.node = kind, reason, node
        self.path: list[str | int] = []

    def pass_through(self, node: object, part: object) -> None:
        if node is self.node:
            self.reason = "contains itself"
            self.path.clear()
        else:
            self.path.insert(0, part if isinstance(part, (str, int)) else repr(part))


def dump(document: Mapping[str, Any]) -> str:
    """Return one YAML document, without `---`, that ends with one newline.

    A subclass of str, int or float is written as its base value. Shared values are written at each place, without anchors.

    Raises:
        TypeError: A value of another type, or a key that is not a string.
        ValueError: nan, infinity, an integer beyond 64 bits, an incomplete surrogate pair, more than 100 levels, or a cycle.
    """
    lines: list[str] = []
    try:
        _mapping(document, "", "", lines)
    except _UnwritableError as error:
        message = f"{dotted(tuple(error.path)) or 'the document'}: {error.reason}"
        raise error.kind(message.encode(errors="backslashreplace").decode()) from None
    if not lines:
        return "{}\n"
    if lines[-1].endswith("\n"):
        # `|+` would end the file with blank lines, which editors and commit hooks remove.
        head = lines[-1].partition("\n")[0].rpartition(" ")[0]
        lines[-1] = f"{head} {_double(_last(document))}"
    lines.append("")
    return "\n".join(lines)


def _mapping(node: Mapping[str, Any], indent: str, lead: str, lines: list[str]) -> None:
    """Append the lines of a block mapping, with `lead` before the first key and `indent` before the others."""
    if len(indent) > 2 * _DEEPEST:
        raise _UnwritableError(ValueError, f"is nested more than {_DEEPEST} levels deep", node)
    deeper = indent + "  "
    key: object = None
    try:
        for key, value in node.items():
            head = lead + _key(key)
            lead = indent
            if head[-1] != ":":
                lines.append(head)
                head = indent + ":"
            kind = type(value)
            if kind is str and "\n" not in value:
                lines.append(f"{head} {_line(value)}")
            elif kind is dict and value:
                lines.append(head)
                _mapping(value, deeper, deeper, lines)
            elif kind is list and value:
                lines.append(head)
                _sequence(value, indent, indent, lines)
            else:
                lines.append(f"{head} {_scalar(value, deeper)}")
    except _UnwritableError as error:
        error.pass_through(node, key)
        raise


def _sequence(node: list[Any], indent: str, lead: str, lines: list[str]) -> None:
    """Append the lines of a block sequence, with `lead` before the first dash and `indent` before the others."""
    if len(indent) > 2 * _DEEPEST:
        raise _UnwritableError(ValueError, f"is nested more than {_DEEPEST} levels deep", node)
    deeper = indent + "  "
    index = 0
    try:
        for index, value in enumerate(node):  # noqa: B007 - the handler below needs it
            kind = type(value)
            if kind is str and "\n" not in value:
                lines.append(f"{lead}- {_line(value)}")
            elif kind is dict and value:
                _mapping(value, deeper, lead + "- ", lines)
            elif kind is list and value:
                _sequence(value, deeper, lead + "- ", lines)
            else:
                lines.append(f"{lead}- {_scalar(value, deeper)}")
            lead = indent
    except _UnwritableError as error:
        error.pass_through(node, index)
        raise


def _scalar(value: object, indent: str) -> str:
    """Return the text after a key or a dash for a scalar or an empty collection; `indent` is that of a block scalar."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise _UnwritableError(ValueError, "is an integer beyond 64 bits, which Go rounds")
        return int.__repr__(value)
    if isinstance(value, str):
        text = str.__str__(value)
        return _block(text, indent) if "\n" in text else _line(text)
    if isinstance(value, float):
        if not isfinite(value):
            raise _UnwritableError(ValueError, "is not a finite number, which JSON can't represent")
        number = float.__repr__(value)
        return number if "." in number else number.replace("e", ".0e")  # In YAML 1.1, 1e-05 without a point is a string.
    if type(value) in (dict, list):
        return "{}" if type(value) is dict else "[]"
    raise _UnwritableError(TypeError, f"{type(value).__name__} is not plain data (dict, list, str, int, float, bool, None)")


def _quoted(text: str) -> str:
    """Return a string on one line: plain if every reader reads a string, else in quotes."""
    if _dirty(text):
        return _double(text)
    if text in _WORDS or _number(text):
        return f'"{text}"'
    return text if _plain(text) else "'" + text.replace("'", "''") + "'"


def _dirty(text: str) -> bool:
    return bool(text.encode().translate(None, _CLEAN) if text.isascii() else re.search(f"[{_DIRTY}]", text))


_line = lru_cache(maxsize=4096)(_quoted)


@lru_cache(maxsize=4096)
def _key(key: object) -> str:
    """Return a key with a colon, or a long key with a question mark for its own line."""
    if type(key) is not str:
        if not isinstance(key, str):
            raise _UnwritableError(TypeError, "contains a key that is not a string")
        key = str.__str__(key)
    text = _quoted(key)
    if len(key) > _SIMPLE_KEY // 4 and len(key.encode()) > _SIMPLE_KEY:
        return f"? {text}"
    return text + ":"


@lru_cache(maxsize=64)
def _block(text: str, indent: str) -> str:
    """Return a string of several lines: a block scalar if every reader keeps the text, else in double quotes."""
    body = text.removesuffix("\n")
    if text[-1] == " " or " \n" in text or not body.strip("\n") or _dirty(text.replace("\n", "")):
        return _double(text)
    hint = "2" if text[0] in " \n" else ""
    chomp = "-" if body == text else "+" if body[-1] == "\n" else ""
    return "\n".join((f"|{hint}{chomp}", *(line and indent + line for line in body.split("\n"))))


def _double(text: str) -> str:
    escaped = re.sub(rf'["\\{_DIRTY}]', _escaped, text)
    return f'"{escaped}"'


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in _ESCAPES:
        return "\\" + _ESCAPES[character]
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:
        raise _UnwritableError(ValueError, f"U+{number:04X} is an incomplete surrogate pair, which UTF-8 can't encode")
    return f"\\x{number:02X}" if number <= 0xFF else f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def _last(node: Any) -> str:
    """Return the last string of a document."""
    while not isinstance(node, str):
        node = node[-1] if isinstance(node, list) else list(node.values())[-1]
    return node
