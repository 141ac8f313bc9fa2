"""Sealing: the real kubeseal decrypts the values only for their scope, and `unseal` decrypts those of kubeseal."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.model.ciphertext import Scope, sealing_label
from rediskit.plaintext import Plaintext
from rediskit.secrets.sealing import seal, split, unseal
from tests.conftest import Run
from tests.secrets.repository import KEY, NAME, Repository, certificate_of, private_pem, value_of
from tests.secrets.repository import unseal as kubeseal_opens

SCOPES: tuple[Scope, ...] = get_args(Scope)
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)


@pytest.fixture(scope="module")
def key_file(key: RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "controller.pem"
    file.write_bytes(private_pem(key))
    return file


def moved(manifest: bytes, **metadata: str) -> bytes:
    """Return the same ciphertext with another name or namespace."""
    content: dict[str, Any] = yaml.safe_load(manifest)
    content["metadata"] |= metadata
    return json.dumps(content).encode()


@pytest.mark.parametrize("scope", SCOPES)
def test_kubeseal_decrypts_sealed_values_only_for_their_scope(
    scope: Scope, repository: Callable[..., Repository], run: Run, kubeseal: Path, key_file: Path
) -> None:
    project = repository(f"mode: sealed-secrets, certificate: home/sealing.crt, scope: {scope}", "shop", "blog")
    assert run("new")[0] == 0
    values = set()
    for manifest in project.files().values():
        done = kubeseal_opens(kubeseal, key_file, manifest)
        assert done.returncode == 0, done.stderr
        secret = json.loads(done.stdout)
        values.add(value_of(done.stdout))
        assert (secret["metadata"]["name"], secret["type"], list(secret["data"])) == (NAME, "Opaque", [KEY])
        assert secret["metadata"]["annotations"]["sealedsecrets.bitnami.com/managed"] == "true"
        assert "ownerReferences" not in secret["metadata"]
        other_namespace = kubeseal_opens(kubeseal, key_file, moved(manifest, namespace="elsewhere"))
        other_name = kubeseal_opens(kubeseal, key_file, moved(manifest, name="another"))
        assert (other_namespace.returncode == 0) == (scope == "cluster-wide")
        assert (other_name.returncode == 0) == (scope != "strict")
    assert len(values) == 1
    assert len(values.pop()) == 32


def test_an_owned_secret_is_deleted_with_its_sealed_secret(
    repository: Callable[..., Repository], run: Run, kubeseal: Path, key_file: Path
) -> None:
    project = repository("mode: sealed-secrets, certificate: home/sealing.crt, ownerReference: true")
    assert run("new")[0] == 0
    secret = json.loads(kubeseal_opens(kubeseal, key_file, project.files()["redis.yaml"]).stdout)
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "SealedSecret"


@pytest.mark.parametrize("scope", SCOPES)
def test_unseal_decrypts_values_of_kubeseal(
    scope: Scope, repository: Callable[..., Repository], run: Run, kubeseal: Path, key_file: Path
) -> None:
    """The real kubeseal replaces one key of a SealedSecret, as in a manual change."""
    project = repository(f"mode: sealed-secrets, certificate: home/sealing.crt, scope: {scope}")
    assert run("new")[0] == 0
    value = value_of(kubeseal_opens(kubeseal, key_file, project.files()["redis.yaml"]).stdout)
    plain = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "namespace": "shop"},
        "data": {KEY: b64encode(value).decode()},
    }
    command: list[str | Path] = [kubeseal, "--cert", project.certificate, "--scope", scope, "--format", "yaml"]
    done = subprocess.run(command, input=json.dumps(plain).encode(), capture_output=True, check=True)
    theirs, ours = yaml.safe_load(done.stdout), project.content("shop")
    ours["spec"]["encryptedData"] = theirs["spec"]["encryptedData"]
    project.put("shop", ours)
    code, output, errors = run("check", "--key", str(key_file), "--json")
    assert (code, errors) == (0, "")
    (environment,) = json.loads(output)["environments"]
    assert [(namespace["scope"], namespace["opened"]) for namespace in environment["namespaces"]] == [(scope, True)] * 2
    # The whole object of kubeseal's, without a word of ours, is understood as well: what it lacks is said.
    project.put("shop", theirs)
    code, output, errors = run("check", "--key", str(key_file))
    assert code == 1
    assert "shop.yaml has no rotation in its annotation rediskit/rotation" in errors
    assert f"shop: {NAME}/{KEY}, scope {scope}, rotation none, opened" in output


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.binary(min_size=1, max_size=600), namespace=NAMES, name=NAMES, scope=st.sampled_from(SCOPES), other=NAMES)
def test_any_value_is_decrypted_only_for_its_name(
    key: RSAPrivateKey, other_key: RSAPrivateKey, value: bytes, namespace: str, name: str, scope: Scope, other: str
) -> None:
    bound_to = sealing_label(scope, namespace, name)
    sealed = seal(key.public_key(), Plaintext(value), bound_to)
    assert unseal([key], sealed, bound_to) == Plaintext(value)
    assert unseal([other_key, key], sealed, bound_to) == Plaintext(value)
    assert unseal([other_key], sealed, bound_to) is None
    assert seal(key.public_key(), Plaintext(value), bound_to) != sealed
    elsewhere = sealing_label(scope, other, other)
    assert (unseal([key], sealed, elsewhere) is None) == (elsewhere != bound_to)
    parts = split(sealed)
    assert parts is not None
    assert (len(parts[0]), len(parts[1])) == (256, len(value) + 16)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), namespace=NAMES, name=NAMES, scope=st.sampled_from(SCOPES))
def test_kubeseal_decrypts_any_value_for_any_name(
    key: RSAPrivateKey, kubeseal: Path, key_file: Path, value: str, namespace: str, name: str, scope: Scope
) -> None:
    annotations = {} if scope == "strict" else {f"sealedsecrets.bitnami.com/{scope}": "true"}
    sealed = seal(key.public_key(), Plaintext(value.encode()), sealing_label(scope, namespace, name))
    manifest = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"encryptedData": {KEY: sealed}},
    }
    done = kubeseal_opens(kubeseal, key_file, json.dumps(manifest).encode())
    assert done.returncode == 0, done.stderr
    assert value_of(done.stdout) == value.encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_value_is_never_decrypted(key: RSAPrivateKey, data: st.DataObject) -> None:
    sealed = seal(key.public_key(), Plaintext(b"value"), b"a/b")
    place = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.sampled_from("Ab0+-\n é"))
    damaged = sealed[:place] + letter + sealed[place + 1 :]
    opened = unseal([key], damaged, b"a/b")
    assert opened is None or damaged == sealed


def test_kubeseal_accepts_the_certificate(sealed: Repository, kubeseal: Path, key: RSAPrivateKey) -> None:
    """The real kubeseal accepts the certificate of the tests."""
    sealed.certificate.write_bytes(certificate_of(key))
    command: list[str | Path] = [kubeseal, "--cert", sealed.certificate, "--raw", "--scope", "cluster-wide", "--from-file", "/dev/stdin"]
    done = subprocess.run(command, input=b"value", capture_output=True, check=True)
    assert unseal([key], done.stdout.decode(), b"") == Plaintext(b"value")
