"""Checks of the files for application repositories: what they change, and how they reference Redis and its Secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.variables import environment_of, unresolved
from rediskit.errors import BUG, Path
from rediskit.model.client import Client
from rediskit.model.nested import at, list_at
from rediskit.model.podspec import containers_of
from rediskit.model.pointers import changed
from rediskit.model.workload import Variables, Workload
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.component import of_owner
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import address, hold, patches
from rediskit.renderers.owner.pointers import meant, meant_of_scaler
from rediskit.renderers.owner.snippets import SNIPPETS
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import Effects, effects


class _Change(NamedTuple):
    """A rendered patch of a workload.

    Attributes:
        path: The config path of the workload.
        client: The client.
        workload: Its workload.
        effect: What is in effect at its step.
        file: The rendered file that contains the patch.
        patch: The patch.
    """

    path: Path
    client: Client
    workload: Workload
    effect: Effects
    file: str
    patch: Object

    def switched(self) -> Iterator[tuple[Variables, dict[str, Any]]]:
        """Yield the variables of each switched container, and the entries of its patched environment by name."""
        if self.effect.switched:
            for _, name, variables in self.workload.every:
                yield variables, environment_of(self.patch, name)


def _migrating(subject: Subject) -> Iterator[tuple[Path, Client, Workload, Effects]]:
    """Yield each client with a workload and a migration: its config path, the client, its workload, what is in effect at its step."""
    for index, client in enumerate(subject.environment.clients):
        if client.workload is not None and client.migration is not None:
            yield ("clients", index), client, client.workload, effects(client.migration)


def _changes(subject: Subject) -> Iterator[_Change]:
    """Yield the patch of each workload from the rendered manifests, not from the model."""
    for path, client, workload, effect in _migrating(subject):
        if effect.owner_is_untouched:
            continue
        file, patch = _patch_of(subject, client, str(workload.kind), str(workload.name))
        if patch is not None:
            yield _Change((*path, "workload"), client, workload, effect, file, patch)


def _patch_of(subject: Subject, client: Client, kind: str, name: str) -> tuple[str, Object | None]:
    """Return the file for the patch of an object, and the patch; None where the file does not change the object."""
    folder = f"{client.owner_folder}/"
    if client.owner.kind in SNIPPETS:
        file_in_folder, keys = SNIPPETS[client.owner.kind]
        content = next((file.content for file in subject.tree.contents if file.path == folder + file_in_folder), None)
        return folder + file_in_folder, _inline_patch(at(content, *keys, "patches"), kind, name)
    path = f"{folder}{file_name({'kind': kind, 'metadata': {'name': name}})}"
    return path, subject.tree.objects.get(path)


def _inline_patch(entries: Any, kind: str, name: str) -> Object | None:
    """Return the strategic merge patch of an object from the patches of a snippet, without the namespace that a patch file omits."""
    import yaml

    for entry in entries or ():
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
    for change in _changes(subject):
        workload = change.workload
        if workload.manifest is None:
            continue
        yield change.file, change.path, apply(workload.manifest.content, change.patch)
        scaler = workload.autoscaler
        if scaler and scaler.manifest:
            file, patch = _patch_of(subject, change.client, str(scaler.kind), str(scaler.name))
            if patch is not None:
                yield file, (*change.path, "autoscaler"), apply(scaler.manifest.content, patch)


def client_address(subject: Subject) -> Iterator[Issue]:
    """Require that host, port and URL of a client are those of the Service that the chart creates from the rendered values."""
    release = subject.release
    for change in _changes(subject):
        for variables, env in change.switched():
            url = address(subject.environment, variables)
            expected = ((variables.host, release.primary_host), (variables.port, str(release.port)), (variables.url, url))
            for name, value in expected:
                if name is not None and (actual := env.get(name, {}).get("value")) != value:
                    message = f"{change.file} sets {name}={actual}, but the Service of the chart has {value}"
                    yield Issue(message, BUG, (*change.path, "containers"))


def port_text(subject: Subject) -> Iterator[Issue]:
    """Require a port variable as text. Otherwise a Service `redis` of the namespace sets it to `tcp://…` (Kubernetes service links)."""
    for change in _changes(subject):
        for variables, env in change.switched():
            if variables.port and not isinstance(env.get(variables.port, {}).get("value"), str):
                yield Issue(f"{change.file}: {variables.port} is not text", BUG, (*change.path, "containers"))


def secret_reference(subject: Subject) -> Iterator[Issue]:
    """Require the same Secret name and key in the config, in the Helm values and for each client."""
    auth = subject.environment.redis.auth
    name, key = at(subject.values, "auth", "existingSecret"), at(subject.values, "auth", "existingSecretPasswordKey")
    if (name, key) != (auth.secret, auth.key):
        message = f"the Helm values read the password from {name}/{key}, but the config sets {auth.secret}/{auth.key}"
        yield Issue(message, BUG, ("redis", "auth"))
    for change in _changes(subject):
        for variables, env in change.switched():
            reference = at(env.get(variables.password, {}), "valueFrom", "secretKeyRef")
            if reference != {"name": name, "key": key}:
                message = f"{change.file} reads the password from {reference}, but Redis reads it from {name}/{key}"
                yield Issue(message, BUG, change.path)


def owner_patch(subject: Subject) -> Iterator[Issue]:
    """Allow patches to change only replicas, the listed variables and the limits of the autoscaler, and require valid variables."""
    for change in _changes(subject):
        client = change.client
        if change.patch != next(patches(subject.environment, client)):
            step = client.migration.step if client.migration else ""
            yield Issue(f"{change.file} is not the patch of step {step}", BUG, change.path)
        if change.workload.manifest is not None:
            before = change.workload.manifest.content
            yield from _workload_faults(change, before, apply(before, change.patch))
    yield from _scaler_faults(subject)


def _workload_faults(change: _Change, before: Any, after: Object) -> Iterator[Issue]:
    reference = change.workload.reference
    for pointer in sorted(changed(before, after) - meant(change.workload, change.effect)):
        yield Issue(f"{change.file} changes {pointer} of {reference}", BUG, change.path)
    if _init_containers(before) != _init_containers(after):
        yield Issue(f"{change.file} changes the order of the init containers of {reference}", BUG, change.path)
    for container in containers_of(after):
        for entry in container.content.get("env") or ():
            if entry.get("value") is not None and entry.get("valueFrom") is not None:
                yield Issue(f"{change.file}: {entry['name']} has both value and valueFrom", BUG, change.path)
    for container_name, name, variable in sorted(unresolved(after) - unresolved(before)):
        message = f"{change.file}: {name} of {container_name} uses $({variable}) before its definition: Kubernetes would not expand it"
        yield Issue(message, f"define {variable} earlier in the base of the application repository", change.path)


def _scaler_faults(subject: Subject) -> Iterator[Issue]:
    for path, client, workload, effect in _migrating(subject):
        scaler = workload.autoscaler
        if scaler is None or hold(workload, effect) is None:
            continue
        file, patch = _patch_of(subject, client, str(scaler.kind), str(scaler.name))
        source = (*path, "workload", "autoscaler")
        if patch is None:
            yield Issue(f"{file} does not fix the replicas of {scaler.reference}, which would scale {workload.reference}", BUG, source)
        elif scaler.manifest is not None:
            before = scaler.manifest.content
            for pointer in sorted(changed(before, apply(before, patch)) - meant_of_scaler(workload, effect)):
                yield Issue(f"{file} changes {pointer} of {scaler.reference}", BUG, source)


def owner_component(subject: Subject) -> Iterator[Issue]:
    """Require exactly the files of the step in `owners/<client>/`. A Component applies all of them and asserts that its targets exist."""
    for path, client, workload, effect in _migrating(subject):
        folder, source = f"{client.owner_folder}/", (*path, "migration")
        expected = {file.path for file in of_owner(subject.environment, client)}
        files = {path.removeprefix(folder) for path in subject.tree.files if path.startswith(folder)}
        for name in sorted(expected - files):
            yield Issue(f"{folder}{name} is missing", BUG, source)
        for name in sorted(files - expected):
            yield Issue(f"{folder}{name} is not a file of this step", BUG, source)
        component = subject.tree.objects.get(f"{folder}kustomization.yaml")
        if client.owner.kind == "kustomize" and component is not None:
            faults = _component_faults(workload, effect, component, files - {"kustomization.yaml"})
            yield from (Issue(f"{folder}kustomization.yaml {message}", BUG, source) for message in faults)


def _component_faults(workload: Workload, effect: Effects, component: Object, files: set[str]) -> Iterator[str]:
    applied = [str(entry.get("path")) for entry in component.get("patches") or ()]
    if sorted(applied) != sorted(files):
        yield f"applies {', '.join(applied) or 'nothing'} instead of {', '.join(sorted(files)) or 'nothing'}"
    asserted = [at(entry, "source", "fieldPath") for entry in component.get("replacements") or ()]
    expected = [f"spec.template.spec.{kind}.[name={name}].image" for kind, name in workload.named]
    expected += ["spec.scaleTargetRef.name"] if workload.autoscaler and not effect.removed else []
    if asserted != ([] if effect.owner_is_untouched else expected):
        yield "does not fail when a container is missing"


def _init_containers(content: Any) -> list[Any]:
    return [container.get("name") for container in list_at(content, "spec", "template", "spec", "initContainers")]
