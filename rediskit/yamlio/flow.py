"""Write a value as YAML in one line."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rediskit.yamlio.scalars import Float, Int, resolve

Scalar = str | bool | int | float | None
Value = Scalar | Mapping[str, Any] | Sequence[Any]
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/+@%()=;-]*(?::[A-Za-z0-9._/+@%()=;-]+[A-Za-z0-9 ._/+@%()=;-]*)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Booleans of YAML 1.1. They are text here, but editors can show them as booleans."""


def flow(value: Value) -> str:
    """Return a value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str) or not isinstance(value, Sequence):
        return scalar(value)
    return "[" + ", ".join(flow(inner) for inner in value) + "]"


def scalar(value: Scalar, style: str = "") -> str:
    """Return a scalar as YAML: text in this style of quotes where possible, a number as it was written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value.text if isinstance(value, (Int, Float)) else str(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if (
        style != '"'
        and _PLAIN.fullmatch(value)
        and isinstance(resolve(value), str)
        and value.lower() not in _WORDS
        and value == value.strip()
    ):
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    number = ord(letter)
    return {"\n": "\\n", "\t": "\\t"}.get(letter) or (f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}")
