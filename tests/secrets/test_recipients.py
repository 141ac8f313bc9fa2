"""sops is started only for files that are encrypted for exactly the recipients of the config, and its output is accepted only then."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rediskit.errors import MissingToolError
from rediskit.model.secrets import Sops
from rediskit.plaintext import Plaintext, forms, generate
from rediskit.secrets.encrypted import refuse_unencrypted
from rediskit.secrets.manifests import plain_secret
from rediskit.secrets.sops import encrypt
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.conftest import Run
from tests.secrets import hostile
from tests.secrets.conftest import recipient
from tests.secrets.repository import Repository

STARTED = """#!{python}
import os, subprocess, sys
with open({record!r}, "a") as stream:
    stream.write(" ".join(sys.argv[1:]) + "\\n")
done = subprocess.run([{program!r}, *sys.argv[1:]], stdin=sys.stdin.buffer)
sys.exit(done.returncode)
"""


@pytest.fixture
def started(sops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return the command lines of the real sops so far."""
    record, program = tmp_path / "started", tmp_path / "sops"
    program.write_text(STARTED.format(python=sys.executable, record=str(record), program=str(sops)))
    program.chmod(0o755)
    monkeypatch.setenv("SOPS", str(program))
    return lambda: record.read_text().splitlines() if record.exists() else []


def test_sops_is_not_started_for_a_file_with_other_recipients(
    encrypted: Repository, run: Run, started: Callable[[], list[str]], age_keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another recipient of HashiCorp Vault, sops would send the token of CI to the address of that entry."""
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(age_keys[0]))
    monkeypatch.setenv("VAULT_TOKEN", "token-of-ci")
    assert run("new")[0] == 0
    sound = encrypted.content("shop")
    assert run("check")[0] == 0
    before = len(started())
    assert sum("decrypt" in line for line in started()) == 2, "with the recipients of the config it is started, once a file"
    (encrypted.secrets / "redis.yaml").unlink()
    for name, change in hostile.RECIPIENTS.items():
        encrypted.put("shop", hostile.changed(sound, change))
        for arguments in (["check"], ["check", "--key", str(age_keys[0])], ["seal"], ["seal", "--force"], ["seal", "--client", "shop"]):
            code, output, errors = run(*arguments)
            assert code == 1, (name, arguments, output, errors)
            assert "ciphertext-recipients" in errors, (name, arguments, errors)
        assert len(started()) == before, (name, started()[before:])
    assert encrypted.files().keys() == {"shop.yaml"}


def test_seal_fails_when_unchanged_files_have_other_recipients(
    encrypted: Repository, run: Run, age_keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This also applies when the value is given, and the command only adds a client."""
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(age_keys[0]))
    assert run("new")[0] == 0
    ours, theirs = map(recipient, age_keys)
    encrypted.write(f"mode: sops, recipients: [{ours}, {theirs}]", ("shop", "web"), "flux")
    value = encrypted.folder / "value"
    value.write_bytes(generate().reveal())
    code, _, errors = run("seal", "--from-file", str(value))
    assert code == 1
    for name in ("redis", "shop"):
        assert f"home/secrets/{name}.yaml is encrypted for other recipients than the config: it lacks {theirs}" in errors
    assert "web.yaml" not in encrypted.files()
    assert run("seal", "--force", "--from-file", str(value))[0] == 0
    assert {name: len(encrypted.content(name)["sops"]["age"]) for name in ("redis", "shop", "web")} == {"redis": 2, "shop": 2, "web": 2}


def test_keys_of_pgp_and_kms_are_compared_one_by_one() -> None:
    from rediskit.model.ciphertext import ciphertext

    secrets = Sops(mode="sops", pgp=("AB CD,EF",), kms=("arn:aws:kms:x+arn:aws:iam::1:role/r",))
    content = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "sops": {"pgp": [{"fp": "EF"}, {"fp": "ABCD"}], "kms": [{"arn": "arn:aws:kms:x", "role": "arn:aws:iam::1:role/r"}], "age": None},
    }
    sealed = ciphertext(content)
    assert sealed is not None
    assert secrets.differences(sealed) == ([], [])
    content["sops"] = {"pgp": [{"fp": "EF"}, {"fp": "XXXX"}], "kms": [{"arn": "arn:aws:kms:x"}]}
    sealed = ciphertext(content)
    assert sealed is not None
    lacking, strange = secrets.differences(sealed)
    assert lacking == ["kms arn:aws:kms:x+arn:aws:iam::1:role/r", "pgp ABCD"]
    assert strange == ["kms arn:aws:kms:x", "pgp XXXX"]


def test_environment_variables_add_no_recipient(encrypted: Repository, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOPS_VAULT_URIS", "SOPS_AZURE_KEYVAULT_URLS"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/v1/transit/keys/x")
    assert run("new")[0] == 0
    assert set(encrypted.content("shop")["sops"]) == {"age", "lastmodified", "mac", "encrypted_regex", "version"}


def test_only_the_encrypted_secret_is_accepted_as_output_of_sops(
    encrypted: Repository, sops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake sops prints another Secret, other recipients, or the value in any form, with exit code 0."""
    monkeypatch.setenv("SOPS", str(sops))
    environment, value = load(encrypted.config), Plaintext(b"PlantedQ7vX2kLmZ90bTnRw4SdYhGc81")
    secrets = environment.secrets
    assert isinstance(secrets, Sops)
    sent = plain_secret(environment, "redis", value, "0a1b2c3d")
    plain = dump(sent).encode()
    sound = encrypt(plain, {"age": secrets.recipients}, value)
    refuse_unencrypted(sound, sent, secrets, value)
    spoilt = hostile.outputs(sound, plain, value.reveal())
    assert len(spoilt) > 150
    refusals: dict[str, str] = {}
    for name, output in spoilt.items():
        try:
            refuse_unencrypted(output, sent, secrets, value)
        except MissingToolError as error:
            refusals[name] = str(error)
    assert refusals.keys() == spoilt.keys()
    assert not [name for name, words in refusals.items() if any(form in words for form in forms(value))]


@pytest.mark.parametrize("verb", [["new"], ["seal", "--force", "--from-stdin"], ["rotate"]], ids=lambda verb: verb[0])
def test_a_sops_that_prints_its_input_writes_nothing(
    verb: list[str], encrypted: Repository, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("new")[0] == 0
    before = encrypted.files()
    program = tmp_path / "sops"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    monkeypatch.setenv("SOPS", str(program))
    (encrypted.secrets / "shop.yaml").unlink()
    read_end, write_end = os.pipe()
    os.write(write_end, generate().reveal())
    os.close(write_end)
    with os.fdopen(read_end) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        code, _, errors = run(*verb, *(["--force"] if verb == ["new"] else []))
    assert code == 3, errors
    assert "sops ended with exit code 0, but its output is not an encrypted Secret" in errors
    assert encrypted.files() == {name: content for name, content in before.items() if name != "shop.yaml"}
    assert run("check")[0] == 1
    assert yaml.safe_load(encrypted.config.read_text())["name"] == "home"
