"""Recognize passwords, keys and tokens in text."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import log2
from typing import Any

_SHAPES = (
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key", ("PRIVATE KEY-----",)),
    (r"(?i)AGE-SECRET-KEY-[0-9]", "an age private key", ("SECRET-KEY-",)),
    (
        r"\b(?:gh[oprsu]_|github_pat_|glpat-|xox[abprs]-|AKIA[0-9A-Z]{12})",
        "an access token",
        ("GHO_", "GHP_", "GHR_", "GHS_", "GHU_", "GITHUB_PAT_", "GLPAT-", "XOX", "AKIA"),
    ),
    (r"://(?<=[A-Za-z0-9]://)[^/\s:@]*:[^/\s@$]+@", "a URL that contains a password", ("://",)),
    (r"(?i)://(?:(?<=http://)|(?<=https://))[^/\s:@$]+@", "a URL that contains a user or a token", ("://",)),
    (
        r"(?im)^[ \t]*(?:requirepass|masterauth)[ \t]+(?:\S+|\"[^\"\n]*\")[ \t]*$",
        "a password in redis.conf",
        ("REQUIREPASS", "MASTERAUTH"),
    ),
)
"""A pattern, its name, and upper-case words of which the text must contain one: most texts contain none, and the search for a word is ten
times as fast as the pattern. A pattern that starts with its word, with a look-behind, is equally fast."""
_DIGIT = re.compile("[0-9]")
_LONG = 20
"""The least number of characters of a generated password."""
_WORD = re.compile(rf"[A-Za-z0-9+/_=-]{{{_LONG},}}+")
_ONLY_WORDS = bytes(code if chr(code) in "+/_=-" or bytes((code,)).isalnum() else 32 for code in range(256))
"""A table for `bytes.translate`: a space in place of each byte that is not in a word."""
_KEY = r"(?i)(?:^|[./_-]|(?<=[a-z]))(?:password|passwd|passphrase|token|api[_-]?key|secret[_-]?key|private[_-]?key)$"

# Only values of charts and variables need these patterns: each is compiled on first use.
_STRONG_NAME = r"(?i)PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL"
_WEAK_NAME = r"(?:^|[/_.-])(?i:pass|pwd|pw|creds?|key|auth|salt|pin|cookie)$|(?<=[a-z])(?:Pass|Pwd|Pw|Creds?|Key|Auth|Salt|Pin|Cookie)$"
_ABOUT_A_SECRET = r"(?i:file|path|dir|name|ttl|length|expiry|expires|expiration|enabled|header)$"
"""TOKEN_TTL and PASSWORD_FILE describe a secret and contain none."""

_SHORTEST = 11
"""The length of the shortest shape, `ssh://a:b@c`."""
_CHANGES = 0.36
"""The share of changes between lower case, upper case and digits: on average 0.62 in a generated word, below 0.35 in camel case."""
_ENTROPY = 3.5
"""Bits per character: about 4.1 for 20 random letters and digits, 1.6 for a pattern such as `Aa1Aa1Aa1`."""


def secret_reason(value: str) -> str:
    """Return the kind of secret that a text looks like, such as "a private key"; "" for other text.

    A generated password is a word of 20 or more letters, digits and `+/_=-` that changes often between lower case, upper case and digits.
    Digests, UUIDs, names and base64 of words do not. Not recognized: a password of hexadecimal digits, which looks like a digest, and a
    short one, which looks like a name.
    """
    if len(value) < _SHORTEST:
        return ""
    capitals = value.upper()
    for shape, reason, words in _SHAPES:
        for word in words:
            if word in capitals:
                if re.search(shape, value):
                    return reason
                break
    return "a generated password" if any(map(_generated, _long_words(value))) else ""


def _long_words(text: str) -> Iterator[str]:
    """Yield the matches of `_WORD`, in half of its time: a check reads all texts of all objects."""
    for word in text.encode("ascii", "replace").translate(_ONLY_WORDS).split():
        if len(word) >= _LONG:
            yield word.decode("ascii")


def without_passwords(text: str) -> str:
    """Return a message with `***` in place of each word that looks like a generated password, which a key of a config can be."""
    return _WORD.sub(lambda word: "***" if _generated(word[0]) and secret_reason(word[0]) else word[0], text)


def holds_private_key(text: str) -> bool:
    """Return whether a text contains a private key in PEM format. Other shapes can't be recognized in a certificate."""
    return bool(re.search(_SHAPES[0][0], text))


def is_secret_key(key: str) -> bool:
    """Return whether a mapping key is for a secret value (`password`, `authToken`), not for a reference (`existingSecretPasswordKey`)."""
    return bool(re.search(_KEY, key))


def names_secret(name: str) -> bool:
    """Return whether a variable or a header of this name usually contains a secret (`DB_PW`, `APP_CREDS`, `JWT_SECRET`)."""
    secret = re.search(_STRONG_NAME, name) or re.search(_WEAK_NAME, name)
    return is_secret_key(name) or (secret is not None and not re.search(_ABOUT_A_SECRET, name))


def secrets_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and reason of each value in nested data that is a secret by its shape, its key, or the `name` beside it.

    Booleans, empty text and null are not secrets: charts have keys such as `usePassword: true`.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            named = key == "value" and isinstance(value.get("name"), str) and is_secret_key(value["name"])
            if not isinstance(inner, (dict, list, tuple)) and (named or is_secret_key(str(key))) and _has_content(inner):
                yield (*path, key), "a password"
            else:
                yield from secrets_in(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from secrets_in(inner, (*path, index))
    elif isinstance(value, str) and (reason := secret_reason(value)):
        yield path, reason


def shapes_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and reason of each text in nested data that is a secret by its shape. For objects, in which many keys refer to Secrets.

    A first pass searches the joined texts, each once, which is faster. No shape contains a line break, so a text without a match has none
    in a part.
    """
    if secret_reason("\n".join(_texts(value))):
        yield from _shapes(value, path)


def _texts(value: Any) -> Iterable[str]:
    """Return the texts in nested data, each once."""
    texts: dict[str, None] = {}
    stack = [value]
    while stack:
        inner = stack.pop()
        if isinstance(inner, str):
            texts[inner] = None
        elif isinstance(inner, dict):
            stack.extend(inner.values())
        elif isinstance(inner, (list, tuple)):
            stack.extend(inner)
    return texts


def _shapes(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _shapes(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _shapes(inner, (*path, index))
    elif isinstance(value, str) and (reason := secret_reason(value)):
        yield path, reason


def _has_content(value: Any) -> bool:
    return value is not None and value != "" and not isinstance(value, bool)


def _generated(word: str) -> bool:
    if not _DIGIT.search(word) or word.islower() or word.isupper():
        return False
    kinds = [_kind(character) for character in word]
    steps = [(kind, following) for kind, following in pairwise(kinds) if kind and following]
    changes = sum(kind != following for kind, following in steps)
    if changes <= _CHANGES * len(steps) or _entropy(word) <= _ENTROPY:
        return False
    plain = _decoded(word)
    return bool(secret_reason(plain)) if plain else True


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "lower" if character.islower() else "upper" if character.isupper() else ""


def _decoded(word: str) -> str:
    """Return the decoded text of base64; "" if the word is not base64 of printable ASCII, which random bytes rarely are."""
    try:
        text = b64decode(word, validate=True).decode("ascii")
    except (Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() else ""


def _entropy(word: str) -> float:
    return -sum((share := word.count(character) / len(word)) * log2(share) for character in set(word))
