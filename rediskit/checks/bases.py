"""Checks of what an application uses before its switch: not yet the shared Redis, and no Secret with the name of the shared one."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.checks.finding import Issue, Severity, Subject
from rediskit.checks.manifests import applications
from rediskit.checks.old_redis import shared_address
from rediskit.checks.workloads import Setting, severity_of
from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, text_at, texts_in
from rediskit.model.workload import Workload
from rediskit.usage.address import Address
from rediskit.usage.finder import certain, uses
from rediskit.usage.patterns import fragments, may_contain
from rediskit.usage.variables import Variables

_RESTORE = "restore the value from before scale-down, until decommission: a rollback restores what the base sets"


def is_before_fold(client: Client) -> bool:
    """Return whether the base must be as before the migration: a rollback is possible, or has taken place."""
    return client.migration is not None and not client.is_decommissioned


def switched_already(
    client: Client, workload: Workload, content: Mapping[str, Any], variables: Variables, shared: Address
) -> Iterator[Setting]:
    """Yield the switched variables and texts of a base that reference the shared Redis already.

    Args:
        content: The object of the workload in the base.
        variables: The ConfigMaps beside it.
        shared: The address of the shared Redis.
    """
    for listed, name, container in workload.switched:
        content_of_container = _container(content, workload, listed, name)
        if content_of_container is None:
            continue
        values = variables.of_container(content_of_container, client.namespace)
        texts = [(key, values[key]) for key, template in container.variables.items() if template and template.names_redis and key in values]
        words = [(f"{key}[{index}]", word) for key in ("command", "args") for index, word in enumerate(list_at(content_of_container, key))]
        texts += [pair for pair in words if isinstance(pair[1], str) and any(text.names_redis for text in container.texts)]
        for key, text in texts:
            if may_contain(text, fragments(shared)) and references(client, key, text, shared):
                yield switched_setting(workload.reference, f"{key} of {name}")


def switched_setting(reference: str, place: str) -> Setting:
    """Return the finding of a value that references the shared Redis before `decommission`."""
    message = f"{reference} has the shared Redis in {place} already: a rollback would not restore the old Redis"
    return Setting("base-switched", message, _RESTORE)


def changed_already(workload: Workload, content: Mapping[str, Any]) -> Iterator[tuple[Setting, Severity]]:
    """Yield the switched variables that a base no longer has, or has with another text than the manifest of the config."""
    for listed, name, container in workload.switched:
        old, new = workload.content_of(listed, name), _container(content, workload, listed, name)
        if old is None or new is None or list_at(new, "envFrom"):
            continue
        before, now = ({text_at(entry, "name"): entry for entry in list_at(side, "env")} for side in (old, new))
        for variable in container.variables.keys() & before.keys():
            place = f"{variable} of {name}"
            if variable not in now:
                message = f"{workload.reference} has no {place}, unlike its manifest in the config: a rollback would not restore it"
                yield Setting("base-switched", message, _RESTORE), "error"
            elif isinstance(text := now[variable].get("value"), str) and text != before[variable].get("value", text):
                message = f"{workload.reference} has another text in {place} than its manifest in the config: a rollback restores this one"
                yield Setting("base-switched", message, "copy the manifest again, or restore the value"), "warning"


def _container(content: Mapping[str, Any], workload: Workload, listed: str, name: str) -> Any:
    """Return a container of an object; None where it has none with this name."""
    return next((entry for entry in list_at(content, *workload.pod_path, listed) if text_at(entry, "name") == name), None)


def references(client: Client, variable: str, text: str, shared: Address) -> bool:
    """Return whether the value of a variable certainly contains an address."""
    pod = {"containers": [{"name": "app", "env": [{"name": variable, "value": text}]}]}
    return bool(certain(uses([{"kind": "Pod", "spec": pod}], shared, namespace=client.namespace, switched=(variable,))))


def secret_readers(content: Mapping[str, Any], secret: str) -> Iterator[str]:
    """Yield the place of each reference to a Secret in an object."""
    for path, text in texts_in(content):
        keys = [part for part in path if isinstance(part, str)]
        parent = keys[-2] if len(keys) > 1 else ""
        if text == secret and keys and "secret" in (parent if keys[-1] == "name" else keys[-1]).lower():
            yield "/".join(("", *map(str, path)))


def secret_setting(environment: Environment, reference: str, place: str, namespace: str) -> Setting:
    """Return the finding of a reference to the Secret of the shared Redis before the switch."""
    secret = environment.redis.auth.secret
    message = f"{reference} reads Secret {secret} in {namespace} at {place} before the switch: prepare replaces it with the new password"
    hint = f"set redis.auth.secret to another name, such as {secret}-shared; where the base contains the change already, restore it"
    return Setting("secret-taken", message, hint)


def manifest_switched(subject: Subject) -> Iterator[Issue]:
    """Refuse the shared Redis in the manifest or the base of a client before `decommission`: a rollback would not restore the old one.

    The check reads the variables and texts that the config switches. At `rolled-back` the finding about a manifest is a warning.
    """
    for path, client, workload, content in _manifests(subject):
        host = client.previous.host if client.previous else ""
        if all(text == host for text in _switched_texts(workload)):
            continue
        shared = shared_address(subject.release, subject.environment.network)
        for setting in switched_already(client, workload, content, Variables((), client.namespace), shared):
            yield Issue(setting.message, setting.hint, path, severity_of(client))


def _switched_texts(workload: Workload) -> Iterator[str]:
    """Yield the texts of a manifest that a step replaces by the host: values of variables, and words of command lines."""
    for listed, name, container in workload.switched:
        content = workload.content_of(listed, name) or {}
        for entry in content.get("env") or ():
            template = container.variables.get(entry.get("name"))
            if template is not None and template.names_redis and isinstance(text := entry.get("value"), str):
                yield text
        for key in ("command", "args") if container.args else ():
            yield from (word for word in content.get(key) or () if isinstance(word, str))


def secret_taken(subject: Subject) -> Iterator[Issue]:
    """Refuse an application that reads a Secret with the name of `redis.auth.secret` before the switch.

    `prepare` would replace its password, and a rollback would restore a reference to the new one. At `rolled-back` the finding about a
    manifest is a warning.
    """
    secret = subject.environment.redis.auth.secret
    for path, client, workload, content in _manifests(subject):
        for place in secret_readers(content, secret) if _may_read(workload, content, secret) else ():
            setting = secret_setting(subject.environment, workload.reference, place, client.namespace)
            yield Issue(setting.message, setting.hint, path, severity_of(client))


def _may_read(workload: Workload, content: Mapping[str, Any], secret: str) -> bool:
    """Return whether the text of a reference in a pod contains the name of a Secret, without a search of its other values."""
    pod = at(content, *workload.pod_path) or {}
    containers = [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]
    sources = [entry["valueFrom"] for container in containers for entry in container.get("env") or () if "valueFrom" in entry]
    lists = [container["envFrom"] for container in containers if "envFrom" in container]
    return f"'{secret}'" in str((sources, lists, pod.get("volumes"), pod.get("imagePullSecrets")))


def _manifests(subject: Subject) -> Iterator[tuple[Path, Client, Workload, Mapping[str, Any]]]:
    """Yield the manifests from before the switch, each with its config path, its client and its workload."""
    for path, client, workload, manifest in applications(subject):
        if is_before_fold(client):
            yield (*path, "manifest"), client, workload, manifest.content
