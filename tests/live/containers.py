"""A container of a pod as a process, with its mounts, its environment, its probes and its restarts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.cluster.processes import Program

if TYPE_CHECKING:
    from tests.live.pods import Pod

_BACKOFF = (1.0, 2.0, 4.0, 8.0)
_INITIAL_DELAY = 1.0
_FILES_OF_IMAGES = {"/redis_exporter": "redis_exporter"}
"""Programs that images have outside of PATH, and their names here."""
_FOLDERS_OF_IMAGES = {"library/redis": "/data"}
"""The working directories of images (WORKDIR of docker-library/redis), by a part of their name."""

Object = dict[str, Any]


class Host(Protocol):
    """What a pod needs of its cluster."""

    @property
    def folder(self) -> Path: ...
    @property
    def environment(self) -> Mapping[str, str]: ...
    def find(self, kind: str, namespace: str, name: str) -> Object | None: ...
    def volume(self, claim: str) -> Path: ...


class Container:
    """One container of a pod."""

    def __init__(self, pod: Pod, spec: Object) -> None:
        self.pod, self.spec, self.name = pod, spec, str(spec["name"])
        self.restarts = 0
        self.ready = False
        self.mounts = {str(mount["mountPath"]).rstrip("/"): self._mounted(mount) for mount in spec.get("volumeMounts", ())}
        self.program: Program | None = None
        self._started = 0.0
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._ended = 0.0
        self._environment: dict[str, str] = {}
        self.exit_code: int | None = None
        self.terminated: list[float] = []
        self.termination = pod.folder / f"{self.name}-termination"
        self.mounts["/dev/termination-log"] = self.termination
        for path, name in _FILES_OF_IMAGES.items():
            self.mounts[path] = Path(shutil.which(name, path=pod.host.environment["PATH"]) or path)
        paths = "|".join(re.escape(path) for path in sorted(self.mounts, key=len, reverse=True))
        self._paths = re.compile(rf"(?<![\w./-])({paths})(?![\w.-])")

    def _mounted(self, mount: Object) -> Path:
        folder = self.pod.volumes[str(mount["name"])]
        if "subPath" in mount:
            folder /= str(mount["subPath"])
            if not folder.exists():
                folder.mkdir(parents=True)
        return folder

    def inside(self, text: str) -> str:
        """Text with the paths of the container's mounts replaced by the folders that they are here."""
        return self._paths.sub(lambda match: str(self.mounts[match[1]]), text)

    @property
    def folder(self) -> Path:
        """The working directory."""
        image = str(self.spec.get("image", ""))
        path = next((folder for name, folder in _FOLDERS_OF_IMAGES.items() if name in image), "")
        return self.mounts.get(str(self.spec.get("workingDir", path)), self.pod.folder)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables as they were when the container started: a Secret that changes later changes none of them."""
        return self._environment

    def _variables(self) -> dict[str, str]:
        basic = {**self.pod.host.environment, "HOSTNAME": self.pod.name, "LAB_ADDRESS": self.pod.address}
        basic["NSS_WRAPPER_HOSTS"] = str(self.pod.hosts)
        for variable in self.spec.get("env", ()):
            basic[str(variable["name"])] = self.inside(self._value(variable))
        basic["LAB_PORT"] = str(next((port["containerPort"] for port in self.pod.ports if port["name"] == "redis"), ""))
        basic["LAB_METRICS_PORT"] = str(next((port["containerPort"] for port in self.pod.ports if port["name"] == "metrics"), ""))
        return basic

    def _value(self, variable: Object) -> str:
        if "valueFrom" not in variable:
            return str(variable.get("value", ""))
        source = variable["valueFrom"]
        if "secretKeyRef" in source:
            secret = self.pod.host.find("Secret", self.pod.namespace, source["secretKeyRef"]["name"])
            assert secret, source
            return b64decode(secret["data"][source["secretKeyRef"]["key"]]).decode()
        return {"metadata.name": self.pod.name, "status.podIP": self.pod.address}[source["fieldRef"]["fieldPath"]]

    def start(self) -> None:
        command = [*self.spec.get("command", ()), *self.spec.get("args", ())] or [f"start-{self.name}"]
        log = self.pod.host.folder / "logs" / f"{self.pod.name}-{self.name}.log"
        self._environment = self._variables()
        self.program = Program(
            f"{self.pod.name}/{self.name}", [self.inside(str(part)) for part in command], self._environment, self.folder, log
        )
        self._started, self.started_at = time.monotonic(), time.time()
        self._due, self._failures, self.exit_code = {}, {}, None
        self.program.start()

    @property
    def running(self) -> bool:
        return self.program is not None and self.program.alive()

    @property
    def pid(self) -> int:
        assert self.program is not None
        assert self.program.process is not None, f"{self.program.name} does not run"
        return self.program.process.pid

    def watch(self) -> None:
        """Start it again when it ended, and run the probes that are due."""
        if self.program is None or not self.program.alive():
            self.ready = False
            if self.exit_code is None and self.program is not None and self.program.process is not None:
                self.exit_code = self.program.process.returncode
                self.terminated.append(time.time())
            if self.pod.spec.get("restartPolicy") != "Never":
                self._again()
            return
        self._probe("livenessProbe")
        self._probe("readinessProbe")

    def _again(self) -> None:
        now = time.monotonic()
        if not self._ended:
            self._ended = now
            if now - self._started > 30:
                self._recent = 0
        if not self.pod.held and now - self._ended >= _BACKOFF[min(self._recent, len(_BACKOFF) - 1)]:
            self._ended = 0.0
            self._recent += 1
            self.restarts += 1
            if self.program is not None:
                self.program.stop()
            self.start()

    _recent = 0
    started_at = 0.0

    def _probe(self, kind: str) -> None:
        probe = self.spec.get(kind)
        if not probe or "exec" not in probe:
            self.ready = self.ready or kind == "readinessProbe"
            return
        period = float(probe.get("periodSeconds", 10))
        now = time.monotonic()
        if now < self._due.get(kind, self._started + min(_INITIAL_DELAY, probe.get("initialDelaySeconds", 0))):
            return
        passed = self.passes(kind)
        self._failures[kind] = 0 if passed else self._failures.get(kind, 0) + 1
        failed = self._failures[kind] >= probe.get("failureThreshold", 3)
        if kind == "readinessProbe":
            self.ready = passed or (self.ready and not failed)
            period = period if self.ready else 0.5
        elif failed:
            self.stop()
        self._due[kind] = time.monotonic() + period

    def passes(self, kind: str) -> bool:
        """Run the probe once, as the pod has it."""
        probe = self.spec[kind]
        command = [self.inside(part) for part in probe["exec"]["command"]]
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                process.communicate(timeout=float(probe.get("timeoutSeconds", 1)))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return False
        return process.returncode == 0

    def complete(self) -> bool:
        """Run it to its end, as the kubelet runs an init container, and return whether it succeeded."""
        self.start()
        assert self.program is not None
        assert self.program.process is not None
        self.exit_code = self.program.process.wait(60)
        self.program.stop()
        return self.exit_code == 0

    def stop(self) -> None:
        self.ready = False
        if self.program is not None:
            with suppress(ProcessLookupError):
                os.kill(self.program.process.pid, signal.SIGCONT) if self.program.process else None
            self.program.stop()
