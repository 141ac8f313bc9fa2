"""Resolve plain scalars of a config: booleans, null, decimal numbers, and text.

In YAML 1.1, which PyYAML implements, `022` is 18, `12:30` is 750, `on` is true and `2024-01-01` is a date. Here they are text. A number
keeps its text: the version `1.30` is not 1.3.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
# The number of digits is limited, so that parsing is fast: more digits exceed 64 bits or the precision of a float.
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\.[0-9]{1,32}")


class Int(int):
    """An integer that keeps its text."""

    text: str

    def __new__(cls, text: str) -> Int:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Int], tuple[str]]:
        return Int, (self.text,)


class Float(float):
    """A float that keeps its text: `1.30` is 1.3 and "1.30"."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Float:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Float], tuple[str]]:
        return Float, (self.text,)


def resolve(text: str) -> str | bool | Int | Float | None:
    """Return the value of a plain (unquoted) scalar.

    `true` and `false` are booleans; `null`, `~` and nothing are None; `-?(0|[1-9][0-9]*)` within 64 bits is an Int, with a fraction of up
    to 32 digits a Float. Everything else is text.
    """
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in "-0123456789" else text


@lru_cache(maxsize=1024)
def _number(text: str) -> str | Int | Float:
    if _INT.fullmatch(text):
        number = Int(text)
        return number if -(2**63) <= number < 2**63 else text
    return Float(text) if _FLOAT.fullmatch(text) else text


def plain(data: Any) -> Any:
    """Return a copy of data from `read` with int and float in place of Int and Float."""
    if isinstance(data, str):
        return data
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    if isinstance(data, Int):
        return int(data)
    return float(data) if isinstance(data, Float) else data
