"""The rules for the build of an application repository, shared by `migrate export` and `check --owner`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rediskit.errors import Problem
from rediskit.migrate.owner.build import Built, Difference, Key, select
from rediskit.model.client import Client
from rediskit.model.nested import at
from rediskit.model.workload import SCALERS
from rediskit.renderers.tree import Object


def unbuilt(where: str, build: Built, step: str = "") -> Problem:
    """Return the problem of an overlay that does not build. step: the step whose files are in the build, if any."""
    files = f" with the files of {step}" if step else ""
    return Problem(f"{where} does not build{files}", f"kustomize reports: {build.complaint}", code="owner-build")


def missing_workload(objects: Mapping[Key, Object], client: Client, where: str) -> Problem | None:
    """Return the problem of a build that does not contain the workload exactly once; None if it does."""
    workload = client.workload
    assert workload is not None
    count = len(select(objects, client, str(workload.kind), str(workload.name)))
    if count == 1:
        return None
    message = f"{workload.reference} is {f'{count} times' if count else 'not'} in the build of {where}"
    return Problem(message, "choose the overlay that is deployed to the cluster, with --overlay", code="owner-workload")


def unnamed_scalers(objects: Mapping[Key, Object], client: Client) -> Iterator[tuple[Key, Problem]]:
    """Yield each autoscaler of the workload that the config does not reference: it changes the replicas during the migration."""
    workload = client.workload
    assert workload is not None
    named = (workload.autoscaler.kind, workload.autoscaler.name) if workload.autoscaler else ()
    for key, content in objects.items():
        kind, namespace, name = key
        target = at(content, "spec", "scaleTargetRef")
        targets_workload = at(target, "name") == workload.name and (at(target, "kind") or "Deployment") == workload.kind
        if kind in SCALERS and namespace in ("", client.namespace) and (kind, name) != named and targets_workload:
            message = f"{kind}/{name} scales {workload.reference}, and the config does not reference it"
            hint = f"set workload.autoscaler: {{kind: {kind}, name: {name}, min: …, max: …}}, or its manifest"
            yield key, Problem(message, f"{hint}: it must not scale the workload during the migration", code="owner-autoscaler")


def beaten(difference: Difference, step: str, where: str) -> Problem:
    """Return the problem of an object whose values the build sets again after the patches of a step."""
    kind, _, name = difference.key
    message = f"{kind}/{name} in the build of {where} does not have the values of {step} at {', '.join(difference.wrong)}"
    hint = "kustomize applies the replicas and patches of the overlay after its Components: move them into the base"
    return Problem(message, hint, code="owner-beaten")
