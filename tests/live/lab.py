"""One lab: a rendered environment, its pods, its Services, the programs around them, and what was measured in it."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from string import ascii_letters, digits
from typing import Any

from rediskit import Environment, Tree, check, load, render
from rediskit.renderers.helm import release_of, values_path
from tests.cluster.processes import FailedError, Programs, until
from tests.live.chart import release_objects
from tests.live.cluster import Cluster
from tests.live.gitops import COMMAND, Controllers, Repository, held
from tests.live.kubectl import Kubectl
from tests.live.lab_config import lab_config
from tests.live.pods import Pod
from tests.live.prometheus import Prometheus
from tests.live.recording import Outcome, Recording
from tests.live.resp import Connection, RedisError, fields
from tests.live.runbook import Block, Shell, blocks
from tests.live.wrappers import write_wrappers
from tests.live.writer import LIMIT, Writer, lost
from tests.tools.install import locate_folder

Object = dict[str, Any]


class Lab(Recording):
    """A running lab. name: of the scenario and of its recording. profile: the Helm chart."""

    def __init__(
        self,
        name: str,
        folder: Path,
        version: str,
        config: Mapping[str, Any],
        scrape: int,
        *,
        profile: str,
        monitoring: bool,
        files: Mapping[str, str] = {},
    ) -> None:
        self._files = files
        super().__init__(name, version, profile)
        self.folder = folder
        self.password = _password()
        self.programs = Programs(folder / "programs")
        self.bin = write_wrappers(folder / "bin", version)
        self.cluster = Cluster(folder, self._pod_environment())
        self._shells: list[Shell] = []
        self._writers: list[Writer] = []
        self._restart = ""
        self.cluster.watchers.append(self._restart_writers)
        self.kubectl = Kubectl(self.cluster, self.bin / "kubectl", self._rollout)
        self.repository = Repository(folder / "repository")
        self.environment = self._load(config, scrape)
        self.tree = self.render()
        self.release = release_of(self.environment)
        self.namespace = self.release.namespace
        self._with_monitoring = monitoring

    def start(self) -> None:
        """Start everything, and wait until it is ready."""
        self.cluster.apply(self._objects())
        if self.environment.secrets.mode == "sealed-secrets":
            self.repository.publish()
            controllers = Controllers(self.repository, self.cluster, self.release, lambda: held(self.cluster))
            self.cluster.watchers.append(controllers.sync)
        self.cluster.start()
        if self._with_monitoring:
            self._prometheus = self._monitor()
            self.kubectl.prometheus = self._prometheus.url
        self.wait_ready()

    def render(self) -> Tree:
        """Return the tree of the environment, checked: what a lab runs has no finding that is an error."""
        tree = render(self.environment)
        errors = [finding for finding in check(self.environment, tree) if finding.severity == "error"]
        assert not errors, errors
        return tree

    @property
    def prometheus(self) -> Prometheus:
        assert self._prometheus, "this lab was started without monitoring"
        return self._prometheus

    def pod(self, name: str) -> Pod:
        return self.cluster.pods[name]

    @property
    def primary(self) -> Pod:
        return self.pod(self.release.primary_pod)

    @property
    def replica(self) -> Pod:
        return self.pod(self.release.replica_pods[0])

    def connect(self, pod: str | Pod, password: str = "") -> Connection:
        """Return a connection to the Redis of a pod, past every Service."""
        target = self.pod(pod) if isinstance(pod, str) else pod
        return Connection(target.address, target.port("redis"), password or self.password, seconds=10)

    def redis(self, pod: str | Pod, *command: str | int) -> Any:
        """Return the answer of a pod's Redis to one command."""
        with self.connect(pod) as connection:
            return connection.call(*command)

    def info(self, pod: str | Pod, section: str = "replication") -> dict[str, str]:
        return fields(self.redis(pod, "INFO", section))

    def service(self, name: str = "") -> tuple[str, int]:
        """Address and port of a Service; of the primary's where none is named."""
        proxy = self.cluster.proxies[name or self.release.primary_service]
        return proxy.address, proxy.port

    def wait_ready(self, seconds: float = 60) -> None:
        try:
            self.cluster.wait_ready(seconds)
        except FailedError as error:
            logs = [f"{file.name}:\n{file.read_text()[-1500:]}" for file in sorted((self.folder / "logs").iterdir())]
            raise FailedError("\n".join([str(error), self.cluster.failure, *logs])) from None

    def wait_for_replicas(self, seconds: float = 30) -> None:
        """Wait until every replica follows the primary."""

        def linked() -> bool | None:
            try:
                info = self.info(self.primary)
            except (OSError, RedisError, KeyError):
                return None
            online = [value for key, value in info.items() if key.startswith("slave") and "state=online" in value]
            return len(online) == self.environment.redis.replicas or None

        until("replicas online", linked, seconds)

    def scale_replicas(self, number: int) -> None:
        """Change the number of replicas, and keep the primary."""
        self._change(self.release.replicas_statefulset, {"replicas": number + int(self.release.one_statefulset)})

    def stop_primary(self) -> None:
        """Stop the primary, and keep the replicas."""
        changes = {"ordinals": {"start": 1}, "replicas": self.release.replicas} if self.release.one_statefulset else {"replicas": 0}
        self._change(self.release.primary_statefulset, changes)
        name = self.release.primary_pod
        until("the end of the primary", lambda: name not in self.cluster.pods or None, 60)

    def _change(self, statefulset: str, changes: Mapping[str, Any]) -> None:
        secret = self.cluster.find("StatefulSet", self.namespace, statefulset)
        assert secret
        with self.cluster.lock:
            secret["spec"].update(changes)

    def restart_node(self, pod: Pod) -> None:
        """Restart the node of a pod: its processes end, its volumes stay."""
        self._stop_node(pod)
        pod.held = False

    def lose_node(self, pod: Pod) -> None:
        """Remove the node of a pod, with the processes of the pod and its volume."""
        self._stop_node(pod)
        for claim in pod.claims:
            self.cluster.lose_volume(claim)

    def _stop_node(self, pod: Pod) -> None:
        pod.held = True
        for container in pod.containers.values():
            pod.kill(container.name)
        # Until the kubelet has noticed, a probe that passed before would count for the pod that comes back.
        until(
            "the end of its processes",
            lambda: not any(container.running or container.ready for container in pod.containers.values()) or None,
        )

    @contextmanager
    def writing(self, pause: float = 0.001, limit: float = LIMIT) -> Iterator[Writer]:
        """Yield a client of the Service of the primary, for as long as the block runs.

        Args:
            pause: Seconds between two writes.
            limit: Seconds that it waits for an answer. A test of what is refused needs more than a busy machine takes.
        """
        host, port = self.service()
        writer = Writer(self.folder / f"writer-{len(self._writers)}", host, port, pause, limit)
        self._writers.append(writer)
        writer.start(self.password)
        try:
            writer.wait_for_more()
            yield writer
        finally:
            writer.stop()

    def outcome(self, writer: Writer, pod: str | Pod | None = None) -> Outcome:
        """Compare the acknowledged writes of a client with the Redis of `pod`, or of the Service without a pod."""
        numbers = writer.acknowledged()
        if pod is None:
            host, port = self.service()
            connection = Connection(host, port, self.password, 10)
        else:
            connection = self.connect(pod)
        with connection:
            missing = lost(numbers, connection)
        return Outcome(len(numbers), len(missing), round(writer.refused_seconds(), 2), writer.errors())

    def shell(self) -> Shell:
        """Return a bash in the repository, whose kubectl and rediskit are those of the lab."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        path = f"{self.bin}:{COMMAND.parent}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "KUBECTL": str(self.bin / "kubectl")}
        shell = Shell(self.repository.folder, environment)
        self._shells.append(shell)
        return shell

    def page(self, name: str) -> list[Block]:
        """Return the blocks of commands of a rendered page."""
        return blocks(self.tree.files[f"docs/{name}.md"].decode())

    def stop(self) -> None:
        for writer in self._writers:
            writer.stop()
        for shell in self._shells:
            shell.stop()
        self.cluster.stop()
        self.programs.stop()
        self.kubectl.stop()

    def _load(self, config: Mapping[str, Any], scrape: int) -> Environment:
        """Return the config of the lab: the default one, with ports that are free here."""
        merged = lab_config(self.profile, self.cluster.addresses, scrape, config)
        file = self.repository.folder / "config/lab.yaml"
        for name, text in {**self._files, "config/.keep": ""}.items():
            other = self.repository.folder / name
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_text(text)
        file.write_text(json.dumps(merged, indent=2))
        if merged["secrets"]["mode"] == "sealed-secrets":
            self.repository.create(file, self.password)
        return load(file)

    def _objects(self) -> list[Object]:
        """All objects that the GitOps tool would apply, and the Secrets."""
        values = self.folder / "values.yaml"
        values.write_bytes(self.tree.files[values_path(self.environment)])
        release = release_objects(self.release.name, self.namespace, values, self.profile)
        for content in release:
            content["metadata"].setdefault("namespace", self.namespace)
        ours = [content for content in self.tree.objects.values() if content["kind"] != "Secret" and "name" in content.get("metadata", {})]
        return [*self._secrets(), *ours, *release]

    def _secrets(self) -> list[Object]:
        auth = self.environment.redis.auth
        data = {auth.key: b64encode(self.password.encode()).decode()}
        return [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": auth.secret, "namespace": namespace}, "data": data}
            for namespace in self.environment.secret_namespaces
        ]

    def _monitor(self) -> Prometheus:
        objects = list(self.tree.objects.values())
        (monitor,) = (item for item in objects if item["kind"] == "ServiceMonitor")
        rules = [item for item in objects if item["kind"] == "PrometheusRule"]
        return Prometheus(self.programs, self.cluster, monitor, rules)

    def _pod_environment(self) -> Mapping[str, str]:
        (library,) = locate_folder("nss-wrapper", "lib").glob("libnss_wrapper.so")
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "LD_PRELOAD": str(library)}

    def _rollout(self, action: str, namespace: str, _name: str) -> None:
        """`rollout restart` of the application: its writers start again with the Secret as it is now."""
        if action == "restart":
            self._restart = namespace
            until("the restart of the application", lambda: not self._restart or None, 30, 0.05)

    def _restart_writers(self) -> None:
        """Restart the writers in a watcher of the cluster: a program ends with the thread that started it, and this thread stays."""
        if self._restart:
            for writer in self._writers:
                writer.stop()
                writer.start(self.secret(self._restart))
            self._restart = ""

    def secret(self, namespace: str = "") -> str:
        """Return the password in the Secret of a namespace; of Redis' own where none is named."""
        auth = self.environment.redis.auth
        secret = self.cluster.find("Secret", namespace or self.namespace, auth.secret)
        assert secret, namespace
        return b64decode(secret["data"][auth.key]).decode()


def _password() -> str:
    random = SystemRandom()
    return "".join(random.choice(ascii_letters + digits) for _ in range(32))
