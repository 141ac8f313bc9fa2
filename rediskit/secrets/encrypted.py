"""Validate the output of sops: its input Secret, with the value encrypted for the configured recipients."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Any

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.model.ciphertext import SOPS_REGEX, ciphertext
from rediskit.model.nested import list_at, mapping_at, text_at
from rediskit.model.secrets import Sops
from rediskit.plaintext import Plaintext, forms
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain

_VALUE = re.compile(r"ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:str\]")
"""An encrypted text (getsops/sops aes/cipher.go). AES-GCM adds nothing to the length, so `data` is as long as the plain text."""
_NONCE_BYTES, _TAG_BYTES = 32, 16
_ARMOUR = re.compile(r"-----BEGIN AGE ENCRYPTED FILE-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END AGE ENCRYPTED FILE-----\n?")
_HINT = "set $SOPS to the program of https://github.com/getsops/sops; nothing was written"


def refuse_unencrypted(output: bytes, sent: dict[str, Any], secrets: Sops, value: Plaintext) -> None:
    """Raise MissingToolError when the output of sops is not `sent` with its values encrypted for the recipients of `secrets`.

    The output must not contain the password in any form.
    """
    reason = next(_reasons(output, sent, secrets, value), "")
    if reason:
        raise MissingToolError(Problem(f"sops ended with exit code 0, but {reason}", _HINT))


def _reasons(output: bytes, sent: dict[str, Any], secrets: Sops, value: Plaintext) -> Iterator[str]:
    """Yield the faults, as text after "but". No text of the output is repeated, because it may be the password."""
    try:
        encrypted = plain(read(output, "").data)
    except ConfigError:
        yield "its output is not the YAML of an object"
        return
    parsed = ciphertext(encrypted)
    if parsed is None or parsed.form != "sops":
        yield "its output is not an encrypted Secret"
        return
    if any(secrets.differences(parsed)):
        yield "its output is encrypted for other recipients than those of the config"
    if parsed.regex != SOPS_REGEX:
        yield f"its output is not encrypted by the rule {SOPS_REGEX}"
    if {**encrypted, "data": None, "sops": None} != {**sent, "data": None, "sops": None} or parsed.keys != tuple(sent["data"]):
        yield "its output is not the input Secret"
    if not all(_is_encrypted(str(mapping_at(encrypted, "data").get(key)), text) for key, text in sent["data"].items()):
        yield "its output does not contain the encrypted value"
    if not _is_encrypted(text_at(encrypted, "sops", "mac"), "") or not all(map(_is_armoured, list_at(encrypted, "sops", "age"))):
        yield "its output has no valid MAC or recipients of sops"
    if b"#" in output:
        yield "its output has comments, which are not encrypted"
    added = "\n".join(_texts({"data": encrypted["data"], "sops": encrypted["sops"]}))
    if any(form in added for form in forms(value)):
        yield "its output contains the value"


def _is_encrypted(text: str, plaintext: str) -> bool:
    """Return whether a text has the form of an encrypted value, with the length of `plaintext` unless that is empty."""
    parts = _VALUE.fullmatch(text)
    try:
        data, nonce, tag = (b64decode(part, validate=True) for part in parts.groups()) if parts else (b"", b"", b"")
    except Error:
        return False
    lengths = (len(nonce), len(tag)) == (_NONCE_BYTES, _TAG_BYTES)
    return lengths and (len(data) == len(plaintext) if plaintext else bool(data))


def _is_armoured(entry: Any) -> bool:
    return bool(_ARMOUR.fullmatch(text_at(entry, "enc")))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)
