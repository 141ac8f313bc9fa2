"""Fixtures: keys and certificates of this run, the real programs, and repositories for commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.conftest import Run
from tests.secrets.api import Api
from tests.secrets.repository import Repository, age_key, certificate_of


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    """Return the private key of the controller."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> RSAPrivateKey:
    """Return another private key."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def age_keys(tmp_path_factory: pytest.TempPathFactory, age_keygen: Path) -> tuple[Path, Path]:
    """Return two files with different age keys."""
    folder = tmp_path_factory.mktemp("age")
    return age_key(age_keygen, folder / "ours.txt"), age_key(age_keygen, folder / "theirs.txt")


@pytest.fixture
def run(run: Run, sops: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return `rediskit secret`, to run in this process without a sops key of the user."""
    monkeypatch.setenv("SOPS", str(sops))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "/nonexistent")

    return partial(run, "secret")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: RSAPrivateKey) -> Callable[..., Repository]:
    """Return a function that creates a Git work tree with one config and changes into it."""

    def make(secrets: str, *clients: str, tool: str = "argocd") -> Repository:
        work_tree = Repository(tmp_path / "repository")
        work_tree.write(secrets, clients or ("shop",), tool)
        work_tree.certificate.write_bytes(certificate_of(key))
        monkeypatch.chdir(work_tree.folder)
        return work_tree

    return make


@pytest.fixture
def sealed(repository: Callable[..., Repository]) -> Repository:
    """Return a repository with mode sealed-secrets and the client shop."""
    return repository("mode: sealed-secrets, certificate: home/sealing.crt")


@pytest.fixture
def encrypted(repository: Callable[..., Repository], age_keys: tuple[Path, Path]) -> Repository:
    """Return a repository with mode sops for the first age key, and the client shop."""
    return repository(f"mode: sops, recipients: [{recipient(age_keys[0])}]", tool="flux")


@pytest.fixture
def api(tmp_path: Path, kubeseal: Path, key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Return an API server with the certificate for kubeseal."""
    running = Api(tmp_path)
    running.certificate = certificate_of(key)
    monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig))
    monkeypatch.setenv("KUBESEAL", str(kubeseal))
    yield running
    running.stop()


def recipient(file: Path) -> str:
    """Return the public key in the comment of age-keygen."""
    return file.read_text().partition("public key: ")[2].partition("\n")[0]
