"""Certificates that are refused, each with its whole message and without a written file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conftest import Run
from tests.secrets.repository import Repository, certificate_of, private_pem

FETCH = "run rediskit secret fetch-cert to download the certificate of the controller"


AT_CERTIFICATE = "config/home.yaml:3:46: error[certificate]: secrets.certificate: home/sealing.crt: "


BEGIN = "-----BEGIN CERTIFICATE-----"


class Case(NamedTuple):
    """A certificate and the message for it."""

    name: str
    certificate: Callable[[RSAPrivateKey], bytes]
    message: str
    hint: str
    code: int = 2


def _small(key: RSAPrivateKey) -> bytes:
    return certificate_of(rsa.generate_private_key(65537, 1024), sign=key)


def _elliptic(key: RSAPrivateKey) -> bytes:
    return certificate_of(ec.generate_private_key(ec.SECP256R1()), sign=key)


def _public(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _cut(key: RSAPrivateKey) -> bytes:
    lines = certificate_of(key).splitlines(keepends=True)
    return b"".join(lines[:3] + lines[-1:])


LOST = "do not commit it, and revoke it if it was pushed"


CERTIFICATES = [
    Case("empty", lambda _: b"", "the file is empty", FETCH),
    Case("not PEM", lambda _: b"a certificate\n", "not a certificate in PEM format", FETCH),
    Case("DER", lambda key: base64.b64decode(b"".join(certificate_of(key).splitlines()[1:-1])), "not a certificate in PEM format",
         FETCH),
    Case("a public key", _public, "this is PEM of another kind: PUBLIC KEY", f"a certificate begins with {BEGIN}: {FETCH}"),
    Case("a private key", private_pem, "this is a private key, not a certificate", f"{LOST}; {FETCH}"),
    Case("both in one file", lambda key: certificate_of(key) + private_pem(key), "this is a private key, not a certificate",
         f"{LOST}; {FETCH}"),
    Case("cut off", _cut, "the certificate is damaged", FETCH),
    Case("no end", lambda key: certificate_of(key)[:200], "the certificate is damaged", FETCH),
    Case("1024 bits", _small, "the RSA key has 1024 bits, fewer than 2048", "configure the controller with a larger --key-size"),
    Case("not RSA", _elliptic, "the key of the certificate is not RSA", f"sealed-secrets requires RSA: {FETCH}"),
]  # fmt: skip


@pytest.mark.parametrize("case", CERTIFICATES, ids=lambda case: case.name)
def test_a_certificate_that_is_unusable_for_sealing_is_an_error(case: Case, sealed: Repository, run: Run, key: RSAPrivateKey) -> None:
    sealed.certificate.write_bytes(case.certificate(key))
    code, output, errors = run("new")
    assert (code, output) == (case.code, "")
    assert errors == f"{AT_CERTIFICATE}{case.message}\n  help: {case.hint}\n"
    assert sealed.files() == {}


def test_a_missing_certificate_is_an_error(sealed: Repository, run: Run) -> None:
    sealed.certificate.unlink()
    code, _, errors = run("new")
    assert code == 2
    assert errors.startswith(
        "config/home.yaml:3:46: error[file-missing]: secrets.certificate: file config/home/sealing.crt does not exist\n"
    )
    assert errors.endswith(", or run rediskit secret fetch-cert to download the certificate of the controller\n")


@pytest.mark.parametrize(
    ("days", "message", "hint"),
    [
        ((-20, -10), "the certificate expired on ", FETCH),
        ((10, 20), "the certificate is not valid before ", f"check the clock of this machine, or {FETCH}"),
    ],
)
def test_a_certificate_outside_its_validity_is_refused(
    days: tuple[int, int], message: str, hint: str, sealed: Repository, run: Run, key: RSAPrivateKey
) -> None:
    sealed.certificate.write_bytes(certificate_of(key, days))
    code, _, errors = run("new")
    assert code == 1
    first, second = errors.splitlines()
    assert first.startswith(f"{AT_CERTIFICATE}{message}20")
    assert second == f"  help: {hint}"
    assert sealed.files() == {}
    code, _, errors = run("check")
    assert code == 1
    assert f"{AT_CERTIFICATE}{message}" in errors


def test_a_certificate_that_expires_soon_is_a_warning(sealed: Repository, run: Run, key: RSAPrivateKey) -> None:
    sealed.certificate.write_bytes(certificate_of(key, (-10, 20)))
    assert run("new")[0] == 0
    code, _, errors = run("check")
    assert code == 0
    assert "warning[certificate]: secrets.certificate: home/sealing.crt: the certificate expires on 20" in errors
    code, _, errors = run("check", "--at", "2090-01-01T00:00:00Z")
    assert code == 1
    assert "the certificate expired on 20" in errors
