"""Checks of the manifests of applications: their variables, and the Redis that they use before the migration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.variables import absent, duplicates, environment_of, redis_url
from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.files import Manifest
from rediskit.model.workload import Variables, Workload, suggestion
from rediskit.usage import Address, parse


class _Application(NamedTuple):
    """A workload with a manifest that a migration changes.

    Attributes:
        path: The config path of the client.
        client: The client.
        workload: Its workload.
        manifest: The manifest of the workload.
    """

    path: Path
    client: Client
    workload: Workload
    manifest: Manifest


def _applications(subject: Subject) -> Iterator[_Application]:
    """Yield each application until its migration is complete. Then the manifest contains the change itself."""
    for index, client in enumerate(subject.environment.clients):
        workload, migration = client.workload, client.migration
        if workload is not None and workload.manifest is not None and migration is not None and migration.step != "complete":
            yield _Application(("clients", index), client, workload, workload.manifest)


def duplicate_variables(subject: Subject) -> Iterator[Issue]:
    """Refuse a manifest that defines a switched variable twice: kustomize keeps the last definition and loses the patch."""
    for path, _, workload, manifest in _applications(subject):
        for container, name in duplicates(manifest.content, workload):
            message = f"{container} has {name} twice: kustomize would keep the last one and lose the patch"
            hint = "remove one of them from the base of the application repository, and copy the manifest again"
            yield Issue(message, hint, (*path, "workload", "manifest"))


def absent_variables(subject: Subject) -> Iterator[Issue]:
    """Warn when the manifest lacks the variable for the host or the URL: an application that does not read it keeps its old Redis.

    A missing port variable is common. The check reports it only where the port changes.
    """
    for path, client, workload, manifest in _applications(subject):
        same_port = client.previous is None or client.previous.port == subject.release.port
        for container, key, name, others in absent(manifest.content, workload):
            if key[2] == "port" and same_port:
                continue
            hint = f"an application that does not read it keeps its old Redis: {suggestion(name, others)}"
            yield Issue(f"{manifest.path} has no {name} in {container}", hint, (*path, "workload", *key))


def previous_differs(subject: Subject) -> Iterator[Issue]:
    """Warn when the manifest references another Redis than `previous`, or another database than the new URL.

    A rollback restores the values of the manifest.
    """
    for application in _applications(subject):
        _, client, workload, manifest = application
        if client.previous is None:
            continue
        known = parse(client.previous.host, client.namespace).plus(parse(subject.release.primary_host, client.namespace))
        for _, name, variables in workload.every:
            env = environment_of(manifest.content, name)
            value = env.get(variables.host, {}).get("value") if variables.host else None
            if isinstance(value, str) and "$" not in value and not parse(value, client.namespace).same(known):
                yield _other_host(application, f"{variables.host}={value}")
            yield from _other_url(application, variables, env, known)


def _other_host(application: _Application, value: str) -> Issue:
    previous = application.client.previous
    message = f"{application.manifest.path} has {value}, but previous.host is {previous.host if previous else ''}"
    hint = "set previous.host to the host in the manifest, because a rollback restores the values of the manifest"
    return Issue(message, hint, (*application.path, "previous", "host"))


def _other_url(application: _Application, variables: Variables, env: dict[str, Any], known: Address) -> Iterator[Issue]:
    """Yield an issue where the URL in the manifest has another host than the old Redis, or another database than the config."""
    old = redis_url(env.get(variables.url, {}).get("value") if variables.url else None)
    if old is None:
        return
    if old.host is not None and not parse(old.host, application.client.namespace).same(known):
        yield _other_host(application, f"{old.host} in {variables.url}")
    if old.database != (variables.database or 0):
        new = variables.database or 0
        message = f"{application.manifest.path} has database {old.database} in {variables.url}, but the new URL has {new}"
        yield Issue(message, f"write database: {old.database} beside url", (*application.path, "workload", "containers"))


def history(subject: Subject) -> Iterator[Issue]:
    """Warn about a migration after `prepare` without a history: neither the time of its step nor a skipped step is visible."""
    for index, client in enumerate(subject.environment.clients):
        migration = client.migration
        if migration and migration.step != "prepare" and not migration.history:
            hint = "record the steps under migration.history: [{step, at, reason}]"
            message = f"{client.name} is at {migration.step} without a history"
            yield Issue(message, hint, ("clients", index, "migration", "step"))
