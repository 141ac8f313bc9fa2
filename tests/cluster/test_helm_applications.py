"""An Application of Argo CD with a chart: a values file or `valuesObject` carries each step, and the rollback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from rediskit import Environment, Manifest, check, render
from rediskit.model.nested import at
from rediskit.source.manifest import clean
from rediskit.yamlio.writer import dump
from tests.cluster.argocd import IN_CLUSTER, NAMESPACE, VERSION, ArgoCD
from tests.cluster.chart_application import OURS, VALUES, ChartApplication
from tests.cluster.git import GitServer
from tests.cluster.kube import Object
from tests.cluster.processes import FailedError, until
from tests.cluster.tool import Expected, Tool
from tests.samples import config, merged

FILES = ["../prod/values.yaml", "../prod/rediskit/shop/values.yaml"]
OBJECT: Object = {"controllers": {"web": {"replicas": 2, "containers": {"proxy": {"image": "proxy:2"}}}}}
"""Values that win over those of files, as a base can have them."""
HELM: dict[str, Object] = {"files": {}, "object": {"valuesObject": OBJECT}}


class Application(ChartApplication):
    """A chart and its values, deployed by an Application that a person applies."""

    def __init__(self, tool: Tool, server: GitServer, helm: Object) -> None:
        super().__init__(tool, server, "values")
        self.helm = {"releaseName": "shop", "valueFiles": FILES, **helm}

    def install(self) -> None:
        """Install the application as it is before the migration."""
        self.begin({"prod/values.yaml": dump(VALUES), "prod/rediskit/shop/values.yaml": "{}\n"})
        self.repository.commit("base")
        self.kube.apply(self.application(self.helm))
        self.installed()

    def application(self, helm: Object) -> Object:
        spec = {
            "project": "default",
            "source": {"repoURL": self.repository.url, "targetRevision": "main", "path": "chart", "helm": helm},
            "destination": {"server": IN_CLUSTER, "namespace": self.namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": {"refresh": True}},
        }
        return {"apiVersion": VERSION, "kind": "Application", "metadata": {"name": self.namespace, "namespace": NAMESPACE}, "spec": spec}

    def environment(self, step: str) -> Environment:
        """Return the config of the migration at a step."""
        release = Manifest("application.yaml", clean(self.application(self.helm)))
        client = self.client(step, {"kind": "helm-values", "release": release, "values": OURS})
        return Environment.model_validate(merged(config(None), {"clients": [client]}))

    def take(self, step: str) -> dict[str, bytes]:
        """Commit the values of a step, and replace `valuesObject` by that of the snippet."""
        files = super().take(step)
        assert ("application-snippet.yaml" in files) == ("valuesObject" in self.helm)
        if "application-snippet.yaml" in files:
            self.kube.apply(self.application({**self.helm, **yaml.safe_load(files["application-snippet.yaml"])["spec"]["source"]["helm"]}))
        return files

    def settled(self) -> None:
        """Wait until the commit and the settings of the Application are live."""
        expected = Expected(self.namespace, (("Application", self.namespace, NAMESPACE, self.repository.head()),))
        self.tool.refresh(expected)

        def compared() -> bool | None:
            live = self.kube.get(VERSION, "Application", self.namespace, NAMESPACE) or {}
            if at(live, "status", "sync", "comparedTo", "source", "helm") != at(live, "spec", "source", "helm"):
                raise FailedError("its values have not been read yet")
            return True

        until(f"the values of {self.namespace}", compared, 60)
        self.tool.settled(expected, 60)


@pytest.fixture
def applications(tool: Tool, git: GitServer) -> Iterator[dict[str, Application]]:
    """Yield an application for each form of values."""
    installed = {name: Application(tool, git, helm) for name, helm in HELM.items()}
    for application in installed.values():
        application.install()
    yield installed
    for application in installed.values():
        application.kube.patch(VERSION, "Application", application.namespace, NAMESPACE, {"metadata": {"finalizers": None}})
        application.kube.delete(VERSION, "Application", application.namespace, NAMESPACE)
        application.kube.delete("v1", "Namespace", application.namespace)


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_the_values_of_an_application_carry_each_step_and_the_rollback(applications: dict[str, Application]) -> None:
    """The values file alone, and `valuesObject` where the base sets one of the keys in it, which wins over files."""
    for application in applications.values():
        start = application.workload()
        application.journey(start, ("scale-down", "reconfigure", "validate", "rolled-back"))
        application.equals(start)
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
