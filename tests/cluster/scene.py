"""One environment in the cluster with names of its own: its config and tree in one Git repository, beersystem's owner in another."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from rediskit import Environment, Tree, check, load, render, write
from rediskit.renderers.objects import group_kind
from rediskit.state_machine.effects import steps
from rediskit.yamlio.writer import dump
from tests.cluster import owner
from tests.cluster.git import GitServer
from tests.cluster.kube import Kube, Object
from tests.cluster.plane import program, volume
from tests.cluster.sealed_secrets import SealedSecrets
from tests.cluster.tool import HEALTHY_SECONDS, Expected, Tool
from tests.samples import EVIDENCE, OBSERVED, VARIABLES, complete, merged

CLIENT = "beersystem"
CARRIERS = frozenset(
    {
        ("argoproj.io", "Application"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("source.toolkit.fluxcd.io", "GitRepository"),
        ("source.toolkit.fluxcd.io", "OCIRepository"),
        ("source.toolkit.fluxcd.io", "HelmRepository"),
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
    }
)
"""The kinds by which a tool carries a tree."""
FORWARD = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete")
UNIT_FOLDER = "units"
"""Where an owner keeps his own Application or Kustomization, when its patches are the way."""
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


class Scene:
    """The environment, its two repositories, and what a person does with them."""

    def __init__(
        self,
        tool: Tool,
        server: GitServer,
        name: str,
        chart: tuple[str, str],
        address: str,
        replicas: int = 1,
        profile: str = "bitnami",
    ) -> None:
        self.tool = tool
        self.kube: Kube = tool.kube
        self.name = name
        self.client = CLIENT
        self.release = f"redis-{name}"
        self.namespace = self.release
        self.client_namespace = f"{CLIENT}-{name}"
        self.replicas = replicas
        self.chart = chart
        self.profile = profile
        self.address = address
        self.history: list[dict[str, str]] = []
        self.over: dict[str, Any] = {}
        """What a scenario changes in the config."""
        self.ignored: set[str] = set()
        """Units that need not be healthy."""
        self.left: set[str] = set()
        """Units that are no longer in Git and stay."""
        self.owner_kind = "kustomize"
        """How the owner takes a step: see docs/owners.md."""
        self.in_place = False
        """Whether both repositories are one, and the overlay lists the rendered folder."""
        self.more: dict[str, Object] = {}
        """Further workloads of the client, by their file in the base; each container reads VARIABLES."""
        self.neighbours: dict[str, str] = {}
        """Name to namespace of clients that are on no way: they have the password, and nothing of them moves."""
        self.ours = server.repository(f"{name}-platform")
        self.theirs = server.repository(f"{name}-owner")
        self.owner_objects: list[Object] = []
        self.tree: Tree | None = None

    # What a person does

    def own(self) -> None:
        """Create the application before the migration: repository, namespace, Application or Kustomization, and volumes."""
        for namespace in (self.client_namespace, *self.neighbours.values()):
            self._namespace(namespace)
        for index in range(2):
            self.kube.create(volume(f"{self.name}-{index}"))
        self.theirs.write(
            owner.files(
                self.client_namespace, self.replicas, component=self.owner_kind == "kustomize" and not self.in_place, more=self.more
            )
        )
        self.theirs.commit("beersystem as it is")
        self.owner_objects = self.tool.owner(f"{CLIENT}-{self.name}", self.theirs.url, owner.FOLDER, self.client_namespace)
        for content in self.owner_objects:
            self.kube.apply(content)

    def take(self, step: str, seconds: float = HEALTHY_SECONDS) -> float:
        """One step, in Git and live. Seconds from the commit to everything healthy."""
        self.commit(step)
        begin = time.monotonic()
        expected = self.expected()
        self.tool.refresh(expected)
        self.tool.settled(expected, seconds)
        return time.monotonic() - begin

    def commit(self, step: str) -> None:
        """Commit a step: config and rendered manifests to our repository, the Component to the application repository."""
        self.remember(step)
        self.publish(step)

    def publish(self, message: str) -> None:
        """Render the current config, and commit what has changed to each of the two repositories."""
        self.tree = self.render()
        self.ours.commit(message)
        if self.in_place:
            return
        values = owner.sources_of(self.tree, self.client)
        if self.owner_kind == "kustomize":
            self.theirs.replace(f"{owner.FOLDER}/{owner.COMPONENT}", values)
            self.theirs.commit(message)
        else:
            self._patch_unit(message, *values.values())

    def _patch_unit(self, message: str, snippet: bytes) -> None:
        """Replace the patches in the carrier by the snippet, commit and apply."""
        content = yaml.safe_load(snippet)
        *sources, unit = self.owner_objects
        self.owner_objects = [*sources, merged(unit, content)]
        self.theirs.write({f"{UNIT_FOLDER}/{unit['kind'].lower()}.yaml": yaml.safe_dump(self.owner_objects[-1], sort_keys=False)})
        self.theirs.commit(message)
        self.kube.kubectl("apply", "--server-side", "-f", self.theirs.tree / UNIT_FOLDER)

    def bootstrap(self) -> None:
        """Apply the bootstrap folder with kubectl, as the rendered README describes."""
        self.tool.kube.kubectl("apply", "-f", self.ours.tree / "rendered" / self.name / "bootstrap")
        self.tool.refresh(self.expected())

    def bring_secrets(self) -> None:
        """Create the Secret for Redis and for the client, as a person does with `secrets.mode: manual`."""
        if self.config()["secrets"]["mode"] != "manual":
            return
        for namespace in (self.namespace, self.client_namespace):
            meta = {"name": "redis-credentials", "namespace": namespace}
            data = {"redis-password": "a" * 32}
            self.kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})

    def seal(self, controller: SealedSecrets) -> None:
        """Secrets sealed for a controller, by `rediskit secret new`, instead of those that a person makes."""
        certificate = self.ours.tree / "config" / self.name / "sealing.crt"
        certificate.parent.mkdir(parents=True)
        certificate.write_bytes(controller.certificate())
        self.over = merged(self.over, {"secrets": {"mode": "sealed-secrets", "certificate": f"{self.name}/{certificate.name}"}})
        self.remember("prepare")
        command = [sys.executable, "-m", "rediskit", "secret", "new", str(self.write_config())]
        self.history.clear()
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr

    def fold(self) -> None:
        """Copy the changes of the Component into the base of the application repository, before the Component becomes empty."""
        built = subprocess.run(
            [program("kustomize"), "build", self.theirs.tree / owner.FOLDER], capture_output=True, text=True, check=True, timeout=60
        )
        kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [all.yaml]\n"
        self.theirs.replace(f"{owner.FOLDER}/base", {"all.yaml": built.stdout.encode(), "kustomization.yaml": kustomization.encode()})
        self.theirs.commit("fold")

    def abandon(self) -> None:
        """Take the scene away: the carriers without what they carry, then the namespaces."""
        if self.tree is not None or self.owner_objects:
            self.tool.abandon(self.expected())
        for name in (self.namespace, self.client_namespace, *self.neighbours.values()):
            namespace = self.kube.get("v1", "Namespace", name)
            if namespace and "deletionTimestamp" not in namespace["metadata"]:
                self.kube.delete("v1", "Namespace", name)

    # What is so

    def expected(self) -> Expected:
        """Return our carriers and those of the application repository, each with its expected commit."""
        rendered = self.tree.objects.values() if self.tree is not None else ()
        ours = [content for content in rendered if group_kind(content) in CARRIERS]
        units = [_unit(content, self.ours.head()) for content in ours] + [
            _unit(content, self.theirs.head()) for content in self.owner_objects
        ]
        return Expected(self.release, tuple(units), frozenset(self.ignored), frozenset(self.left))

    def workload(self) -> Object:
        """Return the live Deployment of beersystem."""
        deployment = self.kube.get("apps/v1", "Deployment", owner.WORKLOAD, self.client_namespace)
        assert deployment, "the Deployment of beersystem is gone"
        return deployment

    def live(self, version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return an object in the namespace of Redis, or another one."""
        return self.kube.get(version, kind, name, self.namespace if namespace is None else namespace)

    # How it is made

    def remember(self, step: str) -> None:
        """Append a step to the history, and the skipped ones before it: an hour after the last one, a day and a half for evidence."""
        forward, last_step = list(steps("scale-down-first")), self.history[-1]["step"] if self.history else step
        if step in forward and last_step in forward and forward.index(last_step) + 1 < forward.index(step):
            self.remember(forward[forward.index(step) - 1])
        last = datetime.fromisoformat(self.history[-1]["at"]) if self.history else BEGIN
        at = last + timedelta(hours=36 if step == "decommission" else 1)
        self.history.append({"step": step, "at": at.isoformat(), **({"reason": "a test"} if step == "rolled-back" else {})})

    def config(self) -> dict[str, Any]:
        """Return the config file of the environment as data."""
        step = self.history[-1]["step"]
        migration: dict[str, Any] = {"step": step, "history": self.history}
        if step in ("decommission", "complete"):
            watched = [entry["at"] for entry in self.history if entry["step"] == "validate"][-1]
            until = (datetime.fromisoformat(watched) + timedelta(hours=35)).isoformat()
            observed = [{**criterion, "at": until} for criterion in OBSERVED]
            migration |= {"validation": {**EVIDENCE, "from": watched, "until": until}, "evidence": observed}
        if step == "complete":
            migration["evidence"] = [*observed, {"kind": "folded", "step": "decommission", "at": self.history[-1]["at"]}]
        client = {
            "name": self.client,
            "namespace": self.client_namespace,
            "env": VARIABLES,
            "workloads": [{"manifest": f"{self.name}/beersystem-backend.yaml", "containers": {"backend": {}}}]
            + [{"manifest": f"{self.name}/{file}", "containers": {"app": {}}} for file in self.more],
            "previous": {"host": f"redis.{self.client_namespace}.svc.cluster.local", "remove": ["Deployment/redis", "Service/redis"]},
            "owner": {"kind": self.owner_kind, **({"path": owner.FOLDER, "inPlace": True} if self.in_place else {})},
            "migration": migration,
        }
        neighbours = [{"name": name, "namespace": namespace} for name, namespace in self.neighbours.items()]
        repository, version = self.chart
        base = {
            "name": self.name,
            "kubernetes": "1.36",
            "gitops": {"tool": self.tool.name, "repository": self.ours.url},
            "redis": {
                "release": self.release,
                "namespace": self.namespace,
                "chart": {"profile": self.profile, "repository": repository, "version": version},
            },
            "network": {
                "address": self.address,
                "pool": {"name": "eero-pool", "addresses": "192.168.4.200-192.168.4.210"},
                "allow": ["192.168.4.0/24"],
            },
            "secrets": {"mode": "manual"},
            # Their pods end at some time: a scene waits for objects that stay as they are.
            "verification": {"jobs": False},
            "clients": [client, *neighbours],
        }
        return merged(base, self.over)

    def render(self) -> Tree:
        """Return the tree of the config, checked, and written to disk as `rediskit render` does it."""
        environment: Environment = load(self.write_config())
        tree = render(environment)
        errors = [finding for finding in check(environment, tree) if finding.severity == "error"]
        assert not errors, errors
        write(tree, self.ours.tree / "rendered")
        return tree

    def write_config(self) -> Path:
        """Return the current config and its manifests, in our work tree."""
        file = self.ours.tree / f"config/{self.name}.yaml"
        manifest = file.parent / self.name / "beersystem-backend.yaml"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(yaml.safe_dump(owner.workload(self.client_namespace, self.replicas)))
        for name, content in self.more.items():
            manifest.with_name(name).write_text(dump(content))
        file.write_text(yaml.safe_dump(self.config(), sort_keys=False))
        file.write_text(yaml.safe_dump(complete(self.config(), load(file)), sort_keys=False))
        return file

    def _namespace(self, name: str) -> None:
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _unit(content: Object, revision: str) -> tuple[str, str, str, str]:
    return content["kind"], content["metadata"]["name"], content["metadata"]["namespace"], revision
