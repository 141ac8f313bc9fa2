"""A hostile checkout of an owner: nothing outside of it is read into the build or written, whatever links it holds."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.test_export import at
from tests.conftest import Run


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kustomize: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))

    return run


def digest(folder: Path) -> str:
    """Every path below a folder, with its kind, its mode, its link target and its bytes."""
    total = hashlib.sha256()
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(parent, name)
            info = path.lstat()
            content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            total.update(repr((str(path), info.st_mode, content)).encode())
    return total.hexdigest()


COMMANDS = (
    ("check", "chocolandia.yaml", "--owner", "owner/prod"),
    ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod"),
    ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod", "--dry-run"),
    ("migrate", "export", "chocolandia.yaml", "--to", "owner/prod", "--force"),
)


def victim(folder: Path) -> Path:
    """Return a folder outside of the checkout, with files at the places that a write through a link would reach."""
    outside = folder / "outside"
    (outside / "beersystem").mkdir(parents=True)
    (outside / "beersystem/precious.txt").write_text("precious\n", encoding="utf-8")
    (outside / ".beersystem.rediskit.tmp").mkdir()
    (outside / ".beersystem.rediskit.tmp/precious.txt").write_text("precious\n", encoding="utf-8")
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
    assert "not in the copy for the trial build: base (a link to a target outside of the checkout)" in errors


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


ODD = (
    "resources: [../base]\ndate: 2024-01-01\n1: x\nequals: =\nmerge: <<\nzero: 0000-00-00\n",
    "resources: [../base]\ncomponents: 5\n",
    "resources: [../base]\npatches: {a: b}\n",
    'resources: [../base]\ncomponents: [2024-01-01, 1, {a: b}, null, "\\0"]\n',
    "[" * 3000,
    "resources: [../base]\na: &a [x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 8)}]\n" for n in range(7)),
    "a: &a [*a]\n",
    "\x00\x01",
    "%TAG ! x\n" * 100,
    "- a\n- b\n",
    "x",
    "",
    "resources: [../base]\n---\nresources: [../other]\n",
)


@pytest.mark.parametrize("command", COMMANDS[:2], ids=" ".join)
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_yaml_in_the_overlay_is_no_internal_error(tmp_path: Path, run: Run, command: tuple[str, ...], text: str) -> None:
    top = owner(tmp_path, listed=False)
    (top / "prod/kustomization.yaml").write_text(text, encoding="utf-8")
    at(tmp_path, "scale-down")
    code, _, errors = run(*command)
    assert code in (0, 1, 2)
    assert "internal error" not in errors


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_yaml_elsewhere_in_a_monorepo_stops_nothing(tmp_path: Path, run: Run, text: str) -> None:
    top = owner(tmp_path, listed=False)
    for name in ("kustomization.yaml", "Deployment.yaml"):
        (top / "elsewhere").mkdir(exist_ok=True)
        (top / "elsewhere" / name).write_text(text, encoding="utf-8")
    at(tmp_path, "scale-down")
    assert run(*COMMANDS[2])[0] == 0
    code, _, errors = run(*COMMANDS[0])
    assert code == 1, "the Component is not exported yet"
    assert "internal error" not in errors


def test_a_kustomization_elsewhere_that_cannot_be_read_is_skipped_with_a_warning(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "template").mkdir()
    (top / "template/kustomization.yaml").write_text("resources: [{{ name }}\n", encoding="utf-8")
    os.mkfifo(top / "base/Kustomization")
    at(tmp_path, "scale-down")
    _, _, errors = run(*COMMANDS[0])
    what = "can't be read as YAML: a key that is a mapping or a list: skipped"
    assert f"owner/template/kustomization.yaml:1:14: warning[owner-unread]: {what}" in errors
    assert "owner/base/Kustomization:1:1: warning[owner-unread]: cannot read the file: is not a regular file: skipped" in errors


OBJECTS = (
    {"kind": "Deployment", "spec": 5},
    {"kind": "Deployment", "spec": {"template": {"spec": {"containers": 5}}}},
    {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [5, {"name": 1}]}}}},
    {"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": []}},
    {"kind": "HorizontalPodAutoscaler", "spec": "="},
)


@pytest.mark.parametrize("content", OBJECTS, ids=str)
def test_odd_objects_in_the_build_are_no_internal_error(tmp_path: Path, run: Run, content: dict[str, object]) -> None:
    top = owner(tmp_path, listed=False)
    odd = {"apiVersion": "apps/v1", "metadata": {"name": "beersystem-backend", "namespace": "beersystem"}, **content}
    (top / "base/odd.yaml").write_text(dump(odd), encoding="utf-8")
    kind = "deployment-beersystem-backend.yaml"
    resources = ["odd.yaml"] if odd["kind"] == "Deployment" else ["odd.yaml", kind]
    (top / "base/kustomization.yaml").write_text(dump({"resources": resources}), encoding="utf-8")
    at(tmp_path, "scale-down")
    for command in COMMANDS[:2]:
        code, _, errors = run(*command)
        assert code in (0, 1, 2)
        assert "internal error" not in errors


PLACES = ("chocolandia/pipe.yaml", "chocolandia/secrets/redis.yaml", "beside.yaml", "chocolandia/beersystem-backend.yaml")


@pytest.mark.parametrize("place", PLACES)
def test_a_named_pipe_beside_the_config_stops_no_verb(tmp_path: Path, run: Run, place: str) -> None:
    at(tmp_path, "prepare")
    pipe = tmp_path / place
    pipe.parent.mkdir(parents=True, exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    for command in (("render",), ("check",), ("diff",), ("doctor",), ("migrate", "status"), ("secret", "check")):
        code, _, errors = run(*command, "chocolandia.yaml")
        assert code in (0, 1, 2)
        assert "internal error" not in errors


def test_a_pipe_as_the_kustomization_of_an_owner_is_no_kustomization(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "prod/kustomization.yaml").unlink()
    os.mkfifo(top / "prod/kustomization.yaml")
    at(tmp_path, "prepare")
    for command in COMMANDS:
        code, _, errors = run(*command)
        assert code == 2
        assert "owner/prod has no kustomization.yaml" in errors


def test_a_manifest_that_is_a_link_is_neither_read_nor_replaced(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    file = top / "base/deployment-beersystem-backend.yaml"
    file.rename(tmp_path / "elsewhere.yaml")
    file.symlink_to(tmp_path / "elsewhere.yaml")
    at(tmp_path, "scale-down", "manifests")
    before = digest(tmp_path)
    for more in ((), ("--force",)):
        code, _, errors = run("migrate", "export", "chocolandia.yaml", "--to", "owner/base", *more)
        assert code == 2
        assert "Deployment/beersystem-backend is in no file of owner/base" in errors
        assert digest(tmp_path) == before
