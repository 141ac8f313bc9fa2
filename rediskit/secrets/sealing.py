"""Seal values without kubeseal, in its format (pkg/crypto/crypto.go of sealed-secrets v0.36.6).

A sealed value is the base64 of: length of the RSA part (two bytes, big-endian); a session key of 32 bytes under RSA-OAEP with SHA-256
and the label of the scope; the value under AES-256-GCM with that key, a nonce of zeros (the key is used once) and no further data.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rediskit.plaintext import Plaintext

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SESSION_KEY_BYTES = 32
_NONCE = bytes(12)
_TAG_BYTES = 16


def seal(key: RSAPublicKey, value: Plaintext, bound_to: bytes) -> str:
    """Return a value sealed with the key of a certificate for a `sealing_label`. Each call returns another text."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    session = os.urandom(SESSION_KEY_BYTES)
    wrapped = key.encrypt(session, _oaep(bound_to))
    sealed = AESGCM(session).encrypt(_NONCE, value.reveal(), None)
    return b64encode(len(wrapped).to_bytes(2, "big") + wrapped + sealed).decode()


def unseal(keys: Sequence[RSAPrivateKey], sealed: str, bound_to: bytes) -> Plaintext | None:
    """Return the value, decrypted with the first matching key; None without one, or for another namespace, name or scope."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    parts = split(sealed)
    for key in keys if parts else ():
        assert parts
        try:
            session = key.decrypt(parts[0], _oaep(bound_to))
            return Plaintext(AESGCM(session).decrypt(_NONCE, parts[1], None))
        except (InvalidTag, ValueError):
            continue
    return None


def split(sealed: str) -> tuple[bytes, bytes] | None:
    """Return the two parts of a sealed value, encrypted with RSA and with AES; None for a damaged text."""
    try:
        content = b64decode(sealed, validate=True)
    except (Error, ValueError):
        return None
    length = int.from_bytes(content[:2], "big")
    wrapped, rest = content[2 : 2 + length], content[2 + length :]
    return (wrapped, rest) if length and len(wrapped) == length and len(rest) >= _TAG_BYTES else None


def _oaep(bound_to: bytes) -> OAEP:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.hashes import SHA256

    return OAEP(MGF1(SHA256()), SHA256(), bound_to)
