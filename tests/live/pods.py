"""A pod as a group of processes, and the kubelet that starts, probes and restarts them.

Differences from a real kubelet, all of them about time: `initialDelaySeconds` counts as 1 at most, a crashed container is started again
after 1, 2, 4 and then 8 s, and a changed Secret reaches the mounted files after SECRET_DELAY seconds.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.live.containers import Container, Host

SECRET_DELAY = 3.0
_TICK = 0.1

Object = dict[str, Any]


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
        self.initial = [Container(self, spec) for spec in self.spec.get("initContainers", ())]
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
        away = False
        try:
            self._start()
            while not self._deleted.wait(_TICK):
                self._refresh_secrets()
                if self.held:
                    away = True
                    for running in self.containers.values():
                        running.ready = False
                    continue
                if away:
                    away = False
                    self._start()
                for running in self.containers.values():
                    running.watch()
        finally:
            for container in self.containers.values():
                container.stop()

    def _start(self) -> None:
        """Run the init containers, then start the others. A kubelet does both again when its node was away; volumes keep their files.

        https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#pod-restart-reasons
        """
        for container in self.initial:
            while not container.complete() and not self._deleted.wait(1):
                container.restarts += 1
        for container in self.containers.values():
            if container.program is not None:
                container.program.stop()
                container.restarts += 1
            container.start()

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
                for container in (*self.initial, *self.containers.values())
                if any(mount["name"] == volume["name"] for mount in container.spec.get("volumeMounts", ()))
            ]
            if "configMap" in volume and users:
                for file in self.volumes[str(volume["name"])].iterdir():
                    file.write_text(users[0].inside(file.read_text()))


def _written(moment: float) -> str:
    """Return a time as Kubernetes writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
