"""Checks of the manifests of applications: their variables, and the Redis that they use before the migration."""

from collections.abc import Iterator
from typing import NamedTuple

from rediskit.checks.finding import Issue, Severity, Subject
from rediskit.checks.variables import absent, composed, old_address, repeated, switched
from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest
from rediskit.model.secrets import ExternalSecrets, Manual
from rediskit.model.workload import Workload, suggestion
from rediskit.renderers.owner.patches import text_of
from rediskit.renderers.pages.uses import users_of_databases
from rediskit.state_machine.effects import effects
from rediskit.usage.address import parse


class Application(NamedTuple):
    """A workload with a manifest that a migration changes, and its config path."""

    path: Path
    client: Client
    workload: Workload
    manifest: Manifest


def applications(subject: Subject) -> Iterator[Application]:
    """Yield each workload until its migration is complete. Then the manifest contains the change itself."""
    for index, client in enumerate(subject.environment.clients):
        for number, workload in enumerate(client.workloads):
            if workload.manifest is not None and client.is_migrating:
                yield Application(("clients", index, "workloads", number), client, workload, workload.manifest)


def duplicate_variables(subject: Subject) -> Iterator[Issue]:
    """Refuse a manifest that defines a switched variable twice: kustomize keeps the last definition and loses the patch."""
    for path, _, workload, _ in applications(subject):
        for variable in repeated(workload):
            lost = "the pod uses the last one" if workload.kind == "Rollout" else "kustomize would keep the last one and lose the patch"
            message = f"{variable.container} has {variable.name} twice: {lost}"
            hint = "remove one of them from the base of the application repository, and copy the manifest again"
            yield Issue(message, hint, (*path, "manifest"))


def absent_variables(subject: Subject) -> Iterator[Issue]:
    """Warn when the manifest lacks the variable for the host or the URL: an application that does not read it keeps its old Redis.

    A missing port variable is common. The check reports it only where the port changes.
    """
    for path, client, workload, manifest in applications(subject):
        same_port = client.previous is None or client.previous.port == subject.release.port
        for variable, others in absent(workload):
            if same_port and not (variable.template and variable.template.names_redis):
                continue
            hint = f"an application that does not read it keeps its old Redis: {suggestion(variable.name, others)}"
            yield Issue(f"{manifest.path} has no {variable.name} in {variable.container}", hint, (*path, *variable.path))


def composed_urls(subject: Subject) -> Iterator[Issue]:
    """Warn about a Redis URL in the manifest that refers to a switched host, but to no switched password: Redis answers NOAUTH."""
    for path, _, workload, manifest in applications(subject):
        for container, place, host in composed(workload):
            example = "redis://:${password}@${address}"
            setting = f"under args: {{from: …, to: {example}}}" if place.endswith("]") else f"under env: {{{place}: {example}}}"
            message = f"{manifest.path} composes {place} of {container} from $({host}) without the new password: Redis would answer NOAUTH"
            yield Issue(message, f"switch it too, {setting}", (*path, "manifest"))


def password_in_url(subject: Subject) -> Iterator[Issue]:
    """Warn about a password in a URL that rediskit does not generate: characters such as `/`, `@` and `#` change the URL."""
    secrets = subject.environment.secrets
    if not isinstance(secrets, (Manual, ExternalSecrets)) or (isinstance(secrets, ExternalSecrets) and secrets.generate):
        return
    for index, client in enumerate(subject.environment.clients):
        urls = [(path, template) for path, template in client.templates if template.contains_password and "://" in template.text]
        if urls:
            path, template = urls[0]
            create = "create it with rediskit secret apply, or " if isinstance(secrets, Manual) else ""
            hint = f"{create}use only letters, digits and -._~ in the password, then accept the finding on {client.name}"
            reason = f"with secrets.mode {secrets.mode} it can have characters that change the URL"
            message = f"{client.name} has the password in a URL, {template}, and {reason}"
            yield Issue(message, hint, ("clients", index, *path))


def previous_differs(subject: Subject) -> Iterator[Issue]:
    """Warn when the manifest references another Redis than `previous`, or another database than the new value.

    A rollback restores the values of the manifest. Another Redis is an error from `scale-down` on.
    """
    for path, client, workload, manifest in applications(subject):
        if client.previous is None:
            continue
        expected = parse(client.previous.host, client.namespace).plus(parse(subject.release.primary_host, client.namespace))
        containers = {(kind, name): container for kind, name, container in workload.switched}
        severity: Severity = "warning" if effects(client.migration).owner_is_untouched else "error"
        for variable in switched(workload):
            template = variable.template
            old = old_address(variable.old) if template and template.names_redis else None
            if template is None or old is None:
                continue
            if old.host is not None and not parse(old.host, client.namespace).same(expected):
                message = f"{manifest.path} has {old.host} in {variable.name}, but previous.host is {client.previous.host}"
                hint = "set previous.host to the host in the manifest, because a rollback restores the values of the manifest"
                yield Issue(message, hint, (*path[:2], "previous", "host"), severity)
            new = old_address(text_of(subject.release, client, containers[variable.listed, variable.container], template))
            differs = new is not None and None not in (old.database, new.database) and old.database != new.database
            if new is not None and differs and not _has_other_owner(old.database, client, subject.environment):
                message = f"{manifest.path} has database {old.database} in {variable.name}, but the new URL has {new.database}"
                hint = f"write databases: {{default: {old.database}}}, and end the value with /${{database}}"
                yield Issue(message, hint, (*path, *variable.path))


def _has_other_owner(number: int | None, client: Client, environment: Environment) -> bool:
    """Return whether another client has a database, so that this client needs another number."""
    return number is not None and bool(users_of_databases(environment).get(number, frozenset()) - {client.name})


def history(subject: Subject) -> Iterator[Issue]:
    """Warn about a migration after `prepare` without a history: neither the time of its step nor a skipped step is visible."""
    for index, client in enumerate(subject.environment.clients):
        migration = client.migration
        if migration and migration.step != "prepare" and not migration.history:
            hint = "record the steps under migration.history: [{step, at, reason}]"
            message = f"{client.name} is at {migration.step} without a history"
            yield Issue(message, hint, ("clients", index, "migration", "step"))
