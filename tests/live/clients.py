"""An application of the lab: pods whose containers are clients of Redis, each with its own way of being wrong."""

from __future__ import annotations

import sys
from typing import Any

import yaml

from tests.live.lab import Lab
from tests.live.lab_config import CLIENT

PROGRAM = """
import os, socket, time
def log(text):
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)
mode = os.environ["MODE"]
log("started")
while True:
    try:
        connection = socket.create_connection((os.environ["REDIS"], int(os.environ["PORT"])), 5, (os.environ["LAB_ADDRESS"], 0))
        def ask(*words):
            parts = [f"${len(word)}\\r\\n{word}\\r\\n" for word in words]
            connection.sendall(f"*{len(words)}\\r\\n{''.join(parts)}".encode())
            return connection.recv(4096)
        if mode != "no-password":
            answer = ask("AUTH", "wrong" if mode == "wrong-password" else os.environ["PASSWORD"])
            if not answer.startswith(b"+OK"):
                log(f"redis: {answer.decode().strip()}")
                raise OSError
            ask("SELECT", "0" if mode == "wrong-database" else os.environ["DATABASE"])
        while True:
            answer = ask("GET", "key")
            if answer.startswith(b"-"):
                log(f"redis: {answer.decode().strip()}")
            time.sleep(0.2)
    except OSError:
        time.sleep(0.5)
"""


def deployment(name: str, *containers: str, replicas: int = 1) -> dict[str, Any]:
    """Return a Deployment whose containers read Redis from variables."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": CLIENT},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": container, "image": "registry.example.org/shop:1"} for container in containers]},
            },
        },
    }


def client(**workloads: dict[str, int]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the config of the client and the files of its manifests.

    Args:
        workloads: Container to database, by name of the Deployment.
    """
    numbers = {number for containers in workloads.values() for number in containers.values()}
    config = {
        "name": CLIENT,
        "namespace": CLIENT,
        "databases": {f"d{number}": number for number in sorted(numbers)},
        "workloads": [
            {
                "manifest": f"lab/{name}.yaml",
                "containers": {
                    container: {"env": {"REDIS_URL": f"redis://:${{password}}@${{address}}/${{database.d{number}}}"}}
                    for container, number in containers.items()
                },
            }
            for name, containers in workloads.items()
        ],
    }
    files = {f"config/lab/{name}.yaml": yaml.safe_dump(deployment(name, *containers)) for name, containers in workloads.items()}
    return config, files


def start_pod(lab: Lab, workload: str, **containers: tuple[str, int]) -> str:
    """Start a pod of a workload, and return its name.

    Args:
        lab: The lab.
        workload: The name of the Deployment.
        containers: Mode and database by container.
    """
    auth = lab.environment.redis.auth
    pods = [pod for pod in lab.cluster.pods if pod.startswith(f"{workload}-")]
    name = f"{workload}-7d9f8b6c5d-x2k4{'bcdfghjklm'[len(pods)]}"
    password = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": auth.secret, "key": auth.key}}}
    specs = [
        {
            "name": container,
            "command": [sys.executable, "-c", PROGRAM],
            "env": [
                password,
                *(
                    {"name": key, "value": str(value)}
                    for key, value in {
                        "MODE": mode,
                        "DATABASE": database,
                        "REDIS": lab.primary.address,
                        "PORT": lab.primary.port("redis"),
                    }.items()
                ),
            ],
        }
        for container, (mode, database) in containers.items()
    ]
    lab.cluster.apply(
        [{"kind": "Pod", "metadata": {"name": name, "namespace": CLIENT, "labels": {"app": workload}}, "spec": {"containers": specs}}]
    )
    return name
