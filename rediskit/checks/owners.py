"""Checks of what the owner Components do to the real objects, and of the way they name Redis and its Secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rediskit.checks.finding import Complaint, Subject, at
from rediskit.checks.overlay import apply
from rediskit.errors import Path
from rediskit.migrate.machine import Effects, effects
from rediskit.model.client import Client, Variables, Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner import patch
from rediskit.renderers.tree import Object

_FAULT = "this is a fault of rediskit: please report it"


def _patches(subject: Subject) -> Iterator[tuple[Path, Client, Workload, Object, str]]:
    """Each client whose workload is patched at its step: where it stands, the client, its workload, the rendered patch and its file."""
    for index, client in enumerate(subject.environment.clients):
        workload = client.workload
        if workload is None or client.migration is None or effects(client.migration).owner_is_untouched:
            continue
        stem = {"kind": workload.kind, "metadata": {"name": workload.name}}
        path = f"owners/{client.name}/{file_name(stem)}"
        found = subject.tree.objects.get(path)
        if found is not None:
            yield ("clients", index), client, workload, found, path


def patched(subject: Subject) -> Iterator[tuple[str, Path, Object]]:
    """The real objects as our patches leave them: the patch's file, the workload in the config, the object."""
    for at_client, _, workload, content, path in _patches(subject):
        if workload.manifest is not None:
            yield path, (*at_client, "workload"), apply(workload.manifest.content, content)


def client_address(subject: Subject) -> Iterator[Complaint]:
    """A client's host and port are those of the Service that the chart will create from the rendered values."""
    release = subject.release
    for at_client, _, workload, content, path in _patches(subject):
        for variables, env in _switched(workload, content):
            where = (*at_client, "workload", "containers")
            host, port = env.get(variables.host, {}).get("value"), env.get(variables.port, {}).get("value")
            if host != release.primary_host:
                yield Complaint(f"{path} names the host {host}, the chart will create {release.primary_host}", _FAULT, where)
            if port != str(release.port):
                yield Complaint(f"{path} names the port {port}, the Service listens on {release.port}", _FAULT, where)


def port_is_text(subject: Subject) -> Iterator[Complaint]:
    """The port variable is there and is text: without it the Service `redis` of the namespace injects `tcp://…` (kubernetes service links)."""
    for at_client, _, workload, content, path in _patches(subject):
        for variables, env in _switched(workload, content):
            if not isinstance(env.get(variables.port, {}).get("value"), str):
                yield Complaint(f"{path}: {variables.port} is not a text", _FAULT, (*at_client, "workload", "containers"))


def secret_reference(subject: Subject) -> Iterator[Complaint]:
    """Secret name and key are the same in the Helm values and in every client."""
    name, key = at(subject.values, "auth", "existingSecret"), at(subject.values, "auth", "existingSecretPasswordKey")
    for at_client, _, workload, content, path in _patches(subject):
        for variables, env in _switched(workload, content):
            reference = at(env.get(variables.password, {}), "valueFrom", "secretKeyRef")
            if reference != {"name": name, "key": key}:
                yield Complaint(f"{path} reads the password from {reference}, Redis from {name}/{key}", _FAULT, (*at_client, "workload"))


def owner_patch(subject: Subject) -> Iterator[Complaint]:
    """The patch, applied to the real object, changes replicas and the named variables only, and every variable stays valid."""
    for at_client, client, workload, content, path in _patches(subject):
        where = (*at_client, "workload")
        if content != patch(subject.environment, workload, effects(client.migration)):
            yield Complaint(f"{path} is not the patch of step {client.migration.step if client.migration else ''}", _FAULT, where)
        if workload.manifest is None:
            continue
        before = workload.manifest.content
        after = apply(before, content)
        for pointer in sorted(_changed(before, after) - _meant(workload, effects(client.migration))):
            yield Complaint(f"{path} changes {pointer} of {workload.reference}", _FAULT, where)
        yield from _variables(after, path, where)


def previous_host(subject: Subject) -> Iterator[Complaint]:
    """The manifest's host variable names the previous Redis: otherwise a rollback would not lead back to it."""
    for index, client in enumerate(subject.environment.clients):
        if client.workload is None or client.workload.manifest is None or client.previous is None or client.migration is None:
            continue
        if client.migration.step == "complete":
            continue
        for name, variables in client.workload.containers.items():
            value = _env(client.workload.manifest.content, name).get(variables.host, {}).get("value")
            known = {client.previous.host, release_of(subject.environment).primary_host}
            if value is not None and not any(value == host or host.startswith(f"{value}.") for host in known):
                yield Complaint(
                    f"{client.workload.manifest.path} has {variables.host}={value}, but previous.host is {client.previous.host}",
                    "a rollback leads back to what the manifest says: make the two agree",
                    ("clients", index, "previous", "host"),
                )


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


def _env(content: Object, container: str) -> dict[str, Any]:
    containers = at(content, "spec", "template", "spec", "containers") or ()
    return {entry["name"]: entry for found in containers if found.get("name") == container for entry in found.get("env") or ()}


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
                at_env = f"/spec/template/spec/containers/{name}/env"
                meant |= {at_env, f"{at_env}/{variable}", f"{at_env}/{variable}/value", f"{at_env}/{variable}/valueFrom"}
    return meant


def _variables(after: Object, path: str, where: Path) -> Iterator[Complaint]:
    """No variable has `value` and `valueFrom`; what `$(VAR)` names is defined before it."""
    containers = at(after, "spec", "template", "spec", "containers") or []
    for container in containers:
        defined: set[str] = set()
        names = {entry.get("name") for entry in container.get("env") or ()}
        for entry in container.get("env") or ():
            if entry.get("value") is not None and entry.get("valueFrom") is not None:
                yield Complaint(f"{path}: {entry['name']} gets both value and valueFrom", _FAULT, where)
            for wanted in re.findall(r"(?<!\$)\$\((\w+)\)", str(entry.get("value") or "")):
                if wanted in names and wanted not in defined:
                    yield Complaint(
                        f"{container['name']}: {entry['name']} uses $({wanted}) before it is defined, and would keep it unexpanded",
                        f"define {wanted} further up in the owner's base: kustomize moves patched variables to the front",
                        where,
                    )
            defined.add(str(entry.get("name")))
