"""Checks of the files for application repositories: what they change, and how they reference Redis and its Secret."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.chart.references import password_references
from rediskit.checks.finding import Issue, Subject
from rediskit.checks.variables import entries, unresolved
from rediskit.errors import BUG, Path
from rediskit.model.client import Client
from rediskit.model.container import Container
from rediskit.model.nested import at, list_at
from rediskit.model.once import once
from rediskit.model.podspec import containers_of
from rediskit.model.pointers import changed
from rediskit.model.template import Template
from rediskit.model.workload import Workload
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.overlay import apply, operated
from rediskit.renderers.owner.patches import Change, changes, hold, text_of
from rediskit.renderers.owner.pointers import meant, meant_of_scaler
from rediskit.renderers.owner.snippets import SNIPPETS
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import Effects, effects

_NAMED = ("files", "stated")
"""The deliveries without kustomize: their changes address every list by name."""


class _Migrating(NamedTuple):
    """A workload of a client with a migration, its config path, and the effects of the client's step."""

    path: Path
    client: Client
    workload: Workload
    effect: Effects


class _Entry(NamedTuple):
    """A variable as it is rendered, in its container of the config. `content` is its entry of `env`, empty where it is missing.

    `template` is None for the variable that is added for the password.
    """

    path: Path
    name: str
    container: Container
    template: Template | None
    content: Object

    @property
    def from_secret(self) -> bool:
        """Whether the value is the password alone."""
        return self.template is None or self.template.is_password


class _Patch(NamedTuple):
    """A rendered strategic merge patch of a workload, its file, and the change that the step requires."""

    migrating: _Migrating
    file: str
    patch: Object
    expected: Change

    def applied(self, before: Object) -> Object:
        """Return an object after the rendered changes."""
        plain = self.migrating.client.owner.delivery in _NAMED
        return apply(before if plain else operated(before, self.expected.operations), self.patch)

    def switched(self) -> Iterator[_Entry]:
        """Yield each variable that the patch sets while the switch is in effect."""
        if not self.migrating.effect.switched:
            return
        values = [operation["value"] for operation in self.expected.operations if operation["op"] == "add"]
        added = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
        for listed, name, container in self.migrating.workload.switched:
            patched = (entry.content for entry in containers_of(self.patch) if (entry.listed, entry.name) == (listed, name))
            env = {entry["name"]: entry for content in patched for entry in entries(content)} or {entry["name"]: entry for entry in added}
            for variable in container.names:
                if variable not in container.variables or container.variables[variable] is not None:
                    path = (*self.migrating.path, listed, name, "env", variable)
                    yield _Entry(path, variable, container, container.variables.get(variable), env.get(variable, {}))


def _migrating(subject: Subject) -> Iterator[_Migrating]:
    """Yield each workload of a client with a migration."""
    for index, client in enumerate(subject.environment.clients):
        for number, workload in enumerate(client.workloads) if client.migration else ():
            yield _Migrating(("clients", index, "workloads", number), client, workload, effects(client.migration))


@once
def _patches(subject: Subject) -> tuple[_Patch, ...]:
    """Return the patch of each workload from the rendered manifests, not from the model."""
    return tuple(_read_patches(subject))


def _read_patches(subject: Subject) -> Iterator[_Patch]:
    for migrating in _migrating(subject):
        if migrating.effect.owner_is_untouched:
            continue
        reference = migrating.workload.reference
        file, patch = _patch_of(subject, migrating.client, reference)
        expected = {change.reference: change for change in changes(subject.environment, migrating.client)}[reference]
        if patch is not None:
            yield _Patch(migrating, file, patch, expected)


def _patch_of(subject: Subject, client: Client, reference: str) -> tuple[str, Object | None]:
    """Return the file for the patch of an object, and the patch; None where the file does not change the object."""
    folder = f"{client.owner_folder}/"
    kind, _, name = reference.partition("/")
    if client.owner.delivery == "snippet":
        file_in_folder, keys = SNIPPETS[client.owner.kind]
        content = next((file.content for file in subject.tree.below(folder + file_in_folder)), None)
        return folder + file_in_folder, _inline_patch(at(content, *keys, "patches"), kind, name)
    if client.owner.kind == "flux-helmrelease":
        from rediskit.renderers.owner.helm_release import patches_in

        component = f"{folder}kustomization.yaml"
        return component, _inline_patch(patches_in(subject.tree.objects.get(component)), kind, name)
    if client.owner.delivery == "stated":
        change = next((change for change in changes(subject.environment, client) if change.reference == reference), None)
        return f"{folder}required.json", change.named if change else None
    path = f"{folder}{file_name({'kind': kind, 'metadata': {'name': name}})}"
    return path, subject.tree.objects.get(path)


def _inline_patch(patches: Any, kind: str, name: str) -> Object | None:
    """Return the strategic merge patch of an object from the patches of a snippet, without the namespace that a patch file omits."""
    import yaml

    for entry in patches or ():
        content = yaml.safe_load(entry["patch"]) if "target" not in entry else None
        if isinstance(content, dict) and (content["kind"], content["metadata"]["name"]) == (kind, name):
            metadata = {key: value for key, value in content["metadata"].items() if key != "namespace"}
            return {**content, "metadata": metadata}
    return None


def is_patch(path: str) -> bool:
    """Return whether a YAML file is a patch for an application repository, or a snippet with patches, and not a whole object."""
    return path.startswith("owners/") and not path.endswith("/kustomization.yaml")


def patched(subject: Subject) -> Iterator[tuple[str, Path, Object]]:
    """Yield each patched object of an application: the file of the patch, the config path of the object, the object."""
    for rendered in _patches(subject):
        workload, path = rendered.migrating.workload, rendered.migrating.path
        if workload.manifest is None:
            continue
        yield rendered.file, path, rendered.applied(workload.manifest.content)
        scaler = workload.autoscaler
        if scaler and scaler.manifest:
            file, patch = _patch_of(subject, rendered.migrating.client, scaler.reference)
            if patch is not None:
                yield file, (*path, "autoscaler"), apply(scaler.manifest.content, patch)


def client_address(subject: Subject) -> Iterator[Issue]:
    """Require that host, port and database of each variable are those of the Service that the chart creates from the rendered values."""
    for rendered in _patches(subject):
        for entry in rendered.switched():
            actual = entry.content.get("value")
            if entry.from_secret or entry.template is None or not isinstance(actual, str):
                continue
            expected = text_of(subject.release, rendered.migrating.client, entry.container, entry.template)
            if actual != expected:
                message = f"{rendered.file} sets {entry.name}={actual}, but the Service of the chart has {expected}"
                yield Issue(message, BUG, entry.path)


def port_text(subject: Subject) -> Iterator[Issue]:
    """Require each address as text. Otherwise a Service `redis` of the namespace sets a port to `tcp://…` (Kubernetes service links)."""
    for rendered in _patches(subject):
        for entry in rendered.switched():
            if not entry.from_secret and not isinstance(entry.content.get("value"), str):
                yield Issue(f"{rendered.file}: {entry.name} is not text", BUG, entry.path)


def secret_reference(subject: Subject) -> Iterator[Issue]:
    """Require the same Secret name and key in the config, in the Helm values and for each client."""
    auth = subject.environment.redis.auth
    references = password_references(subject.profile, subject.values) or [(None, None)]
    name, key = next((reference for reference in references if reference != (auth.secret, auth.key)), references[0])
    if (name, key) != (auth.secret, auth.key):
        message = f"the Helm values read the password from {name}/{key}, but the config sets {auth.secret}/{auth.key}"
        yield Issue(message, BUG, ("redis", "auth"))
    for rendered in _patches(subject):
        for entry in rendered.switched():
            reference = at(entry.content, "valueFrom", "secretKeyRef")
            if entry.from_secret and reference != {"name": name, "key": key}:
                message = f"{rendered.file} reads the password from {reference}, but Redis reads it from {name}/{key}"
                yield Issue(message, BUG, rendered.migrating.path)


def owner_patch(subject: Subject) -> Iterator[Issue]:
    """Allow patches to change only replicas, the listed variables and the limits of the autoscaler, and require valid variables."""
    for rendered in _patches(subject):
        (path, client, workload, _), expected = rendered.migrating, rendered.expected
        if rendered.patch != (expected.named if client.owner.delivery in _NAMED else expected.merge):
            step = client.migration.step if client.migration else ""
            yield Issue(f"{rendered.file} is not the patch of step {step}", BUG, path)
        if workload.manifest is not None:
            before = workload.manifest.content
            yield from _workload_faults(rendered, before, rendered.applied(before))
    yield from _scaler_faults(subject)


def _workload_faults(rendered: _Patch, before: Any, after: Object) -> Iterator[Issue]:
    path, _, workload, effect = rendered.migrating
    for pointer in sorted(changed(before, after) - meant(workload, effect)):
        yield Issue(f"{rendered.file} changes {pointer} of {workload.reference}", BUG, path)
    if _init_containers(before, workload) != _init_containers(after, workload):
        yield Issue(f"{rendered.file} changes the order of the init containers of {workload.reference}", BUG, path)
    for container in containers_of(after):
        for entry in entries(container.content):
            if entry.get("value") is not None and entry.get("valueFrom") is not None:
                yield Issue(f"{rendered.file}: {entry['name']} has both value and valueFrom", BUG, path)
    for container_name, name, variable in sorted(unresolved(after) - unresolved(before)):
        message = f"{rendered.file}: {name} of {container_name} uses $({variable}) before its definition: Kubernetes would not expand it"
        hint = f"write the value instead of $({variable}), or switch {variable} too: switched variables come before all others"
        yield Issue(message, hint, path)


def _scaler_faults(subject: Subject) -> Iterator[Issue]:
    for path, client, workload, effect in _migrating(subject):
        scaler = workload.autoscaler
        if scaler is None or client.owner.values or hold(workload, effect) is None:
            continue
        file, patch = _patch_of(subject, client, scaler.reference)
        source = (*path, "autoscaler")
        if patch is None:
            yield Issue(f"{file} does not fix the replicas of {scaler.reference}, which would scale {workload.reference}", BUG, source)
        elif scaler.manifest is not None:
            before = scaler.manifest.content
            for pointer in sorted(changed(before, apply(before, patch)) - meant_of_scaler(workload, effect)):
                yield Issue(f"{file} changes {pointer} of {scaler.reference}", BUG, source)


def _init_containers(content: Any, workload: Workload) -> list[Any]:
    return [container.get("name") for container in list_at(content, *workload.pod_path, "initContainers")]
