"""`secret rotate`, and `seal` with another certificate: password and rotation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.conftest import Run
from tests.secrets.conftest import recipient
from tests.secrets.repository import Repository, private_pem
from tests.secrets.test_commands import VALUE, stdin
from tests.secrets.test_commands import values as values


def test_seal_force_keeps_password_and_rotation_for_another_certificate(
    sealed: Repository, run: Run, values: Callable[[], dict[str, bytes]], key: RSAPrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "controller.pem").write_bytes(private_pem(key))
    assert run("new")[0] == 0
    files, before, rotation = sealed.files(), values(), sealed.rotation("shop")
    assert run("seal", "--force", "--key", str(tmp_path / "controller.pem"))[0] == 0
    assert values() == before
    assert sealed.rotation("shop") == sealed.rotation("redis") == rotation
    assert all(sealed.files()[name] != content for name, content in files.items())


def test_a_value_that_no_key_can_compare_gets_a_new_rotation(sealed: Repository, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value may be another one, so that Redis needs a restart."""
    assert run("new")[0] == 0
    rotation = sealed.rotation("redis")
    stdin(monkeypatch, VALUE.encode())
    assert run("seal", "--force", "--from-stdin")[0] == 0
    assert sealed.rotation("redis") == sealed.rotation("shop") != rotation


def test_rotate_gives_another_password_and_rotation(sealed: Repository, run: Run, values: Callable[[], dict[str, bytes]]) -> None:
    code, _, errors = run("rotate")
    assert code == 1
    assert errors.startswith(
        "error: home has no password yet: config/home/secrets is empty\n  help: create the first one: rediskit secret new config/home.yaml"
    )
    assert run("new")[0] == 0
    before, rotation = values(), sealed.rotation("redis")
    assert run("rotate")[0] == 0
    assert len(set(values().values())) == 1
    assert set(values().values()).isdisjoint(before.values())
    assert sealed.rotation("redis") == sealed.rotation("shop") != rotation


def test_with_sops_the_key_of_the_user_is_enough_for_a_new_client(
    encrypted: Repository, run: Run, age_keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("new")[0] == 0
    before = encrypted.files()
    encrypted.write(f"mode: sops, recipients: [{recipient(age_keys[0])}]", ("shop", "blog"), "flux")
    assert run("seal")[0] == 1
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(age_keys[0]))
    code, output, errors = run("seal")
    assert (code, errors) == (0, "")
    assert "  + blog.yaml\n  = redis.yaml\n  = shop.yaml\n" in output
    assert {name: content for name, content in encrypted.files().items() if name != "blog.yaml"} == before
    code, output, errors = run("check")
    assert (code, errors) == (0, "")
    assert output.count(", opened") == 3


def test_secret_check_reports_what_keeps_redis_on_its_old_password(sealed: Repository, run: Run) -> None:
    """`secret check` runs all checks of the topic `password`, independent of the names of their codes."""
    assert run("new")[0] == 0
    with sealed.config.open("a") as config:
        config.write("redis: {values: {master: {podAnnotations: {rediskit/rotation: deadbeef}}, auth: {enabled: false}}}\n")
    code, _, errors = run("check")
    assert code == 1
    assert "[rotation-restart]" in errors
    assert "auth.enabled is false instead of true" in errors
