"""Strategic merge patches for the workload of a client at a migration step.

They are part of the build of the application repository, so one tool applies the object and a rollback restores it. With server-side
apply by a second tool, withdrawn fields would be deleted instead of restored.
"""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.workload import Variables, Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import Effects, effects

_VERSIONS = {
    **dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "apps/v1"),
    **dict.fromkeys(("CronJob", "Job"), "batch/v1"),
    **dict.fromkeys(("PodMonitor", "PrometheusRule", "ServiceMonitor"), "monitoring.coreos.com/v1"),
    **dict.fromkeys(("Ingress", "NetworkPolicy"), "networking.k8s.io/v1"),
    **dict.fromkeys(("Role", "RoleBinding"), "rbac.authorization.k8s.io/v1"),
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "ScaledObject": "keda.sh/v1alpha1",
}
"""The API version of each kind, because a patch without a target needs it. All other kinds are in v1, or from a CRD."""

PAUSED = "autoscaling.keda.sh/paused-replicas"
"""The annotation that pauses KEDA at a number of replicas (KEDA documentation: Pause autoscaling)."""


def patches(environment: Environment, client: Client) -> Iterator[Object]:
    """Yield the patches of the step: the workload, then the autoscaler. None if the step changes nothing there."""
    effect, workload = effects(client.migration), client.workload
    if workload is None or effect.owner_is_untouched:
        return
    yield patch(environment, workload, effect)
    if (scaler := hold(workload, effect)) is not None:
        yield scaler


def patch(environment: Environment, workload: Workload, effect: Effects) -> Object:
    """Return the patch of the workload: replicas and the configured variables.

    The API server rejects a variable with both `value` and `valueFrom` (kubernetes issue 46861), so the patch sets the other one to null.
    `$patch: replace` drops another source and `optional`. kustomize moves patched containers to the front, so the patch lists all init
    containers to keep their order. At decommission, a workload with an autoscaler has no `replicas` in the patch.
    """
    spec: Object = {}
    if effect.stopped:
        spec["replicas"] = 0
    elif effect.restored and not (effect.removed and workload.autoscaler):
        spec["replicas"] = workload.replicas
    if effect.switched:
        envs = {(kind, name): {"env": _env(environment, variables)} for kind, name, variables in workload.every}
        pod = {"containers": [{"name": name, **envs["containers", name]} for name in workload.containers]}
        if workload.init_order:
            pod["initContainers"] = [{"name": name, **envs.get(("initContainers", name), {})} for name in workload.init_order]
        spec["template"] = {"spec": pod}
    return {
        "apiVersion": _VERSIONS[str(workload.kind)],
        "kind": workload.kind,
        "metadata": {"name": workload.name},
        "spec": spec,
    }


def _env(environment: Environment, variables: Variables) -> list[Object]:
    """Return the variables in the order of `Variables.names`. kustomize puts them first, in this order."""
    release, auth = release_of(environment), environment.redis.auth
    secret = {"$patch": "replace", "secretKeyRef": {"name": auth.secret, "key": auth.key}}
    plain = {variables.host: release.primary_host, variables.port: str(release.port), variables.url: address(environment, variables)}
    return [
        {"name": name, "value": None, "valueFrom": secret}
        if name == variables.password
        else {"name": name, "value": plain[name], "valueFrom": None}
        for name in variables.names
    ]


def address(environment: Environment, variables: Variables) -> str:
    """Return the URL of Redis. Kubernetes expands earlier variables. The password is letters and digits, so it needs no escaping."""
    release = release_of(environment)
    database = "" if variables.database is None else f"/{variables.database}"
    return f"redis://:$({variables.password})@{release.primary_host}:{release.port}{database}"


def hold(workload: Workload, effect: Effects) -> Object | None:
    """Return the patch that fixes an autoscaler at the number of replicas in Git, or None if none is needed.

    A HorizontalPodAutoscaler does not scale a workload with 0 replicas (ScalingDisabled). From scale-up on, its minimum and maximum are
    the number in Git. KEDA scales from 0, so it is paused.
    """
    scaler = workload.autoscaler
    if scaler is None or effect.removed or not (effect.stopped or effect.restored):
        return None
    head = {"apiVersion": _VERSIONS[str(scaler.kind)], "kind": scaler.kind}
    if scaler.kind == "ScaledObject":
        number = "0" if effect.stopped else str(workload.replicas)
        return {**head, "metadata": {"name": scaler.name, "annotations": {PAUSED: number}}}
    if effect.stopped:
        return None
    return {**head, "metadata": {"name": scaler.name}, "spec": {"minReplicas": workload.replicas, "maxReplicas": workload.replicas}}


def removals(client: Client) -> tuple[str, ...]:
    """Return the objects of the old Redis that this step removes from the build, as Kind/name."""
    return client.previous.remove if client.previous and effects(client.migration).removed else ()


def removal(reference: str) -> Object:
    """Return the patch that removes one object of the old Redis from the build."""
    kind, _, name = reference.partition("/")
    return {"apiVersion": _VERSIONS.get(kind, "v1"), "kind": kind, "metadata": {"name": name}, "$patch": "delete"}


def target(content: Object, namespace: str = "") -> Object:
    """Return the target of a patch: exactly its kind and name, in any namespace or in those that match a regular expression."""
    name = literal(str(content["metadata"]["name"]))
    return {"kind": content["kind"], "name": f"^{name}$", **({"namespace": namespace} if namespace else {})}


def within(namespace: str) -> str:
    """Return the namespaces of a removal as a regular expression, so a Redis of the same name in another namespace stays.

    kustomize 5.8.1 treats an object without a namespace as in `default`. The patch of the workload needs no such limit: its assertion
    fails if two workloads have the name.
    """
    return f"^({namespace}|default)$"


def literal(name: str) -> str:
    """Return a name as a regular expression. The dot is the only special character that a name can contain."""
    return name.replace(".", r"\.")
