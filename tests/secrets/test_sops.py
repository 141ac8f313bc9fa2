"""SOPS: the real sops decrypts the files with the right key and a valid MAC, and refuses changed files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.model.ciphertext import SOPS_REGEX
from rediskit.plaintext import Plaintext
from rediskit.secrets.manifests import Keys, opened
from rediskit.secrets.sops import decrypt as our_decrypt
from rediskit.secrets.sops import encrypt
from rediskit.source.loader import load
from tests.conftest import Run
from tests.secrets.conftest import recipient
from tests.secrets.repository import KEY, NAME, Repository, decrypt, value_of


def test_sops_decrypts_the_files_with_a_valid_mac(encrypted: Repository, run: Run, sops: Path, age_keys: tuple[Path, Path]) -> None:
    assert run("new")[0] == 0
    values = set()
    for name in encrypted.files():
        done = decrypt(sops, age_keys[0], encrypted.secrets / name)
        assert done.returncode == 0, done.stderr
        secret = yaml.safe_load(done.stdout)
        assert (secret["kind"], secret["metadata"]["name"], list(secret["data"])) == ("Secret", NAME, [KEY])
        assert "stringData" not in secret
        values.add(value_of(done.stdout))
        assert decrypt(sops, age_keys[1], encrypted.secrets / name).returncode == 128
    assert len(values) == 1
    assert len(values.pop()) == 32


def test_only_the_fields_for_flux_are_encrypted(encrypted: Repository, run: Run) -> None:
    """Flux reads kind, name and namespace before decryption, so that all other values are plain text."""
    assert run("new")[0] == 0
    for namespace in ("redis", "shop"):
        content = encrypted.content(namespace)
        assert content["sops"]["encrypted_regex"] == SOPS_REGEX == "^(data|stringData)$"
        assert content["data"][KEY].startswith("ENC[AES256_GCM,")
        assert (content["apiVersion"], content["kind"], content["type"]) == ("v1", "Secret", "Opaque")
        assert content["metadata"]["namespace"] == namespace
        assert "ENC[" not in str({**content, "data": None, "sops": None})


@pytest.mark.usefixtures("encrypted")
def test_the_rendered_copy_has_a_valid_mac(run: Run, sops: Path, age_keys: tuple[Path, Path], tmp_path: Path) -> None:
    from rediskit import render, write

    assert run("new")[0] == 0
    write(render(load("config/home.yaml")), tmp_path / "rendered")
    copies = sorted((tmp_path / "rendered").rglob(f"secret-{NAME}.yaml"))
    assert [copy.parent.name for copy in copies] == ["redis", "shop"]
    first, second = (decrypt(sops, age_keys[0], copy) for copy in copies)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert value_of(first.stdout) == value_of(second.stdout)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["metadata"].update(namespace="elsewhere"),
        lambda content: content["metadata"]["annotations"].update({"rediskit/rotation": "00000000"}),
        lambda content: content["data"].update(more="text"),
        lambda content: content["sops"].pop("mac"),
    ],
    ids=["namespace", "rotation", "another value", "no MAC"],
)
def test_a_file_that_changed_after_encryption_is_refused(
    change: Callable[[Any], object], encrypted: Repository, run: Run, age_keys: tuple[Path, Path]
) -> None:
    assert run("new")[0] == 0
    content = encrypted.content("shop")
    change(content)
    encrypted.put("shop", content)
    code, _, errors = run("check", "--key", str(age_keys[0]))
    assert code == 1
    assert "error[ciphertext-damaged]: home/secrets/shop.yaml: sops reports that the file changed after encryption" in errors
    # The MAC is a digest of the values in clear: what sops prints of it is not repeated.
    assert "MAC" not in errors


@pytest.mark.usefixtures("sops")
def test_neither_a_sops_yaml_nor_variables_affect_encryption(
    encrypted: Repository, run: Run, age_keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = recipient(age_keys[1])
    (encrypted.folder / ".sops.yaml").write_text(f"creation_rules:\n- unencrypted_suffix: _x\n  age: {theirs}\n")
    monkeypatch.setenv("SOPS_AGE_RECIPIENTS", theirs)
    monkeypatch.setenv("SOPS_PGP_FP", "0123456789ABCDEF0123456789ABCDEF01234567")
    assert run("new")[0] == 0
    for namespace in ("redis", "shop"):
        assert [entry["recipient"] for entry in encrypted.content(namespace)["sops"]["age"]] == [recipient(age_keys[0])]
        assert "pgp" not in encrypted.content(namespace)["sops"]


def test_sops_encrypts_the_same_way_with_the_creation_rules(
    encrypted: Repository, run: Run, sops: Path, age_keys: tuple[Path, Path]
) -> None:
    """The rules are outside the folder of manifests, and sops of a user encrypts the same way with them."""
    code, output, _ = run("new")
    assert code == 0
    assert "+ ../.sops.yaml" in output
    assert not (encrypted.secrets / ".sops.yaml").exists()
    file = encrypted.secrets / "by-hand.yaml"
    file.write_text("apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  a: Yg==\n")
    done = subprocess.run([sops, "encrypt", "secrets/by-hand.yaml"], cwd=encrypted.secrets.parent, capture_output=True, check=True)
    content = yaml.safe_load(done.stdout)
    assert content["sops"]["encrypted_regex"] == SOPS_REGEX
    assert [entry["recipient"] for entry in content["sops"]["age"]] == [recipient(age_keys[0])]
    file.unlink()
    rules = (encrypted.secrets.parent / ".sops.yaml").read_bytes()
    (encrypted.secrets.parent / ".sops.yaml").write_bytes(rules + b"# mine\n")
    assert "../.sops.yaml" not in run("rotate")[1]
    assert (encrypted.secrets.parent / ".sops.yaml").read_bytes() == rules + b"# mine\n"


def test_pgp_and_kms_recipients_are_passed_unchanged(
    encrypted: Repository, run: Run, age_keys: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script replaces sops, because keys of PGP and KMS do not exist in a test."""
    log = tmp_path / "said"
    program = tmp_path / "sops"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {log}\necho "kind: Secret"\n')
    program.chmod(0o755)
    monkeypatch.setenv("SOPS", str(program))
    encrypted.write(f"mode: sops, recipients: [{recipient(age_keys[0])}], pgp: [ABC, DEF], kms: ['arn:aws:kms:x']", ("shop",), "flux")
    code, _, errors = run("new")
    assert (code, encrypted.files()) == (3, {}), "what the script prints is no encrypted Secret"
    assert "sops ended with exit code 0, but its output is not an encrypted Secret" in errors
    arguments = log.read_text().split("\n")
    assert arguments[arguments.index("--pgp") + 1] == "ABC,DEF"
    assert arguments[arguments.index("--kms") + 1] == "arn:aws:kms:x"
    assert arguments[arguments.index("--age") + 1] == recipient(age_keys[0])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_any_value_is_decrypted_unchanged(
    value: str, sops: Path, age_keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, encrypted: Repository
) -> None:
    from rediskit.secrets.manifests import plain_secret
    from rediskit.yamlio.writer import dump

    monkeypatch.setenv("SOPS", str(sops))
    environment = load(encrypted.config)
    secret = Plaintext(value.encode())
    manifest = dump(plain_secret(environment, "redis", secret, "0a1b2c3d")).encode()
    ciphertext = encrypt(manifest, {"age": [recipient(age_keys[0])]}, secret)
    assert opened(environment, "redis", ciphertext, Keys(age_file=str(age_keys[0]))) == secret
    assert our_decrypt(ciphertext, "file", str(age_keys[0])).startswith(b"apiVersion: v1")
    assert "SOPS_AGE_KEY_FILE" not in os.environ
