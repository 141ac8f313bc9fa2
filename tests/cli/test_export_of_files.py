"""`migrate export` into plain manifests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from rediskit.yamlio.writer import dump
from tests.cli.test_export import at, exported
from tests.cli.test_export import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import backend

SECRET = "".join(reversed("drowssap-terces-dlo"))


LITERAL = f"        - name: REDIS_PASSWORD   # the old one\n          value: {SECRET}\n"


def plain(folder: Path, *, text: str = "", file: str = "deployment-beersystem-backend.yaml") -> Path:
    """Return a repository with plain files, as an application without kustomize has them; its Deployment has a password in plain text."""
    top = folder / "owner"
    for content in (backend(), *OLD_REDIS):
        name = f"{content['kind']}-{content['metadata']['name']}.yaml".lower()
        (top / "prod").mkdir(parents=True, exist_ok=True)
        (top / "prod" / name).write_text(f"# by hand\n{dump(content)}", encoding="utf-8")
    deployment = top / "prod/deployment-beersystem-backend.yaml"
    source = text or deployment.read_text(encoding="utf-8").replace("env:\n", f"env:\n{LITERAL}", 1)
    deployment.unlink()
    (top / "prod" / file).write_bytes(source.encode())
    for arguments in (["init", "--quiet"], ["config", "user.name", "x"], ["config", "user.email", "x@example.org"]):
        git(top, *arguments)
    commit(top)
    return top


def git(top: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(top), *arguments], check=True, capture_output=True, text=True).stdout


def commit(top: Path) -> None:
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--allow-empty", "--message", "x")


FORWARD = ("scale-down", "deploy", "reconfigure", "scale-up", "validate")


@pytest.mark.parametrize("last", FORWARD)
def test_a_rollback_gives_back_the_plain_file_byte_for_byte(tmp_path: Path, run: Run, last: str) -> None:
    """It gave back the config's copy: without comments, quotes and the password."""
    top = plain(tmp_path)
    file = top / "prod/deployment-beersystem-backend.yaml"
    before = file.read_bytes()
    assert SECRET.encode() in before
    for step in ("prepare", *FORWARD[: FORWARD.index(last) + 1]):
        code, output, errors = exported(run, at(tmp_path, step, "manifests"))
        assert (code, [line for line in errors.splitlines() if not line.startswith("note: recorded the scan of ")]) == (0, [])
        assert SECRET not in output + errors
        assert (file.read_bytes() == before) is (step == "prepare")
        commit(top)
    after = file.read_text(encoding="utf-8")
    assert after.startswith("# by hand")
    assert (SECRET not in after) is (last in ("reconfigure", "scale-up", "validate"))
    assert exported(run, at(tmp_path, "rolled-back", "manifests"))[0] == 0
    assert file.read_bytes() == before


def test_no_byte_of_the_application_s_file_reaches_the_rendered_manifests(tmp_path: Path, run: Run) -> None:
    """The tree held the whole object: a literal password of the config's manifest was in it."""
    plain(tmp_path)
    at(tmp_path, "scale-up", "manifests")
    run("render", "chocolandia.yaml")
    folder = tmp_path / "rendered/chocolandia/owners/beersystem"
    assert sorted(path.name for path in folder.iterdir()) == ["deployment-beersystem-backend.yaml"]
    content = yaml.safe_load((folder / "deployment-beersystem-backend.yaml").read_bytes())
    (container,) = content["spec"]["template"]["spec"]["containers"]
    assert container.keys() == {"name", "env"}
    assert {entry["name"] for entry in container["env"]} == {"REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"}


@pytest.mark.parametrize("step", ["scale-up", "rolled-back"])
def test_changes_of_others_in_a_plain_file_are_kept(tmp_path: Path, run: Run, step: str) -> None:
    """An image that a bot updates during validation was refused, or lost with --force."""
    top = plain(tmp_path)
    file = top / "prod/deployment-beersystem-backend.yaml"
    before = file.read_text(encoding="utf-8")
    image = backend()["spec"]["template"]["spec"]["containers"][0]["image"]
    assert exported(run, at(tmp_path, "reconfigure", "manifests"))[0] == 0
    file.write_text(file.read_text(encoding="utf-8").replace(image, f"{image}-next"), encoding="utf-8")
    commit(top)
    code, _, errors = exported(run, at(tmp_path, step, "manifests"))
    assert (code, errors) == (0, "")
    assert f"{image}-next" in file.read_text(encoding="utf-8")
    if step == "rolled-back":
        assert file.read_text(encoding="utf-8") == before.replace(image, f"{image}-next")


def test_a_plain_file_of_which_a_value_of_the_step_was_edited_is_refused_without_force(tmp_path: Path, run: Run) -> None:
    top = plain(tmp_path)
    file = top / "prod/deployment-beersystem-backend.yaml"
    before = file.read_bytes()
    assert exported(run, at(tmp_path, "scale-up", "manifests"))[0] == 0
    file.write_text(file.read_text(encoding="utf-8").replace("redis-shared-master", "redis-other"), encoding="utf-8")
    commit(top)
    for more in ([], ["--dry-run"]):
        code, _, errors = exported(run, at(tmp_path, "rolled-back", "manifests"), *more)
        assert code == 1
        assert "error[file-edited]: " in errors
    assert exported(run, at(tmp_path, "rolled-back", "manifests"), "--force")[0] == 0
    assert file.read_bytes() == before


def test_a_plain_file_with_changes_that_are_in_no_commit_is_refused(tmp_path: Path, run: Run) -> None:
    file = plain(tmp_path) / "prod/deployment-beersystem-backend.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("replicas: 1", "replicas: 1\n  minReadySeconds: 9"), encoding="utf-8")
    before = file.read_bytes()
    code, _, errors = exported(run, at(tmp_path, "scale-down", "manifests"))
    assert code == 1
    assert "error[file-uncommitted]: " in errors
    assert file.read_bytes() == before
    commit(tmp_path / "owner")
    assert exported(run, at(tmp_path, "scale-down", "manifests"))[0] == 0


def test_without_a_version_from_before_the_migration_a_rollback_is_refused(tmp_path: Path, run: Run) -> None:
    top = plain(tmp_path)
    assert exported(run, at(tmp_path, "scale-up", "manifests"))[0] == 0
    git(top, "checkout", "--quiet", "--orphan", "new")
    commit(top)
    code, _, errors = exported(run, at(tmp_path, "rolled-back", "manifests"))
    assert code == 1
    assert "error[file-base]: " in errors


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_plain_files_with_several_documents(tmp_path: Path, run: Run, newline: str) -> None:
    """They were refused."""
    parts = ["# first\n", dump(OLD_REDIS[1]), "--- # the application\n", dump(backend()), "---\n", "kind: Other\nmetadata: {name: x}\n"]
    text = "".join(parts).replace("\n", newline)
    top = plain(tmp_path, text=text, file="all.yaml")
    (top / "prod/service-redis.yaml").unlink()
    file = top / "prod/all.yaml"
    for step in ("scale-down", "scale-up"):
        assert exported(run, at(tmp_path, step, "manifests"))[0] == 0
        content = file.read_bytes().decode()
        assert content.startswith("".join(parts[:3]).replace("\n", newline))
        assert content.endswith("".join(parts[4:]).replace("\n", newline))
        commit(top)
    _, output, _ = exported(run, at(tmp_path, "decommission", "manifests"), "--dry-run")
    assert "to do: delete Service/redis from owner/prod/all.yaml\n" in output
    assert exported(run, at(tmp_path, "rolled-back", "manifests"))[0] == 0
    assert file.read_bytes() == text.encode()


def test_an_export_of_plain_files_lists_the_objects_to_delete(tmp_path: Path, run: Run) -> None:
    plain(tmp_path)
    code, output, _ = exported(run, at(tmp_path, "decommission", "manifests"))
    assert code == 0
    assert "to do: delete owner/prod/deployment-redis.yaml: it contains only Deployment/redis\n" in output
    assert "to do: delete owner/prod/service-redis.yaml: it contains only Service/redis\n" in output
    code, _, errors = exported(run, at(tmp_path, "complete", "manifests"))
    assert code == 1
    assert "[complete]" in errors
