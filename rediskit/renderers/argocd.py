"""The tree as Argo CD consumes it: an AppProject, one Application a unit, and the root that a person applies once.

What keeps a live system safe is in here from the first render; each choice was seen on a real Argo CD 3.6.1 (facts: gitops).
"""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import chart_kinds
from rediskit.model.environment import Environment
from rediskit.model.gitops import Destination
from rediskit.renderers.claims import carriers_claim
from rediskit.renderers.helm import values_path
from rediskit.renderers.objects import group_kind, kustomization, labels, metadata, object_file
from rediskit.renderers.platform import Unit, units
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import release_is_deployed

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def project_name(environment: Environment) -> str:
    """The AppProject of our Applications."""
    return environment.gitops.argocd.project or environment.object_prefix


def argocd(environment: Environment, made: tuple[Unit, ...]) -> Iterator[File]:
    """`argocd/` and `bootstrap/`."""
    claim = carriers_claim(environment, f"{environment.object_prefix}-claim", environment.gitops.tool_namespace)
    objects = [claim, project(environment), *(unit_application(environment, unit) for unit in made)]
    if release_is_deployed(environment):
        objects.append(release_application(environment))
    files = [object_file("argocd", content, ("gitops",)) for content in objects]
    yield from files
    yield kustomization("argocd", [file.path.removeprefix("argocd/") for file in files])
    yield object_file("bootstrap", root_application(environment), ("gitops",))


def project(environment: Environment) -> Object:
    """Admits exactly the kinds and namespaces that this environment renders at any step: a workload of a client can never be ours.

    Destinations and kinds are independent lists in Argo CD, so "exactly" means these kinds in these namespaces. It is applied a
    wave before the Applications: one commit admits a kind and adds the Application that brings it. It is the same before and after
    the release: Argo CD 3.6.1 deletes with an Application only what its project still admits, and leaves the rest unowned.
    """
    objects = [content for unit in units(environment, deployed=True) for content in unit.objects]
    kinds = {group_kind(content) for content in objects if "namespace" in content["metadata"]} | chart_kinds(environment.redis.values)
    namespaces = {str(content["metadata"]["namespace"]) for content in objects if "namespace" in content["metadata"]}
    cluster_wide = [content for content in objects if "namespace" not in content["metadata"]]
    chart, _ = chart_source(environment)
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": metadata(
            project_name(environment),
            environment.gitops.tool_namespace,
            labels(environment),
            {"argocd.argoproj.io/sync-wave": "-1"},
        ),
        "spec": {
            "description": f"The shared Redis {environment.redis.release}, as rendered by rediskit",
            "sourceRepos": [environment.gitops.repository, chart],
            "destinations": [destination(environment, namespace) for namespace in sorted(namespaces)],
            "clusterResourceWhitelist": [
                {"group": group, "kind": kind, "name": content["metadata"]["name"]}
                for content in cluster_wide
                for group, kind in (group_kind(content),)
            ],
            "namespaceResourceWhitelist": [{"group": group, "kind": kind} for group, kind in sorted(kinds)],
        },
    }


def unit_application(environment: Environment, unit: Unit) -> Object:
    """The Application of one folder. An optional unit retries for ever: what it waits for may come any day.

    External access and monitoring go when their unit goes; namespaces and Secrets stay (no finalizer).
    """
    source = {
        "repoURL": environment.gitops.repository,
        "targetRevision": environment.gitops.revision,
        "path": f"{environment.path}/{unit.folder}",
    }
    spec = {
        "project": project_name(environment),
        "source": source,
        "destination": destination(environment, unit.namespace),
        "syncPolicy": sync_policy(prune=True, retries=-1 if unit.optional else 5),
    }
    return _application(environment, unit.name, spec, finalizer=unit.removable)


def release_application(environment: Environment) -> Object:
    """The chart with the values of this tree. Others use this Redis: a person deletes its Application, never a stray commit.

    `Prune=confirm` would do that too, but the root waits for the confirmation and takes no newer commit until it comes (Argo CD 3.6.1).
    """
    repository, chart = chart_source(environment)
    helm = {
        "releaseName": environment.redis.release,
        "valueFiles": [f"$values/{environment.path}/{values_path(environment)}"],
    }
    sources = [
        {"repoURL": repository, "chart": chart, "targetRevision": environment.redis.chart.version, "helm": helm},
        {"repoURL": environment.gitops.repository, "targetRevision": environment.gitops.revision, "ref": "values"},
    ]
    spec = {
        "project": project_name(environment),
        "sources": sources,
        "destination": destination(environment, environment.redis.namespace),
        "syncPolicy": sync_policy(prune=False, retries=5),
    }
    return _application(environment, "release", spec, finalizer=True, annotations={"argocd.argoproj.io/sync-options": "Prune=false"})


def root_application(environment: Environment) -> Object:
    """The one object a person applies: it watches `argocd/`. It needs a project that admits Applications; ours does not."""
    settings = environment.gitops.argocd
    spec = {
        "project": settings.bootstrap_project,
        "source": {
            "repoURL": environment.gitops.repository,
            "targetRevision": environment.gitops.revision,
            "path": f"{environment.path}/argocd",
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": settings.namespace},
        "syncPolicy": sync_policy(prune=True, retries=-1),
    }
    return _application(environment, "root", spec, finalizer=False)


def sync_policy(*, prune: bool, retries: int) -> Object:
    """Automated, self-healing, one owner an object. `refresh` makes a retry take a newer commit (Argo CD 3.6: 11 s instead of > 87 s)."""
    return {
        "automated": {"prune": prune, "selfHeal": True},
        "syncOptions": ["CreateNamespace=false", "FailOnSharedResource=true", "PruneLast=true", "ServerSideApply=true"],
        "retry": {"limit": retries, "refresh": True, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}},
    }


def destination(environment: Environment, namespace: str) -> Object:
    """The cluster and namespace of an Application."""
    target: Destination = environment.gitops.argocd.destination
    return {**({"server": target.server} if target.server else {"name": target.name}), "namespace": namespace}


def chart_source(environment: Environment) -> tuple[str, str]:
    """Repository and chart as Argo CD wants them for an OCI registry: without `oci://`, the last part apart (facts: gitops §A2)."""
    repository, _, chart = environment.redis.chart.repository.removeprefix("oci://").rpartition("/")
    return repository, chart


def _application(
    environment: Environment, name: str, spec: Object, *, finalizer: bool, annotations: dict[str, str] | None = None
) -> Object:
    compare = {"argocd.argoproj.io/compare-options": "ServerSideDiff=true"}
    meta = metadata(
        f"{environment.object_prefix}-{name}", environment.gitops.tool_namespace, labels(environment), {**compare, **(annotations or {})}
    )
    if finalizer:
        meta["finalizers"] = [FINALIZER]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec}
