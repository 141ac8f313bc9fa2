"""Checks of what the owner Components do to the real objects, and of the way they name Redis and its Secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rediskit.checks.finding import Complaint, Subject, at
from rediskit.checks.overlay import apply
from rediskit.checks.variables import addresses, repeated, unresolved
from rediskit.errors import Path
from rediskit.migrate.machine import Effects, effects
from rediskit.model.client import Client, Variables, Workload
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner import patch
from rediskit.renderers.tree import Object

_FAULT = "this is a fault of rediskit: please report it"


def _moving(subject: Subject) -> Iterator[tuple[Path, Client, Workload, Effects]]:
    """Each client on its way: where it stands in the config, the client, its workload, what is in effect."""
    for index, client in enumerate(subject.environment.clients):
        if client.workload is not None and client.migration is not None:
            yield ("clients", index), client, client.workload, effects(client.migration)


def _patch_file(client: Client, workload: Workload) -> str:
    return f"owners/{client.name}/{file_name({'kind': workload.kind, 'metadata': {'name': workload.name}})}"


def _patches(subject: Subject) -> Iterator[tuple[Path, Client, Workload, Object, str]]:
    """Each client whose workload is patched at its step: where it stands, the client, its workload, the rendered patch and its file."""
    for place, client, workload, effect in _moving(subject):
        path = _patch_file(client, workload)
        if not effect.owner_is_untouched and path in subject.tree.objects:
            yield place, client, workload, subject.tree.objects[path], path


def is_patch(path: str, content: Object) -> bool:
    """Whether an object of the tree is a patch for an owner: only a part of an object, which no schema of the whole fits."""
    return path.startswith("owners/") and content["kind"] != "Component"


def patched(subject: Subject) -> Iterator[tuple[str, Path, Object]]:
    """The real objects as our patches leave them: the patch's file, the workload in the config, the object."""
    for place, _, workload, content, path in _patches(subject):
        if workload.manifest is not None:
            yield path, (*place, "workload"), apply(workload.manifest.content, content)


def client_address(subject: Subject) -> Iterator[Complaint]:
    """A client's host and port are those of the Service that the chart will create from the rendered values."""
    release = subject.release
    for place, _, workload, content, path in _patches(subject):
        for variables, env in _switched(workload, content):
            where = (*place, "workload", "containers")
            host, port = env.get(variables.host, {}).get("value"), env.get(variables.port, {}).get("value")
            if host != release.primary_host:
                yield Complaint(f"{path} names the host {host}, the chart will create {release.primary_host}", _FAULT, where)
            if port != str(release.port):
                yield Complaint(f"{path} names the port {port}, the Service listens on {release.port}", _FAULT, where)


def port_is_text(subject: Subject) -> Iterator[Complaint]:
    """The port variable is there and is text: else the Service `redis` of the namespace injects `tcp://…` (kubernetes service links)."""
    for place, _, workload, content, path in _patches(subject):
        for variables, env in _switched(workload, content):
            if not isinstance(env.get(variables.port, {}).get("value"), str):
                yield Complaint(f"{path}: {variables.port} is not a text", _FAULT, (*place, "workload", "containers"))


def secret_reference(subject: Subject) -> Iterator[Complaint]:
    """Secret name and key are the same in the config, in the Helm values and in every client."""
    auth = subject.environment.redis.auth
    name, key = at(subject.values, "auth", "existingSecret"), at(subject.values, "auth", "existingSecretPasswordKey")
    if (name, key) != (auth.secret, auth.key):
        yield Complaint(f"Redis reads the password from {name}/{key}, the config says {auth.secret}/{auth.key}", _FAULT, ("redis", "auth"))
    for place, _, workload, content, path in _patches(subject):
        for variables, env in _switched(workload, content):
            reference = at(env.get(variables.password, {}), "valueFrom", "secretKeyRef")
            if reference != {"name": name, "key": key}:
                yield Complaint(f"{path} reads the password from {reference}, Redis from {name}/{key}", _FAULT, (*place, "workload"))


def owner_patch(subject: Subject) -> Iterator[Complaint]:
    """The patch, applied to the real object, changes replicas and the named variables only, and every variable stays valid."""
    for place, client, workload, content, path in _patches(subject):
        where, effect = (*place, "workload"), effects(client.migration)
        if content != patch(subject.environment, workload, effect):
            yield Complaint(f"{path} is not the patch of step {client.migration.step if client.migration else ''}", _FAULT, where)
        if workload.manifest is None:
            continue
        before = workload.manifest.content
        after = apply(before, content)
        for pointer in sorted(_changed(before, after) - _meant(workload, effect)):
            yield Complaint(f"{path} changes {pointer} of {workload.reference}", _FAULT, where)
        for container in _containers(after):
            for entry in container.get("env") or ():
                if entry.get("value") is not None and entry.get("valueFrom") is not None:
                    yield Complaint(f"{path}: {entry['name']} gets both value and valueFrom", _FAULT, where)
        for name, entry, wanted in sorted(unresolved(after) - unresolved(before)):
            message = f"{path}: {entry} of {name} uses $({wanted}) before it is defined, and would keep it unexpanded"
            yield Complaint(message, f"define {wanted} further up in the owner's base", where)


def owner_component(subject: Subject) -> Iterator[Complaint]:
    """The Component applies the patches of its step, all that lie beside it, and asserts that each container is there."""
    for place, client, workload, effect in _moving(subject):
        folder, where = f"owners/{client.name}/", (*place, "migration")
        component = subject.tree.objects.get(f"{folder}kustomization.yaml")
        beside = {path.removeprefix(folder) for path in subject.tree.files if path.startswith(folder)} - {"kustomization.yaml"}
        if component is None:
            yield Complaint(f"{folder}kustomization.yaml is missing", _FAULT, where)
            continue
        wanted = _wanted_files(client, workload, effect)
        used = [entry.get("path") for entry in component.get("patches") or ()]
        if sorted(beside) != sorted(wanted) or sorted(map(str, used)) != sorted(wanted):
            shown = ", ".join(sorted(wanted)) or "nothing"
            yield Complaint(f"{folder} patches {', '.join(map(str, used)) or 'nothing'} instead of {shown}", _FAULT, where)
        asserted = [at(entry, "source", "fieldPath") for entry in component.get("replacements") or ()]
        expected = [f"spec.template.spec.containers.[name={name}].image" for name in workload.containers if not effect.owner_is_untouched]
        if asserted != expected:
            yield Complaint(f"{folder}kustomization.yaml does not fail where a container is missing", _FAULT, where)


def _wanted_files(client: Client, workload: Workload, effect: Effects) -> list[str]:
    if effect.owner_is_untouched:
        return []
    gone = [reference.replace("/", "-").lower() for reference in (client.previous.remove if client.previous and effect.removed else ())]
    return [_patch_file(client, workload).rpartition("/")[2], *(f"{name}.yaml" for name in gone)]


def variables(subject: Subject) -> Iterator[Complaint]:
    """No variable that will be switched stands twice in the real object: kustomize keeps the last one and loses the patch."""
    for place, client, workload, _ in _moving(subject):
        if workload.manifest is not None and client.migration and client.migration.step != "complete":
            for container, name in repeated(workload.manifest.content, workload):
                hint = "leave one of them in the owner's base, and print the manifest anew"
                message = f"{container} has {name} twice: kustomize would keep the last one and lose the patch"
                yield Complaint(message, hint, (*place, "workload", "manifest"))


def previous_host(subject: Subject) -> Iterator[Complaint]:
    """The manifest names the previous Redis as the config does, and nowhere but in the variables that will be switched."""
    for place, client, workload, _ in _moving(subject):
        if workload.manifest is None or client.previous is None or (client.migration and client.migration.step == "complete"):
            continue
        at_host, manifest = (*place, "previous", "host"), workload.manifest
        for name, variables in workload.containers.items():
            value = _env(manifest.content, name).get(variables.host, {}).get("value")
            known = {client.previous.host, subject.release.primary_host}
            if value is not None and not any(value == host or host.startswith(f"{value}.") for host in known):
                message = f"{manifest.path} has {variables.host}={value}, but previous.host is {client.previous.host}"
                yield Complaint(message, "a rollback leads back to what the manifest says: make the two agree", at_host)
        for container, entry in addresses(manifest.content, workload, client.previous.host):
            hint = "the migration does not change it: let it use the variables that are switched, or it stays with the old Redis"
            yield Complaint(f"{container} also names the old Redis in {entry}", hint, (*place, "workload", "containers"))


def history(subject: Subject) -> Iterator[Complaint]:
    """A migration under way records its steps: without a history nobody sees since when a step holds, or a jump made by hand."""
    for index, client in enumerate(subject.environment.clients):
        migration = client.migration
        if migration and migration.step != "prepare" and not migration.history:
            yield Complaint(
                f"{client.name} is at {migration.step} without a history",
                "record the steps under migration.history: [{step, at, reason}]",
                ("clients", index, "migration", "step"),
            )


def _switched(workload: Workload, content: Object) -> Iterator[tuple[Variables, dict[str, Any]]]:
    """For each container that a patch switches: its variables, and the environment by name as patched."""
    if at(content, "spec", "template") is not None:
        for name, variables in workload.containers.items():
            yield variables, _env(content, name)


def _containers(content: Object) -> list[Any]:
    return at(content, "spec", "template", "spec", "containers") or []


def _env(content: Object, container: str) -> dict[str, Any]:
    return {entry["name"]: entry for found in _containers(content) if found.get("name") == container for entry in found.get("env") or ()}


def _changed(before: Any, after: Any, path: str = "") -> set[str]:
    """JSON-pointer-like paths at which two objects differ; entries of named lists are addressed by name, order apart."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = before.keys() | after.keys()
        return {found for key in keys for found in _changed(before.get(key), after.get(key), f"{path}/{key}")}
    if _by_name(before) is not None and _by_name(after) is not None:
        return _changed(_by_name(before), _by_name(after), path)
    return set() if before == after else {path}


def _by_name(value: Any) -> dict[str, Any] | None:
    if isinstance(value, list) and all(isinstance(entry, dict) and "name" in entry for entry in value):
        return {entry["name"]: entry for entry in value}
    return None


def _meant(workload: Workload, effect: Effects) -> set[str]:
    meant = {"/spec/replicas"} if effect.stopped or effect.restored else set()
    if effect.switched:
        for name, variables in workload.containers.items():
            for variable in (variables.host, variables.port, variables.password):
                entry = f"/spec/template/spec/containers/{name}/env/{variable}"
                source = f"{entry}/valueFrom"
                meant |= {entry.rpartition("/")[0], entry, f"{entry}/value", source, f"{source}/secretKeyRef", f"{source}/configMapKeyRef"}
                meant |= {f"{source}/{field}" for field in ("fieldRef", "resourceFieldRef", "fileKeyRef")}
                meant |= {f"{source}/secretKeyRef/{field}" for field in ("key", "name", "optional")}
    return meant
