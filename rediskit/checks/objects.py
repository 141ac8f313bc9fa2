"""Checks across all objects of the tree: who they are, where they go, who admits them."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import chart_kinds
from rediskit.checks.finding import Complaint, Subject, at
from rediskit.migrate.machine import release_is_deployed
from rediskit.renderers.tree import Object

_CLUSTER_WIDE = frozenset({"Namespace", "ClusterSecretStore", "ClusterExternalSecret"})
_NOT_APPLIED = frozenset({"Kustomization", "Component"})
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob"})


def duplicates(subject: Subject) -> Iterator[Complaint]:
    """No two files render one object: the second would silently win, or the two would fight."""
    seen: dict[tuple[str, str, str, str], str] = {}
    for path, content in _applied(subject):
        group = str(content["apiVersion"]).rpartition("/")[0]
        identity = (group, content["kind"], at(content, "metadata", "namespace") or "", content["metadata"]["name"])
        first = seen.setdefault(identity, path)
        if first != path:
            yield Complaint(f"{path} and {first} both render {content['kind']} {identity[2]}/{identity[3]}", "give one of them another name")


def namespaces(subject: Subject) -> Iterator[Complaint]:
    """Every namespaced object names its namespace: what applies it may stand in another one."""
    for path, content in _applied(subject):
        if content["kind"] not in _CLUSTER_WIDE and not at(content, "metadata", "namespace"):
            yield Complaint(f"{path} names no namespace", "this is a fault of rediskit: please report it")


def project(subject: Subject) -> Iterator[Complaint]:
    """The AppProject admits exactly the kinds and namespaces that are rendered: not one more, and none is missing."""
    projects = [content for _, content in subject.objects("AppProject", "argocd/")]
    if subject.environment.gitops.tool != "argocd" or not projects:
        return
    spec = projects[0]["spec"]
    applied = [content for _, content in subject.objects(folder="platform/") if content["kind"] not in _NOT_APPLIED]
    namespaced = [content for content in applied if content["kind"] not in _CLUSTER_WIDE]
    kinds = {_group_kind(content) for content in namespaced}
    places = {content["metadata"].get("namespace") for content in namespaced}
    if release_is_deployed(subject.environment):
        kinds |= chart_kinds(subject.values)
        places.add(subject.release.namespace)
    wide = {(*_group_kind(content), content["metadata"]["name"]) for content in applied if content["kind"] in _CLUSTER_WIDE}
    comparisons = (
        ("kinds", {(entry["group"], entry["kind"]) for entry in spec["namespaceResourceWhitelist"]}, kinds),
        ("cluster-wide objects", {(entry["group"], entry["kind"], entry.get("name")) for entry in spec["clusterResourceWhitelist"]}, wide),
        ("namespaces", {entry["namespace"] for entry in spec["destinations"]}, places),
    )
    for what, admitted, rendered in comparisons:
        for extra in sorted(map(str, admitted - rendered)):
            yield Complaint(f"the AppProject admits {what} that nothing renders: {extra}", "this is a fault of rediskit: please report it")
        for missing in sorted(map(str, rendered - admitted)):
            yield Complaint(f"the AppProject refuses {what} that are rendered: {missing}", "this is a fault of rediskit: please report it")


def foreign_workloads(subject: Subject) -> Iterator[Complaint]:
    """No workload of a client is in the tree outside its owner folder: two appliers of one Deployment fight (facts: gitops §0)."""
    for path, content in _applied(subject):
        if content["kind"] in _WORKLOADS and not path.startswith("checks/"):
            yield Complaint(f"{path} renders a workload", "applications are changed only through the build of the repository that owns them")


def _applied(subject: Subject) -> Iterator[tuple[str, Object]]:
    for path, content in subject.objects():
        if content["kind"] not in _NOT_APPLIED and not path.startswith("owners/"):
            yield path, content


def _group_kind(content: Object) -> tuple[str, str]:
    return str(content["apiVersion"]).rpartition("/")[0], str(content["kind"])
