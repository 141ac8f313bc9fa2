"""Refused inputs, each with its whole message and without a written file."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.errors import ConfigError
from rediskit.model.ciphertext import sealing_label
from rediskit.plaintext import Plaintext
from rediskit.secrets.certificate import parse_certificate, private_keys
from rediskit.secrets.sealing import seal
from tests.conftest import Run
from tests.secrets.conftest import recipient
from tests.secrets.repository import KEY, NAME, Repository, certificate_of, private_pem
from tests.secrets.test_commands import stdin

FETCH = "run rediskit secret fetch-cert to download the certificate of the controller"
AT_CERTIFICATE = "config/home.yaml:3:46: error[certificate]: secrets.certificate: home/sealing.crt: "
BEGIN = "-----BEGIN CERTIFICATE-----"
ENCRYPT_AGAIN = "encrypt it again: rediskit secret seal config/home.yaml --force"


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


WITHOUT = "remove it: the chart of Redis strips a final newline, but an application does not"
ONLY = "use only letters and digits: other characters have a meaning in a URL, a shell, redis.conf or a template"
LONGER = "use 32 or more letters and digits, or generate one: rediskit secret new"
VALUES = [
    (b"", "error: the value is empty\n  help: use another value: Redis accepts all clients with an empty password\n"),
    (b"\n", "error: the value is empty\n  help: use another value: Redis accepts all clients with an empty password\n"),
    (b"Short1\n", f"error: the value has fewer than 32 characters\n  help: {LONGER}\n"),
    (b"x" * 40 + b"\n\n", f"error: the value contains a newline or another control character\n  help: {WITHOUT}\n"),
    (b"a b" * 20, f"error: the value has characters other than A-Z, a-z and 0-9\n  help: {ONLY}\n"),
    (b"\xff" * 40, "error: the value is not UTF-8\n  help: use UTF-8, because an environment variable contains text\n"),
    (b"x" * 513, "error: the value is longer than 512 bytes\n  help: use a shorter password: Redis accepts no longer one\n"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), VALUES)
def test_an_invalid_or_weak_value_is_refused(
    content: bytes, message: str, sealed: Repository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin(monkeypatch, content)
    assert run("new", "--from-stdin") == (1, "", message)
    assert sealed.files() == {}


@pytest.mark.usefixtures("sealed")
def test_a_terminal_as_standard_input_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"", terminal=True)
    code, _, errors = run("new", "--from-stdin")
    assert code == 2
    assert (
        errors == "error: standard input is a terminal: nothing comes from it\n  help: pass show redis | rediskit secret new --from-stdin\n"
    )


@pytest.mark.usefixtures("sealed")
def test_a_missing_value_file_is_an_error(run: Run) -> None:
    code, _, errors = run("new", "--from-file", "nowhere")
    assert code == 2
    assert errors == "error: --from-file: nowhere: no such file or directory\n  help: check the path: it counts from the current folder\n"


@pytest.mark.parametrize("mode", ["mode: manual", "mode: external-secrets, store: {name: vault}, key: redis"])
def test_new_is_refused_in_modes_without_ciphertexts(mode: str, repository: Callable[..., Repository], run: Run) -> None:
    repository(mode)
    code, _, errors = run("new")
    assert code == 2
    assert errors.startswith(
        f"config/home.yaml:3:17: error[secrets-mode]: secrets.mode: with mode {mode.split(',')[0][6:]} Git contains no encrypted password\n"
    )


@pytest.mark.usefixtures("sealed")
def test_apply_is_refused_in_other_modes_than_manual(run: Run) -> None:
    code, _, errors = run("apply")
    assert code == 2
    assert errors.startswith(
        "config/home.yaml:3:17: error[secrets-mode]: secrets.mode: with mode sealed-secrets the Secrets come from Git, "
        "not from this command\n"
    )


@pytest.mark.usefixtures("sealed")
def test_an_unknown_client_is_an_error_with_the_known_ones(run: Run) -> None:
    assert run("seal", "--client", "blog", "--from-stdin") == (2, "", "error: there is no client blog\n  help: use one of: shop\n")


@pytest.mark.parametrize("missing", ["sops", "kubectl"])
@pytest.mark.usefixtures("encrypted")
def test_a_missing_program_is_exit_code_3(
    missing: str, repository: Callable[..., Repository], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPS")
    monkeypatch.setenv("PATH", "/nonexistent")
    if missing == "kubectl":
        repository("mode: manual")
        code, _, errors = run("apply")
        where = "https://kubernetes.io/docs/tasks/tools"
    else:
        code, _, errors = run("new")
        where = "https://github.com/getsops/sops/releases"
    assert code == 3
    assert errors == f"error: {missing} is not on PATH\n  help: install it ({where}), or set ${missing.upper()} to the file\n"


@pytest.mark.usefixtures("encrypted")
def test_sops_that_fails_is_quoted_without_the_value(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "sops"
    program.write_text("#!/bin/sh\ncat >&2\nexit 4\n")
    program.chmod(0o755)
    monkeypatch.setenv("SOPS", str(program))
    value = "Planted0Value1Of2Thirty3Two4Characters"
    stdin(monkeypatch, value.encode())
    code, _, errors = run("new", "--from-stdin", "--debug")
    assert code == 3
    assert "sops ended with exit code 4" in errors
    assert "redis-password: ***" in errors
    assert value not in errors
    assert base64.b64encode(value.encode()).decode() not in errors


KEYS = [
    (b"a key\n", "the file contains no RSA private key",
     "use the private key of the controller: PEM, or its Secret as kubectl get secret -o yaml prints it"),
    (b"kind: Secret\ndata: {tls.key: '****'}\n", "the file contains no RSA private key",
     "use the private key of the controller: PEM, or its Secret as kubectl get secret -o yaml prints it"),
    (("-----BEGIN RSA " + "PRIVATE KEY-----\nAAAA\n-----END RSA " + "PRIVATE KEY-----\n").encode(), "the private key can't be read",
     "use PEM without a passphrase"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message", "hint"), KEYS)
@pytest.mark.usefixtures("sealed")
def test_a_file_without_a_private_key_is_an_error(content: bytes, message: str, hint: str, run: Run, tmp_path: Path) -> None:
    assert run("new")[0] == 0
    (tmp_path / "key").write_bytes(content)
    assert run("check", "--key", str(tmp_path / "key")) == (2, "", f"error: {tmp_path}/key: {message}\n  help: {hint}\n")


@pytest.mark.usefixtures("sealed")
def test_a_missing_key_file_is_an_error(run: Run) -> None:
    assert run("new")[0] == 0
    code, _, errors = run("check", "--key", "nowhere.pem")
    assert (code, errors) == (
        2,
        "error[file-missing]: file nowhere.pem does not exist\n  help: check the path: it is relative to the current folder\n",
    )


@pytest.mark.usefixtures("sealed")
def test_another_private_key_is_reported_for_each_file(run: Run, other_key: RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(private_pem(other_key))
    assert run("new")[0] == 0
    code, output, errors = run("check", "--key", str(tmp_path / "key"))
    assert code == 1
    assert "home: sealed-secrets, 2 wrong" in output
    hint = "use its key, or encrypt it again for this namespace, name and scope: rediskit secret seal --force"
    assert errors == "".join(
        f"error[ciphertext-opens]: the key does not decrypt home/secrets/{name}.yaml\n  help: {hint}\n" for name in ("redis", "shop")
    )


@pytest.mark.usefixtures("encrypted")
def test_another_age_key_is_reported(run: Run, age_keys: tuple[Path, Path]) -> None:
    assert run("new")[0] == 0
    code, _, errors = run("check", "--key", str(age_keys[1]))
    assert code == 1
    assert "error[ciphertext-opens]: the key does not decrypt home/secrets/redis.yaml\n" in errors


def test_other_recipients_than_in_the_config_are_reported(encrypted: Repository, run: Run, age_keys: tuple[Path, Path]) -> None:
    assert run("new")[0] == 0
    ours, theirs = (recipient(file) for file in age_keys)
    encrypted.write(f"mode: sops, recipients: [{theirs}]", ("shop",), "flux")
    code, _, errors = run("check")
    assert code == 1
    assert f"error[ciphertext-recipients]: secrets: home/secrets/redis.yaml is not encrypted for {theirs}, which the config lists" in errors
    assert (
        f"error[ciphertext-recipients]: secrets: home/secrets/redis.yaml is also encrypted for {ours}, which the config does not list"
        in errors
    )


DAMAGED = [
    ("not base64", lambda _: "%%%%", "error[ciphertext-damaged]: home/secrets/shop.yaml: the sealed value of redis-password is damaged"),
    ("cut off", lambda text: text[:40], "error[ciphertext-damaged]: home/secrets/shop.yaml: the sealed value of redis-password is damaged"),
    ("empty", lambda _: "", "error[ciphertext-damaged]: home/secrets/shop.yaml: the sealed value of redis-password is damaged"),
]


@pytest.mark.parametrize(("change", "message"), [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED])
def test_a_damaged_ciphertext_is_reported_without_a_key(change: Callable[[str], str], message: str, sealed: Repository, run: Run) -> None:
    assert run("new")[0] == 0
    content = sealed.content("shop")
    values = content["spec"]["encryptedData"]
    values[KEY] = change(values[KEY])
    sealed.put("shop", content)
    code, _, errors = run("check")
    assert code == 1
    assert errors == f"{message}\n  help: {ENCRYPT_AGAIN}\n"


def test_a_flipped_bit_is_reported_with_the_key(sealed: Repository, run: Run, key: RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(private_pem(key))
    assert run("new")[0] == 0
    content = sealed.content("shop")
    raw = bytearray(base64.b64decode(content["spec"]["encryptedData"][KEY]))
    raw[-1] ^= 1
    content["spec"]["encryptedData"][KEY] = base64.b64encode(raw).decode()
    sealed.put("shop", content)
    assert run("check")[0] == 0
    code, _, errors = run("check", "--key", str(tmp_path / "key"))
    assert code == 1
    assert errors.startswith("error[ciphertext-opens]: the key does not decrypt home/secrets/shop.yaml\n")


def test_a_ciphertext_of_a_key_of_another_size_is_reported(sealed: Repository, run: Run) -> None:
    assert run("new")[0] == 0
    larger = rsa.generate_private_key(65537, 3072)
    sealed.certificate.write_bytes(certificate_of(larger))
    code, _, errors = run("check")
    assert code == 1
    message = (
        "error[ciphertext-damaged]: home/secrets/redis.yaml is sealed with a key of 2048 bits, but the key of the certificate has 3072"
    )
    assert f"{message}\n  help: {ENCRYPT_AGAIN}\n" in errors


def test_different_values_with_one_rotation_are_reported(sealed: Repository, run: Run, key: RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(private_pem(key))
    assert run("new")[0] == 0
    content = sealed.content("shop")
    content["spec"]["encryptedData"][KEY] = seal(key.public_key(), Plaintext(b"x" * 32), sealing_label("strict", "shop", NAME))
    sealed.put("shop", content)
    code, _, errors = run("check", "--key", str(tmp_path / "key"))
    assert code == 1
    hint = "give all of them one new password: rediskit secret rotate config/home.yaml"
    assert errors == f"error[value-differs]: home/secrets/shop.yaml contains another value than home/secrets/redis.yaml\n  help: {hint}\n"
    code, _, errors = run("seal", "--force", "--key", str(tmp_path / "key"))
    assert code == 1
    assert errors.startswith("error: redis.yaml and shop.yaml contain different values\n")


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        (b"x" * 32 + b"\n", 1, "error[value]: home/secrets/redis.yaml: the value contains a newline or another control character"),
        (b"", 1, "error[value]: home/secrets/redis.yaml: the value is empty"),
        (b"short", 0, "warning[value]: home/secrets/redis.yaml: the value has fewer than 32 characters"),
        (b"x/" * 20, 0, "warning[value]: home/secrets/redis.yaml: the value has characters other than A-Z, a-z and 0-9"),
    ],
)
def test_an_invalid_value_is_reported_with_the_key(
    value: bytes, code: int, message: str, sealed: Repository, run: Run, key: RSAPrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(private_pem(key))
    assert run("new")[0] == 0
    for namespace in ("redis", "shop"):
        content = sealed.content(namespace)
        content["spec"]["encryptedData"][KEY] = seal(key.public_key(), Plaintext(value), sealing_label("strict", namespace, NAME))
        sealed.put(namespace, content)
    result, _, errors = run("check", "--key", str(tmp_path / "key"))
    assert result == code
    assert message in errors


def test_two_rotations_are_reported(sealed: Repository, run: Run) -> None:
    assert run("new")[0] == 0
    first = sealed.files()["redis.yaml"]
    assert run("rotate")[0] == 0
    first_id, two = first.split(b"rotation: ")[1][:8].decode(), sealed.rotation("shop")
    (sealed.secrets / "redis.yaml").write_bytes(first)
    code, _, errors = run("check")
    assert code == 1
    assert f"home/secrets/shop.yaml has rotation {two}, but that of redis has {first_id}: the passwords differ" in errors
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    code, _, errors = run("seal", "--client", "blog", "--from-file", os.devnull)
    assert code == 1
    code, _, errors = run("seal", "--client", "blog", "--from-file", str(sealed.folder / "value"))
    assert code == 2


def test_a_link_is_neither_followed_nor_replaced(sealed: Repository, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.yaml"
    sealed.secrets.mkdir()
    (sealed.secrets / "shop.yaml").symlink_to(target)
    code, _, errors = run("new", "--force")
    assert code == 2
    assert "home/secrets/shop.yaml is outside the Git work tree of the config" in errors
    target = sealed.folder / "inside.yaml"
    (sealed.secrets / "shop.yaml").unlink()
    (sealed.secrets / "shop.yaml").symlink_to(target)
    target.write_bytes(b"")
    code, _, errors = run("new", "--force")
    assert code != 0
    assert target.read_bytes() == b""
    assert (sealed.secrets / "shop.yaml").is_symlink()


def test_a_directory_outside_of_the_repository_is_refused(repository: Callable[..., Repository], run: Run, tmp_path: Path) -> None:
    project = repository("mode: sealed-secrets, certificate: home/sealing.crt, directory: ../../elsewhere")
    code, _, errors = run("new")
    assert code == 2
    assert "secrets.directory: ../../elsewhere is outside the Git work tree of the config" in errors
    (tmp_path / "elsewhere").mkdir()
    project.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop",))
    project.secrets.symlink_to(tmp_path / "elsewhere")
    code, _, errors = run("new")
    assert code == 2
    assert "is outside the Git work tree of the config" in errors
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_at_the_path_of_a_file_is_refused(sealed: Repository, run: Run) -> None:
    (sealed.secrets / "redis.yaml").mkdir(parents=True)
    code, _, errors = run("new")
    assert code != 0
    assert "redis.yaml is a folder" in errors


def test_a_folder_without_write_permission_is_refused(sealed: Repository, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(place: str, _: int = 0) -> None:
        raise PermissionError(13, "Permission denied", place)

    monkeypatch.setattr("os.mkdir", refused)
    code, _, errors = run("new")
    assert code == 1
    assert errors.endswith(": Permission denied\n  help: fix the cause, then run the command again; nothing was written\n")
    assert sealed.files() == {}


def test_a_plain_secret_beside_the_ciphertexts_is_refused(sealed: Repository, run: Run) -> None:
    assert run("new")[0] == 0
    sealed.put("shop", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME, "namespace": "shop"}, "data": {KEY: "QUJD"}})
    code, _, errors = run("check")
    assert code == 2
    assert (
        "config/home/secrets/shop.yaml:1:1: error[encrypted-secret]: expected a SealedSecret or a Secret encrypted by SOPS, "
        "found an unencrypted Secret" in errors
    )
    assert "QUJD" not in errors


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_certificate_or_key_file_is_read_or_refused(key: RSAPrivateKey, data: st.DataObject) -> None:
    """A changed certificate or key, or another text, is a ConfigError without any of its bytes."""
    whole = data.draw(st.sampled_from([certificate_of(key), private_pem(key), b"kind: List\nitems: [{data: {tls.key: QUJD}}]\n"]))
    begin, end = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
    content = whole[:begin] + data.draw(st.binary(max_size=8)) + whole[end:]
    for read in (lambda: parse_certificate(content.decode("utf-8", "replace"), "file"), lambda: private_keys(content, "file")):
        try:
            read()
        except ConfigError as error:
            (problem,) = error.problems
            assert problem.message.startswith("file: ")
            assert len(problem.message) < 200
