"""The YAML writer: plain data to the text that `kustomize build` prints, with the order of keys kept and long lines left whole.

Every string comes back as the same string through PyYAML, ruamel.yaml (YAML 1.1 and 1.2) and the YAML of Go. Where these differ, the
strictest decides: to Go the image tags `1234e56` and `09` are numbers, to PyYAML `=` is a type of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from rediskit.errors import dotted

_DEEPEST = 100
"""Levels of indentation. A config has no more levels than that, and the recursion of every reader goes deeper."""
_SIMPLE_KEY = 128
"""Bytes: a longer key gets a line of its own, as in libyaml. Readers give up on `key: value` after 1024 characters."""

_WORDS = frozenset("|y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE|null|Null|NULL|~|=|<<".split("|"))
"""What is no string to YAML 1.1 or 1.2 when it stands plain. Nothing at all is one of them."""
_NUMBER = (
    r"(?=[-+.0-9])(?:"
    r"[-+]?(?:[0-9_]+(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE](?:_*[-+])?[0-9_]+)?"
    r"|[-+]?_*0_*(?:[xX][0-9a-fA-F_]+|[oO](?:_*[-+])?[0-7_]+|[bB](?:_*[-+])?[01_]+)"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]| +)[0-9]+:[0-9]+:[0-9.,]+ *(?:Z|[-+][0-9:]+)?)?)"
)
"""What some reader takes for a number or a date: decimal, with a prefix, base 60, not finite. Go takes underscores anywhere."""
_DIRTY = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff"
"""Characters that need an escape: all that libyaml doesn't print, and Unicode's line breaks. `re` compiles the opposite far slower."""

_plain = re.compile(
    rf"(?![],[{{}}&*!|>'\"%@`# ]|[-?:](?: |\Z)|---|\.\.\.|{_NUMBER}\Z)"  # how something else begins
    rf"(?:[^ :{_DIRTY}]++|:(?! |\Z)| (?!#|\Z))++"
).fullmatch
_number = re.compile(_NUMBER).fullmatch
_dirty = re.compile(rf"[{_DIRTY}]").search
_escapable = re.compile(rf'["\\{_DIRTY}]')
_ESCAPES = dict(zip('\0\a\b\t\n\v\f\r\x1b"\\\x85\u2028\u2029', '0abtnvfre"\\NLP', strict=True))


class _UnwritableError(Exception):
    """A value that can't be written. On its way out every level puts its part in front of the path."""

    def __init__(self, kind: type[TypeError] | type[ValueError], reason: str, node: object = None) -> None:
        self.kind, self.reason, self.node = kind, reason, node
        self.path: list[str | int] = []

    def pass_through(self, node: object, part: object) -> None:
        if node is self.node:
            self.reason = "holds itself"
            self.path.clear()
        else:
            self.path.insert(0, part if isinstance(part, (str, int)) else repr(part))


def dump(document: Mapping[str, Any]) -> str:
    """One YAML document, without `---`, that ends in one newline.

    document: dict, list, str, int, float, bool and None. A subclass of str, int or float is written as its base value; what stands
    in two places is written twice, there are no anchors.
    Raises TypeError for any other type and for a key that is no string, ValueError for what a reader would not give back: nan,
    infinity, an integer beyond 64 bits, half a surrogate pair, more than 100 levels, a cycle. Both name the path.
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
        # `|+` would end the file in blank lines, which editors and commit hooks take away.
        head = lines[-1].partition("\n")[0].rpartition(" ")[0]
        lines[-1] = f"{head} {_double(_last(document))}"
    lines.append("")
    return "\n".join(lines)


def _mapping(node: Mapping[str, Any], indent: str, lead: str, lines: list[str]) -> None:
    """Appends the lines of a block mapping: `lead` stands before its first key, `indent` before the others."""
    if len(indent) > 2 * _DEEPEST:
        raise _UnwritableError(ValueError, f"stands more than {_DEEPEST} levels deep", node)
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
    """Appends the lines of a block sequence: `lead` stands before its first dash, `indent` before the others."""
    if len(indent) > 2 * _DEEPEST:
        raise _UnwritableError(ValueError, f"stands more than {_DEEPEST} levels deep", node)
    deeper = indent + "  "
    index = 0
    try:
        for index, value in enumerate(node):  # noqa: B007 (the handler below needs it)
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
    """What stands behind a key or a dash: anything but a filled collection. `indent` is for the lines of a block scalar."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise _UnwritableError(ValueError, "an integer beyond 64 bits, which Go would round")
        return int.__repr__(value)
    if isinstance(value, str):
        text = str.__str__(value)
        return _block(text, indent) if "\n" in text else _line(text)
    if isinstance(value, float):
        if not isfinite(value):
            raise _UnwritableError(ValueError, "not a finite number, and JSON has no other")
        number = float.__repr__(value)
        return number if "." in number else number.replace("e", ".0e")  # without a point, 1e-05 is a string to YAML 1.1
    if type(value) in (dict, list):
        return "{}" if type(value) is dict else "[]"
    raise _UnwritableError(TypeError, f"{type(value).__name__} is not plain data (dict, list, str, int, float, bool, None)")


def _quoted(text: str) -> str:
    """A string on one line: plain where it stays a string, else in quotes."""
    if _plain(text) and text not in _WORDS:
        return text
    if _dirty(text):
        return _double(text)
    if text in _WORDS or _number(text):
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


_line = lru_cache(maxsize=4096)(_quoted)


@lru_cache(maxsize=4096)
def _key(key: object) -> str:
    """A key with its colon, or behind the question mark of a key that gets a line of its own."""
    if type(key) is not str:
        if not isinstance(key, str):
            raise _UnwritableError(TypeError, "a key that is not a string")
        key = str.__str__(key)
    text = _quoted(key)
    if len(key) > _SIMPLE_KEY // 4 and len(key.encode()) > _SIMPLE_KEY:
        return f"? {text}"
    return text + ":"


def _block(text: str, indent: str) -> str:
    """A string of several lines: a block scalar where every reader keeps it, else in double quotes."""
    body = text.removesuffix("\n")
    if text[-1] == " " or " \n" in text or not body.strip("\n") or _dirty(text.replace("\n", "")):
        return _double(text)
    hint = "2" if text[0] in " \n" else ""
    chomp = "-" if body == text else "+" if body[-1] == "\n" else ""
    return f"|{hint}{chomp}" + re.sub(r"\n(?=[^\n])", "\n" + indent, "\n" + body)


def _double(text: str) -> str:
    return f'"{_escapable.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in _ESCAPES:
        return "\\" + _ESCAPES[character]
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:
        raise _UnwritableError(ValueError, f"U+{number:04X} is half a surrogate pair, which UTF-8 can't hold")
    return f"\\x{number:02X}" if number <= 0xFF else f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def _last(node: Any) -> str:
    """The string that a document ends with."""
    while not isinstance(node, str):
        node = node[-1] if isinstance(node, list) else list(node.values())[-1]
    return node
