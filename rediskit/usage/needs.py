"""Objects of an old Redis without which the pods of other workloads in the config do not start, such as a Secret that they also read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.model.pointers import pointer
from rediskit.state_machine.effects import at_step
from rediskit.usage.manifests import as_left
from rediskit.usage.references import created_by_name, needed
from rediskit.usage.services import reference


class Need(NamedTuple):
    """A workload whose pods need an object.

    Attributes:
        client, workload: The numbers of the client and of its workload.
        path: The file of the manifest, as the config references it.
        object: `Kind/name` of the workload.
        pointer: JSON pointer to the name of the object.
        name: `Kind/name` of the object.
    """

    client: int
    workload: int
    path: str
    object: str
    pointer: str
    name: str


def needs(environment: Environment, client: Client) -> Iterator[Need]:
    """Yield the workloads of the config that need an object which a client removes, with the patches of the step of each client.

    Those of the client itself have the patches of `decommission`. At `complete`, a manifest can be older than the application.
    """
    removed = {created_by_name(name) for name in client.old_objects}
    for need in _by_namespace(environment).get(client.namespace, ()) if removed else ():
        if need.name in removed and need.object not in client.old_objects and _remains(environment, client, need):
            yield need


def _remains(environment: Environment, client: Client, need: Need) -> bool:
    """Return whether a workload needs the object with the patches of its client."""
    other = environment.clients[need.client]
    manifest = other.workloads[need.workload].manifest
    if manifest is None or (other.migration is not None and other.migration.step == "complete"):
        return False
    moved = at_step(client, "decommission") if other.name == client.name else other
    return any(name == need.name for _, name in needed(as_left(environment, moved, manifest.content)))


@once
def _by_namespace(environment: Environment) -> Mapping[str, list[Need]]:
    """Return what the manifests of the config need, by namespace, each object once for a workload."""
    result: dict[str, list[Need]] = {}
    for number, client in enumerate(environment.clients):
        for position, workload in enumerate(client.workloads):
            if workload.manifest is not None:
                names = {name: path for path, name in needed(workload.manifest.content)}
                where, path = reference(workload.manifest.content), workload.manifest.path
                entries = (Need(number, position, path, where, pointer(*place), name) for name, place in names.items())
                result.setdefault(client.namespace, []).extend(entries)
    return result
