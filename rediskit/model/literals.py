"""Passwords in Helm values: in command lines, environment variables, HTTP headers, and JSON or YAML in text."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Any

from rediskit.secrecy import is_secret_key, names_secret

_LITERAL = r"""["']?(?!["'\s$<{-]|(?:yes|no|true|false)\b)[^"'\s$;|&]"""
"""The start of a literal value: not a `$VARIABLE`, a `$(command)`, a template, an option or a boolean."""
_PASSWORD = re.compile(
    "|".join(
        (
            rf"(?:password|passwd|passphrase|rediscli_auth|requirepass|masterauth)={_LITERAL}",
            rf"(?<!\S)--(?:[a-z]+[.-])?(?:pass|password|requirepass|masterauth)\s+{_LITERAL}",
            rf"\bredis-(?:cli|benchmark)\b[^\n|;&]{{0,400}}?\s-a\s*{_LITERAL}",
            rf"\bredis-cli\b[^\n|;&]{{0,400}}?\s(?:auth|requirepass|masterauth)\s+(?:default\s+)?{_LITERAL}",
            rf"\bcurl\b[^\n|;&]{{0,400}}?\s(?:-[a-z]{{0,8}}u\s*|--(?:proxy-)?user[=\s]\s*)[\"']?[^\s:\"']*:{_LITERAL}",
            rf"\bauthorization:\s*(?:basic|bearer)\s+{_LITERAL}",
            r"(?:\buser|\bsetuser)\s+\S{1,100}(?:\s+(?:on|off|reset|[~+&%-]\S{0,100})){0,20}\s+[\"']?>[^\s/&$\"']",
        )
    ),
    re.IGNORECASE,
)
_ENTRY = re.compile(rf"""["']([\w./-]{{1,100}})\\{{0,3}}["']\s*:\s*\\{{0,3}}(?=["']){_LITERAL}""")
"""A key and its text in JSON. In JSON within JSON a backslash is before each quote."""
_AUTH = re.compile(r"""(?<![\w-])_?auth\\{0,3}["']?\s*[:=]\s*\\{0,3}["']?([A-Za-z0-9+/]{4,}={0,2})""")
"""`auth` in the configuration of Docker and npm: base64 of `user:password`."""
_REASON = "a password in plain text"


def literals_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and reason of each literal password in nested values.

    The items of a list are also joined to one command line, because an option and its value can be two items.
    """
    if isinstance(value, dict):
        name, text = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(text, str) and re.match(_LITERAL, text) and _names_secret(name):
            yield (*path, "value"), _REASON
        for key, inner in value.items():
            if key == "auth" and isinstance(inner, str) and _is_user_and_password(inner):
                yield (*path, key), _REASON
            else:
                yield from literals_in(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        words = [word for word in value if isinstance(word, str)]
        if _PASSWORD.search(" ".join(words)):
            yield path, _REASON
            return
        for index, inner in enumerate(value):
            yield from literals_in(inner, (*path, index))
    elif isinstance(value, str) and _contains_password(value):
        yield path, _REASON


def _contains_password(text: str) -> bool:
    return bool(
        _PASSWORD.search(text)
        or any(is_secret_key(key) for key in _ENTRY.findall(text))
        or any(_is_user_and_password(word) for word in _AUTH.findall(text))
    )


def _is_user_and_password(word: str) -> bool:
    """Return whether a word is base64 of `user:password`."""
    try:
        text = b64decode(word + "=" * (-len(word) % 4), validate=True).decode("ascii")
    except (Error, UnicodeDecodeError):
        return False
    return text.isprintable() and bool(text.partition(":")[2])


def _names_secret(name: str) -> bool:
    return names_secret(name) or name.lower() in ("authorization", "proxy-authorization")
