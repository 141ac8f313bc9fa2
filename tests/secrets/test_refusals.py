"""Refused inputs, each with its whole message and without a written file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.errors import ConfigError
from rediskit.secrets.certificate import parse_certificate, private_keys
from tests.conftest import Run
from tests.secrets.repository import KEY, NAME, Repository, certificate_of, private_pem
from tests.secrets.test_commands import stdin

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
