"""Checks across all objects of the tree: who they are, where they go, who admits them, who applies them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rediskit.chart.names import chart_kinds
from rediskit.checks.finding import Complaint, Subject
from rediskit.errors import BUG
from rediskit.model.nested import at
from rediskit.renderers.argocd import chart_source
from rediskit.renderers.objects import group_kind
from rediskit.renderers.platform import units
from rediskit.renderers.tree import Object

_CLUSTER_WIDE = frozenset({"Namespace", "ClusterSecretStore", "ClusterExternalSecret"})
_NOT_APPLIED = frozenset({"Kustomization", "Component"})
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "Job", "CronJob"})


def duplicates(subject: Subject) -> Iterator[Complaint]:
    """No two files render one object: the second would silently win, or the two would fight."""
    seen: dict[tuple[str, str, str, str], str] = {}
    for path, content in _applied(subject):
        group = str(content["apiVersion"]).rpartition("/")[0]
        identity = (group, content["kind"], at(content, "metadata", "namespace") or "", content["metadata"]["name"])
        first = seen.setdefault(identity, path)
        if first != path:
            yield Complaint(
                f"{path} and {first} both render {content['kind']} {identity[2]}/{identity[3]}", "give one of them another name"
            )


def namespaces(subject: Subject) -> Iterator[Complaint]:
    """Every namespaced object names its namespace: what applies it may stand in another one."""
    for path, content in _applied(subject):
        if content["kind"] not in _CLUSTER_WIDE and not at(content, "metadata", "namespace"):
            yield Complaint(f"{path} names no namespace", BUG)


def listed_files(subject: Subject) -> Iterator[Complaint]:
    """Each kustomization.yaml lists exactly the files beside it, that of `platform/` its units: what is not listed is not applied."""
    for path, content in subject.objects("Kustomization"):
        if content["apiVersion"] != "kustomize.config.k8s.io/v1beta1":
            continue
        folder, end = path.removesuffix("kustomization.yaml"), "/kustomization.yaml" if path == "platform/kustomization.yaml" else ".yaml"
        inside = [name.removeprefix(folder) for name in subject.tree.files if name.startswith(folder) and name != path]
        depth = end.count("/")
        there = {name.split("/")[0] for name in inside if name.endswith(end) and name.count("/") == depth}
        for name in sorted(there ^ set(content.get("resources") or ())):
            yield Complaint(f"{path} {'does not list' if name in there else 'lists what is not there:'} {name}", BUG)


def project(subject: Subject) -> Iterator[Complaint]:
    """The AppProject admits exactly the kinds, namespaces and repositories that are rendered at any step: not one more, not one less."""
    spec = _project_spec(subject)
    if spec is None:
        return
    applied = [content for _, content in subject.objects(folder="platform/") if content["kind"] not in _NOT_APPLIED]
    namespaced = [content for content in applied if content["kind"] not in _CLUSTER_WIDE]
    kinds = {group_kind(content) for content in namespaced}
    places = {content["metadata"].get("namespace") for content in namespaced}
    later = [
        content for unit in units(subject.environment, deployed=True) for content in unit.objects if content["kind"] not in _CLUSTER_WIDE
    ]
    kinds |= chart_kinds(subject.values) | {group_kind(content) for content in later}
    places |= {subject.release.namespace, *(content["metadata"].get("namespace") for content in later)}
    wide = {(*group_kind(content), content["metadata"]["name"]) for content in applied if content["kind"] in _CLUSTER_WIDE}
    sources = {source["repoURL"] for _, application in subject.objects("Application", "argocd/") for source in _sources(application)}
    sources.add(chart_source(subject.environment)[0])
    comparisons = (
        ("kinds", {(entry["group"], entry["kind"]) for entry in spec["namespaceResourceWhitelist"]}, kinds),
        ("cluster-wide objects", {(entry["group"], entry["kind"], entry.get("name")) for entry in spec["clusterResourceWhitelist"]}, wide),
        ("namespaces", {entry["namespace"] for entry in spec["destinations"]}, places),
        ("repositories", set(spec["sourceRepos"]), sources),
    )
    for what, admitted, rendered in comparisons:
        for extra in sorted(map(str, admitted - rendered)):
            yield Complaint(f"the AppProject admits {what} that nothing renders: {extra}", BUG, ("gitops",))
        for missing in sorted(map(str, rendered - admitted)):
            yield Complaint(f"the AppProject refuses {what} that are rendered: {missing}", BUG, ("gitops",))


def applications(subject: Subject) -> Iterator[Complaint]:
    """Every unit has one Application, and every Application points to what is in the tree, of the project, in an admitted place."""
    spec = _project_spec(subject)
    if spec is None:
        return
    root = f"{subject.environment.path}/"
    project_name = next(content["metadata"]["name"] for _, content in subject.objects("AppProject", "argocd/"))
    served: list[str] = []
    for path, application in subject.objects("Application"):
        ours = path.startswith("argocd/")
        if ours and application["spec"]["project"] != project_name:
            yield Complaint(f"{path} is of the project {application['spec']['project']}, not of {project_name}", BUG, ("gitops",))
        if ours and application["spec"]["destination"] not in spec["destinations"]:
            yield Complaint(f"{path} goes where the AppProject admits nothing", BUG, ("gitops",))
        for name in _named_files(application):
            inside = name.removeprefix(root)
            served.append(inside)
            if not name.startswith(root) or inside not in subject.tree.files:
                yield Complaint(f"{path} points to {name}, which is not in the tree", BUG, ("gitops", "path"))
    units = [
        path
        for path in subject.tree.objects
        if path.startswith("platform/") and path.count("/") == 2 and path.endswith("/kustomization.yaml")
    ]
    for path in [*units, "argocd/kustomization.yaml"]:
        if served.count(path) != 1:
            yield Complaint(f"{served.count(path)} Applications apply {path.rpartition('/')[0]} instead of one", BUG, ("gitops",))


def foreign_workloads(subject: Subject) -> Iterator[Complaint]:
    """No workload of a client is in the tree outside its owner folder: two appliers of one Deployment fight (facts: gitops §0)."""
    for path, content in _applied(subject):
        if content["kind"] in _WORKLOADS and not path.startswith("checks/"):
            yield Complaint(
                f"{path} renders a workload", "applications are changed only through the build of the repository that owns them"
            )


def _project_spec(subject: Subject) -> Any:
    found = [content["spec"] for _, content in subject.objects("AppProject", "argocd/")]
    return found[0] if found and subject.environment.gitops.tool == "argocd" else None


def _sources(application: Object) -> list[Any]:
    spec = application["spec"]
    return [*([spec["source"]] if "source" in spec else []), *spec.get("sources", ())]


def _named_files(application: Object) -> Iterator[str]:
    """The files of the repository by which an Application finds what it applies."""
    for source in _sources(application):
        if "path" in source:
            yield f"{source['path']}/kustomization.yaml"
        for values in at(source, "helm", "valueFiles") or ():
            yield values.removeprefix("$values/")


def _applied(subject: Subject) -> Iterator[tuple[str, Object]]:
    for path, content in subject.objects():
        if content["kind"] not in _NOT_APPLIED and not path.startswith("owners/"):
            yield path, content
