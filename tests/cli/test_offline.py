"""Remote bases: kustomize fetches the remote entries of an application repository; `--offline` refuses that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rediskit.migrate.owner.build import Bench
from rediskit.migrate.owner.copy import copy_checkout
from rediskit.migrate.owner.files import checkout_at
from rediskit.migrate.owner.remote import remote_entries
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.test_export import at
from tests.cli.test_hostile_checkout import run as run
from tests.cli.test_hostile_repository import git

Run = Callable[..., tuple[int, str, str]]
CHECK = ("check", "chocolandia.yaml", "--owner", "owner/prod")
EXPORT = ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod", "--dry-run")


def remote(folder: Path) -> Path:
    """Return a base in a repository of its own, and a checkout whose base references it."""
    top = owner(folder, listed=False)
    (top / "base").rename(folder / "remote")
    git(folder / "remote", "init", "--quiet", "--initial-branch", "main")
    git(folder / "remote", "add", "--all")
    git(folder / "remote", "commit", "--quiet", "--message", "x")
    (top / "base").mkdir()
    (top / "base/kustomization.yaml").write_text(f"resources:\n- file://{folder}/remote?ref=main\n", encoding="utf-8")
    return top


def test_kustomize_fetches_a_remote_base(tmp_path: Path, run: Run) -> None:
    remote(tmp_path)
    at(tmp_path, "scale-down")
    assert "Deployment/beersystem-backend" in run(*EXPORT)[1]


@pytest.mark.parametrize("command", [CHECK, EXPORT], ids=" ".join)
def test_offline_refuses_a_remote_base_and_names_its_line(tmp_path: Path, run: Run, command: tuple[str, ...]) -> None:
    remote(tmp_path)
    at(tmp_path, "scale-down")
    code, _, errors = run(*command, "--offline")
    assert code == 1
    assert f"owner/base/kustomization.yaml:2:3: error[owner-remote]: kustomize fetches file://{tmp_path}/remote?ref=main" in errors


@pytest.mark.parametrize("command", [CHECK, EXPORT], ids=" ".join)
def test_offline_takes_a_checkout_without_remote_bases(tmp_path: Path, run: Run, command: tuple[str, ...]) -> None:
    owner(tmp_path, listed=False)
    at(tmp_path, "scale-down")
    assert "owner-remote" not in run(*command, "--offline")[2]


def test_what_the_search_does_not_see_is_not_fetched_either(tmp_path: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    top = remote(tmp_path)
    at(tmp_path, "scale-down")
    environment = load(tmp_path / "chocolandia.yaml")
    checkout = checkout_at(str(top / "prod"), None, offline=True)
    copied = copy_checkout(checkout.top, tmp_path / "copy")
    built = Bench(checkout, tmp_path / "copy", environment.clients[0], copied).before(environment)
    assert "transport 'file' not allowed" in built.complaint


REMOTE = (
    {"resources": ["https://example.org/x.yaml"]},
    {"resources": ["github.com/example/x//base?ref=v1"]},
    {"resources": ["git@github.com:example/x.git"]},
    {"components": ["git::https://example.org/x"]},
    {"bases": ["ssh://git@example.org/x"]},
    {"crds": ["http://example.org/x.yaml"]},
    {"transformers": ["https://example.org/x.yaml"]},
    {"patchesStrategicMerge": ["https://example.org/x.yaml"]},
    {"patches": [{"path": "https://example.org/x.yaml"}]},
    {"openapi": {"path": "HTTPS://example.org/x.json"}},
    {"configMapGenerator": [{"name": "x", "files": ["x=https://example.org/x?a=b"]}]},
    {"secretGenerator": [{"name": "x", "envs": ["https://example.org/x"]}]},
)


@pytest.mark.parametrize("settings", REMOTE, ids=str)
def test_an_address_is_found_at_every_place_of_a_kustomization(tmp_path: Path, settings: dict[str, object]) -> None:
    top = owner(tmp_path, listed=False)
    (top / "base/kustomization.yaml").write_text(dump(settings), encoding="utf-8")
    (problem,) = remote_entries(checkout_at(str(top / "prod"), None))
    assert problem.message.startswith("kustomize fetches ")


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    top = owner(tmp_path, listed=False)
    (top / "base/kustomization.yaml").write_text("resources: ['https://me:word@example.org/x']\n", encoding="utf-8")
    (problem,) = remote_entries(checkout_at(str(top / "prod"), None))
    assert problem.message == "kustomize fetches https://example.org/x"
