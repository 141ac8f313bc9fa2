"""What a step of the migration changes in the objects of an owner: strategic merge patches, whatever tool applies them.

Fields that are withdrawn from a server-side apply are deleted, not restored, and a second applier takes the object over
(facts: gitops §0). Inside the owner's own build there is one applier, and taking the patches back gives the old objects back.
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
"""kustomize goes by the target where a patch has one, and by version and kind where it has none. Kinds that are not here are of v1, or
of a CRD."""

PAUSED = "autoscaling.keda.sh/paused-replicas"
"""The annotation by which KEDA holds a workload at a number (keda.sh: Pausing autoscaling)."""


def patches(environment: Environment, client: Client) -> Iterator[Object]:
    """The patches of the step, the workload's first, then that of what scales it; none where the owner is untouched."""
    effect, workload = effects(client.migration), client.workload
    if workload is None or effect.owner_is_untouched:
        return
    yield patch(environment, workload, effect)
    if (held := hold(workload, effect)) is not None:
        yield held


def patch(environment: Environment, workload: Workload, effect: Effects) -> Object:
    """The strategic merge patch of the workload: replicas and the named variables, nothing else.

    What a variable was before must not stay beside what it becomes, which the API server refuses (kubernetes issue 46861):
    `value` comes with `valueFrom: null` and the other way round, and `$patch: replace` drops another source, or `optional`.
    kustomize puts patched containers in front of the others; init containers run in their order, so all of them stand in the patch.
    A number in Git fights an autoscaler: at decommission, when that is let go, the number is the base's own again.
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
    """The entries in the order of `Variables.names`: kustomize puts them before all others, as they stand here."""
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
    """The whole address. Kubernetes expands in it what is defined above. A password is letters and digits: nothing has to be quoted."""
    release = release_of(environment)
    database = "" if variables.database is None else f"/{variables.database}"
    return f"redis://:$({variables.password})@{release.primary_host}:{release.port}{database}"


def hold(workload: Workload, effect: Effects) -> Object | None:
    """The patch that keeps what scales the workload at the number that Git says; None when there is nothing to keep it from.

    Kubernetes itself leaves a workload at 0 that has a HorizontalPodAutoscaler (ScalingDisabled). From scale-up on, Git says the number:
    smallest and largest are both that number, so that the two agree. KEDA scales from 0 by itself, and is told to hold.
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
    """The objects of the old Redis that leave the owner's build at this step, as Kind/name."""
    return client.previous.remove if client.previous and effects(client.migration).removed else ()


def removal(reference: str) -> Object:
    """The patch that takes one object of the old Redis out of the owner's build."""
    kind, _, name = reference.partition("/")
    return {"apiVersion": _VERSIONS.get(kind, "v1"), "kind": kind, "metadata": {"name": name}, "$patch": "delete"}


def target(content: Object, namespace: str = "") -> Object:
    """The target of a patch: its kind, its name and no other, in any namespace or in those that a regular expression takes."""
    name = literal(str(content["metadata"]["name"]))
    return {"kind": content["kind"], "name": f"^{name}$", **({"namespace": namespace} if namespace else {})}


def within(namespace: str) -> str:
    """Where a removal may strike: an object without a namespace counts as in `default` (kustomize 5.8.1).

    A base may set the namespace or leave it to the overlay; a Redis of the same name in another namespace stays. The patch of the
    workload needs no such bound: its assertion fails where two workloads have the name.
    """
    return f"^({namespace}|default)$"


def literal(name: str) -> str:
    """A name as a regular expression: of what a name may hold, only the dot means something else there."""
    return name.replace(".", r"\.")
