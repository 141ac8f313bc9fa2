"""Keys that decrypt nothing, and ciphertexts that are damaged, different or of other recipients."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from rediskit.model.ciphertext import sealing_label
from rediskit.plaintext import Plaintext
from rediskit.secrets.sealing import seal
from tests.conftest import Run
from tests.secrets.conftest import recipient
from tests.secrets.repository import KEY, NAME, Repository, certificate_of, private_pem

ENCRYPT_AGAIN = "encrypt it again: rediskit secret seal config/home.yaml --force"


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
    first, first_id = sealed.files()["redis.yaml"], sealed.rotation("redis")
    assert run("rotate")[0] == 0
    two = sealed.rotation("shop")
    (sealed.secrets / "redis.yaml").write_bytes(first)
    code, _, errors = run("check")
    assert code == 1
    assert f"home/secrets/shop.yaml has rotation {two}, but that of redis has {first_id}: the passwords differ" in errors
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    code, _, errors = run("seal", "--client", "blog", "--from-file", os.devnull)
    assert code == 1
    code, _, errors = run("seal", "--client", "blog", "--from-file", str(sealed.folder / "value"))
    assert code == 2
