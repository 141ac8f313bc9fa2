"""An application that helm-controller installs: post-renderers or values of the HelmRelease carry each step, and the rollback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

import pytest
import yaml

from rediskit import Environment, Manifest
from rediskit.live.kubectl import get_object
from rediskit.migrate.installed import live_problems, version_of
from rediskit.model.migration import Order
from rediskit.model.owner import OwnerKind
from rediskit.source.manifest import clean
from rediskit.state_machine.effects import steps
from rediskit.yamlio.writer import dump
from tests.cluster.chart_application import OURS, VALUES, ChartApplication
from tests.cluster.flux import HELM, KUSTOMIZE, SOURCE, Flux
from tests.cluster.git import GitServer
from tests.cluster.kube import Object, condition_of
from tests.cluster.plane import Plane, program
from tests.cluster.processes import until
from tests.cluster.report import Report
from tests.cluster.tool import Expected, Tool
from tests.samples import config, merged

OWN = {"kustomize": {"images": [{"name": "proxy", "newTag": "2"}]}}
BASES: dict[Order, list[Object] | None] = {"scale-down-first": None, "deploy-first": [OWN]}
"""The post-renderers of the base."""


class Application(ChartApplication):
    """A HelmRelease, its chart and the Component of rediskit, applied by a Kustomization of Flux."""

    def __init__(self, tool: Tool, server: GitServer, order: Order, kind: OwnerKind = "flux-helmrelease") -> None:
        super().__init__(tool, server, "helm")
        self.order, self.kind = order, kind
        self.units: list[Object] = []

    def install(self) -> None:
        """Install the application as it is before the migration."""
        overlay = {"resources": ["release.yaml"], "components": ["rediskit/shop"]}
        identity = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": []}
        self.begin({"prod/kustomization.yaml": dump(overlay), "prod/rediskit/shop/kustomization.yaml": dump(identity)})
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
        self.installed()

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
        owner = {
            "kind": self.kind,
            "release": Manifest("release.yaml", clean(self.release(VALUES))),
            **({"baseNamespace": False} if self.kind == "flux-helmrelease" else {"values": OURS}),
        }
        client = self.client(step, owner, self.order)
        return Environment.model_validate(merged(config(None), {"gitops": {"tool": "flux"}, "clients": [client]}))

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
        application.journey(start, (*steps(order)[1:-2], "rolled-back"))
        application.equals(start)
    application = applications["scale-down-first"]
    start = application.workload()
    assert broken_and_fixed(application, "reconfigure", report) < 60
    application.hold(application.effects("reconfigure"), start)
    application.journey(start, ("scale-down", "reconfigure", "validate", "decommission"))


@pytest.mark.parametrize("tool", [Flux], indirect=True, ids=["flux"])
def test_the_values_of_a_chart_carry_each_step_and_the_rollback(install: MakeApplication) -> None:
    application = install("scale-down-first", "helm-values")
    start = application.workload()
    application.journey(start, ("scale-down", "reconfigure", "validate", "rolled-back"))
    application.equals(start)
    application.journey(start, ("scale-down", "reconfigure", "validate", "decommission"))


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
