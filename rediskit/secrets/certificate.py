"""The certificate that encrypts SealedSecrets, and the private keys that decrypt them."""

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
"""The minimum size of an RSA key. The controller creates its own with 4096."""
_BEGIN, _DASHES = "-----BEGIN ", "-----"
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class Certificate(NamedTuple):
    """A certificate in a file. The fingerprint is the SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` prints it."""

    file: str
    key: RSAPublicKey
    fingerprint: str
    begins: datetime
    ends: datetime

    @property
    def key_bytes(self) -> int:
        """The length of a text that this key encrypts."""
        return (self.key.key_size + 7) // 8


def parse_certificate(text: str, file: str) -> Certificate:
    """Return the first certificate of a PEM file, as kubeseal reads it. Raise ConfigError when it is unusable for sealing."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    _only_certificates(text, file)
    try:
        parsed = x509.load_pem_x509_certificate(text.encode())
        key = parsed.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(Problem(f"{file}: the certificate is damaged", FETCH_HINT, code="certificate")) from error
    if not isinstance(key, RSAPublicKey):
        _refuse(file, "the key of the certificate is not RSA", f"sealed-secrets requires RSA: {FETCH_HINT}")
    if key.key_size < FEWEST_BITS:
        hint = "configure the controller with a larger --key-size"
        _refuse(file, f"the RSA key has {key.key_size} bits, fewer than {FEWEST_BITS}", hint)
    fingerprint = parsed.fingerprint(SHA256()).hex(":").upper()
    return Certificate(file, key, fingerprint, parsed.not_valid_before_utc, parsed.not_valid_after_utc)


def _only_certificates(text: str, file: str) -> None:
    """Raise ConfigError for another kind of PEM, with the name of that kind."""
    labels = [line.strip()[len(_BEGIN) : -len(_DASHES)] for line in text.splitlines() if _is_begin(line.strip())]
    if not text.strip():
        _refuse(file, "the file is empty", FETCH_HINT)
    if any(label.endswith("PRIVATE KEY") for label in labels):
        _refuse(file, PRIVATE_KEY, PRIVATE_KEY_HINT)
    if not labels:
        _refuse(file, "this is not a certificate in PEM", f"a certificate begins with {_BEGIN}CERTIFICATE{_DASHES}: {FETCH_HINT}")
    if labels[0] != "CERTIFICATE":
        _refuse(file, f"this is PEM of another kind: {labels[0]}", f"a certificate begins with {_BEGIN}CERTIFICATE{_DASHES}: {FETCH_HINT}")


def _is_begin(line: str) -> bool:
    return line.startswith(_BEGIN) and line.endswith(_DASHES) and len(line) > len(_BEGIN + _DASHES)


def expiry(certificate: Certificate, at: datetime) -> Problem | None:
    """Return a problem when a certificate is not valid at a time. kubeseal also refuses an expired certificate."""
    if at > certificate.ends:
        return Problem(f"{certificate.file}: the certificate expired on {certificate.ends:%Y-%m-%d}", FETCH_HINT, code="certificate")
    if at < certificate.begins:
        hint = f"check the clock of this machine, or {FETCH_HINT}"
        return Problem(f"{certificate.file}: the certificate is not valid before {certificate.begins:%Y-%m-%d}", hint, code="certificate")
    return None


def private_keys(content: bytes, file: str) -> list[RSAPrivateKey]:
    """Return the private keys of a file: PEM, or Secrets of the controller as `kubectl get secret -o yaml` prints them.

    Raises ConfigError when the file contains no RSA private key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    keys = []
    for text in _PRIVATE_KEY.findall(_pem(content, file)):
        try:
            key = load_pem_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigError(Problem(f"{file}: the private key can't be read", "use PEM without a passphrase")) from None
        if isinstance(key, RSAPrivateKey):
            keys.append(key)
    if not keys:
        hint = "use the private key of the controller: PEM, or its Secret as kubectl get secret -o yaml prints it"
        raise ConfigError(Problem(f"{file}: the file contains no RSA private key", hint))
    return keys


def _pem(content: bytes, file: str) -> bytes:
    """Return the PEM of a file that is PEM or contains Secrets with tls.key; empty for another file."""
    if content.lstrip().startswith(b"-----"):
        return content
    try:
        document = read(content, file).data
        return b"\n".join(b64decode(item["data"]["tls.key"]) for item in document.get("items", [document]))
    except (ConfigError, AttributeError, KeyError, TypeError, ValueError):
        return b""


def _refuse(file: str, message: str, hint: str) -> NoReturn:
    raise ConfigError(Problem(f"{file}: {message}", hint, code="certificate"))
