"""The steps of the README from a fresh clone to new keys, run line by line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from rediskit import load
from tests.samples import ROOT
from tests.secrets.api import Api
from tests.secrets.repository import private_pem, unseal, value_of

README = (ROOT / "README.md").read_text(encoding="utf-8")


def lines() -> list[str]:
    """Return the commands of the section."""
    section = README.partition("To use the example config in your own cluster")[2]
    lines = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert lines
    return lines[1].splitlines()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone of the repository with the section `secrets` of the README."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "config", folder / "config")
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "start"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


def test_the_steps_of_the_readme_create_keys(clone: Path, api: Api, kubeseal: Path, key: RSAPrivateKey, tmp_path: Path) -> None:
    commands = lines()
    assert len(commands) == 5
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(api.kubeconfig),
        "KUBESEAL": str(kubeseal),
        **{f"GIT_{who}_{what}": "me" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    for command in commands:
        done = subprocess.run(["/bin/sh", "-c", command], cwd=clone, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, command + "\n" + done.stdout + done.stderr
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, check=True)
    assert status.stdout == b""
    (tmp_path / "key").write_bytes(private_pem(key))
    values = set()
    for namespace in load(clone / "config/chocolandia.yaml").secret_namespaces:
        folder = "redis" if namespace == "redis" else "beersystem"
        copy = clone / f"rendered/chocolandia/platform/{folder}/sealedsecret-redis-credentials.yaml"
        done_bytes = unseal(kubeseal, tmp_path / "key", copy.read_bytes())
        assert done_bytes.returncode == 0, done_bytes.stderr
        values.add(value_of(done_bytes.stdout))
    assert len(values) == 1
    assert len(values.pop()) == 32
