"""The kustomize Component for the repository that owns a client's workload: the only way rediskit changes an application.

Fields that are withdrawn from a server-side apply are deleted, not restored, and a second applier takes the object over
(facts: gitops §0). Inside the owner's own build there is one applier, and taking the Component back gives the old object back.
"""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.migrate.machine import Effects, effects, owned
from rediskit.model.client import Client, Variables, Workload
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import file_name
from rediskit.renderers.tree import File, Object

_VERSIONS = {
    **dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "apps/v1"),
    **dict.fromkeys(("CronJob", "Job"), "batch/v1"),
    **dict.fromkeys(("PodMonitor", "PrometheusRule", "ServiceMonitor"), "monitoring.coreos.com/v1"),
    **dict.fromkeys(("Ingress", "NetworkPolicy"), "networking.k8s.io/v1"),
    **dict.fromkeys(("Role", "RoleBinding"), "rbac.authorization.k8s.io/v1"),
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
}
"""For people who read a patch: kustomize goes by the target alone. Kinds that are not here are of v1, or of a CRD."""


def owners(environment: Environment) -> Iterator[File]:
    """`owners/<client>/` for each client on its way."""
    for index, client in enumerate(environment.clients):
        if client in owned(environment):
            for file in component(environment, client):
                yield File(f"owners/{client.name}/{file.path}", file.content, ("clients", index, "migration"))


def component(environment: Environment, client: Client) -> Iterator[File]:
    """The Component of one client at its step: the identity, or patches and the assertion that what they patch is there."""
    effect = effects(client.migration)
    workload, previous = client.workload, client.previous
    if effect.owner_is_untouched or workload is None or previous is None:
        yield File("kustomization.yaml", _component([], []))
        return
    change = patch(environment, workload, effect)
    removals = [removal(reference) for reference in previous.remove] if effect.removed else []
    patches = [_patch(change), *(_patch(gone, _within(client.namespace)) for gone in removals)]
    yield File("kustomization.yaml", _component(patches, [_assertion(workload, name) for name in workload.containers]))
    for content in (change, *removals):
        yield File(file_name(content), content)


def patch(environment: Environment, workload: Workload, effect: Effects) -> Object:
    """The strategic merge patch of the workload: replicas and the named variables, nothing else.

    What a variable was before must not stay beside what it becomes, which the API server refuses (kubernetes issue 46861):
    `value` comes with `valueFrom: null` and the other way round, and `$patch: replace` drops another source, or `optional`.
    """
    spec: Object = {}
    if effect.stopped:
        spec["replicas"] = 0
    elif effect.restored:
        spec["replicas"] = workload.replicas
    if effect.switched:
        containers = [{"name": name, "env": _env(environment, variables)} for name, variables in workload.containers.items()]
        spec["template"] = {"spec": {"containers": containers}}
    return {
        "apiVersion": _VERSIONS[str(workload.kind)],
        "kind": workload.kind,
        "metadata": {"name": workload.name},
        "spec": spec,
    }


def _env(environment: Environment, variables: Variables) -> list[Object]:
    release, auth = release_of(environment), environment.redis.auth
    secret = {"$patch": "replace", "secretKeyRef": {"name": auth.secret, "key": auth.key}}
    return [
        {"name": variables.host, "value": release.primary_host, "valueFrom": None},
        {"name": variables.port, "value": str(release.port), "valueFrom": None},
        {"name": variables.password, "value": None, "valueFrom": secret},
    ]


def removal(reference: str) -> Object:
    """The patch that takes one object of the old Redis out of the owner's build."""
    kind, _, name = reference.partition("/")
    return {"apiVersion": _VERSIONS.get(kind, "v1"), "kind": kind, "metadata": {"name": name}, "$patch": "delete"}


def _patch(content: Object, namespace: str = "") -> Object:
    name = _literal(str(content["metadata"]["name"]))
    target = {"kind": content["kind"], "name": f"^{name}$", **({"namespace": namespace} if namespace else {})}
    return {"path": file_name(content), "target": target}


def _within(namespace: str) -> str:
    """Where a removal may strike: an object without a namespace counts as in `default` (kustomize 5.8.1).

    A base may set the namespace or leave it to the overlay; a Redis of the same name in another namespace stays. The patch of the
    workload needs no such bound: its assertion fails where two workloads have the name.
    """
    return f"^({namespace}|default)$"


def _assertion(workload: Workload, container: str) -> Object:
    """Copies the container's image onto itself: without the workload or the container the owner's build fails.

    A patch alone would pass silently, or add a second container. The source takes names as they are; a target takes them for regular
    expressions, and `[name=backend]` would give `backend-proxy` the image of `backend` (all seen with kustomize 5.8.1).
    """
    place = "spec.template.spec.containers.[name={}].image"
    source = {"kind": workload.kind, "name": workload.name, "fieldPath": place.format(container)}
    select = {"kind": workload.kind, "name": _literal(str(workload.name))}
    return {"source": source, "targets": [{"select": select, "fieldPaths": [place.format(f"^{container}$")]}]}


def _literal(name: str) -> str:
    """A name as a regular expression: of what a name may hold, only the dot means something else there."""
    return name.replace(".", r"\.")


def _component(patches: list[Object], replacements: list[Object]) -> Object:
    """An empty `patches` makes a valid identity; a Component of kind alone is refused as empty (kustomize 5.8.1)."""
    made: Object = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches}
    if replacements:
        made["replacements"] = replacements
    return made
