"""An Application of Argo CD with a chart: a values file or `valuesObject` carries each step, and the rollback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
import yaml

from rediskit import Environment, Manifest, check, render
from rediskit.model.nested import at
from rediskit.source.manifest import clean, read_manifest
from rediskit.state_machine.effects import Effects, effects
from rediskit.yamlio.writer import dump
from tests.cluster.argocd import IN_CLUSTER, NAMESPACE, VERSION, ArgoCD
from tests.cluster.git import GitServer
from tests.cluster.kube import Object
from tests.cluster.processes import FailedError, until
from tests.cluster.test_helm_owners import CHART, NEW, OLD, OURS, VALUES, rest, variables
from tests.cluster.tool import Expected, Tool
from tests.samples import VARIABLES, config, merged

FILES = ["../prod/values.yaml", "../prod/rediskit/shop/values.yaml"]
OBJECT: Object = {"controllers": {"web": {"replicas": 2, "containers": {"proxy": {"image": "proxy:2"}}}}}
"""Values that win over those of files, as a base can have them."""
HELM: dict[str, Object] = {"files": {}, "object": {"valuesObject": OBJECT}}


class Application:
    """A repository with a chart and its values, deployed by an Application that a person applies."""

    def __init__(self, tool: Tool, server: GitServer, helm: Object) -> None:
        self.tool, self.kube = tool, tool.kube
        self.name = f"values-{uuid4().hex[:8]}"
        self.repository = server.repository(self.name)
        self.helm = {"releaseName": "shop", "valueFiles": FILES, **helm}
        self.manifest: Object = {}

    def install(self) -> None:
        """Install the application as it is before the migration."""
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        files = {f"chart/{path.relative_to(CHART)}": path.read_bytes() for path in CHART.rglob("*") if path.is_file()}
        self.repository.write({**files, "prod/values.yaml": dump(VALUES), "prod/rediskit/shop/values.yaml": "{}\n"})
        self.repository.commit("base")
        self.kube.apply(self.application(self.helm))
        self.settled()
        self.manifest = read_manifest(dump(self.workload()).encode(), "web.yaml")

    def application(self, helm: Object) -> Object:
        spec = {
            "project": "default",
            "source": {"repoURL": self.repository.url, "targetRevision": "main", "path": "chart", "helm": helm},
            "destination": {"server": IN_CLUSTER, "namespace": self.name},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": {"refresh": True}},
        }
        return {"apiVersion": VERSION, "kind": "Application", "metadata": {"name": self.name, "namespace": NAMESPACE}, "spec": spec}

    def environment(self, step: str, **helm: Any) -> Environment:
        """Return the config of the migration at a step. helm: more settings of the Application."""
        client = {
            "name": "shop",
            "namespace": self.name,
            "workloads": [{"manifest": Manifest("web.yaml", self.manifest), "containers": {"web": {"env": VARIABLES}}}],
            "previous": {"host": "redis", "remove": ["Deployment/redis", "Service/redis"]},
            "owner": {
                "kind": "helm-values",
                "release": Manifest("application.yaml", clean(self.application({**self.helm, **helm}))),
                "values": OURS,
            },
            "migration": config(step)["clients"][0]["migration"],
        }
        return Environment.model_validate(merged(config(None), {"clients": [client]}))

    def take(self, step: str) -> Effects:
        """Commit the values of a step, and replace `valuesObject` by that of the snippet. Return what has to be true."""
        environment = self.environment(step)
        tree = render(environment)
        assert not [finding for finding in check(environment, tree) if finding.severity == "error" and "owner" in finding.code]
        files = {path.removeprefix("owners/shop/"): text for path, text in tree.files.items() if path.startswith("owners/shop/")}
        assert ("application-snippet.yaml" in files) == ("valuesObject" in self.helm)
        self.repository.replace("prod/rediskit/shop", files)
        self.repository.commit(step)
        if "application-snippet.yaml" in files:
            self.kube.apply(self.application({**self.helm, **yaml.safe_load(files["application-snippet.yaml"])["spec"]["source"]["helm"]}))
        self.settled()
        return effects(environment.clients[0].migration)

    def settled(self) -> None:
        """Wait until the commit and the settings of the Application are live."""
        expected = Expected(self.name, (("Application", self.name, NAMESPACE, self.repository.head()),))
        self.tool.refresh(expected)

        def compared() -> bool | None:
            live = self.kube.get(VERSION, "Application", self.name, NAMESPACE) or {}
            if at(live, "status", "sync", "comparedTo", "source", "helm") != at(live, "spec", "source", "helm"):
                raise FailedError("its values have not been read yet")
            return True

        until(f"the values of {self.name}", compared, 60)
        self.tool.settled(expected, 60)

    def workload(self) -> Object:
        live = self.kube.get("apps/v1", "Deployment", "shop-web", self.name)
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
            found = self.kube.get(version, kind, "redis", self.name)
            assert (found is None or "deletionTimestamp" in found["metadata"]) == effect.removed, kind

    def journey(self, start: Object, path: Sequence[str]) -> None:
        for step in path:
            self.hold(self.take(step), start)


@pytest.fixture
def applications(tool: Tool, git: GitServer) -> Iterator[dict[str, Application]]:
    """Yield an application for each form of values."""
    made = {name: Application(tool, git, helm) for name, helm in HELM.items()}
    for one in made.values():
        one.install()
    yield made
    for one in made.values():
        one.kube.patch(VERSION, "Application", one.name, NAMESPACE, {"metadata": {"finalizers": None}})
        one.kube.delete(VERSION, "Application", one.name, NAMESPACE)
        one.kube.delete("v1", "Namespace", one.name)


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_the_values_of_an_application_carry_each_step_and_the_rollback(applications: dict[str, Application]) -> None:
    """The values file alone, and `valuesObject` where the base sets one of the keys in it, which wins over files."""
    for application in applications.values():
        start = application.workload()
        application.journey(start, ("scale-down", "reconfigure", "validate", "rolled-back"))
        live = application.workload()
        assert (live["spec"], live["metadata"]["labels"]) == (start["spec"], start["metadata"]["labels"])
    application = applications["files"]
    application.journey(application.workload(), ("reconfigure", "validate", "decommission"))


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_a_parameter_wins_over_the_values_of_a_step(tool: Tool, git: GitServer) -> None:
    """The reason of `values-beaten`: the step is committed and synchronized, and the application does not stop."""
    parameters = [{"name": "controllers.web.replicas", "value": "2"}]
    application = Application(tool, git, {"parameters": parameters})
    application.install()
    environment = application.environment("scale-down")
    assert "values-beaten" in {finding.code for finding in check(environment, render(environment)) if finding.severity == "error"}
    application.repository.write({"prod/rediskit/shop/values.yaml": dump(OURS["stopped"])})
    application.repository.commit("scale-down")
    application.settled()
    assert application.workload()["spec"]["replicas"] == 2
    application.kube.apply(application.application({**application.helm, "parameters": []}))
    application.settled()
    assert application.workload()["spec"]["replicas"] == 0
