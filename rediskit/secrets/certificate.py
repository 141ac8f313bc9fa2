"""The certificate that SealedSecrets are sealed with, and the private keys that open them."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rediskit.errors import ConfigError, Problem
from rediskit.model.secrets import FETCH_HINT, PRIVATE_KEY, PRIVATE_KEY_HINT
from rediskit.yamlio.reader import read

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

FEWEST_BITS = 2048
"""Of an RSA key; the controller makes its own with 4096."""
_BEGIN, _DASHES = "-----BEGIN ", "-----"
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class Certificate(NamedTuple):
    """A certificate as it stands in a file. fingerprint: SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` shows it."""

    file: str
    key: RSAPublicKey
    fingerprint: str
    begins: datetime
    ends: datetime

    @property
    def key_bytes(self) -> int:
        """The length of what this key encrypts to."""
        return (self.key.key_size + 7) // 8


def certificate(text: str, file: str) -> Certificate:
    """The first certificate of a PEM file, as kubeseal takes it. Raises ConfigError that names the file when it can't seal."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    _only_certificates(text, file)
    try:
        found = x509.load_pem_x509_certificate(text.encode())
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(Problem(f"{file}: the certificate is damaged", FETCH_HINT)) from error
    if not isinstance(key, RSAPublicKey):
        _refuse(file, "the key of the certificate is not RSA", f"SealedSecrets are sealed with RSA: {FETCH_HINT}")
    if key.key_size < FEWEST_BITS:
        _refuse(
            file, f"the RSA key has {key.key_size} bits, fewer than {FEWEST_BITS}", "have the controller make a larger one (--key-size)"
        )
    return Certificate(file, key, found.fingerprint(SHA256()).hex(":").upper(), found.not_valid_before_utc, found.not_valid_after_utc)


def _only_certificates(text: str, file: str) -> None:
    """What is not a certificate is called by its name: people take one file for the other."""
    labels = [line.strip()[len(_BEGIN) : -len(_DASHES)] for line in text.splitlines() if _is_begin(line.strip())]
    if not text.strip():
        _refuse(file, "the file is empty", FETCH_HINT)
    if any(label.endswith("PRIVATE KEY") for label in labels):
        _refuse(file, PRIVATE_KEY, PRIVATE_KEY_HINT)
    if not labels:
        _refuse(file, "this is not a certificate in PEM", f"it begins with {_BEGIN}CERTIFICATE{_DASHES}: {FETCH_HINT}")
    if labels[0] != "CERTIFICATE":
        _refuse(file, f"this is PEM of another kind: {labels[0]}", f"a certificate begins with {_BEGIN}CERTIFICATE{_DASHES}: {FETCH_HINT}")


def _is_begin(line: str) -> bool:
    return line.startswith(_BEGIN) and line.endswith(_DASHES) and len(line) > len(_BEGIN + _DASHES)


def expiry(found: Certificate, at: datetime) -> Problem | None:
    """Why a certificate is not valid at a time; None when it is. kubeseal refuses an expired one, too."""
    if at > found.ends:
        return Problem(f"{found.file}: the certificate expired on {found.ends:%Y-%m-%d}", FETCH_HINT)
    if at < found.begins:
        return Problem(
            f"{found.file}: the certificate is not valid before {found.begins:%Y-%m-%d}", f"is this machine's clock right? {FETCH_HINT}"
        )
    return None


def private_keys(content: bytes, file: str) -> list[RSAPrivateKey]:
    """The private keys of a file: PEM, or the controller's Secrets as `kubectl get secret -o yaml` prints them (one, or a List).

    Raises ConfigError that names the file when there is none in it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    keys = []
    for text in _PRIVATE_KEY.findall(_pem(content, file)):
        try:
            key = load_pem_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigError(Problem(f"{file}: the private key can't be read", "it has to be PEM without a passphrase")) from None
        if isinstance(key, RSAPrivateKey):
            keys.append(key)
    if not keys:
        hint = "give the private key of the controller: PEM, or its Secret as kubectl get secret -o yaml prints it"
        raise ConfigError(Problem(f"{file}: there is no RSA private key in it", hint))
    return keys


def _pem(content: bytes, file: str) -> bytes:
    """The PEM of a file that may be PEM itself, or hold Secrets with tls.key in them; empty when it is neither."""
    if content.lstrip().startswith(b"-----"):
        return content
    try:
        document = read(content, file).data
        return b"\n".join(b64decode(item["data"]["tls.key"]) for item in document.get("items", [document]))
    except (ConfigError, AttributeError, KeyError, TypeError, ValueError):
        return b""


def _refuse(file: str, message: str, hint: str) -> NoReturn:
    raise ConfigError(Problem(f"{file}: {message}", hint))
