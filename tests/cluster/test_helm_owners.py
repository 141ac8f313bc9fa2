"""An application that helm-controller installs: post-renderers or values of the HelmRelease carry each step, and the rollback."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
import yaml

from rediskit import Environment, Manifest, check, render
from rediskit.live.kubectl import get_object
from rediskit.migrate.installed import live_problems, version_of
from rediskit.model.migration import Order
from rediskit.model.owner import OwnerKind
from rediskit.source.manifest import clean, read_manifest
from rediskit.state_machine.effects import Effects, effects, steps
from rediskit.yamlio.writer import dump
from tests.cluster.flux import HELM, KUSTOMIZE, SOURCE, Flux
from tests.cluster.git import GitServer
from tests.cluster.kube import Object, condition_of
from tests.cluster.plane import Plane, program
from tests.cluster.processes import until
from tests.cluster.report import Report
from tests.cluster.tool import Expected, Tool
from tests.samples import VARIABLES, config, merged

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
OWN = {"kustomize": {"images": [{"name": "proxy", "newTag": "2"}]}}
BASES: dict[Order, list[Object] | None] = {"scale-down-first": None, "deploy-first": [OWN]}
"""The post-renderers of the base."""
_SECRET = {"valueFrom": {"secretKeyRef": {"name": "${secret.name}", "key": "${secret.key}"}}}
OURS: dict[str, Any] = {
    "stopped": {"controllers": {"web": {"replicas": 0}}},
    "switched": {"controllers": {"web": {"containers": {"web": {"env": {**VARIABLES, "REDIS_PASSWORD": _SECRET}}}}}},
    "removed": {"redis": {"enabled": False}},
}
"""What `helm-values` sets in the chart."""


class Application:
    """A repository with a HelmRelease, its chart and the Component of rediskit, applied by a Kustomization of Flux."""

    def __init__(self, tool: Tool, server: GitServer, order: Order, kind: OwnerKind = "flux-helmrelease") -> None:
        self.tool, self.kube, self.order, self.kind = tool, tool.kube, order, kind
        self.namespace = f"helm-{uuid4().hex[:8]}"
        self.repository = server.repository(self.namespace)
        self.manifest: Object = {}
        self.units: list[Object] = []

    def install(self) -> None:
        """Install the application as it is before the migration."""
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        files = {f"chart/{path.relative_to(CHART)}": path.read_bytes() for path in CHART.rglob("*") if path.is_file()}
        overlay = {"resources": ["release.yaml"], "components": ["rediskit/shop"]}
        identity = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": []}
        self.repository.write({**files, "prod/kustomization.yaml": dump(overlay), "prod/rediskit/shop/kustomization.yaml": dump(identity)})
        self.base(VALUES)
        meta = {"name": self.namespace, "namespace": self.tool.namespace}
        source = {"interval": "1m", "url": self.repository.url, "ref": {"branch": "main"}}
        reference = {"kind": "GitRepository", "name": self.namespace}
        spec = {"interval": "10m", "retryInterval": "10s", "timeout": "1m", "path": "./prod", "sourceRef": reference, "prune": True}
        self.units = [
            {"apiVersion": SOURCE, "kind": "GitRepository", "metadata": meta, "spec": source},
            {"apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": meta, "spec": spec},
        ]
        for unit in self.units:
            self.kube.apply(unit)
        self.settled()
        self.manifest = read_manifest(dump(self.workload()).encode(), "web.yaml")

    def release(self, values: Object) -> Object:
        """Return the HelmRelease of the base."""
        source = {"kind": "GitRepository", "name": self.namespace, "namespace": self.tool.namespace}
        more = {} if BASES[self.order] is None else {"postRenderers": BASES[self.order]}
        spec = {"interval": "10m", "chart": {"spec": {"chart": "chart", "version": "1.2.3", "sourceRef": source}}, "values": values, **more}
        spec["upgrade"] = {"strategy": {"name": "RetryOnFailure", "retryInterval": "5s"}}
        metadata = {"name": "shop", "namespace": self.namespace}
        return {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": metadata, "spec": spec}

    def base(self, values: Object) -> None:
        """Commit the HelmRelease of the base."""
        self.repository.write({"prod/release.yaml": dump(self.release(values))})
        self.repository.commit("base")

    def environment(self, step: str) -> Environment:
        """Return the config of the migration at a step."""
        client = {
            "name": "shop",
            "namespace": self.namespace,
            "workloads": [{"manifest": Manifest("web.yaml", self.manifest), "containers": {"web": {"env": VARIABLES}}}],
            "previous": {"host": "redis", "remove": ["Deployment/redis", "Service/redis"]},
            "owner": {
                "kind": self.kind,
                "release": Manifest("release.yaml", clean(self.release(VALUES))),
                **({"baseNamespace": False} if self.kind == "flux-helmrelease" else {"values": OURS}),
            },
            "migration": config(step, self.order)["clients"][0]["migration"],
        }
        return Environment.model_validate(merged(config(None), {"gitops": {"tool": "flux"}, "clients": [client]}))

    def take(self, step: str) -> None:
        """Commit the files of a step to the application repository."""
        environment = self.environment(step)
        tree = render(environment)
        assert not [finding for finding in check(environment, tree) if finding.severity == "error" and "owner" in finding.code]
        prefix = "owners/shop/"
        files = {path.removeprefix(prefix): text for path, text in tree.files.items() if path.startswith(prefix)}
        self.repository.replace("prod/rediskit/shop", files)
        self.repository.commit(step)

    def refresh(self) -> Expected:
        """Have Flux read the repository now. Return what has to be live then."""
        head = self.repository.head()
        meta = [(unit["kind"], unit["metadata"]["name"], unit["metadata"]["namespace"], head) for unit in self.units]
        expected = Expected(self.namespace, (*meta, ("HelmRelease", "shop", self.namespace, "")))
        self.tool.refresh(expected)
        return expected

    def settled(self) -> None:
        """Wait until the commit is live: Kustomization and HelmRelease have applied it."""
        self.tool.settled(self.refresh(), 60)

    def force(self) -> None:
        """Force an upgrade, as `flux reconcile helmrelease --force` does."""
        now = str(time.time_ns())
        annotations = {"reconcile.fluxcd.io/requestedAt": now, "reconcile.fluxcd.io/forceAt": now}
        self.kube.patch(HELM, "HelmRelease", "shop", self.namespace, {"metadata": {"annotations": annotations}})

    def complaint(self) -> str:
        """Return what helm-controller reports about the HelmRelease while it is not Ready."""
        release = self.kube.get(HELM, "HelmRelease", "shop", self.namespace)
        ready = condition_of(release, "Ready")
        return "" if ready.get("status") == "True" else str(ready.get("message", ""))

    def workload(self) -> Object:
        """Return the live Deployment of the application."""
        live = self.kube.get("apps/v1", "Deployment", "shop-web", self.namespace)
        assert live
        return {"apiVersion": "apps/v1", "kind": "Deployment", **live}

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


class MakeApplication(Protocol):
    """Installs an application of a test."""

    def __call__(self, order: Order, kind: OwnerKind = "flux-helmrelease") -> Application: ...


@pytest.fixture
def install(tool: Tool, git: GitServer) -> Iterator[MakeApplication]:
    """Yield a function that installs an application by its own HelmRelease."""
    applications: list[Application] = []

    def make(order: Order, kind: OwnerKind = "flux-helmrelease") -> Application:
        applications.append(Application(tool, git, order, kind))
        applications[-1].install()
        return applications[-1]

    yield make
    for application in applications:
        application.kube.patch(
            HELM, "HelmRelease", "shop", application.namespace, {"spec": {"suspend": True}, "metadata": {"finalizers": None}}
        )
        for unit in reversed(application.units):
            version, kind, meta = unit["apiVersion"], unit["kind"], unit["metadata"]
            application.kube.patch(
                version, kind, meta["name"], meta["namespace"], {"spec": {"suspend": True}, "metadata": {"finalizers": None}}
            )
            application.kube.delete(version, kind, meta["name"], meta["namespace"])
        application.kube.delete("v1", "Namespace", application.namespace)


@pytest.mark.parametrize("tool", [Flux], indirect=True, ids=["flux"])
def test_a_helm_release_carries_each_step_and_the_rollback(
    install: MakeApplication, plane: Plane, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    monkeypatch.setenv("KUBECTL", str(program("kubectl")))
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    applications = {order: install(order) for order in BASES}
    for order, application in applications.items():
        start = application.workload()
        live = get_object("helmreleases.helm.toolkit.fluxcd.io", "shop", application.namespace)
        assert live_problems(application.environment("prepare").clients[0], live, application.namespace) == []
        assert version_of(live) == "1.2.3"
        journey(application, start, (*steps(order)[1:-2], "rolled-back"))
        equal(application, start)
    application = applications["scale-down-first"]
    start = application.workload()
    assert broken_and_fixed(application, "reconfigure", report) < 60
    application.hold(effects(application.environment("reconfigure").clients[0].migration), start)
    journey(application, start, ("scale-down", "reconfigure", "validate", "decommission"))


@pytest.mark.parametrize("tool", [Flux], indirect=True, ids=["flux"])
def test_the_values_of_a_chart_carry_each_step_and_the_rollback(install: MakeApplication) -> None:
    application = install("scale-down-first", "helm-values")
    start = application.workload()
    journey(application, start, ("scale-down", "reconfigure", "validate", "rolled-back"))
    equal(application, start)
    journey(application, start, ("scale-down", "reconfigure", "validate", "decommission"))


def journey(application: Application, start: Object, path: Sequence[str]) -> None:
    """Take each step, and assert what is live."""
    for step in path:
        application.take(step)
        application.settled()
        application.hold(effects(application.environment(step).clients[0].migration), start)


def equal(application: Application, start: Object) -> None:
    """Assert that the Deployment equals the start."""
    live = application.workload()
    assert (live["spec"], live["metadata"]["labels"]) == (start["spec"], start["metadata"]["labels"])


def broken_and_fixed(application: Application, step: str, report: Report) -> float:
    """Take a step whose patches do not fit the chart, then fix it. Return the seconds from the fix until it is live.

    The fix restores the values that were installed last. helm-controller 1.6.4 records the digest of the post-renderers of a failed upgrade
    as observed (internal/reconcile/release.go, summarize): it then takes the release for one in sync, and is Ready without an upgrade.
    """
    before = application.workload()
    other = yaml.safe_load(dump(VALUES))
    other["controllers"]["web"]["containers"]["a-sidecar"] = {"image": "sidecar:1"}
    application.base(other)
    application.take(step)
    application.refresh()
    until("the failed test of a patch", lambda: "testing value" in application.complaint() or None, 60)
    assert application.workload()["spec"] == before["spec"]
    application.base(VALUES)
    begin = time.monotonic()
    application.settled()
    assert application.workload()["spec"] == before["spec"], "an upgrade by itself: docs/owners.md need not say --force"
    application.force()
    until("the fix", lambda: application.workload()["spec"] != before["spec"] or None, 60)
    application.settled()
    seconds = time.monotonic() - begin
    report.add(application.tool.name, application.tool.versions, f"the fix of a broken {step} of a HelmRelease is live", seconds)
    return seconds
