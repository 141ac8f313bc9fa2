"""The rules for the build of an application repository, shared by `migrate export` and `check --owner`."""

from collections.abc import Iterator, Mapping

from rediskit.checks.finding import Finding
from rediskit.checks.variables import unresolved
from rediskit.errors import Problem
from rediskit.migrate.owner.build import Built, Difference, select
from rediskit.migrate.owner.chart_source import source_problems
from rediskit.migrate.owner.files import Checkout
from rediskit.migrate.owner.released import Key, changed_since, installer, lists_renderers
from rediskit.model.autoscaler import SCALERS
from rediskit.model.client import Client
from rediskit.model.helm_install import helm_install, risks
from rediskit.model.nested import at
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects


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


def release_problems(client: Client, objects: Mapping[Key, Object], checkout: Checkout) -> list[Problem]:
    """Return the problems of the HelmRelease in a build, while a step changes it: settings that undo a step, and another chart version."""
    effect = effects(client.migration)
    if client.owner.release is None or effect.owner_is_untouched or effect.removed:
        return []
    install = helm_install(installer(client, objects))
    dangers = risks(install, client.namespace)
    others = (changed_since(client, install), lists_renderers(client, install, checkout))
    settings = [Problem(message, hint, code="release-settings") for message, hint in dangers]
    return [*settings, *(problem for problem in others if problem), *source_problems(client, install, objects)]


def scalers(objects: Mapping[Key, Object], client: Client) -> Iterator[tuple[Key, Finding]]:
    """Yield what scales a workload of a client during the migration: an error for each autoscaler that the config does not reference.

    An object of another kind that refers to a workload as an autoscaler does is a warning.
    """
    if client.is_decommissioned:
        return
    for key, problem in _unnamed(objects, client):
        yield key, Finding(problem.code, "error", problem.message, problem.hint, on=(client.name,))
    for key, problem in _unknown(objects, client):
        yield key, Finding(problem.code, "warning", problem.message, problem.hint, on=(client.name,))


def _unnamed(objects: Mapping[Key, Object], client: Client) -> Iterator[tuple[Key, Problem]]:
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


def _unknown(objects: Mapping[Key, Object], client: Client) -> Iterator[tuple[Key, Problem]]:
    """Yield each object of another kind that refers to a workload as a scaler does, such as a Canary of Flagger."""
    for key, content in objects.items():
        kind, namespace, name = key
        for target in (at(content, "spec", "scaleTargetRef"), at(content, "spec", "targetRef")):
            aim = f"{at(target, 'kind')}/{at(target, 'name')}"
            if kind not in (*SCALERS, "VerticalPodAutoscaler") and namespace in ("", client.namespace) and aim in client.references:
                message = f"{kind}/{name} refers to {aim}: it may scale it, or run copies of it with the old variables"
                hint = "pause it before scale-down, and accept the finding"
                yield key, Problem(message, hint, code="owner-autoscaler")


def unexpanded(client: Client, before: Built, after: Built) -> list[Problem]:
    """Return a problem for each `$(NAME)` that the chart renders before its definition: Kubernetes does not expand it."""
    problems = []
    for reference in client.references if client.owner.values else ():
        for key in select(after.objects, client, *reference.split("/")):
            late = unresolved(after.objects[key]) - unresolved(before.objects.get(key, {}))
            for container, variable, name in sorted(late):
                message = f"{reference}: {variable} of {container} uses $({name}), which the chart renders after it"
                hint = "charts can sort variables by name: choose names in this order, or write the value without a reference"
                problems.append(Problem(message, hint, code="values-order"))
    return problems


def beaten(client: Client, difference: Difference, step: str, where: str) -> Problem:
    """Return the problem of an object whose values the build sets again after the patches of a step."""
    kind, _, name = difference.key
    if client.owner.values and kind != client.owner.installs.kind:
        message = f"{kind}/{name}, rendered with the values of {step}, differs from the step at {', '.join(difference.wrong)}"
        hint = "correct owner.values or containers.env, until the chart renders what the step means"
        return Problem(message, hint, code="values-differ")
    message = f"{kind}/{name} in the build of {where} does not have the values of {step} at {', '.join(difference.wrong)}"
    hint = "kustomize applies the replicas and patches of the overlay after its Components: move them into the base"
    return Problem(message, hint, code="owner-beaten")
