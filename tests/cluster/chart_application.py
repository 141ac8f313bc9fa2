"""An application that a GitOps tool installs with a chart: its repository, its client in the config, and what is live at a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from rediskit import Environment, Manifest, check, render
from rediskit.model.migration import Order
from rediskit.source.manifest import read_manifest
from rediskit.state_machine.effects import Effects, effects
from rediskit.yamlio.writer import dump
from tests.cluster.git import GitServer
from tests.cluster.kube import Object
from tests.cluster.tool import Tool
from tests.samples import VARIABLES, config

CHART = Path(__file__).parent.parent / "app_chart"
OLD = {"REDIS_HOST": {"value": "redis"}, "REDIS_PORT": {"value": "6379"}, "REDIS_PASSWORD": {"value": ""}}
NEW = {
    "REDIS_HOST": {"value": "redis-shared-master.redis.svc.cluster.local"},
    "REDIS_PORT": {"value": "6379"},
    "REDIS_PASSWORD": {"valueFrom": {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}},
}
VALUES: dict[str, Any] = {
    "controllers": {
        "web": {
            "replicas": 2,
            "containers": {
                "proxy": {"image": "proxy:1"},
                "web": {"image": "web:1", "env": {"MODE": "production", "REDIS_HOST": "redis", "REDIS_PORT": 6379, "REDIS_PASSWORD": ""}},
            },
        }
    },
    "redis": {"enabled": True},
}
_SECRET = {"valueFrom": {"secretKeyRef": {"name": "${secret.name}", "key": "${secret.key}"}}}
OURS: dict[str, Any] = {
    "stopped": {"controllers": {"web": {"replicas": 0}}},
    "switched": {"controllers": {"web": {"containers": {"web": {"env": {**VARIABLES, "REDIS_PASSWORD": _SECRET}}}}}},
    "removed": {"redis": {"enabled": False}},
}
"""What `helm-values` sets in the chart."""


class ChartApplication(ABC):
    """A repository with a chart, in a namespace of its own."""

    def __init__(self, tool: Tool, server: GitServer, prefix: str) -> None:
        self.tool, self.kube = tool, tool.kube
        self.namespace = f"{prefix}-{uuid4().hex[:8]}"
        self.repository = server.repository(self.namespace)
        self.manifest: Object = {}

    @abstractmethod
    def environment(self, step: str) -> Environment:
        """Return the config of the migration at a step."""

    @abstractmethod
    def settled(self) -> None:
        """Wait until the last commit is live."""

    def begin(self, files: Mapping[str, str]) -> None:
        """Create the namespace, and write the chart and other files into the repository."""
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        chart = {f"chart/{path.relative_to(CHART)}": path.read_bytes() for path in CHART.rglob("*") if path.is_file()}
        self.repository.write({**chart, **files})

    def installed(self) -> None:
        """Wait until the application is live, and keep its Deployment as the manifest of the config."""
        self.settled()
        self.manifest = read_manifest(dump(self.workload()).encode(), "web.yaml")

    def client(self, step: str, owner: Mapping[str, Any], order: Order = "scale-down-first") -> Object:
        """Return the client in the config."""
        return {
            "name": "shop",
            "namespace": self.namespace,
            "workloads": [{"manifest": Manifest("web.yaml", self.manifest), "containers": {"web": {"env": VARIABLES}}}],
            "previous": {"host": "redis", "remove": ["Deployment/redis", "Service/redis"]},
            "owner": owner,
            "migration": config(step, order)["clients"][0]["migration"],
        }

    def take(self, step: str) -> dict[str, bytes]:
        """Commit the files of a step to the application repository, and return them."""
        environment = self.environment(step)
        tree = render(environment)
        assert not [finding for finding in check(environment, tree) if finding.severity == "error" and "owner" in finding.code]
        prefix = "owners/shop/"
        files = {path.removeprefix(prefix): text for path, text in tree.files.items() if path.startswith(prefix)}
        self.repository.replace("prod/rediskit/shop", files)
        self.repository.commit(step)
        return files

    def workload(self) -> Object:
        """Return the live Deployment of the application."""
        live = self.kube.get("apps/v1", "Deployment", "shop-web", self.namespace)
        assert live
        return {"apiVersion": "apps/v1", "kind": "Deployment", **live}

    def effects(self, step: str) -> Effects:
        """Return what has to be true at a step."""
        return effects(self.environment(step).clients[0].migration)

    def hold(self, effect: Effects, start: Object) -> None:
        """Assert the live state at a step: replicas, variables, nothing else; and the old Redis."""
        live = self.workload()
        assert live["metadata"]["uid"] == start["metadata"]["uid"]
        assert live["spec"]["replicas"] == (0 if effect.stopped else 2)
        assert variables(live) == {"MODE": {"value": "production"}, **(NEW if effect.switched else OLD)}
        assert rest(live) == rest(start)
        for version, kind in (("apps/v1", "Deployment"), ("v1", "Service")):
            old = self.kube.get(version, kind, "redis", self.namespace)
            assert (old is None or "deletionTimestamp" in old["metadata"]) == effect.removed, kind

    def journey(self, start: Object, path: Sequence[str]) -> None:
        """Take each step, and assert what is live."""
        for step in path:
            self.take(step)
            self.settled()
            self.hold(self.effects(step), start)

    def equals(self, start: Object) -> None:
        """Assert that the Deployment equals the start."""
        live = self.workload()
        assert (live["spec"], live["metadata"]["labels"]) == (start["spec"], start["metadata"]["labels"])


def variables(deployment: Object) -> dict[str, Object]:
    """Return the variables of the container `web`, without the empty texts that the API server leaves out."""
    (container,) = (container for container in deployment["spec"]["template"]["spec"]["containers"] if container["name"] == "web")
    return {variable["name"]: {key: variable[key] for key in variable if key != "name"} or {"value": ""} for variable in container["env"]}


def rest(deployment: Object) -> Object:
    """Return what no step may change: everything but replicas, variables, and the order of the containers."""
    pod = deployment["spec"]["template"]["spec"]
    containers = {container["name"]: {key: container[key] for key in container if key != "env"} for container in pod["containers"]}
    template = {**deployment["spec"]["template"], "spec": {**pod, "containers": containers}}
    return {**deployment["spec"], "replicas": None, "template": template}
