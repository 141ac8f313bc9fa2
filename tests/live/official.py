"""Pods of a chart with the official image, as processes: the init containers, the server, and its probes, without a kubelet.

What is real: the output of Helm with the real chart and our values, the scripts in it, and the servers. The paths of volume mounts are
replaced by folders, and host names come from a file through nss_wrapper. Redis listens on port 6379 of an address of the pod's own.
"""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.charts.templates import Rendered
from tests.cluster.processes import FailedError, Program, until
from tests.live.chart import program
from tests.live.resp import Connection, RedisError, fields
from tests.tools.install import locate_folder

Object = dict[str, Any]
PORT = 6379
_PROGRAMS = ("redis-cli", "valkey-cli")


class Engine(NamedTuple):
    """A server: the profile whose chart starts it, its command there, and its program here."""

    profile: str
    command: str
    program: str

    def __str__(self) -> str:
        return f"{self.profile}-{self.program}"


ENGINES = (
    Engine("groundhog2k", "redis-server", "redis-server-7.0"),
    Engine("groundhog2k", "redis-server", "redis-server-8.2"),
    Engine("valkey", "valkey-server", "valkey-server-8.1"),
)


class Release:
    """The pods of one release, on a block of loopback addresses of their own."""

    def __init__(self, folder: Path, engine: Engine, password: str, over: Mapping[str, Any]) -> None:
        self.folder, self.engine, self.password = folder, engine, password
        values = folder / "values"
        values.mkdir()
        self.rendered = Rendered(engine.profile, over, values)
        self.names = self.rendered.release
        self._block = f"127.{random.randint(8, 250)}.{random.randint(1, 250)}"
        count = 1 + self.names.replicas
        self.hosts = folder / "hosts"
        self.pods = [Pod(self, number, f"{self._block}.{number + 1}") for number in range(count)]
        names = [f"{pod.address} {pod.name} {pod.name}.{self.names.headless_service}.redis.svc.cluster.local" for pod in self.pods]
        self.hosts.write_text("".join(f"{line}\n" for line in names))

    def stop(self) -> None:
        for pod in self.pods:
            pod.stop()


class Pod:
    """A pod: its volumes as folders, its init containers, and its server."""

    def __init__(self, release: Release, number: int, address: str) -> None:
        self.release, self.number, self.address = release, number, address
        (workload,) = release.rendered.named("StatefulSet").values()
        self.name = f"{workload['metadata']['name']}-{number}"
        self.spec: Object = workload["spec"]["template"]["spec"]
        self.folder = release.folder / self.name
        self.folder.mkdir()
        self.data = self._volume(workload["spec"]["volumeClaimTemplates"][0]["metadata"]["name"])
        self.container: Object = next(container for container in self.spec["containers"] if container["name"] == release.names.container)
        self.server: Program | None = None
        self.log = self.folder / "init.log"
        self._bin = self._programs()

    def initialize(self) -> None:
        """Run the init containers in order. Raises FailedError with the output of the one that fails."""
        for container in self.spec["initContainers"]:
            done = self._run(container, [*container["command"], *container.get("args", ())])
            with self.log.open("a") as log:
                log.write(done.stdout)
            if done.returncode:
                raise FailedError(f"{container['name']}: {done.stdout}")

    def start(self) -> None:
        """Start the server as the container does, and wait until it answers."""
        command = [*self.container["command"], *self.container.get("args", ())]
        inside = [self._inside(self.container, part) for part in command]
        self.server = Program(self.name, inside, self._environment(self.container), self.folder, self.folder / "server.log")
        self.server.start()
        until("an answer of the server", lambda: self._answers() or None, 30, 0.05)

    def restart(self) -> None:
        """Delete the pod and create it again on its volume."""
        self.stop()
        self.initialize()
        self.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def probe(self, kind: str) -> tuple[bool, str]:
        """Return whether a probe passes, and its output."""
        probe = self.container[kind]
        done = self._run(self.container, probe["exec"]["command"], probe["timeoutSeconds"])
        return done.returncode == 0, done.stdout

    def shell(self, script: str) -> str:
        """Return the output of a script, as `kubectl exec` runs those of the runbooks."""
        done = self._run(self.container, [self.release.names.shell, "-c", script])
        if done.returncode:
            raise FailedError(done.stdout)
        return done.stdout.strip()

    def call(self, *command: str | int, password: str = "") -> Any:
        with Connection(self.address, PORT, password or self.release.password, seconds=10) as connection:
            return connection.call(*command)

    def info(self, name: str) -> str:
        return fields(self.call("INFO"))[name]

    def _answers(self) -> bool:
        assert self.server is not None
        if not self.server.alive():
            raise AssertionError((self.folder / "server.log").read_text())
        try:
            with socket.create_connection((self.address, PORT), 1):
                return bool(self.call("PING") == "PONG")
        except (OSError, RedisError):
            return False

    def _run(self, container: Object, command: list[str], seconds: float = 30) -> subprocess.CompletedProcess[str]:
        words = [self._inside(container, part) for part in command]
        environment = self._environment(container)
        return subprocess.run(
            words,
            env=environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def _environment(self, container: Object) -> dict[str, str]:
        (library,) = locate_folder("nss-wrapper", "lib").glob("libnss_wrapper.so")
        hosts = self.folder / "hosts"
        hosts.write_text(f"{self.release.hosts.read_text()}{self.address} localhost\n")
        variables = {
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "HOSTNAME": self.name,
            "LD_PRELOAD": str(library),
            "NSS_WRAPPER_HOSTS": str(hosts),
        }
        for variable in container.get("env", ()):
            variables[variable["name"]] = self._value(variable)
        return variables

    def _value(self, variable: Object) -> str:
        if "valueFrom" not in variable:
            return str(variable["value"])
        if "fieldRef" in variable["valueFrom"]:
            assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['apps.kubernetes.io/pod-index']"
            return str(self.number)
        assert variable["valueFrom"]["secretKeyRef"] == {"name": "redis-credentials", "key": "redis-password"}
        return self.release.password

    def _inside(self, container: Object, text: str) -> str:
        """Return a text with the paths of the container's mounts replaced by folders."""
        mounts = {mount["mountPath"]: self._mounted(container, mount) for mount in container.get("volumeMounts", ())}
        if not mounts:
            return text
        paths = "|".join(re.escape(path) for path in sorted(mounts, key=len, reverse=True))
        return re.sub(rf"(?<![\w./])({paths})(?![\w.-])", lambda match: str(mounts[match[1]]), text)

    def _mounted(self, container: Object, mount: Object) -> Path:
        folder = self._volume(mount["name"])
        sources = {volume["name"]: volume for volume in self.spec["volumes"]}
        source = sources.get(mount["name"], {})
        if "configMap" in source:
            self._fill(container, folder, self.release.rendered.named("ConfigMap")[source["configMap"]["name"]]["data"])
        if "secret" in source:
            assert source["secret"]["secretName"] == "redis-credentials"
            (folder / "redis-password").write_text(self.release.password)
        return folder / str(mount.get("subPath", ""))

    def _fill(self, container: Object, folder: Path, data: Mapping[str, str]) -> None:
        """Write the files of a ConfigMap. Scripts have the paths of the container that mounts them."""
        for name, text in data.items():
            (folder / name).touch(0o755)
            others = [mount for mount in container["volumeMounts"] if self._volume(mount["name"]) != folder]
            (folder / name).write_text(self._inside({"volumeMounts": others}, text) if name.endswith(".sh") else text)

    def _volume(self, name: str) -> Path:
        folder = self.folder / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _programs(self) -> Path:
        folder = self.folder / "bin"
        folder.mkdir()
        server = program(self.release.engine.program)
        starters = {self.release.engine.command: f'exec "{server}" "$@" --bind {self.address}'}
        starters |= {name: f'exec "{program(name)}" "$@"' for name in _PROGRAMS}
        for name, line in starters.items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)
        return folder


def readable(folder: Path) -> dict[str, str]:
    """Return the text of each file below a folder."""
    return {
        str(file.relative_to(folder)): file.read_bytes().decode(errors="replace")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and os.access(file, os.R_OK)
    }
