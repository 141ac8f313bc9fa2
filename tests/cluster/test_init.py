"""`rediskit init --from -` on what the real kubectl prints of a real API server: defaults, managed fields, what was last applied."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rediskit import load
from rediskit.yamlio.writer import dump
from tests.cluster.plane import Plane
from tests.cluster.processes import FailedError
from tests.init.live import Object, container, redis, service, workload
from tests.samples import ROOT

WORD = "correct-horse-battery"


@pytest.fixture
def live(plane: Plane, namespace: str) -> str:
    """Return a namespace with the application `web`, its old Redis and its Secret, created by `kubectl apply`."""
    app = container(
        REDIS_HOST=f"redis.{namespace}.svc.cluster.local",
        REDIS_PORT="6379",
        REDIS_PASSWORD={"secretKeyRef": {"name": "redis-keys", "key": "password"}},
        SMTP_PASSWORD=WORD,
    )
    worker = workload(container(QUEUE="none"), name="worker", namespace=namespace)
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "redis-keys"}, "stringData": {"password": f"{WORD}-2"}}
    objects = [workload(app, namespace=namespace), worker, redis(namespace=namespace), service(namespace=namespace), secret]
    plane.kube.kubectl("apply", "--namespace", namespace, "-f", "-", stdin="---\n".join(map(dump, objects)))
    return namespace


def rediskit(folder: Path, *arguments: str, stdin: str = "") -> str:
    command = [sys.executable, "-m", "rediskit", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_live_namespace_becomes_a_folder_that_renders(plane: Plane, live: str, tmp_path: Path, form: str) -> None:
    printed = plane.kube.kubectl("get", "deployment,service,secret", "-n", live, "-o", form, "--show-managed-fields")
    assert WORD in printed
    assert "managedFields" in printed
    output = rediskit(tmp_path, "init", "--name", "home", "--repository", "https://git.example.org/a.git", "--from", "-", stdin=printed)
    output += rediskit(tmp_path, "render") + rediskit(tmp_path, "check")
    assert "Deployment/worker is skipped: no variable of it refers to Redis" in output
    (client,) = load(tmp_path / "config/home.yaml").clients
    assert client.previous is not None
    assert client.migration is not None
    assert (client.name, client.workloads[0].reference, client.workloads[0].replicas) == (live, "Deployment/web", 2)
    assert (client.previous.host, client.previous.remove) == (f"redis.{live}.svc.cluster.local", ("Deployment/redis", "Service/redis"))
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert WORD not in written + output
    copy = tmp_path / "config/home/web.yaml"
    assert set(yaml.safe_load(copy.read_text(encoding="utf-8"))) == {"apiVersion", "kind", "metadata", "spec"}
    with pytest.raises(FailedError, match="image: Required value"):
        plane.kube.kubectl("apply", "--dry-run=server", "-f", copy)  # Reduced, so that it can't be applied by mistake.


def test_a_live_application_that_is_scaled_to_0_is_asked_about(plane: Plane, live: str, tmp_path: Path) -> None:
    plane.kube.kubectl("scale", "deployment/web", "-n", live, "--replicas=0")
    printed = plane.kube.kubectl("get", "deployment", "web", "-n", live, "-o", "yaml")
    arguments = ("init", "--name", "home", "--repository", "https://git.example.org/a.git", "--from", "-")
    output = rediskit(tmp_path / "..", *arguments, str(tmp_path / "asked"), stdin=printed)
    assert "write the normal number of replicas (--replicas)" in output
    rediskit(tmp_path / "asked", "render")
    rediskit(tmp_path, *arguments, "--replicas", "3", str(tmp_path / "told"), stdin=printed)
    (client,) = load(tmp_path / "told/config/home.yaml").clients
    assert client.workloads[0].replicas == 3
