"""What looks like a secret: one place for the rule, used on config values here and on rendered bytes in `check`."""

from __future__ import annotations

import re
from math import log2

_SHAPES = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"AGE-SECRET-KEY-1", re.IGNORECASE), "an age private key"),
    (re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@$]+@", re.IGNORECASE), "an address with a password in it"),
    (re.compile(r"\b(requirepass|masterauth)\s+\S", re.IGNORECASE), "a password for redis.conf"),
)
_WORD = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]{20,}(?![A-Za-z0-9+/_=-])")
_SECRET_KEY = re.compile(r"(?:^|[._-]|(?<=[a-z]))(?:password|passwd|token|api_?key|secret_?key|private_?key)$", re.IGNORECASE)


def secret_reason(value: str) -> str:
    """Why a text looks like a secret, in words that fit after "looks like"; "" when it does not.

    A generated password is a word of 20 or more characters with lower case, upper case and digits and more than
    3.5 bits of entropy a character; digests (hex) and names (one case) are not.
    """
    if len(value) < 12:
        return ""
    for shape, reason in _SHAPES:
        if shape.search(value):
            return reason
    if any(_generated(word) for word in _WORD.findall(value)):
        return "a generated password"
    return ""


def is_secret_key(key: str) -> bool:
    """Whether a mapping key names a secret value itself (`password`, `authToken`), not a reference to one."""
    return bool(_SECRET_KEY.search(key))


def _generated(word: str) -> bool:
    kinds = (any(c.islower() for c in word), any(c.isupper() for c in word), any(c.isdigit() for c in word))
    return all(kinds) and "/" not in word.strip("/") and _entropy(word) > 3.5


def _entropy(word: str) -> float:
    return -sum((n := word.count(c) / len(word)) * log2(n) for c in set(word))
