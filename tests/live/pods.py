"""A pod as a group of processes, and the kubelet that starts, probes and restarts them.

Differences from a real kubelet, all of them about time: `initialDelaySeconds` counts as 1 at most, a crashed container is started again
after 1, 2, 4 and then 8 s, and a changed Secret reaches the mounted files after SECRET_DELAY seconds.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from tests.cluster.processes import Program

SECRET_DELAY = 3.0
_TICK = 0.1
_BACKOFF = (1.0, 2.0, 4.0, 8.0)
_INITIAL_DELAY = 1.0

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
        self.exit_code: int | None = None
        self.terminated: list[float] = []
        self.termination = pod.folder / f"{self.name}-termination"
        self.mounts["/dev/termination-log"] = self.termination
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
        return self._paths.sub(lambda container: str(self.mounts[container[1]]), text)

    def environment(self) -> dict[str, str]:
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
        self.program = Program(
            f"{self.pod.name}/{self.name}", [self.inside(str(part)) for part in command], self.environment(), self.pod.folder, log
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
            env=self.environment(),
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

    def stop(self) -> None:
        self.ready = False
        if self.program is not None:
            with suppress(ProcessLookupError):
                os.kill(self.program.process.pid, signal.SIGCONT) if self.program.process else None
            self.program.stop()


class Pod(threading.Thread):
    """A pod of the lab: its volumes as folders, its containers, and its kubelet, which is this thread."""

    def __init__(
        self, host: Host, namespace: str, name: str, template: Object, claims: Mapping[str, str], address: str, revision: str
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.host, self.namespace, self.address, self.revision = host, namespace, address, revision
        self.labels: dict[str, str] = {**template["metadata"].get("labels", {}), "statefulset.kubernetes.io/pod-name": name}
        self.created = time.time()
        self.spec = template["spec"]
        self.folder = host.folder / "pods" / f"{name}-{address}"
        self.folder.mkdir(parents=True)
        self.hosts = self.folder / "hosts"
        self._claims = claims
        self._secrets: dict[str, tuple[float, Object | None]] = {}
        self.volumes = {str(volume["name"]): self._volume(volume) for volume in self.spec.get("volumes", ())}
        self.volumes.update({name: host.volume(claim) for name, claim in claims.items()})
        self.containers = {str(spec["name"]): Container(self, spec) for spec in self.spec["containers"]}
        self._rewrite_scripts()
        self._deleted = threading.Event()
        self.held = False
        """Whether its node is away: nothing is probed or started until it is back."""

    @property
    def ready(self) -> bool:
        return not (self._deleted.is_set() or self.held) and all(container.ready for container in self.containers.values())

    @property
    def ports(self) -> Sequence[Object]:
        return [port for spec in self.spec["containers"] for port in spec.get("ports", ())]

    def port(self, name: str) -> int:
        return int(next(port["containerPort"] for port in self.ports if port["name"] == name))

    @property
    def claims(self) -> Sequence[str]:
        return tuple(self._claims.values())

    @property
    def terminating(self) -> bool:
        return self._deleted.is_set()

    def delete(self) -> None:
        """Ask for the end of the pod: SIGTERM, and SIGKILL after the grace period."""
        self._deleted.set()

    def kill(self, container: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the main process of a container; the kubelet starts it again when it ends."""
        os.kill(self.containers[container].pid, how)

    def status(self) -> Object:
        """Return the pod as `kubectl get --output json` prints it, as far as rediskit reads it."""
        never = self.spec.get("restartPolicy") == "Never"
        codes = [container.exit_code for container in self.containers.values()]
        phase = "Running" if not never or None in codes else "Failed" if any(codes) else "Succeeded"
        meta = {"name": self.name, "namespace": self.namespace, "labels": self.labels, "uid": f"{self.name}-{self.address}"}
        if self.terminating:
            meta["deletionTimestamp"] = _written(time.time())
        return {
            "kind": "Pod",
            "metadata": {**meta, "creationTimestamp": _written(self.created)},
            "status": {
                "podIP": self.address,
                "phase": phase,
                "startTime": _written(self.created),
                "conditions": [{"type": "Ready", "status": str(self.ready)}],
                "containerStatuses": [self._container_status(container) for container in self.containers.values()],
            },
        }

    def _container_status(self, container: Container) -> Object:
        state: Object = {"running": {"startedAt": _written(container.started_at)}}
        if container.exit_code is not None and self.spec.get("restartPolicy") == "Never":
            message = container.termination.read_text()[:4096] if container.termination.exists() else ""
            state = {"terminated": {"exitCode": container.exit_code, "message": message, "finishedAt": _written(container.terminated[-1])}}
        elif not container.running:
            state = {"waiting": {"reason": "CrashLoopBackOff"}}
        last = {"terminated": {"finishedAt": _written(container.terminated[-1])}} if container.terminated else {}
        return {"name": container.name, "ready": container.ready, "restartCount": container.restarts, "state": state, "lastState": last}

    def run(self) -> None:
        try:
            for container in self.containers.values():
                container.start()
            while not self._deleted.wait(_TICK):
                self._refresh_secrets()
                if self.held:
                    for container in self.containers.values():
                        container.ready = False
                    continue
                for container in self.containers.values():
                    container.watch()
        finally:
            for container in self.containers.values():
                container.stop()

    def _volume(self, volume: Object) -> Path:
        folder = self.folder / "volumes" / str(volume["name"])
        folder.mkdir(parents=True)
        if "persistentVolumeClaim" in volume:
            folder.rmdir()
            return self.host.volume(volume["persistentVolumeClaim"]["claimName"])
        if "configMap" in volume:
            config_map = self.host.find("ConfigMap", self.namespace, volume["configMap"]["name"])
            assert config_map, volume
            for name, text in (config_map.get("data") or {}).items():
                (folder / name).write_text(text)
                (folder / name).chmod(volume["configMap"].get("defaultMode", 0o644))
        if "secret" in volume:
            self._fill_secret(folder, volume["secret"])
        return folder

    def _fill_secret(self, folder: Path, source: Object) -> None:
        secret = self.host.find("Secret", self.namespace, source["secretName"])
        self._secrets[str(folder)] = (0.0, source)
        if secret is None:
            return
        names = {item["key"]: item["path"] for item in source.get("items", ())} or {key: key for key in secret["data"]}
        for key, path in names.items():
            part = folder / f".{path}"
            part.write_bytes(b64decode(secret["data"][key]))
            part.rename(folder / path)

    def _refresh_secrets(self) -> None:
        """Write a changed Secret to the mounted files, some time after it changed."""
        for folder, (since, source) in self._secrets.items():
            assert source is not None
            secret = self.host.find("Secret", self.namespace, source["secretName"])
            if secret is None:
                continue
            names = {item["key"]: item["path"] for item in source.get("items", ())} or {key: key for key in secret["data"]}
            same = all(
                (Path(folder) / path).is_file() and (Path(folder) / path).read_bytes() == b64decode(secret["data"][key])
                for key, path in names.items()
            )
            if same:
                self._secrets[folder] = (0.0, source)
            elif not since:
                self._secrets[folder] = (time.monotonic(), source)
            elif time.monotonic() - since > SECRET_DELAY:
                self._fill_secret(Path(folder), source)

    def _rewrite_scripts(self) -> None:
        """Replace the paths in the files of ConfigMaps: scripts and redis.conf contain paths of the container that mounts them."""
        for volume in self.spec.get("volumes", ()):
            users = [
                container
                for container in self.containers.values()
                if any(m["name"] == volume["name"] for m in container.spec.get("volumeMounts", ()))
            ]
            if "configMap" in volume and users:
                for file in self.volumes[str(volume["name"])].iterdir():
                    file.write_text(users[0].inside(file.read_text()))


def _written(moment: float) -> str:
    """Return a time as Kubernetes writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
