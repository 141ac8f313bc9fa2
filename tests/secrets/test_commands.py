"""`secret new`, `seal` and `rotate`: files that they write, keep and refuse."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from rediskit.model.ciphertext import sealing_label
from rediskit.secrets.sealing import unseal
from tests.conftest import Run
from tests.secrets.repository import KEY, NAME, Repository, private_pem

VALUE = "Given0Value1Of2Thirty3Two4Characters"
OTHER = "Other0Value1Of2Thirty3Two4Characters"


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes, *, terminal: bool = False) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: terminal))


@pytest.fixture
def values(sealed: Repository, key: RSAPrivateKey) -> Callable[[], dict[str, bytes]]:
    """Return the password of each namespace, decrypted with the private key."""

    def opened() -> dict[str, bytes]:
        contents = {}
        for name in sealed.files():
            namespace = name.removesuffix(".yaml")
            sealed_value = sealed.content(namespace)["spec"]["encryptedData"][KEY]
            value = unseal([key], sealed_value, sealing_label("strict", namespace, NAME))
            assert value is not None
            contents[namespace] = value.reveal()
        return contents

    return opened


def test_new_makes_one_password_for_every_namespace(
    repository: Callable[..., Repository], run: Run, values: Callable[[], dict[str, bytes]]
) -> None:
    project = repository("mode: sealed-secrets, certificate: home/sealing.crt", "shop", "blog")
    code, output, errors = run("new")
    assert (code, errors) == (0, "")
    assert set(project.files()) == {"redis.yaml", "shop.yaml", "blog.yaml"}
    assert len(set(values().values())) == 1
    assert {project.rotation(name) for name in values()} == {project.rotation("redis")}
    assert re.fullmatch(r"[0-9a-f]{8}", project.rotation("redis"))
    assert output.splitlines() == [
        f"home: 3 written in config/home/secrets, rotation {project.rotation('redis')}",
        "  + redis.yaml",
        "  + shop.yaml",
        "  + blog.yaml",
        "next:",
        "  rediskit secret check config/home.yaml",
        "  rediskit render config/home.yaml",
        "  git add --all && git commit",
    ]
    assert not [file for file in project.folder.rglob("*") if "tmp" in file.name]


def test_two_clients_of_one_namespace_have_one_file(repository: Callable[..., Repository], run: Run) -> None:
    project = repository("mode: sealed-secrets, certificate: home/sealing.crt")
    project.config.write_text(project.config.read_text() + "- {name: admin, namespace: shop}\n")
    assert run("new")[0] == 0
    assert set(project.files()) == {"redis.yaml", "shop.yaml"}


def test_new_files_pass_every_check(sealed: Repository, run: Run) -> None:
    from rediskit import check, load, render

    assert run("new")[0] == 0
    environment = load(sealed.config)
    assert [finding for finding in check(environment, render(environment)) if finding.severity == "error"] == []
    code, output, errors = run("check")
    assert (code, errors) == (0, "")
    assert "home: sealed-secrets, nothing wrong" in output


def test_new_replaces_nothing_without_force(sealed: Repository, run: Run, values: Callable[[], dict[str, bytes]]) -> None:
    assert run("new")[0] == 0
    files, before = sealed.files(), values()
    code, _, errors = run("new")
    assert code == 1
    assert errors.splitlines() == [
        "error: config/home/secrets/redis.yaml already exists",
        "  help: use seal to add missing files, rotate to change the password, or new --force to discard this one",
        "error: config/home/secrets/shop.yaml already exists",
        "  help: use seal to add missing files, rotate to change the password, or new --force to discard this one",
    ]
    assert sealed.files() == files
    assert run("new", "--force")[0] == 0
    assert values() != before


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.usefixtures("sealed")
def test_a_given_value_loses_one_final_newline(
    ending: str, run: Run, values: Callable[[], dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_bytes((VALUE + ending).encode())
    assert run("new", "--from-file", str(file))[0] == 0
    assert set(values().values()) == {VALUE.encode()}
    stdin(monkeypatch, (OTHER + ending).encode())
    assert run("rotate", "--from-stdin")[0] == 0
    assert set(values().values()) == {OTHER.encode()}


def test_a_new_client_gets_the_same_password_and_needs_only_its_own_file(
    sealed: Repository, run: Run, values: Callable[[], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin(monkeypatch, VALUE.encode())
    assert run("new", "--from-stdin")[0] == 0
    before = sealed.files()
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    code, _, errors = run("seal", "--client", "blog")
    assert code == 1
    assert errors == (
        "error: no key decrypts the ciphertexts: the current value is required\n"
        "  help: use --from-cluster for that of the Secret in the namespace of Redis, or --from-stdin, --from-file FILE, --key FILE\n"
    )
    stdin(monkeypatch, VALUE.encode())
    code, output, _ = run("seal", "--client", "blog", "--from-stdin")
    assert code == 0
    assert output.splitlines()[1:4] == ["  + blog.yaml", "  = redis.yaml", "  = shop.yaml"]
    assert {name: content for name, content in sealed.files().items() if name != "blog.yaml"} == before
    assert set(values().values()) == {VALUE.encode()}
    assert sealed.rotation("blog") == sealed.rotation("redis")


def test_with_the_private_key_seal_needs_no_value_and_refuses_another(
    sealed: Repository,
    run: Run,
    values: Callable[[], dict[str, bytes]],
    key: RSAPrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "controller.pem"
    file.write_bytes(private_pem(key))
    assert run("new")[0] == 0
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    stdin(monkeypatch, OTHER.encode())
    code, _, errors = run("seal", "--from-stdin", "--key", str(file))
    assert code == 1
    assert errors.startswith("error: home/secrets/redis.yaml contains another value than the given one\n")
    assert "blog.yaml" not in sealed.files()
    assert run("seal", "--key", str(file))[0] == 0
    assert len(set(values().values())) == 1
    assert len(values()) == 3


def test_a_value_that_no_key_can_compare_is_a_note(
    sealed: Repository, run: Run, key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "controller.pem").write_bytes(private_pem(key))
    stdin(monkeypatch, VALUE.encode())
    _, first, _ = run("new", "--from-stdin")
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    uncompared = "this value is not compared"
    stdin(monkeypatch, VALUE.encode())
    _, with_key, _ = run("seal", "--dry-run", "--from-stdin", "--key", str(tmp_path / "controller.pem"))
    stdin(monkeypatch, OTHER.encode())
    code, output, _ = run("seal", "--from-stdin")
    assert (code, uncompared in first, uncompared in with_key, uncompared in output) == (0, False, False, True)
    assert OTHER not in output


@pytest.mark.usefixtures("sealed")
def test_the_key_can_be_the_secret_of_the_controller(run: Run, key: RSAPrivateKey, other_key: RSAPrivateKey, tmp_path: Path) -> None:
    """The key file is the output of `kubectl get secret -o yaml`: one Secret or a List."""
    assert run("new")[0] == 0
    items = [{"kind": "Secret", "data": {"tls.key": b64encode(private_pem(private)).decode()}} for private in (other_key, key)]
    for name, content in (("one.yaml", items[1]), ("all.json", {"kind": "List", "items": items})):
        (tmp_path / name).write_text(json.dumps(content))
        code, output, errors = run("check", "--key", str(tmp_path / name))
        assert (code, errors) == (0, "")
        assert output.count(", opened") == 2


def test_seal_with_all_files_changes_nothing(sealed: Repository, run: Run) -> None:
    assert run("new")[0] == 0
    before = sealed.files()
    code, output, _ = run("seal")
    assert code == 0
    assert output.splitlines()[0] == f"home: 0 written in config/home/secrets, rotation {sealed.rotation('redis')}"
    assert sealed.files() == before


def test_a_dry_run_writes_nothing(sealed: Repository, run: Run) -> None:
    code, output, _ = run("new", "--dry-run")
    assert code == 0
    assert output.startswith("home: 2 would be written in config/home/secrets, rotation ")
    assert sealed.files() == {}
    assert not sealed.secrets.exists()


def test_json_contains_the_same_facts(sealed: Repository, run: Run) -> None:
    code, output, _ = run("new", "--json")
    document = json.loads(output)
    assert code == document["exitCode"] == 0
    assert document["created"] == ["redis.yaml", "shop.yaml"]
    assert document["folder"] == "config/home/secrets"
    assert document["rotation"] == sealed.rotation("redis")
    assert (document["changed"], document["kept"], document["dryRun"], document["notes"]) == ([], [], False, [])


def test_a_plain_file_in_the_work_tree_is_a_note(sealed: Repository, run: Run) -> None:
    (sealed.folder / "password").write_text(VALUE)
    code, output, _ = run("new", "--from-file", "password")
    assert code == 0
    assert "  password contains the password in plain text and is in a Git work tree: remove it before you commit\n" in output


def test_all_files_are_written_or_none(sealed: Repository, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk refuses the second rename, and the first file has its old content."""
    assert run("new")[0] == 0
    before = sealed.files()
    import os

    real, calls = os.replace, []

    def failing(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", target)
        real(source, target)

    monkeypatch.setattr("os.replace", failing)
    code, _, errors = run("rotate")
    assert code == 1
    assert errors.splitlines() == [
        "error[not-writable]: config/home/secrets/shop.yaml: No space left on device",
        "  help: fix the cause, then run the command again; nothing was written",
    ]
    assert sealed.files() == before


def test_rendering_copies_and_a_client_comes_and_goes_with_its_own_file(
    sealed: Repository, run: Run, key: RSAPrivateKey, tmp_path: Path
) -> None:
    from rediskit import load, render

    (tmp_path / "controller.pem").write_bytes(private_pem(key))
    assert run("new")[0] == 0
    first = render(load(sealed.config)).files
    assert render(load(sealed.config)).files == first
    before = sealed.files()
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop", "blog"))
    assert run("seal", "--key", str(tmp_path / "controller.pem"))[0] == 0
    both = render(load(sealed.config)).files
    copies = [f"platform/{unit}/sealedsecret-{NAME}.yaml" for unit in ("redis", "shop")]
    assert [both[path] for path in copies] == [first[path] for path in copies]
    (sealed.secrets / "blog.yaml").unlink()
    sealed.write("mode: sealed-secrets, certificate: home/sealing.crt", ("shop",))
    assert sealed.files() == before
    assert render(load(sealed.config)).files == first
