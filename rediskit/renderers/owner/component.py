"""What the repository that owns a client's workload applies at a step, in the form that its tool takes: the only way to an application.

kustomize: a Component that fails the owner's build where something is missing. manifests: the patches themselves. The rest: `ownersnippet`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.workload import Autoscaler, Workload
from rediskit.renderers.objects import file_name, owner_header
from rediskit.renderers.owner.patches import literal, patches, removal, removals, target, within
from rediskit.renderers.owner.snippets import snippet
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import effects, owned

REMOVE = "remove.txt"
"""What a person deletes at decommission where nothing builds the files: one Kind/name a line."""


def owners(environment: Environment) -> Iterator[File]:
    """`owners/<client>/` for each client on its way."""
    for index, client in enumerate(environment.clients):
        if client in owned(environment):
            for file in of_owner(environment, client):
                source = ("clients", index, "migration")
                yield File(f"{client.owner_folder}/{file.path}", file.content, source, owner_header(environment))


def of_owner(environment: Environment, client: Client) -> Iterator[File]:
    """The files of one client at its step, relative to its folder."""
    if client.owner.kind == "kustomize":
        return component(environment, client)
    if client.owner.kind == "manifests":
        return manifests(environment, client)
    return snippet(environment, client)


def component(environment: Environment, client: Client) -> Iterator[File]:
    """The Component of one client at its step: the identity, or patches and the assertion that what they patch is there."""
    changes = list(patches(environment, client))
    workload = client.workload
    if not changes or workload is None:
        yield File("kustomization.yaml", _component([], []))
        return
    gone = [removal(reference) for reference in removals(client)]
    used = [_patch(change) for change in changes] + [_patch(old, within(client.namespace)) for old in gone]
    asserted = [_assertion(workload, kind, name) for kind, name in workload.named]
    if workload.autoscaler and not effects(client.migration).removed:
        asserted.append(_scaler_assertion(workload.autoscaler))
    yield File("kustomization.yaml", _component(used, asserted))
    for content in (*changes, *gone):
        yield File(file_name(content), content)


def manifests(environment: Environment, client: Client) -> Iterator[File]:
    """The patches of the step, which `migrate export` puts in place in the application's own files, and what is to be deleted."""
    for content in patches(environment, client):
        yield File(file_name(content), content)
    if gone := removals(client):
        yield File(REMOVE, "".join(f"{reference}\n" for reference in gone))


def _patch(content: Object, namespace: str = "") -> Object:
    return {"path": file_name(content), "target": target(content, namespace)}


def _assertion(workload: Workload, kind: str, container: str) -> Object:
    """Copies the container's image onto itself: without the workload or the container the owner's build fails.

    A patch alone would pass silently, or add a second container. The source takes names as they are; a target takes them for regular
    expressions, and `[name=backend]` would give `backend-proxy` the image of `backend` (all seen with kustomize 5.8.1).
    """
    place = f"spec.template.spec.{kind}.[name={{}}].image"
    source = {"kind": workload.kind, "name": workload.name, "fieldPath": place.format(container)}
    select = {"kind": workload.kind, "name": literal(str(workload.name))}
    return {"source": source, "targets": [{"select": select, "fieldPaths": [place.format(f"^{container}$")]}]}


def _scaler_assertion(scaler: Autoscaler) -> Object:
    """The same for what scales the workload: one that is not in the build would go on scaling."""
    place = "spec.scaleTargetRef.name"
    select = {"kind": scaler.kind, "name": literal(str(scaler.name))}
    return {
        "source": {"kind": scaler.kind, "name": scaler.name, "fieldPath": place},
        "targets": [{"select": select, "fieldPaths": [place]}],
    }


def _component(patches: list[Object], replacements: list[Object]) -> Object:
    """An empty `patches` makes a valid identity; a Component of kind alone is refused as empty (kustomize 5.8.1)."""
    made: Object = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches}
    if replacements:
        made["replacements"] = replacements
    return made
