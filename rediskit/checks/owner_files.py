"""Checks of the folder of a client for its application repository: its files, and what its kustomization applies."""

from collections.abc import Iterator

from rediskit.checks.finding import Issue, Subject
from rediskit.errors import BUG
from rediskit.model.client import Client
from rediskit.model.nested import at, list_at
from rediskit.renderers.owner.kinds import of_owner
from rediskit.renderers.owner.patches import changes
from rediskit.renderers.owner.snippets import operations_text
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects


def files_of_the_step(subject: Subject) -> Iterator[Issue]:
    """Require exactly the files of the step in `owners/<client>/`. A Component applies all of them and asserts that its targets exist."""
    for index, client in enumerate(subject.environment.clients):
        if client.migration is None:
            continue
        folder, source = f"{client.owner_folder}/", ("clients", index, "migration")
        expected = {file.path for file in of_owner(subject.environment, client)}
        files = {file.path.removeprefix(folder) for file in subject.tree.below(folder)}
        for name in sorted(expected ^ files):
            yield Issue(f"{folder}{name} is {'missing' if name in expected else 'not a file of this step'}", BUG, source)
        component = subject.tree.objects.get(f"{folder}kustomization.yaml")
        if client.owner.values is not None:
            yield from (Issue(f"{folder}{message}", BUG, source) for message in _values_faults(subject, client, component))
        elif client.owner.kind == "flux-helmrelease" and component is not None:
            faults = _release_faults(subject, client, component)
            yield from (Issue(f"{folder}kustomization.yaml {message}", BUG, source) for message in faults)
        elif client.owner.delivery == "component" and component is not None:
            operations = [operations_text(change.operations) for change in changes(subject.environment, client) if change.operations]
            faults = _component_faults(client, component, files - {"kustomization.yaml"}, operations)
            yield from (Issue(f"{folder}kustomization.yaml {message}", BUG, source) for message in faults)


def _component_faults(client: Client, component: Object, files: set[str], operations: list[str]) -> Iterator[str]:
    patches, effect = list_at(component, "patches"), effects(client.migration)
    applied = [str(entry["path"]) for entry in patches if "path" in entry]
    if sorted(applied) != sorted(files):
        yield f"applies {', '.join(applied) or 'nothing'} instead of {', '.join(sorted(files)) or 'nothing'}"
    if [str(entry["patch"]) for entry in patches if "patch" in entry] != operations:
        yield "does not contain the operations of this step"
    asserted = [at(entry, "source", "fieldPath") for entry in list_at(component, "replacements")]
    expected = []
    for workload in client.workloads:
        pod = ".".join(workload.pod_path)
        expected += [f"{pod}.{kind}.[name={name}].image" for kind, name in workload.named] or ["metadata.name"]
    expected += ["spec.scaleTargetRef.name" for workload in client.workloads if workload.autoscaler and not effect.removed]
    if asserted != ([] if effect.owner_is_untouched else expected):
        yield "does not fail when a container is missing"


def _values_faults(subject: Subject, client: Client, component: Object | None) -> Iterator[str]:
    """Yield what is wrong with the values of a step: each file has them, and the Component fails without the HelmRelease."""
    from rediskit.renderers.owner.helm_values import VALUES, patches, step_values

    expected = step_values(subject.environment, client, client.owner.values)
    folder = f"{client.owner_folder}/"
    contents = {file.path.removeprefix(folder): file.content for file in subject.tree.below(folder)}
    if contents.get(VALUES) != expected:
        yield f"{VALUES} does not have the values of this step"
    if component is None:
        return
    install = client.owner.installs
    texts = [entry["patch"] for entry in list_at(component, "patches") if "patch" in entry]
    if texts != patches(client, expected):
        yield "kustomization.yaml does not have the values of this step"
    if [at(entry, "source", "name") for entry in list_at(component, "replacements")] != ([install.name] if expected else []):
        yield "kustomization.yaml does not fail when the HelmRelease is missing"


def _release_faults(subject: Subject, client: Client, component: Object) -> Iterator[str]:
    """Yield what is wrong with a Component that adds a post-renderer to a HelmRelease."""
    from rediskit.renderers.owner.helm_release import patches_in, renderer_patches

    expected = renderer_patches(subject.environment, client)
    if patches_in(component) != expected:
        yield "does not contain the patches of this step"
    asserted = [(at(entry, "source", "name"), at(entry, "source", "fieldPath")) for entry in list_at(component, "replacements")]
    if asserted != ([(client.owner.installs.name, "metadata.name")] if expected else []):
        yield "does not fail when the HelmRelease is missing"
