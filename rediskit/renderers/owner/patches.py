"""What a step of the migration changes in the objects of an application repository, as patches for any tool.

Fields that are withdrawn from a server-side apply are deleted, not restored, and a second applier takes over the object. In the build of
the application repository there is one applier, and removing the patches restores the objects.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, NamedTuple

from rediskit.chart.names import Release
from rediskit.model.client import Client
from rediskit.model.container import Container
from rediskit.model.environment import Environment
from rediskit.model.nested import list_at, text_at
from rediskit.model.once import once
from rediskit.model.template import Template
from rediskit.model.workload import Workload
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
    "Rollout": "argoproj.io/v1alpha1",
    "ScaledObject": "keda.sh/v1alpha1",
}
"""kustomize matches a patch with a target by the target, and one without by version and kind. Other kinds are of v1 or of a CRD."""

PAUSED = "autoscaling.keda.sh/paused-replicas"
"""The annotation that makes KEDA keep a workload at a number (keda.sh: Pausing autoscaling)."""
USERNAME = "default"
"""The user of a Redis with one password (redis.io: ACL)."""


class Word(NamedTuple):
    """A word of a command line that a step replaces, at a position of `command` or `args` of a container."""

    listed: str
    container: str
    key: str
    position: int
    old: str
    new: str


class Change(NamedTuple):
    """What a step changes in one object.

    Attributes:
        merge: The strategic merge patch.
        operations: JSON 6902 operations for kustomize; they come before the merge, which moves patched containers to the front.
        named: The merge for programs that merge all lists by name: it has the variables of a Rollout, too.
        words: The words of command lines, which `operations` has by position.
        pod_path: Keys from the object to its pod spec.
    """

    merge: Object
    operations: tuple[Object, ...] = ()
    named: Object = MappingProxyType({})  # type: ignore[assignment]
    words: tuple[Word, ...] = ()
    pod_path: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """`Deployment/beersystem-backend`."""
        return f"{self.merge['kind']}/{self.merge['metadata']['name']}"


@once
def changes(environment: Environment, client: Client) -> tuple[Change, ...]:
    """Return the changes of the step: per workload, then its autoscaler; none where the application repository is unchanged."""
    return tuple(_changes(environment, client))


def _changes(environment: Environment, client: Client) -> Iterator[Change]:
    effect = effects(client.migration)
    if effect.owner_is_untouched:
        return
    for workload in client.workloads:
        yield change(environment, client, workload, effect)
        if (held := hold(workload, effect)) is not None:
            yield Change(held, named=held)


def change(environment: Environment, client: Client, workload: Workload, effect: Effects) -> Change:
    """Return the change of a workload: its replicas, the named variables and texts of command lines, nothing else.

    The old source of a variable must not stay beside the new one, which the API server refuses (kubernetes issue 46861): `value` comes with
    `valueFrom: null`, `valueFrom` with `value: null`, and `$patch: replace` drops another source, or `optional`.
    kustomize puts patched containers before the others; init containers run in their order, so all of them are in the patch.
    A number in Git fights an autoscaler: at decommission, when the autoscaler is released, the number is the base's own again.
    kustomize has no schema of a Rollout and would replace its lists, so its containers are patched by JSON 6902 operations.
    """
    spec: Object = {}
    field, value = workload.stopped
    if effect.stopped:
        spec[field] = value
    elif effect.restored and not (effect.removed and workload.autoscaler):
        spec[field] = workload.running
    head = {"apiVersion": _VERSIONS[str(workload.kind)], "kind": workload.kind, "metadata": {"name": workload.name}}
    merge = {**head, "spec": spec}
    if not effect.switched:
        return Change(merge, named=merge)
    envs = {(kind, name): _env(environment, client, container) for kind, name, container in workload.switched}
    words = tuple(_words(environment, client, workload))
    pod = _pod(workload, envs)
    for key in reversed(workload.pod_path[1:]):
        pod = {key: pod} if pod else {}  # A Rollout with workloadRef must not have a template.
    named = {**head, "spec": {**spec, **pod}}
    if workload.kind == "Rollout":
        return Change(merge, tuple(_operations(workload, words, envs)), named, words, workload.pod_path)
    return Change(named, tuple(_operations(workload, words, {})), named, words, workload.pod_path)


_Envs = dict[tuple[str, str], list[Object]]


def _pod(workload: Workload, envs: _Envs) -> Object:
    """Return the pod of the merge: switched containers with their variables, and all init containers where one of them changes."""
    listed = {kind: [name for other, name in workload.named if other == kind] for kind in ("containers", "initContainers")}
    return {
        kind: [{"name": name, **({"env": envs[kind, name]} if envs.get((kind, name)) else {})} for name in names]
        for kind, names in listed.items()
        if names
    }


def _env(environment: Environment, client: Client, container: Container) -> list[Object]:
    """Return the entries of `env` in an order that Kubernetes expands: kustomize puts them before all others, in this order."""
    auth = environment.redis.auth
    secret = {"$patch": "replace", "secretKeyRef": {"name": auth.secret, "key": auth.key}}
    entries: list[Object] = []
    for name in container.names:
        template = container.variables.get(name)
        if name in container.variables and template is None:
            entries.append({"name": name, "$patch": "delete"})
        elif template is None or template.is_password:
            entries.append({"name": name, "value": None, "valueFrom": secret})
        else:
            entries.append({"name": name, "value": text_of(release_of(environment), client, container, template), "valueFrom": None})
    return entries


def text_of(release: Release, client: Client, container: Container, template: Template) -> str:
    """Return the text of a template. The password is a reference that Kubernetes expands."""
    return address_text(release, client, template, f"$({container.password_variable})" if template.contains_password else "")


def address_text(release: Release, client: Client, template: Template, password: str = "") -> str:
    """Return the text of a template with a text in place of the password."""
    values = {
        "host": release.primary_host,
        "port": str(release.port),
        "address": f"{release.primary_host}:{release.port}",
        "password": password,
        "username": USERNAME,
    }
    filled = {part: str(client.database(part.database)) if part.name == "database" else values[part.name] for part in template.placeholders}
    return template.filled(filled)


def _words(environment: Environment, client: Client, workload: Workload) -> Iterator[Word]:
    """Yield the words of command lines that change."""
    for kind, name, container in workload.switched:
        content = workload.content_of(kind, name)
        words = [(key, index, word) for key in ("command", "args") for index, word in enumerate(list_at(content, key))]
        for key, index, old in words:
            new = old
            for replacement in container.args if isinstance(old, str) else ():
                new = new.replace(replacement.from_, text_of(release_of(environment), client, container, replacement.to))
            if new != old:
                yield Word(kind, name, key, index, old, new)


def _operations(workload: Workload, words: tuple[Word, ...], envs: _Envs) -> Iterator[Object]:
    """Yield the operations on command lines, and on the variables of `envs`; each is preceded by a test of what it changes."""
    for kind, name, _ in workload.switched:
        own = [word for word in words if (word.listed, word.container) == (kind, name)]
        index = workload.position_of(kind, name)
        if index is None or not (own or (kind, name) in envs):
            continue
        path = f"/{'/'.join(workload.pod_path)}/{kind}/{index}"
        yield {"op": "test", "path": f"{path}/name", "value": name}
        for word in own:
            yield {"op": "test", "path": f"{path}/{word.key}/{word.position}", "value": word.old}
            yield {"op": "replace", "path": f"{path}/{word.key}/{word.position}", "value": word.new}
        if (kind, name) in envs:
            content = workload.listed(kind)[index]
            yield from _env_operations(list_at(content, "env"), f"{path}/env", envs[kind, name], exists="env" in content)


def _env_operations(entries: list[Any], path: str, env: list[Object], *, exists: bool) -> Iterator[Object]:
    """Yield operations that remove the old entries of the variables, the last one first, and put the new ones before all others."""
    names = {entry["name"] for entry in env}
    for index in reversed([index for index, entry in enumerate(entries) if text_at(entry, "name") in names]):
        yield {"op": "test", "path": f"{path}/{index}/name", "value": entries[index]["name"]}
        yield {"op": "remove", "path": f"{path}/{index}"}
    added = [plain(entry) for entry in env if entry.get("$patch") != "delete"]
    if not exists:
        yield {"op": "add", "path": path, "value": added}
        return
    for index, entry in enumerate(added):
        yield {"op": "add", "path": f"{path}/{index}", "value": entry}


def plain(entry: Object) -> Object:
    """Return an entry of a strategic merge without its nulls and directives."""
    return {
        key: {inner: content for inner, content in value.items() if inner != "$patch"} if isinstance(value, dict) else value
        for key, value in entry.items()
        if value is not None
    }


def hold(workload: Workload, effect: Effects) -> Object | None:
    """Return the patch that keeps an autoscaler at the number in Git; None if there is nothing to hold.

    Kubernetes leaves a workload with a HorizontalPodAutoscaler at 0 (ScalingDisabled). From scale-up on, minimum and maximum are both the
    number in Git, so that the two agree. KEDA scales from 0 by itself and is paused.
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
    """Return the objects of the old Redis that leave the application's build at this step, as Kind/name."""
    return client.old_objects if effects(client.migration).removed else ()


def removal(reference: str) -> Object:
    """Return the patch that removes one object of the old Redis from the application's build."""
    kind, _, name = reference.partition("/")
    return {"apiVersion": _VERSIONS.get(kind, "v1"), "kind": kind, "metadata": {"name": name}, "$patch": "delete"}


def target(content: Object, namespace: str = "") -> Object:
    """Return the target of a patch: its kind and its exact name, in any namespace or in those that match a regular expression."""
    name = literal(str(content["metadata"]["name"]))
    return {"kind": content["kind"], "name": f"^{name}$", **({"namespace": namespace} if namespace else {})}


def within(namespace: str) -> str:
    """Return the namespaces of a removal as a regular expression: an object without one counts as in `default` (kustomize 5.8.1).

    A base may set the namespace or leave it to the overlay; a Redis of the same name in another namespace stays. The patch of a workload
    needs no such bound: its assertion fails where two workloads have the name.
    """
    return f"^({namespace}|default)$"


def literal(name: str) -> str:
    """Return a name as a regular expression: of the characters of a name, only the dot has another meaning there."""
    return name.replace(".", r"\.")
