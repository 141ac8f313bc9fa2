"""A repository with one config, and helpers that encrypt and decrypt with the real programs."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NAME, KEY = "redis-credentials", "redis-password"


class Repository:
    """A Git work tree with `config/home.yaml`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config/home.yaml"
        self.certificate = folder / "config/home/sealing.crt"
        self.secrets = folder / "config/home/secrets"

    def write(self, secrets: str, clients: Iterable[str], tool: str = "argocd") -> None:
        """Write the config with `secrets` in flow style and clients in namespaces of their names."""
        (self.folder / ".git").mkdir(parents=True, exist_ok=True)
        self.certificate.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            "name: home",
            f"gitops: {{tool: {tool}, repository: 'https://git.example.org/home.git', revision: main}}",
            f"secrets: {{{secrets}}}",
            "clients:",
            *(f"- {{name: {client}, namespace: {client}}}" for client in clients),
        ]
        self.config.write_text("\n".join(lines) + "\n")

    def files(self) -> dict[str, bytes]:
        """Return the files in the directory of the ciphertexts."""
        return {file.name: file.read_bytes() for file in sorted(self.secrets.iterdir())} if self.secrets.exists() else {}

    def content(self, namespace: str) -> dict[str, Any]:
        """Return the manifest of a namespace."""
        return dict(yaml.safe_load((self.secrets / f"{namespace}.yaml").read_bytes()))

    def put(self, namespace: str, content: dict[str, Any]) -> None:
        """Write another manifest for a namespace."""
        (self.secrets / f"{namespace}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def rotation(self, namespace: str) -> str:
        """Return the rotation of the object."""
        return str(self.content(namespace)["metadata"]["annotations"]["rediskit/rotation"])


def certificate_of(key: Any, days: tuple[int, int] = (-1, 3650), sign: Any = None) -> bytes:
    """Return a self-signed certificate in PEM with its validity in days from now."""
    now, name = datetime.now(UTC), x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now + timedelta(days[0])).not_valid_after(now + timedelta(days[1]))
    return builder.sign(sign or key, SHA256()).public_bytes(Encoding.PEM)


def private_pem(key: RSAPrivateKey) -> bytes:
    """Return a private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def age_key(program: Path, file: Path) -> Path:
    """Return a file with a new age key."""
    subprocess.run([program, "-o", file], check=True, capture_output=True)
    return file


def unseal(kubeseal: Path, key_file: Path, manifest: bytes) -> subprocess.CompletedProcess[bytes]:
    """Return a SealedSecret that the real kubeseal decrypts with the private key."""
    command: list[str | Path] = [kubeseal, "--recovery-unseal", "--recovery-private-key", key_file, "--format", "json"]
    return subprocess.run(command, input=manifest, capture_output=True)


def value_of(secret: bytes) -> bytes:
    """Return the password in a Secret in JSON or YAML."""
    content = json.loads(secret) if secret.startswith(b"{") else yaml.safe_load(secret)
    return b64decode(content["data"][KEY])


def decrypt(sops: Path, age_file: Path, file: Path) -> subprocess.CompletedProcess[bytes]:
    """Return a file that the real sops decrypts."""
    return subprocess.run([sops, "decrypt", file], env={"SOPS_AGE_KEY_FILE": str(age_file), "HOME": str(file.parent)}, capture_output=True)
