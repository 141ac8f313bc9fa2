"""What unquoted text of a config is: the five words and two forms of number that nobody reads otherwise, and text.

YAML 1.1 would make 18 of `022`, 750 of `12:30`, true of `on`, a date of `2024-01-01` (the types of YAML 1.1, which PyYAML
follows). Here these stay text, and a number keeps the text it was written as: a version `1.30` is not 1.3.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
# The digits are limited: a longer whole number fits no 64 bits, and no float holds a longer fraction. Neither may cost time.
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\.[0-9]{1,32}")


class Int(int):
    """A whole number that knows how it was written (`text`)."""

    text: str

    def __new__(cls, text: str) -> Int:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Int], tuple[str]]:
        return Int, (self.text,)


class Float(float):
    """A decimal number that knows how it was written (`text`): `1.30` is 1.3 and "1.30"."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Float:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Float], tuple[str]]:
        return Float, (self.text,)


def resolve(text: str) -> str | bool | Int | Float | None:
    """What a plain (unquoted) scalar stands for.

    `true` and `false`; None for `null`, `~` and nothing; Int for `-?(0|[1-9][0-9]*)` within 64 bits; Float for the same with a
    fraction of up to 32 digits; all else is text, also a number that is too long to be held as one.
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
    """A copy of what `read` gave, with int and float in place of Int and Float."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    if isinstance(data, Int):
        return int(data)
    return float(data) if isinstance(data, Float) else data
