"""What is accepted as the output of sops: the Secret that it was given, with the value encrypted for the configured recipients."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Any

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.model.ciphertext import SOPS_REGEX, ciphertext
from rediskit.model.nested import list_at, mapping_at, text_at
from rediskit.model.secrets import Sops
from rediskit.secrets.plaintext import Plaintext, forms
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain

_VALUE = re.compile(r"ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:str\]")
"""An encrypted text (getsops/sops aes/cipher.go). AES-GCM adds nothing to the length, so `data` is as long as what it hides."""
_NONCE_BYTES, _TAG_BYTES = 32, 16
_ARMOUR = re.compile(r"-----BEGIN AGE ENCRYPTED FILE-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END AGE ENCRYPTED FILE-----\n?")
_HINT = "see whether $SOPS, or the sops on PATH, is the program of https://github.com/getsops/sops; nothing was written"


def refuse_unencrypted(output: bytes, sent: dict[str, Any], secrets: Sops, value: Plaintext) -> None:
    """Raise MissingToolError when the output of sops is not `sent` with its values encrypted.

    Args:
        output: what sops printed.
        sent: the Secret that it was given.
        secrets: the recipients that the value has to be encrypted for.
        value: the password, which the output may hold in no form.
    """
    reason = next(_reasons(output, sent, secrets, value), "")
    if reason:
        raise MissingToolError(Problem(f"sops ended with exit code 0, but {reason}", _HINT))


def _reasons(output: bytes, sent: dict[str, Any], secrets: Sops, value: Plaintext) -> Iterator[str]:
    """What is wrong, in words that follow "but". No word of the output is repeated: it may be the password."""
    try:
        made = plain(read(output, "").data)
    except ConfigError:
        yield "its output is not the YAML of an object"
        return
    found = ciphertext(made)
    if found is None or found.form != "sops":
        yield "its output is not a Secret that is encrypted"
        return
    if any(secrets.differences(found)):
        yield "its output is encrypted for other recipients than those of the config"
    if found.regex != SOPS_REGEX:
        yield f"its output is not encrypted by the rule {SOPS_REGEX}"
    if {**made, "data": None, "sops": None} != {**sent, "data": None, "sops": None} or found.keys != tuple(sent["data"]):
        yield "its output is not the Secret that it was given"
    if not all(_is_encrypted(str(mapping_at(made, "data").get(key)), text) for key, text in sent["data"].items()):
        yield "its output does not hold the value encrypted"
    if not _is_encrypted(text_at(made, "sops", "mac"), "") or not all(map(_is_armoured, list_at(made, "sops", "age"))):
        yield "its output is not signed and encrypted as sops does it"
    if b"#" in output:
        yield "its output has comments, which are not encrypted"
    added = "\n".join(_texts({"data": made["data"], "sops": made["sops"]}))
    if any(form in added for form in forms(value)):
        yield "its output holds the value"


def _is_encrypted(text: str, plaintext: str) -> bool:
    """Whether a text has the form of an encrypted value, of the length of `plaintext` where one is given."""
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
