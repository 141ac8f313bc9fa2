"""The password while it is in memory: made, taken, judged; nothing that prints, formats or stores an object ever shows it."""

from __future__ import annotations

import base64
import json
import secrets
import string
from hmac import compare_digest
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from rediskit.errors import Problem

LENGTH = 32
"""Characters of a password that is made here, and the fewest that a given one may have (decision 5 of the brief)."""
LONGEST = 512
"""Bytes that Redis takes as a password (CONFIG_AUTHPASS_MAX_LEN of its config.c)."""
ALPHABET = string.ascii_letters + string.digits
"""What means the same in a URL, a shell, redis.conf, an environment variable and a template (facts: chart §5)."""
SHOWN = "<plaintext>"


class Plaintext:
    """A value that must not be seen. `reveal` is the one way to it; text, format, pickle, copy and JSON have none."""

    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]  # a hash of a secret in a set or a dict would be one more trace of it

    def __init__(self, value: bytes) -> None:
        self.__value = value

    def reveal(self) -> bytes:
        """The bytes: for a cipher, or for the standard input of a program."""
        return self.__value

    def __eq__(self, other: object) -> bool:
        """In a time that tells nothing of the value."""
        return isinstance(other, Plaintext) and compare_digest(self.__value, other.__value)

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a plaintext is neither copied nor stored")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a plaintext is neither copied nor stored")


def generate() -> Plaintext:
    """A new password of LENGTH letters and digits, from the system's random source."""
    return Plaintext("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)).encode())


def taken(content: bytes) -> Plaintext:
    """What a person hands over, less one final newline: that of `echo` and of editors."""
    return Plaintext(content.removesuffix(b"\n").removesuffix(b"\r") if content.endswith(b"\n") else content)


def impossible(value: Plaintext) -> list[Problem]:
    """Why this can't be the password at all: Redis or an application would read something else. Says nothing of what is in it."""
    content = value.reveal()
    problems = []
    if not content:
        problems.append(Problem("the value is empty", "with an empty password Redis lets everybody in"))
    if len(content) > LONGEST:
        problems.append(Problem(f"the value is longer than {LONGEST} bytes", "Redis takes no longer password"))
    if any(byte < 0x20 or byte == 0x7F for byte in content):
        hint = "Redis' chart strips a final newline and an application does not: give the value without it"
        problems.append(Problem("the value holds a newline or another control character", hint))
    elif not _is_text(content):
        problems.append(Problem("the value is not UTF-8", "an environment variable holds text"))
    return problems


def weak(value: Plaintext) -> list[Problem]:
    """What a new password must not be, and what one in use should not stay: short, or of characters that some program takes for its own."""
    content = value.reveal()
    problems = []
    if len(content) < LENGTH:
        hint = f"use {LENGTH} or more letters and digits, or let rediskit secret new make one"
        problems.append(Problem(f"the value has fewer than {LENGTH} characters", hint))
    if not set(content) <= set(ALPHABET.encode()):
        hint = "others mean something in a URL, a shell, redis.conf or a template: use letters and digits only"
        problems.append(Problem("the value has characters other than A-Z, a-z and 0-9", hint))
    return problems


_SHORTEST_FORM = 6
"""Characters of the shortest form that is searched for: a shorter one occurs in any longer text by chance."""


def forms(value: Plaintext) -> frozenset[str]:
    """The forms in which a text could give a value away: plain, quoted, base64, base32, hexadecimal, and each of these backwards.

    Base64 is given for each of the three positions that the value may have in a longer encoded text, without the letters that also
    depend on what is beside it; and the base64 of the value counts as a value of its own, because that is what a Secret holds.
    """
    raw = value.reveal()
    found = {form for content in (raw, base64.b64encode(raw)) for form in _forms(content)}
    return frozenset(form for form in {*found, *(form[::-1] for form in found)} if len(form) >= _SHORTEST_FORM)


def _forms(content: bytes) -> set[str]:
    text = content.decode(errors="replace")
    quoted = {quote(content, safe=""), quote(content), quote_plus(content), "".join(f"%{byte:02X}" for byte in content)}
    escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1], repr(content)[2:-1]}
    encoded = {content.hex(), content.hex().upper(), base64.b32encode(content).decode().rstrip("=")}
    for before, dropped in ((0, 0), (1, 2), (2, 3)):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text64 = encode(b"\0" * before + content).decode().rstrip("=")
            # The last letter is complete only where the length is a multiple of three.
            encoded.add(text64[dropped : len(text64) if (before + len(content)) % 3 == 0 else -1])
    return {text, *quoted, *escaped, *encoded}


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
