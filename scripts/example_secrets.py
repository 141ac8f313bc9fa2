"""Encrypt the Secrets of the two configs of this repository again: `make examples`. It needs sops and age-keygen.

The password and the private keys exist in memory only, so no one can decrypt these files. The comment in each file says so.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from rediskit.cli import main as rediskit

CONFIG = Path(__file__).parent.parent / "config"
NOTE = "# An example: the keys that open it were thrown away. Make your own: README, Secrets.\n"
_RECIPIENT = re.compile(r"\bage1[02-9ac-hj-np-z]{58}\b")
_YEARS = 10


def main() -> int:
    """Write the certificate, the recipient and the encrypted Secrets. Return the exit code of the first command that fails, else 0."""
    (CONFIG / "chocolandia/sealing.crt").write_text(NOTE + certificate(), encoding="ascii")
    flux = CONFIG / "chocolandia-flux.yaml"
    flux.write_text(_RECIPIENT.sub(recipient(), flux.read_text(encoding="utf-8")), encoding="utf-8")
    (CONFIG / "chocolandia-flux/.sops.yaml").unlink(missing_ok=True)
    for name in ("chocolandia", "chocolandia-flux"):
        if code := rediskit(["secret", "new", str(CONFIG / f"{name}.yaml"), "--force"]):
            return code
        for file in sorted((CONFIG / name / "secrets").glob("*.yaml")):
            file.write_bytes(NOTE.encode() + file.read_bytes())
    return 0


def certificate() -> str:
    """Return a certificate in the form of the sealed-secrets controller. Its private key is discarded."""
    key = rsa.generate_private_key(65537, 4096)
    name, now = x509.Name([]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .sign(key, SHA256())
    )
    return signed.public_bytes(Encoding.PEM).decode("ascii")


def recipient() -> str:
    """Return the public key of a new age key pair, whose private key is discarded."""
    done = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
    key = _RECIPIENT.search(done.stdout)
    assert key, "age-keygen prints the public key in a comment"
    return key[0]


if __name__ == "__main__":
    sys.exit(main())
