"""The password in memory. No function that prints, formats or stores an object shows it."""

import base64
import json
import secrets
import string
from hmac import compare_digest
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from rediskit.errors import Problem

LENGTH = 32
"""The length of a generated password, and the minimum length of another one."""
LONGEST = 512
"""The maximum length of a Redis password in bytes (CONFIG_AUTHPASS_MAX_LEN in config.c of Redis)."""
ALPHABET = string.ascii_letters + string.digits
"""Characters without a special meaning in a URL, a shell, redis.conf, an environment variable and a template."""
SHOWN = "<plaintext>"


class Plaintext:
    """A secret value. Only `reveal` returns it; text, format, pickle, copy and JSON do not."""

    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]  # a hash in a set or a dict would be a trace of the secret

    def __init__(self, value: bytes) -> None:
        self.__value = value

    def reveal(self) -> bytes:
        """Return the bytes, for a cipher or the standard input of a program."""
        return self.__value

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        return isinstance(other, Plaintext) and compare_digest(self.__value, other.__value)

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a plaintext can't be copied or stored")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a plaintext can't be copied or stored")


def generate() -> Plaintext:
    """Return a new password of LENGTH letters and digits from the random source of the system."""
    return Plaintext("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)).encode())


def without_newline(content: bytes) -> Plaintext:
    """Return an input without one final newline, which `echo` and editors add."""
    return Plaintext(content.removesuffix(b"\n").removesuffix(b"\r") if content.endswith(b"\n") else content)


def invalid(value: Plaintext) -> list[Problem]:
    """Return why Redis or an application would read another value. No message contains the value."""
    content = value.reveal()
    problems = []
    if not content:
        problems.append(Problem("the value is empty", "use another value: Redis accepts all clients with an empty password"))
    if len(content) > LONGEST:
        problems.append(Problem(f"the value is longer than {LONGEST} bytes", "use a shorter password: Redis accepts no longer one"))
    if any(byte < 0x20 or byte == 0x7F for byte in content):
        hint = "remove it: the chart of Redis strips a final newline, but an application does not"
        problems.append(Problem("the value contains a newline or another control character", hint))
    elif not _is_text(content):
        problems.append(Problem("the value is not UTF-8", "use UTF-8, because an environment variable contains text"))
    return problems


def weak(value: Plaintext) -> list[Problem]:
    """Return why a password is weak: it is short, or has characters with a special meaning in some programs."""
    content = value.reveal()
    problems = []
    if len(content) < LENGTH:
        hint = f"use {LENGTH} or more letters and digits, or generate one: rediskit secret new"
        problems.append(Problem(f"the value has fewer than {LENGTH} characters", hint))
    if not set(content) <= set(ALPHABET.encode()):
        hint = "use only letters and digits: other characters have a meaning in a URL, a shell, redis.conf or a template"
        problems.append(Problem("the value has characters other than A-Z, a-z and 0-9", hint))
    return problems


_SHORTEST_FORM = 6
"""The length of the shortest form to search for: a shorter one occurs in other texts by chance."""


def forms(value: Plaintext) -> frozenset[str]:
    """Return the forms in which a text could contain a value: plain, quoted, base64, base32, hexadecimal, and each of these reversed.

    Base64 has three forms, one for each position of the value in a longer text, without the characters that depend on the other text.
    The base64 of the value counts as another value, because a Secret contains it.
    """
    raw = value.reveal()
    plain = {form for content in (raw, base64.b64encode(raw)) for form in _forms(content)}
    return frozenset(form for form in {*plain, *(form[::-1] for form in plain)} if len(form) >= _SHORTEST_FORM)


def _forms(content: bytes) -> set[str]:
    text = content.decode(errors="replace")
    quoted = {quote(content, safe=""), quote(content), quote_plus(content), "".join(f"%{byte:02X}" for byte in content)}
    escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1], repr(content)[2:-1]}
    encoded = {content.hex(), content.hex().upper(), base64.b32encode(content).decode().rstrip("=")}
    for before, dropped in ((0, 0), (1, 2), (2, 3)):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text64 = encode(b"\0" * before + content).decode().rstrip("=")
            # The last character is complete only for a multiple of three bytes.
            encoded.add(text64[dropped : len(text64) if (before + len(content)) % 3 == 0 else -1])
    return {text, *quoted, *escaped, *encoded}


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
