"""What looks like a secret: one place for the rule, used on config values here and on rendered bytes in `check`."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from itertools import pairwise
from math import log2
from typing import Any

_SHAPES: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key", ("PRIVATE KEY-----",)),
    (re.compile(r"AGE-SECRET-KEY-[0-9]", re.IGNORECASE), "an age private key", ("SECRET-KEY-",)),
    (
        re.compile(r"\b(?:gh[oprsu]_|github_pat_|glpat-|xox[abprs]-|AKIA[0-9A-Z]{12})"),
        "an access token",
        ("GHO_", "GHP_", "GHR_", "GHS_", "GHU_", "GITHUB_PAT_", "GLPAT-", "XOX", "AKIA"),
    ),
    (re.compile(r"://(?<=[a-z0-9]://)[^/\s:@]*:[^/\s@$]+@", re.IGNORECASE), "an address with a password in it", ("://",)),
    (re.compile(r"://(?:(?<=http://)|(?<=https://))[^/\s:@$]+@", re.IGNORECASE), "an address with a user or a token in it", ("://",)),
    (
        re.compile(r"^[ \t]*(?:requirepass|masterauth)[ \t]+(?:\S+|\"[^\"\n]*\")[ \t]*$", re.IGNORECASE | re.MULTILINE),
        "a password for redis.conf",
        ("REQUIREPASS", "MASTERAUTH"),
    ),
)
"""What it looks like, its name, and words in capitals of which one has to be there: most texts of a tree have none, and finding a word is
ten times as fast as the pattern. A pattern that begins with its word (and looks behind it) is as fast."""
_DIGIT = re.compile("[0-9]")
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{20,}+")
_KEY = re.compile(r"(?:^|[./_-]|(?<=[a-z]))(?:password|passwd|passphrase|token|api[_-]?key|secret[_-]?key|private[_-]?key)$", re.IGNORECASE)

_STRONG_NAME = re.compile(r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL", re.IGNORECASE)
_WEAK_NAME = re.compile(
    r"(?:^|[/_.-])(?i:pass|pwd|pw|creds?|key|auth|salt|pin|cookie)$|(?<=[a-z])(?:Pass|Pwd|Pw|Creds?|Key|Auth|Salt|Pin|Cookie)$"
)
_ABOUT_A_SECRET = re.compile(r"(?i:file|path|dir|name|ttl|length|expiry|expires|expiration|enabled|header)$")
"""TOKEN_TTL and PASSWORD_FILE say something about a secret, and hold none."""

_SHORTEST = 11
"""Characters of the shortest shape, `ssh://a:b@c`: nothing shorter is looked at."""
_CHANGES = 0.36
"""How often a generated word changes between lower case, upper case and digits: 0.62 on average; a name in camel case hardly 0.35."""
_ENTROPY = 3.5
"""Bits a character; 20 random letters and digits have about 4.1, a pattern such as `Aa1Aa1Aa1` has 1.6."""


def secret_reason(value: str) -> str:
    """Why a text looks like a secret, in words that fit after "looks like"; "" when it does not.

    A generated password is a word of 20 or more letters and digits (and `+/_=-`) that changes between lower case, upper case and digits
    all the time. Digests, UUIDs and names do not, and neither does base64 of plain words. What no rule can know apart passes: a password
    of hexadecimal digits looks like a digest, a short one like a name.
    """
    if len(value) < _SHORTEST:
        return ""
    capitals = value.upper()
    for shape, reason, words in _SHAPES:
        if any(word in capitals for word in words) and shape.search(value):
            return reason
    return "a generated password" if any(map(_generated, _WORD.findall(value))) else ""


def without_passwords(text: str) -> str:
    """Return a message with `***` in place of every word that looks like a generated password: a key of a config may be one."""
    return _WORD.sub(lambda found: "***" if _generated(found[0]) and secret_reason(found[0]) else found[0], text)


def holds_private_key(text: str) -> bool:
    """Whether a text holds a private key in PEM: the one shape that can be told in a certificate, whose every line looks generated."""
    return bool(_SHAPES[0][0].search(text))


def is_secret_key(key: str) -> bool:
    """Whether a mapping key names a secret value itself (`password`, `authToken`), not a reference to one (`existingSecretPasswordKey`)."""
    return bool(_KEY.search(key))


def names_secret(name: str) -> bool:
    """Return whether a variable or a header of this name usually holds a secret (`DB_PW`, `APP_CREDS`, `JWT_SECRET`)."""
    return is_secret_key(name) or bool((_STRONG_NAME.search(name) or _WEAK_NAME.search(name)) and not _ABOUT_A_SECRET.search(name))


def secrets_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Path and reason of every value in nested data that is a secret by its shape, by its key, or by the `name` beside it.

    true, false, empty texts and null are none: charts switch on `usePassword: true`, and blank out what they do not use.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            named = key == "value" and isinstance(value.get("name"), str) and is_secret_key(value["name"])
            if not isinstance(inner, (dict, list, tuple)) and (named or is_secret_key(str(key))) and _is_given(inner):
                yield (*path, key), "a password"
            else:
                yield from secrets_in(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from secrets_in(inner, (*path, index))
    elif isinstance(value, str) and (reason := secret_reason(value)):
        yield path, reason


def shapes_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Path and reason of every text in nested data that is a secret by its shape alone: for objects, whose keys name Secrets everywhere.

    All texts are looked at together first: no shape reaches over the end of a line, so what has none as a whole has none in its parts.
    """
    if secret_reason("\n".join(_texts(value))):
        yield from _shapes(value, path)


def _texts(value: Any) -> list[str]:
    found, left = [], [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, (list, tuple)):
            left.extend(one)
    return found


def _shapes(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _shapes(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _shapes(inner, (*path, index))
    elif isinstance(value, str) and (reason := secret_reason(value)):
        yield path, reason


def _is_given(value: Any) -> bool:
    return value is not None and value != "" and not isinstance(value, bool)


def _generated(word: str) -> bool:
    if not _DIGIT.search(word) or word.islower() or word.isupper():
        return False
    kinds = [_kind(character) for character in word]
    steps = [(one, other) for one, other in pairwise(kinds) if one and other]
    changes = sum(one != other for one, other in steps)
    if changes <= _CHANGES * len(steps) or _entropy(word) <= _ENTROPY:
        return False
    plain = _decoded(word)
    return bool(secret_reason(plain)) if plain else True


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "lower" if character.islower() else "upper" if character.isupper() else ""


def _decoded(word: str) -> str:
    """The words that are in base64 here; "" when it is none, or not of plain text: random bytes hardly ever are."""
    try:
        text = b64decode(word, validate=True).decode("ascii")
    except (Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() else ""


def _entropy(word: str) -> float:
    return -sum((n := word.count(c) / len(word)) * log2(n) for c in set(word))
