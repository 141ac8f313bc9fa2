"""A hostile checkout of an owner: nothing outside of it is read into the build or written, whatever links it holds."""

from __future__ import annotations

import gc
import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.output.yaml import dump
from tests.cli.checkout import owner
from tests.cli.test_export import at

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kustomize: Path) -> Iterator[Run]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield command
    gc.enable()


def digest(folder: Path) -> str:
    """Every path below a folder, with its kind, its mode, its link target and its bytes."""
    total = hashlib.sha256()
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(parent, name)
            found = path.lstat()
            content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            total.update(repr((str(path), found.st_mode, content)).encode())
    return total.hexdigest()


COMMANDS = (
    ("check", "chocolandia.yaml", "--owner", "owner/prod"),
    ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod"),
    ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod", "--dry-run"),
    ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod", "--force"),
)


def victim(folder: Path) -> Path:
    """A folder outside of the checkout, with files at the places that a write through a link would reach."""
    outside = folder / "outside"
    (outside / "beersystem").mkdir(parents=True)
    (outside / "beersystem/precious.txt").write_text("precious\n", encoding="utf-8")
    (outside / "kustomization.yaml").write_text(dump({"resources": ["../owner/base"]}), encoding="utf-8")
    return outside


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("place", ["rediskit", "rediskit/beersystem", "kustomization.yaml"])
def test_nothing_is_written_through_a_link_out_of_the_checkout(
    tmp_path: Path, run: Run, command: tuple[str, ...], absolute: bool, place: str
) -> None:
    top = owner(tmp_path, listed=False)
    outside = victim(tmp_path)
    link = top / "prod" / place
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    target = {"rediskit": outside, "rediskit/beersystem": outside / "beersystem", "kustomization.yaml": outside / place}[place]
    link.symlink_to(target if absolute else os.path.relpath(target, link.parent))
    at(tmp_path, "scale-down")
    before = digest(tmp_path)
    code, _, errors = run(*command)
    assert digest(tmp_path) == before
    assert code in (1, 2)
    assert f"owner/prod/{place} is a symbolic link to {link.readlink()}" in errors


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_link_that_stays_in_the_checkout_is_refused_where_our_folder_belongs(tmp_path: Path, run: Run, command: tuple[str, ...]) -> None:
    top = owner(tmp_path, listed=False)
    (top / "shared").mkdir()
    (top / "prod/rediskit").symlink_to("../shared")
    at(tmp_path, "scale-down")
    before = digest(tmp_path)
    code, _, errors = run(*command)
    assert digest(tmp_path) == before
    assert code == 1
    assert "owner/prod/rediskit is a symbolic link to ../shared" in errors
    assert "[owner-link]" in errors


def test_a_kustomization_that_is_a_link_in_its_folder_stays_a_link(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "prod/kustomization.yaml").rename(top / "prod/kustomization.prod.yaml")
    (top / "prod/kustomization.yaml").symlink_to(top / "prod/kustomization.prod.yaml")
    at(tmp_path, "scale-down")
    before = digest(tmp_path)
    code, output, errors = run(*COMMANDS[2])
    assert (code, errors) == (0, "")
    assert "Deployment/beersystem-backend in beersystem: /spec/replicas" in output
    assert digest(tmp_path) == before


def test_a_base_behind_a_link_out_of_the_checkout_is_not_built(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "base").rename(tmp_path / "elsewhere")
    (top / "base").symlink_to(tmp_path / "elsewhere")
    at(tmp_path, "scale-down")
    code, _, errors = run(*COMMANDS[2])
    assert code == 1
    assert "not in the trial copy: base (a link that leads out of the checkout)" in errors


def test_a_base_behind_a_link_in_the_checkout_is_built(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "base").rename(top / "moved")
    (top / "base").symlink_to(top / "moved")
    at(tmp_path, "scale-down")
    assert run(*COMMANDS[2])[0] == 0


def test_pipes_sockets_loops_and_large_files_of_a_checkout_are_left_out_of_the_copy(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    os.mkfifo(top / "pipe.yaml")
    (top / "loop").symlink_to("loop")
    (top / "nowhere").symlink_to("/nowhere/at/all")
    with socket.socket(socket.AF_UNIX) as listener, (top / "huge.bin").open("wb") as stream:
        listener.bind(str(top / "socket"))
        stream.truncate(1 << 40)
        at(tmp_path, "scale-down")
        code, output, errors = run(*COMMANDS[2])
    assert (code, errors) == (0, "")
    assert "Deployment/beersystem-backend" in output
