"""The Component of a step, which fails the build if its target is missing, and the patches for plain manifests."""

from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.workload import Workload
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.patches import Change, changes, literal, removal, removals, target, within
from rediskit.renderers.owner.snippets import operations_text
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import effects

REMOVE = "remove.txt"
"""The file with the objects that a person deletes at decommission if no tool builds the files: one Kind/name per line."""


def component(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the Component of one client at its step: the identity, or patches and the assertion that what they patch exists."""
    changed = list(changes(environment, client))
    if not changed:
        yield File("kustomization.yaml", component_of([], []))
        return
    gone = [removal(reference) for reference in removals(client)]
    used = [entry for change in changed for entry in _entries(change)] + [patch_of(old, within(client.namespace)) for old in gone]
    asserted = [entry for workload in client.workloads for entry in _assertions(workload)]
    scalers = [workload.autoscaler for workload in client.workloads if workload.autoscaler]
    if not effects(client.migration).removed:
        asserted += [assertion(str(scaler.kind), str(scaler.name), "spec.scaleTargetRef.name") for scaler in scalers]
    yield File("kustomization.yaml", component_of(used, asserted))
    for content in (*(change.merge for change in changed), *gone):
        yield File(file_name(content), content)


def manifests(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the patches of the step, which `migrate export` sets in the application's own files, and the list of objects to delete."""
    for change in changes(environment, client):
        yield File(file_name(change.named), change.named)
    if gone := removals(client):
        yield File(REMOVE, "".join(f"{reference}\n" for reference in gone))


def _entries(change: Change) -> Iterator[Object]:
    """Yield the entries of `patches`: operations first, because a strategic merge moves patched containers to the front."""
    if change.operations:
        yield {"patch": operations_text(change.operations), "target": target(change.merge)}
    yield patch_of(change.merge)


def patch_of(content: Object, namespace: str = "") -> Object:
    """Return an entry of `patches` for the file of a patch."""
    return {"path": file_name(content), "target": target(content, namespace)}


def _assertions(workload: Workload) -> Iterator[Object]:
    """Yield an assertion per patched container; on the name of the workload where no container is patched.

    A patch alone would pass silently, or add a second container. A replacement that copies a field onto itself fails the build where the
    workload or the container is missing. The source takes names as they are; a target takes them for regular expressions, and
    `[name=backend]` would give `backend-proxy` the image of `backend` (observed with kustomize 5.8.1).
    """
    for kind, name in workload.named:
        place = f"{'.'.join(workload.pod_path)}.{kind}.[name={{}}].image"
        yield assertion(str(workload.kind), str(workload.name), place.format(name), place.format(f"^{name}$"))
    if not workload.named:
        yield assertion(str(workload.kind), str(workload.name), "metadata.name")


def assertion(kind: str, name: str, source: str, aim: str = "") -> Object:
    """Return a replacement that copies a field of an object onto itself."""
    select = {"kind": kind, "name": literal(name)}
    return {"source": {"kind": kind, "name": name, "fieldPath": source}, "targets": [{"select": select, "fieldPaths": [aim or source]}]}


def component_of(patches: list[Object], replacements: list[Object]) -> Object:
    """Return a Component. An empty `patches` is a valid identity; a Component of kind alone is refused as empty (kustomize 5.8.1)."""
    content: Object = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches}
    if replacements:
        content["replacements"] = replacements
    return content
