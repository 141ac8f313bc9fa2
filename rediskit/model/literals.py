"""Passwords that Helm values write out where a container takes them: on command lines, as variables and as headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rediskit.secrecy import names_secret

_LITERAL = r"""["']?(?!["'\s$<{-]|(?:yes|no|true|false)\b)[^"'\s$;|&]"""
"""The beginning of a value that is written out: no `$VARIABLE`, no `$(command)`, no template, no next option, no switch."""
_WRITTEN = re.compile(
    "|".join(
        (
            rf"(?:password|passwd|passphrase|rediscli_auth|requirepass|masterauth)={_LITERAL}",
            rf"(?<!\S)--(?:[a-z]+[.-])?(?:pass|password|requirepass|masterauth)\s+{_LITERAL}",
            rf"\bredis-(?:cli|benchmark)\b[^\n|;&]{{0,400}}?\s-a\s*{_LITERAL}",
            rf"\bredis-cli\b[^\n|;&]{{0,400}}?\s(?:auth|requirepass|masterauth)\s+(?:default\s+)?{_LITERAL}",
            r"(?:\buser|\bsetuser)\s+\S{1,100}(?:\s+(?:on|off|reset|[~+&%-]\S{0,100})){0,20}\s+[\"']?>[^\s/&$\"']",
        )
    ),
    re.IGNORECASE,
)
_REASON = "a password that is written out"


def literals_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and reason of every password that is written out in nested values.

    The words of a list are also read as one command line, because an option and its value may be two of them.
    """
    if isinstance(value, dict):
        name, given = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(given, str) and re.match(_LITERAL, given) and _holds_secret(name):
            yield (*path, "value"), _REASON
        for key, inner in value.items():
            yield from literals_in(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        words = [word for word in value if isinstance(word, str)]
        if _WRITTEN.search(" ".join(words)):
            yield path, _REASON
            return
        for index, inner in enumerate(value):
            yield from literals_in(inner, (*path, index))
    elif isinstance(value, str) and _WRITTEN.search(value):
        yield path, _REASON


def _holds_secret(name: str) -> bool:
    return names_secret(name) or name.lower() in ("authorization", "proxy-authorization")
