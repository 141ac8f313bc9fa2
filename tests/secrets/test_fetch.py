"""`secret fetch-cert`: the real kubeseal downloads the certificate from an API server on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.conftest import Run
from tests.secrets.api import PROXY, Api
from tests.secrets.repository import Repository, certificate_of
from tests.secrets.stand_in import Recorder


def test_fetch_cert_writes_the_file_of_the_config(sealed: Repository, run: Run, api: Api) -> None:
    sealed.certificate.unlink()
    code, output, errors = run("fetch-cert")
    assert (code, errors) == (0, "")
    assert output.startswith("config/home/sealing.crt: created, valid until 2036-")
    assert sealed.certificate.read_bytes() == api.certificate
    assert run("new")[0] == 0
    assert run("fetch-cert")[1].startswith("config/home/sealing.crt: unchanged, ")


def test_another_certificate_is_overwritten_only_with_force(sealed: Repository, run: Run, api: Api, other_key: RSAPrivateKey) -> None:
    """A person must compare the fingerprint: sealing with another certificate discloses the password."""
    before = sealed.certificate.read_bytes()
    api.certificate = certificate_of(other_key)
    code, output, errors = run("fetch-cert")
    assert (code, output) == (1, "")
    assert errors.startswith("error: config/home/sealing.crt holds another certificate\n  help: its SHA-256 is ")
    assert sealed.certificate.read_bytes() == before
    code, output, _ = run("fetch-cert", "--force", "--dry-run")
    assert (code, sealed.certificate.read_bytes()) == (0, before)
    assert output.startswith("config/home/sealing.crt: would be changed")
    code, output, _ = run("fetch-cert", "--force", "--json")
    document = json.loads(output)
    assert (code, document["state"], document["file"]) == (0, "changed", "config/home/sealing.crt")
    assert sealed.certificate.read_bytes() == api.certificate


def test_the_certificate_of_another_cluster_is_refused_also_with_force(
    sealed: Repository, run: Run, api: Api, other_key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No password of production could be decrypted there after it is sealed with the certificate of staging."""
    before = sealed.certificate.read_bytes()
    api.certificate = certificate_of(other_key)
    stand_in = Recorder(tmp_path / "stand-in")
    stand_in.claim("redis-shared-claim", cluster="staging", repository="https://git.example.org/home.git")
    monkeypatch.setenv("KUBECTL", str(stand_in.programs / "kubectl"))
    code, output, errors = run("fetch-cert", "--force")
    assert (code, output, sealed.certificate.read_bytes()) == (1, "", before)
    assert "claims its names for cluster staging, not home" in errors


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (
            b"not a certificate",
            3,
            "error: the response of the controller: this is not a certificate in PEM\n  help: check --controller-name",
        ),
        (b"", 3, "error: kubeseal ended with exit code 1\n"),
    ],
)
def test_a_response_without_a_certificate_is_an_error(
    answer: bytes, code: int, message: str, sealed: Repository, run: Run, api: Api
) -> None:
    before = sealed.certificate.read_bytes()
    api.certificate = answer
    result, output, errors = run("fetch-cert", "--force")
    assert (result, output) == (code, "")
    assert errors.startswith(message)
    assert sealed.certificate.read_bytes() == before


def test_an_expired_certificate_is_refused(sealed: Repository, run: Run, api: Api, key: RSAPrivateKey) -> None:
    api.certificate = certificate_of(key, (-20, -10))
    code, _, errors = run("fetch-cert", "--force")
    assert code == 1
    assert errors.startswith("error[certificate]: the response of the controller: the certificate expired on 20")
    assert sealed.certificate.read_bytes() != api.certificate


def test_without_kubeseal_kubectl_downloads_the_certificate(
    sealed: Repository, run: Run, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script in place of kubectl records the path. The real program is in tests/cluster."""
    sealed.certificate.unlink()
    (tmp_path / "answer").write_bytes(api.certificate)
    program = tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\ncat {tmp_path}/answer\n')
    program.chmod(0o755)
    monkeypatch.delenv("KUBESEAL")
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("KUBECTL", str(program))
    assert run("fetch-cert", "--context", "home")[0] == 0
    assert (tmp_path / "said").read_text() == f"--context home get --raw {PROXY}/proxy/v1/cert.pem\n"
    assert sealed.certificate.read_bytes() == api.certificate


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        ("mode: manual", "config/home.yaml:3:10: error[certificate]: secrets: the config has no certificate\n"),
        (
            "mode: sealed-secrets, certificate: ../../x.crt",
            "config/home.yaml:3:46: error[file-outside]: secrets.certificate: ../../x.crt is outside the Git",
        ),
    ],
)
def test_a_config_without_a_certificate_path_is_an_error(secrets: str, message: str, sealed: Repository, run: Run) -> None:
    sealed.write(secrets, ("shop",))
    code, _, errors = run("fetch-cert")
    assert code == 2
    assert errors.startswith(message)


def test_a_link_at_the_certificate_path_is_refused(sealed: Repository, run: Run, api: Api) -> None:
    del api
    (sealed.folder / "target").write_bytes(b"")
    sealed.certificate.unlink()
    sealed.certificate.symlink_to(sealed.folder / "target")
    code, _, errors = run("fetch-cert", "--force")
    assert (code, errors) == (
        1,
        "error: config/home/sealing.crt is a symbolic link\n  help: move it: rediskit writes a file to this path\n",
    )
