"""The YAML writer: plain data to the text that `kustomize build` would print, except that key order is kept.

Every string comes back as the same string through PyYAML, ruamel.yaml (1.1 and 1.2) and Go's YAML: whatever one of them would
take for another type is quoted (image tags such as `1234e56` are numbers to Go). Lines are never folded, so diffs stay
line-based.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_DEEPEST = 200
_LONGEST_KEY = 1000
"""YAML ends an implicit key after 1024 characters."""

_TYPED = re.compile(
    r"""
      (?:y|n|yes|no|on|off|true|false|null|~|=|<<)
    | [-+]?(?=[._0-9])[0-9_,]*\.?[0-9_]*(?:e[-+]?[0-9_]*)?   # integers and floats of YAML 1.1, 1.2 and Go
    | [-+]?0[xob][0-9a-f_]*
    | [-+]?[0-9][0-9_]*(?::[0-9_]+)+(?:\.[0-9_]*)?            # base 60
    | [-+]?\.(?:inf|nan)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t\ \t].*)?            # dates
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=[^\s]))(?:[^\s:#]|:(?=[^\s])|(?<=[^\s])#|\ (?=[^\s#]))*")
_ESCAPED = re.compile(r"[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
_ESCAPED_CHARACTERS = {"\x00": "\\0", "\t": "\\t", "\r": "\\r", "\n": "\\n", '"': '\\"', "\\": "\\\\"}


def dump(document: Mapping[str, Any]) -> str:
    """One YAML document: two spaces, lists not indented under their key, no `---`, one newline at the end.

    document: nested mappings and sequences of str, int, float, bool and None; shared parts are written out.
    Raises TypeError for anything else, ValueError for what YAML or the readers can't hold: nan, infinity, a lone surrogate, a
    key of more than 1,000 characters, a cycle. Both name the path.
    """
    if not document:
        return "{}\n"
    lines: list[str] = []
    try:
        _mapping(lines, document, "", "")
    except (TypeError, ValueError) as error:
        raise type(error)(f"{_path_of_fault(document)}: {error}") from None
    return "".join(lines)


def _mapping(lines: list[str], mapping: Mapping[str, Any], pad: str, lead: str) -> None:
    """Writes entries; `lead` stands before the first one (`- ` in a list), `pad` before the others."""
    if len(pad) > 2 * _DEEPEST:
        raise ValueError("nested too deep, or a cycle")
    for key, value in mapping.items():
        if type(key) is not str:
            raise TypeError(f"the key {key!r} is not a text")
        name = _key(key)
        kind = type(value)
        if kind is str:
            if "\n" in value:
                lines.append(f"{lead}{name}: {_multiline(value, pad + '  ')}\n")
            else:
                lines.append(f"{lead}{name}: {_line(value)}\n")
        elif kind is dict and value:
            lines.append(f"{lead}{name}:\n")
            _mapping(lines, value, pad + "  ", pad + "  ")
        elif kind is list and value:
            lines.append(f"{lead}{name}:\n")
            _sequence(lines, value, pad, pad)
        else:
            lines.append(f"{lead}{name}:")
            _other(lines, value, pad, " ", nested=pad + "  ")
        lead = pad


def _sequence(lines: list[str], sequence: Sequence[Any], pad: str, lead: str) -> None:
    if len(pad) > 2 * _DEEPEST:
        raise ValueError("nested too deep, or a cycle")
    inner = pad + "  "
    for value in sequence:
        kind = type(value)
        if kind is str:
            lines.append(f"{lead}- {_multiline(value, inner) if chr(10) in value else _line(value)}\n")
        elif kind is dict and value:
            _mapping(lines, value, inner, f"{lead}- ")
        elif kind is list and value:
            _sequence(lines, value, inner, f"{lead}- ")
        else:
            lines.append(f"{lead}-")
            _other(lines, value, inner, " ", nested=inner)
        lead = pad


def _other(lines: list[str], value: Any, pad: str, space: str, nested: str) -> None:
    """What is rare: numbers, booleans, nothing, empty collections, and subclasses of all types."""
    if value is None or isinstance(value, (bool, int, float)):
        lines.append(f"{space}{_number(value)}\n")
    elif isinstance(value, str):
        text = str.__str__(value)
        lines.append(f"{space}{_multiline(text, nested) if chr(10) in text else _line(text)}\n")
    elif isinstance(value, (Mapping, list, tuple)) and not value:
        lines.append(f"{space}{'{}' if isinstance(value, Mapping) else '[]'}\n")
    elif isinstance(value, Mapping):
        lines.append("\n")
        _mapping(lines, value, nested, nested)
    elif isinstance(value, (list, tuple)):
        lines.append("\n")
        _sequence(lines, value, pad, pad)
    else:
        raise TypeError(f"{type(value).__name__} is not plain data")


def _number(value: float | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    text = float.__repr__(value)
    if text in ("inf", "-inf", "nan"):
        raise ValueError(f"{text} is not a number that JSON can hold")
    # YAML 1.1 reads 1e-05 as text: a float needs its point.
    return text if "." in text else text.replace("e", ".0e")


@lru_cache(maxsize=16384)
def _line(text: str) -> str:
    """A text of one line: plain, in double quotes where a type would be guessed, in single quotes where syntax wants it."""
    if not text:
        return '""'
    if _ESCAPED.search(text):
        return _escaped(text)
    if _TYPED.fullmatch(text):
        return f'"{text}"' if "\\" not in text and '"' not in text else _escaped(text)
    if _PLAIN.fullmatch(text) and not text.startswith(("---", "...")):
        return text
    return "'" + text.replace("'", "''") + "'"


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    if len(text) > _LONGEST_KEY:
        raise ValueError(f"a key of {len(text)} characters is too long for YAML")
    return _escaped(text) if "\n" in text else _line(text)


def _multiline(text: str, pad: str) -> str:
    """A block scalar, so that a diff shows lines; quoted where one of the readers would change it."""
    if text[0] in " \n" or _ESCAPED.search(text) or " \n" in text or text[-1] == " " or not text.strip("\n"):
        return _escaped(text)
    chomp = "-" if text[-1] != "\n" else "+" if text[-2:] == "\n\n" else ""
    body = text[:-1] if text[-1] == "\n" else text
    return f"|{chomp}\n" + "\n".join(pad + line if line else "" for line in body.split("\n"))


def _escaped(text: str) -> str:
    def escape(found: re.Match[str]) -> str:
        character = found.group()
        code = ord(character)
        if 0xD800 <= code <= 0xDFFF:
            raise ValueError("a lone surrogate can't be written as UTF-8")
        return _ESCAPED_CHARACTERS.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")

    return '"' + re.sub(f'{_ESCAPED.pattern}|["\\\\\n]', escape, text) + '"'


def _path_of_fault(value: Any, path: str = "", depth: int = 0) -> str:
    """Where the first part stands that can't be written alone. Only called when something is wrong."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        entries = [(f".{key}" if isinstance(key, str) else "", inner) for key, inner in value.items()]
    elif isinstance(value, (list, tuple)):
        entries = [(f"[{index}]", inner) for index, inner in enumerate(value)]
    for name, inner in entries if depth < _DEEPEST else ():
        try:
            _mapping([], {"x": inner}, "", "")
        except (TypeError, ValueError):
            return _path_of_fault(inner, path + name, depth + 1)
    return path.lstrip(".") or "."
