"""Checks across all rendered objects: identity, namespace, kustomizations, AppProject and Applications."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rediskit.chart.names import chart_kinds
from rediskit.checks.finding import Issue, Subject
from rediskit.errors import BUG
from rediskit.model.nested import at, list_at, mapping_at
from rediskit.renderers.argocd import chart_source
from rediskit.renderers.objects import group_kind
from rediskit.renderers.platform import scopes
from rediskit.renderers.tree import Object
from rediskit.renderers.verification.jobs import UNIT

_CLUSTER_WIDE = frozenset({"Namespace", "ClusterSecretStore", "ClusterExternalSecret"})
_NOT_APPLIED = frozenset({"Kustomization", "Component"})
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "Job", "CronJob"})


def duplicates(subject: Subject) -> Iterator[Issue]:
    """Refuse two files with one object: the later file would overwrite the other, or two controllers would revert each other."""
    first_paths: dict[tuple[str, str, str, str], str] = {}
    for path, content in _applied(subject):
        namespace, name = at(content, "metadata", "namespace") or "", content["metadata"]["name"]
        first = first_paths.setdefault((*group_kind(content), namespace, name), path)
        if first != path:
            yield Issue(f"{path} and {first} both render {content['kind']} {namespace}/{name}", "give one of them another name")


def namespaces(subject: Subject) -> Iterator[Issue]:
    """Require `metadata.namespace` on each namespaced object, because the applying object can be in another namespace."""
    for path, content in _applied(subject):
        if content["kind"] not in _CLUSTER_WIDE and not at(content, "metadata", "namespace"):
            yield Issue(f"{path} has no metadata.namespace", BUG)


def listed_files(subject: Subject) -> Iterator[Issue]:
    """Require that each kustomization.yaml lists exactly the files in its folder, or the subfolders of `platform/`."""
    for path, content in subject.objects("Kustomization"):
        if content["apiVersion"] != "kustomize.config.k8s.io/v1beta1":
            continue
        folder, end = path.removesuffix("kustomization.yaml"), "/kustomization.yaml" if path == "platform/kustomization.yaml" else ".yaml"
        below = [file.path.removeprefix(folder) for file in subject.tree.below(folder) if file.path != path]
        files = {name.split("/")[0] for name in below if name.endswith(end) and name.count("/") == end.count("/")}
        for name in sorted(files ^ set(content.get("resources") or ())):
            yield Issue(f"{path} does not list {name}" if name in files else f"{path} lists {name}, which does not exist", BUG)


def project(subject: Subject) -> Iterator[Issue]:
    """Require that the AppProject allows exactly the kinds, namespaces and repositories that any step renders."""
    spec = _project_spec(subject)
    if spec is None:
        return
    folders = ("platform/", f"{UNIT}/")
    applied = [content for folder in folders for _, content in subject.objects(folder=folder) if content["kind"] not in _NOT_APPLIED]
    namespaced = (content for content in applied if content["kind"] not in _CLUSTER_WIDE)
    of_any_step = scopes(subject.environment) | {(*group_kind(content), at(content, "metadata", "namespace")) for content in namespaced}
    kinds = chart_kinds(subject.profile, subject.values) | {(group, kind) for group, kind, _ in of_any_step}
    namespaces = {subject.release.namespace, *(namespace for _, _, namespace in of_any_step)}
    wide = {(*group_kind(content), content["metadata"]["name"]) for content in applied if content["kind"] in _CLUSTER_WIDE}
    sources = {source["repoURL"] for _, application in subject.objects("Application", "argocd/") for source in _sources(application)}
    sources.add(chart_source(subject.environment)[0])
    comparisons = (
        ("kinds", {(entry["group"], entry["kind"]) for entry in spec["namespaceResourceWhitelist"]}, kinds),
        ("cluster-wide objects", {(entry["group"], entry["kind"], entry.get("name")) for entry in spec["clusterResourceWhitelist"]}, wide),
        ("namespaces", {entry["namespace"] for entry in spec["destinations"]}, namespaces),
        ("repositories", set(spec["sourceRepos"]), sources),
    )
    for label, allowed, rendered in comparisons:
        for extra in sorted(map(str, allowed - rendered)):
            yield Issue(f"the AppProject allows {label} that are not rendered: {extra}", BUG, ("gitops",))
        for missing in sorted(map(str, rendered - allowed)):
            yield Issue(f"the AppProject does not allow {label} that are rendered: {missing}", BUG, ("gitops",))


def applications(subject: Subject) -> Iterator[Issue]:
    """Require one Application for each folder of `platform/` and `checks/`. Each references rendered files, and its project allows it."""
    spec = _project_spec(subject)
    if spec is None:
        return
    root = f"{subject.environment.path}/"
    project_name = next(content["metadata"]["name"] for _, content in subject.objects("AppProject", "argocd/"))
    referenced: Counter[str] = Counter()
    destinations = {_destination(entry) for entry in spec["destinations"]}
    for path, application in subject.objects("Application"):
        of_project = path.startswith("argocd/")
        if of_project and application["spec"]["project"] != project_name:
            yield Issue(f"{path} has the project {application['spec']['project']} instead of {project_name}", BUG, ("gitops",))
        if of_project and _destination(application["spec"]["destination"]) not in destinations:
            yield Issue(f"{path} has a destination that the AppProject does not allow", BUG, ("gitops",))
        for name in _referenced_files(application):
            relative = name.removeprefix(root)
            referenced[relative] += 1
            if not name.startswith(root) or relative not in subject.tree.files:
                yield Issue(f"{path} references {name}, which is not rendered", BUG, ("gitops", "path"))
    folders = [
        path
        for path in subject.tree.objects
        if path == f"{UNIT}/kustomization.yaml"
        or (path.startswith("platform/") and path.count("/") == 2 and path.endswith("/kustomization.yaml"))
    ]
    for path in [*folders, "argocd/kustomization.yaml"]:
        if referenced[path] != 1:
            yield Issue(f"{referenced[path]} Applications apply {path.rpartition('/')[0]} instead of one", BUG, ("gitops",))


def foreign_workloads(subject: Subject) -> Iterator[Issue]:
    """Refuse a workload of a client outside `owners/`: two controllers that apply one Deployment revert each other's changes."""
    for path, content in _applied(subject):
        if content["kind"] in _WORKLOADS and not path.startswith(f"{UNIT}/"):
            yield Issue(f"{path} renders a workload", "remove it: only the build of the application repository changes an application")


def verification_alone(subject: Subject) -> Iterator[Issue]:
    """Require that nothing waits for the verification Jobs, that one component applies them, and that no Service selects their pods."""
    carrier, place = f"{subject.environment.object_prefix}-{UNIT}", f"{subject.environment.path}/{UNIT}"
    for path, content in subject.objects():
        spec = mapping_at(content, "spec")
        if any(at(dependency, "name") == carrier for dependency in list_at(spec, "dependsOn")):
            yield Issue(f"{path} depends on {carrier}: a failed verification would stop it", BUG, ("verification",))
        folders = [at(spec, "path"), *(at(source, "path") for source in _sources(content))]
        applies = any(str(folder).removeprefix("./") == place for folder in folders) and content["metadata"]["name"] != carrier
        if applies or any(name in (UNIT, f"../{UNIT}") for name in list_at(content, "resources")):
            yield Issue(f"{path} applies {UNIT}/ as well", BUG, ("verification",))
    for path, job in subject.objects("Job", f"{UNIT}/"):
        labels = mapping_at(job, "spec", "template", "metadata", "labels")
        if set(subject.release.selector.items()) & set(labels.items()):
            yield Issue(f"{path} has a label by which the Services of the release select pods", BUG, ("verification",))


def _destination(content: Object) -> frozenset[tuple[str, Any]]:
    return frozenset(content.items())


def _project_spec(subject: Subject) -> Any:
    specs = [content["spec"] for _, content in subject.objects("AppProject", "argocd/")]
    return specs[0] if specs and subject.environment.gitops.tool == "argocd" else None


def _sources(application: Object) -> list[Any]:
    spec = mapping_at(application, "spec")
    return [*([spec["source"]] if "source" in spec else []), *spec.get("sources", ())]


def _referenced_files(application: Object) -> Iterator[str]:
    """Yield the files of the repository that an Application reads first."""
    for source in _sources(application):
        if "path" in source:
            yield f"{source['path']}/kustomization.yaml"
        for values in at(source, "helm", "valueFiles") or ():
            yield values.removeprefix("$values/")


def _applied(subject: Subject) -> Iterator[tuple[str, Object]]:
    for path, content in subject.objects():
        if content["kind"] not in _NOT_APPLIED and not path.startswith("owners/"):
            yield path, content
