"""Keys and certificates made for the run, the real programs, and repositories that a test's command works in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from rediskit.cli import main
from tests.secrets.api import Api
from tests.secrets.repository import Repository, Run, age_key, certificate_of


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    """The private key of the controller."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> RSAPrivateKey:
    """The private key of somebody else."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def age_keys(tmp_path_factory: pytest.TempPathFactory, age_keygen: Path) -> tuple[Path, Path]:
    """Two files with a key of age each: ours, and somebody else's."""
    folder = tmp_path_factory.mktemp("age")
    return age_key(age_keygen, folder / "ours.txt"), age_key(age_keygen, folder / "theirs.txt")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], sops: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process: exit code, output, errors. sops finds no key of the person who runs the tests."""
    monkeypatch.setenv("SOPS", str(sops))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "/nonexistent")

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["secret", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: RSAPrivateKey) -> Callable[..., Repository]:
    """A Git work tree with one config, which the test then stands in."""

    def make(secrets: str, *clients: str, tool: str = "argocd") -> Repository:
        made = Repository(tmp_path / "repository")
        made.write(secrets, clients or ("shop",), tool)
        made.certificate.write_bytes(certificate_of(key))
        monkeypatch.chdir(made.folder)
        return made

    return make


@pytest.fixture
def sealed(repository: Callable[..., Repository]) -> Repository:
    """One with sealed-secrets and the client shop."""
    return repository("mode: sealed-secrets, certificate: home/sealing.crt")


@pytest.fixture
def encrypted(repository: Callable[..., Repository], age_keys: tuple[Path, Path]) -> Repository:
    """One with sops, for our key, and the client shop."""
    return repository(f"mode: sops, recipients: [{recipient(age_keys[0])}]", tool="flux")


@pytest.fixture
def api(tmp_path: Path, kubeseal: Path, key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """An API server that kubeseal is pointed at, with our certificate."""
    running = Api(tmp_path)
    running.certificate = certificate_of(key)
    monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig))
    monkeypatch.setenv("KUBESEAL", str(kubeseal))
    yield running
    running.stop()


def recipient(file: Path) -> str:
    """The public key that age-keygen writes into a comment."""
    return file.read_text().partition("public key: ")[2].partition("\n")[0]
