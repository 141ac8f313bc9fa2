"""The rules for the build of an application repository, shared by `migrate export` and `check --owner`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rediskit.errors import Problem
from rediskit.migrate.owner.build import Built, Difference, Key, select
from rediskit.model.autoscaler import SCALERS
from rediskit.model.client import Client
from rediskit.model.nested import at
from rediskit.renderers.tree import Object


def unbuilt(where: str, build: Built, step: str = "") -> Problem:
    """Return the problem of an overlay that does not build. step: the step whose files are in the build, if any."""
    files = f" with the files of {step}" if step else ""
    return Problem(f"{where} does not build{files}", f"kustomize reports: {build.complaint}", code="owner-build")


def missing_workload(objects: Mapping[Key, Object], client: Client, where: str) -> Problem | None:
    """Return the problem of a build that does not contain each workload exactly once; None if it does."""
    for reference in client.references:
        count = len(select(objects, client, *reference.split("/")))
        if count != 1:
            message = f"{reference} is {f'{count} times' if count else 'not'} in the build of {where}"
            return Problem(message, "choose the overlay that is deployed to the cluster, with --overlay", code="owner-workload")
    return None


def unnamed_scalers(objects: Mapping[Key, Object], client: Client) -> Iterator[tuple[Key, Problem]]:
    """Yield each autoscaler of a workload that the config does not reference: it changes the replicas during the migration."""
    named = {workload.autoscaler.reference for workload in client.workloads if workload.autoscaler}
    for key, content in objects.items():
        kind, namespace, name = key
        target = at(content, "spec", "scaleTargetRef")
        aim = f"{at(target, 'kind') or 'Deployment'}/{at(target, 'name')}"
        if kind in SCALERS and namespace in ("", client.namespace) and f"{kind}/{name}" not in named and aim in client.references:
            message = f"{kind}/{name} scales {aim}, and the config does not reference it"
            hint = f"set autoscaler: {{kind: {kind}, name: {name}, min: …, max: …}} of the workload, or its manifest"
            yield key, Problem(message, f"{hint}: it must not scale the workload during the migration", code="owner-autoscaler")


def beaten(difference: Difference, step: str, where: str) -> Problem:
    """Return the problem of an object whose values the build sets again after the patches of a step."""
    kind, _, name = difference.key
    message = f"{kind}/{name} in the build of {where} does not have the values of {step} at {', '.join(difference.wrong)}"
    hint = "kustomize applies the replicas and patches of the overlay after its Components: move them into the base"
    return Problem(message, hint, code="owner-beaten")
