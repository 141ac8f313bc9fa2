"""Resolve plain YAML scalars as kubectl, Argo CD and Flux do (sigs.k8s.io/yaml).

Source: https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go, and the conversion to JSON in yaml.go.
"""

import re
from typing import Any

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_WHOLE = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_FRACTION = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
"""Text that starts with a dot is a float in Go syntax: underscores only between digits."""
_OCTAL = re.compile(r"([-+]?)0([0-7]+)")
_DIGITS = 400
"""A longer number exceeds any float; Go reads it as text."""


def resolve(text: str) -> str | bool | int | float | None:
    """Return the value of a plain scalar.

    Dates, `.inf` and `.nan` are text, because JSON has neither; so are `12:30` and `=`. `0x1F`, `0o17` and `017` are numbers. Underscores
    in numbers are ignored.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if len(text) > _DIGITS or (text[0] == "." and not _FRACTION.fullmatch(text)):
        return text
    digits = text.replace("_", "")
    if _WHOLE.fullmatch(digits):
        return _whole(int(_OCTAL.sub(r"\g<1>0o\2", digits) if _OCTAL.fullmatch(digits) else digits, 0), text)
    if _FLOAT.fullmatch(digits):
        number = float(digits)
        return text if number in (float("inf"), float("-inf")) else number
    return text


def _whole(number: int, text: str) -> int | float | str:
    """Return an integer; a float beyond 64 bits, as Go does for JSON; the text beyond the range of floats."""
    if -(2**63) <= number < 2**63:
        return number
    try:
        return float(number)
    except OverflowError:
        return text


def key(value: Any) -> str:
    """Return a key as text: Go converts numbers, booleans and null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
