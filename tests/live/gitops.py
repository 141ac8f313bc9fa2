"""A repository with a remote, and what the sealed-secrets controller and Argo CD make of what is pushed to it.

The real controllers are shown by tests/cluster. Here they are as far as a rotation needs them: a pushed SealedSecret becomes a Secret, and
the release follows the pushed values unless its Application, or the root above it, is held.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from rediskit.chart.names import Release
from tests.live.chart import program, release_objects
from tests.live.cluster import Cluster
from tests.secrets.repository import certificate_of, private_pem, unseal

Object = dict[str, Any]

COMMAND = Path(sys.executable).parent / "rediskit"


class Repository:
    """The work tree, its remote, and the key of the sealed-secrets controller."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.remote = folder, folder.with_name("origin.git")
        self._key = folder.with_name("sealing.key")
        self.certificate = folder / "config/lab/sealing.crt"

    def create(self, config: Path, password: str) -> None:
        """Make the certificate and the encrypted Secrets, before the config is loaded."""
        key = rsa.generate_private_key(65537, 2048)
        self._key.touch(0o600)
        self._key.write_bytes(private_pem(key))
        self.certificate.parent.mkdir(parents=True, exist_ok=True)
        self.certificate.write_bytes(certificate_of(key))
        self.git("init", "--quiet", "--initial-branch", "main")
        subprocess.run([COMMAND, "secret", "new", config, "--from-stdin"], input=password.encode(), cwd=self.folder, check=True)

    def publish(self) -> None:
        """Render, commit and push, as before every sync."""
        subprocess.run([COMMAND, "render"], cwd=self.folder, check=True)
        subprocess.run(["git", "init", "--quiet", "--bare", self.remote], check=True)
        self.git("config", "user.name", "lab")
        self.git("config", "user.email", "lab@example.org")
        self.git("remote", "add", "origin", str(self.remote))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Lab")
        self.git("push", "--quiet", "--set-upstream", "origin", "main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def pushed(self) -> Mapping[str, bytes]:
        """Return the files of the last pushed commit, by path."""
        names = self._remote("ls-tree", "-r", "--name-only", "main").decode().splitlines()
        return {name: self._remote("show", f"main:{name}") for name in names if name.startswith("rendered/")}

    def revision(self) -> str:
        return self._remote("rev-parse", "main").decode().strip()

    def secrets(self, files: Mapping[str, bytes]) -> list[Object]:
        """Return the Secrets that the controller makes of the SealedSecrets."""
        problems = []
        for name, text in files.items():
            if Path(name).name.startswith("sealedsecret-"):
                done = unseal(program("kubeseal"), self._key, text)
                assert done.returncode == 0, done.stderr
                problems.append(json.loads(done.stdout))
        return problems

    def _remote(self, *arguments: str) -> bytes:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run(["git", "-C", self.remote, *arguments], env=environment, capture_output=True, check=True).stdout


class Controllers:
    """Apply what is pushed to the cluster. held: whether the release waits."""

    def __init__(self, repository: Repository, cluster: Cluster, release: Release, held: Callable[[], bool]) -> None:
        self._repository, self._cluster, self._held = repository, cluster, held
        self._release, self._namespace = release, release.namespace
        self._secrets = self._values = ""

    def sync(self) -> None:
        """Apply what is new; a watcher of the cluster calls it."""
        revision = self._repository.revision()
        if self._secrets != revision:
            self._cluster.apply(self._repository.secrets(self._repository.pushed()))
            self._secrets = revision
        if self._values != revision and not self._held():
            values = self._cluster.folder / "pushed-values.yaml"
            files = self._repository.pushed()
            values.write_bytes(next(text for name, text in files.items() if name.endswith("/values.yaml")))
            objects = release_objects(self._release.name, self._namespace, values, self._release.profile.name)
            for content in objects:
                content["metadata"].setdefault("namespace", self._namespace)
            self._cluster.apply(content for content in objects if content["kind"] in ("ConfigMap", "StatefulSet"))
            self._values = revision


def held(cluster: Cluster) -> bool:
    """Whether the Application of the release, or the root, is not synchronised automatically."""
    names = ("-root", "-release")
    applications = [content for (kind, _, name), content in list(cluster.objects.items()) if kind == "Application" and name.endswith(names)]
    return not all(content["spec"]["syncPolicy"]["automated"].get("enabled", True) for content in applications)
