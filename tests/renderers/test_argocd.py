"""The Argo CD objects: what keeps a live system safe is in them from their first render (facts: gitops, seen on Argo CD 3.6.1)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from rediskit import Environment, render
from tests.samples import STEPS, client, config, made

Object = dict[str, Any]
CLAIM = "argocd/configmap-redis-shared-claim.yaml"
PROJECT = "argocd/appproject-redis-shared.yaml"
RELEASE = "argocd/application-redis-shared-release.yaml"
ROOT = "bootstrap/application-redis-shared-root.yaml"
REPOSITORY = "https://github.com/cbenitezpy-ueno/chocolandia_kube.git"
SERVER = "https://kubernetes.default.svc"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
UNITS = ("redis", "redis-external", "monitoring")


def applications(environment: Environment) -> dict[str, Object]:
    """By what they apply: a unit, `release`, or `root`."""
    found = {path: content for path, content in render(environment).objects.items() if content["kind"] == "Application"}
    prefix = environment.gitops.argocd.prefix or environment.redis.release
    return {content["metadata"]["name"].removeprefix(f"{prefix}-"): content for content in found.values()}


def deployed(step: str, order: str) -> bool:
    return step != "prepare" and (order, step) != ("scale-down-first", "scale-down")


@pytest.mark.parametrize("order", ["scale-down-first", "deploy-first"])
@pytest.mark.parametrize("step", STEPS)
def test_one_application_a_unit_and_the_release_from_deploy_on(step: str, order: str) -> None:
    assert set(applications(made(step, order))) == {"root", *(("release", *UNITS) if deployed(step, order) else ("redis",))}


def test_the_project_admits_exactly_what_is_rendered() -> None:
    assert render(made()).objects[PROJECT] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {
            "name": "redis-shared",
            "namespace": "argocd",
            "labels": {"app.kubernetes.io/managed-by": "rediskit", "app.kubernetes.io/part-of": "redis-shared"},
            "annotations": {"argocd.argoproj.io/sync-wave": "-1"},
        },
        "spec": {
            "description": "The shared Redis redis-shared, as rendered by rediskit",
            "sourceRepos": [REPOSITORY, "registry-1.docker.io/bitnamicharts"],
            "destinations": [{"server": SERVER, "namespace": "monitoring"}, {"server": SERVER, "namespace": "redis"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "redis"}],
            "namespaceResourceWhitelist": [
                {"group": "", "kind": "ConfigMap"},
                {"group": "", "kind": "Service"},
                {"group": "", "kind": "ServiceAccount"},
                {"group": "apps", "kind": "StatefulSet"},
                {"group": "monitoring.coreos.com", "kind": "PrometheusRule"},
                {"group": "monitoring.coreos.com", "kind": "ServiceMonitor"},
                {"group": "networking.k8s.io", "kind": "NetworkPolicy"},
                {"group": "policy", "kind": "PodDisruptionBudget"},
            ],
        },
    }


@pytest.mark.parametrize("step", STEPS)
def test_the_project_is_the_same_at_every_step(step: str) -> None:
    """Argo CD deletes with an Application only what its project still admits: a narrower one would leave the release unowned."""
    assert render(made(step)).objects[PROJECT] == render(made()).objects[PROJECT]


@pytest.mark.parametrize("step", STEPS)
def test_a_workload_or_a_namespace_of_a_client_is_never_admitted(step: str) -> None:
    clients = [*config(step)["clients"], client("shop", step), client("wiki", None)]
    spec = render(made(step, over={"clients": clients})).objects[PROJECT]["spec"]
    assert {entry["namespace"] for entry in spec["destinations"]} <= {"redis", "monitoring"}
    assert not {"Deployment", "Pod", "Job", "Secret"} & {entry["kind"] for entry in spec["namespaceResourceWhitelist"]}
    assert not [entry for key in ("destinations", "sourceRepos") for entry in spec[key] if "*" in str(entry)]


def test_kinds_that_a_users_values_bring_are_admitted() -> None:
    values = {"rbac": {"create": True}, "extraDeploy": [{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"}}]}
    values |= {role: {"pdb": {"create": False}} for role in ("master", "replica")}
    kinds = [
        entry["kind"] for entry in render(made(over={"redis": {"values": values}})).objects[PROJECT]["spec"]["namespaceResourceWhitelist"]
    ]
    assert {"Role", "RoleBinding", "CronJob"} <= set(kinds)
    assert "PodDisruptionBudget" not in kinds


def test_the_release_takes_the_chart_and_the_values_of_this_tree() -> None:
    environment = made()
    spec = applications(environment)["release"]["spec"]
    assert spec["sources"] == [
        {
            "repoURL": "registry-1.docker.io/bitnamicharts",
            "chart": "redis",
            "targetRevision": "23.2.12",
            "helm": {"releaseName": "redis-shared", "valueFiles": ["$values/rendered/chocolandia/helm/redis-shared/values.yaml"]},
        },
        {"repoURL": REPOSITORY, "targetRevision": "main", "ref": "values"},
    ]
    assert "source" not in spec
    assert spec["destination"] == {"server": SERVER, "namespace": "redis"}


def test_the_chart_may_lie_in_another_registry() -> None:
    chart = {"repository": "oci://mirror.example.com:5000/hub/charts/redis", "version": "23.2.6"}
    environment = made(over={"redis": {"chart": chart}})
    source = applications(environment)["release"]["spec"]["sources"][0]
    assert (source["repoURL"], source["chart"], source["targetRevision"]) == ("mirror.example.com:5000/hub/charts", "redis", "23.2.6")
    assert render(environment).objects[PROJECT]["spec"]["sourceRepos"][1] == "mirror.example.com:5000/hub/charts"


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_applied_from_its_folder(unit: str) -> None:
    found = applications(made(over={"gitops": {"path": "clusters/home/redis", "revision": "v1"}}))[unit]
    assert found["spec"]["source"] == {"repoURL": REPOSITORY, "targetRevision": "v1", "path": f"clusters/home/redis/platform/{unit}"}
    assert found["spec"]["destination"]["namespace"] == ("monitoring" if unit == "monitoring" else "redis")
    assert found["spec"]["project"] == "redis-shared"


def test_no_stray_commit_removes_a_redis_that_others_use() -> None:
    """Without the finalizer its StatefulSets would run on unowned; with it alone, removing the file would remove Redis."""
    release = applications(made())["release"]
    assert release["metadata"]["finalizers"] == [FINALIZER]
    assert release["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false"
    assert release["spec"]["syncPolicy"]["automated"] == {"prune": False, "selfHeal": True}


def test_what_may_go_goes_and_what_holds_data_stays() -> None:
    found = applications(made())
    assert {name for name, application in found.items() if application["metadata"].get("finalizers")} == {
        "release",
        "redis-external",
        "monitoring",
    }
    assert "sync-options" not in str(found["redis"]["metadata"])


def test_how_everything_is_synced() -> None:
    for name, found in applications(made()).items():
        policy = found["spec"]["syncPolicy"]
        assert policy["syncOptions"] == ["CreateNamespace=false", "FailOnSharedResource=true", "PruneLast=true", "ServerSideApply=true"]
        assert policy["automated"]["selfHeal"] is True
        assert policy["automated"]["prune"] is (name != "release")
        assert policy["retry"] == {
            "limit": -1 if name in ("root", "monitoring") else 5,
            "refresh": True,
            "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"},
        }
        assert found["metadata"]["annotations"]["argocd.argoproj.io/compare-options"] == "ServerSideDiff=true"


def test_nothing_hides_a_difference_or_waits_for_an_address() -> None:
    """No ignoreDifferences is needed; a wave or hook after a LoadBalancer without address blocks every newer commit (facts: gitops)."""
    for path, content in render(made("decommission")).files.items():
        text = content.decode()
        assert "ignoreDifferences" not in text
        assert "argocd.argoproj.io/hook" not in text
        assert "allowEmpty" not in text
        assert "sync-wave" not in text or path in (PROJECT, CLAIM)


def test_the_project_comes_before_what_it_admits() -> None:
    """One commit admits a kind and adds the Application that needs it."""
    assert render(made()).objects[PROJECT]["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": "-1"}


def test_the_root_is_applied_by_hand_and_watches_the_rest() -> None:
    tree = render(made())
    root = tree.objects[ROOT]
    assert root["spec"]["project"] == "default"
    assert root["spec"]["source"] == {"repoURL": REPOSITORY, "targetRevision": "main", "path": "rendered/chocolandia/argocd"}
    assert root["spec"]["destination"] == {"server": SERVER, "namespace": "argocd"}
    assert "finalizers" not in root["metadata"]
    listed = yaml.safe_load(tree.files["argocd/kustomization.yaml"])["resources"]
    assert listed == sorted(
        path.removeprefix("argocd/") for path in tree.files if path.startswith("argocd/") and "kustomization" not in path
    )
    assert not [name for name in listed if "root" in name]


def test_the_names_follow_prefix_project_and_namespace() -> None:
    argocd = {"prefix": "home-redis", "project": "data", "namespace": "gitops", "bootstrapProject": "bootstrap"}
    environment = made(over={"gitops": {"argocd": argocd}})
    tree, found = render(environment), applications(environment)
    assert set(found) == {"root", "release", *UNITS}
    assert "argocd/appproject-data.yaml" in tree.files
    assert {application["spec"]["project"] for name, application in found.items() if name != "root"} == {"data"}
    assert found["root"]["spec"]["project"] == "bootstrap"
    assert found["root"]["spec"]["destination"]["namespace"] == "gitops"
    assert {application["metadata"]["namespace"] for application in found.values()} == {"gitops"}


def test_the_project_is_named_after_the_prefix() -> None:
    assert "argocd/appproject-home-redis.yaml" in render(made(over={"gitops": {"argocd": {"prefix": "home-redis"}}})).files


def test_a_hub_deploys_to_a_cluster_by_its_name() -> None:
    """The objects of Argo CD itself stay in the hub."""
    environment = made(over={"gitops": {"argocd": {"destination": {"name": "edge"}}}})
    found = applications(environment)
    assert {application["spec"]["destination"].get("name") for name, application in found.items() if name != "root"} == {"edge"}
    assert found["root"]["spec"]["destination"] == {"server": SERVER, "namespace": "argocd"}
    assert render(environment).objects[PROJECT]["spec"]["destinations"] == [
        {"name": "edge", "namespace": "monitoring"},
        {"name": "edge", "namespace": "redis"},
    ]


def test_with_flux_there_is_nothing_of_argo_cd() -> None:
    tree = render(made(over={"gitops": {"tool": "flux"}}))
    assert not [path for path in tree.files if path.startswith("argocd/")]
    assert not [content for content in tree.objects.values() if content["apiVersion"].startswith("argoproj.io/")]
