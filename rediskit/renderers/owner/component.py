"""The files for the application repository at a step, by kind of owner.

`kustomize`: a Component that fails the build if its target is missing. `manifests`: the patches. All other kinds: `owner.snippets`.
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
"""The file with the objects that a person deletes at decommission if no tool builds the files: one Kind/name per line."""


def owners(environment: Environment) -> Iterator[File]:
    """Yield the files of `owners/<client>/` for each client with a migration in progress."""
    for index, client in enumerate(environment.clients):
        if client in owned(environment):
            for file in of_owner(environment, client):
                source = ("clients", index, "migration")
                yield File(f"{client.owner_folder}/{file.path}", file.content, source, owner_header(environment))


def of_owner(environment: Environment, client: Client) -> Iterator[File]:
    """Return the files of one client at its step, relative to its folder."""
    if client.owner.kind == "kustomize":
        return component(environment, client)
    if client.owner.kind == "manifests":
        return manifests(environment, client)
    return snippet(environment, client)


def component(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the Component of one client at its step: empty, or patches with assertions that their targets exist."""
    changes = list(patches(environment, client))
    workload = client.workload
    if not changes or workload is None:
        yield File("kustomization.yaml", _component([], []))
        return
    deleted = [removal(reference) for reference in removals(client)]
    used = [_patch(change) for change in changes] + [_patch(old, within(client.namespace)) for old in deleted]
    assertions = [_assertion(workload, kind, name) for kind, name in workload.named]
    if workload.autoscaler and not effects(client.migration).removed:
        assertions.append(_scaler_assertion(workload.autoscaler))
    yield File("kustomization.yaml", _component(used, assertions))
    for content in (*changes, *deleted):
        yield File(file_name(content), content)


def manifests(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the patches of the step, which `migrate export` applies to the application's files, and the list of objects to delete."""
    for content in patches(environment, client):
        yield File(file_name(content), content)
    if deleted := removals(client):
        yield File(REMOVE, "".join(f"{reference}\n" for reference in deleted))


def _patch(content: Object, namespace: str = "") -> Object:
    return {"path": file_name(content), "target": target(content, namespace)}


def _assertion(workload: Workload, kind: str, container: str) -> Object:
    """Return a replacement that copies the container's image onto itself, so the build fails without the workload or the container.

    A patch alone is ignored or adds a second container. A replacement target is a regular expression: without anchors, `[name=backend]`
    gives `backend-proxy` the image of `backend` (tested with kustomize 5.8.1).
    """
    place = f"spec.template.spec.{kind}.[name={{}}].image"
    source = {"kind": workload.kind, "name": workload.name, "fieldPath": place.format(container)}
    select = {"kind": workload.kind, "name": literal(str(workload.name))}
    return {"source": source, "targets": [{"select": select, "fieldPaths": [place.format(f"^{container}$")]}]}


def _scaler_assertion(scaler: Autoscaler) -> Object:
    """Return the assertion for the autoscaler: if it is not in the build, it continues to scale the workload."""
    place = "spec.scaleTargetRef.name"
    select = {"kind": scaler.kind, "name": literal(str(scaler.name))}
    return {
        "source": {"kind": scaler.kind, "name": scaler.name, "fieldPath": place},
        "targets": [{"select": select, "fieldPaths": [place]}],
    }


def _component(patches: list[Object], replacements: list[Object]) -> Object:
    """Return a Component. kustomize 5.8.1 accepts an empty `patches`, but rejects a Component with nothing but its kind."""
    content: Object = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches}
    return {**content, "replacements": replacements} if replacements else content
