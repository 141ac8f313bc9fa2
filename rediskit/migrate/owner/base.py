"""The rules for the objects of an application in the base: each step reaches the pods, deletes no volume, and can be undone."""

from collections.abc import Iterator, Mapping

from rediskit.checks.acceptance import unaccepted
from rediskit.checks.bases import (
    changed_already,
    is_before_fold,
    references,
    secret_readers,
    secret_setting,
    switched_already,
    switched_setting,
)
from rediskit.checks.finding import Finding, Severity
from rediskit.checks.old_redis import shared_address
from rediskit.checks.workloads import Setting, held_back, losing_volumes, severity_of
from rediskit.errors import Problem, RefusedError
from rediskit.migrate.owner.build import select
from rediskit.migrate.owner.chart_values import with_parsed_values
from rediskit.migrate.owner.released import Key, installer, key_of
from rediskit.migrate.owner.rules import scalers
from rediskit.migrate.owner.unmoved import unmoved
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.helm_install import helm_sources
from rediskit.model.nested import at, leaves, text_at
from rediskit.renderers.helm import release_of
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects
from rediskit.usage.address import Address
from rediskit.usage.references import created_secret
from rediskit.usage.services import reference
from rediskit.usage.variables import Variables

_Found = Iterator[tuple[Key, Finding]]


def base_findings(environment: Environment, client: Client, objects: Mapping[Key, Object]) -> _Found:
    """Yield what is wrong with a base, in which the Component changes nothing, each with the key of its object.

    A build can contain the patches that a person pastes into the object of the tool, so it is not compared with the base.
    """
    yield from setting_findings(client, objects)
    yield from unmoved(environment, client, objects)
    if not is_before_fold(client) or client.owner.delivery == "snippet":
        return
    shared = shared_address(release_of(environment), environment.network)
    variables = Variables(objects.values(), client.namespace)
    for workload in client.workloads:
        for key in select(objects, client, str(workload.kind), str(workload.name)):
            switched = list(switched_already(client, workload, objects[key], variables, shared))
            yield from ((key, _finding(client, setting, "error")) for setting in switched)
            for setting, severity in changed_already(workload, objects[key]):
                if severity == "error" or not switched:
                    yield key, _finding(client, setting, severity)
    yield from _values(client, objects, shared)
    yield from _secret(environment, client, objects)


def setting_findings(client: Client, objects: Mapping[Key, Object]) -> _Found:
    """Yield the settings of the workloads that no step can work with, at any step until `complete`."""
    for name in client.references if client.is_migrating else ():
        for key in select(objects, client, *name.split("/")):
            for setting in (*held_back(objects[key], name), *losing_volumes(objects[key], name)):
                yield key, _finding(client, setting, severity_of(client))


def _values(client: Client, objects: Mapping[Key, Object], shared: Address) -> _Found:
    """Yield the values of the release itself that reference the shared Redis already, where a step switches them."""
    if client.owner.values is None:
        return
    content = with_parsed_values(client.owner.installs, installer(client, objects))
    inline = [at(content, "spec", "values"), *(at(source, "helm", "valuesObject") for source in helm_sources(content))]
    for path, value in leaves(client.owner.values.switched):
        texts = {text_at(values, *path) for values in inline} if isinstance(value, str) and "${" in value else set()
        if any(references(client, path[-1], text, shared) for text in texts if text):
            setting = switched_setting(client.owner.installs.reference, f"the value {'.'.join(path)}")
            yield key_of(content), _finding(client, setting, "error")


def _secret(environment: Environment, client: Client, objects: Mapping[Key, Object]) -> _Found:
    """Yield the objects in the namespace of a client that read or create a Secret with the name of the shared one.

    Other clients of the namespace may read it. With `secrets.mode: manual`, the application repository may create it.
    """
    others = {name for other in environment.clients if other.name != client.name for name in other.references}
    secret, is_manual = environment.redis.auth.secret, environment.secrets.mode == "manual"
    for key, content in objects.items():
        if key[1] not in ("", client.namespace) or reference(content) in others:
            continue
        for place in secret_readers(content, secret):
            if not created_secret(content):
                yield key, _finding(client, secret_setting(environment, reference(content), place, client.namespace), "error")
        if created_secret(content) == secret and not is_manual:
            message = f"{reference(content)} creates Secret {secret} in {client.namespace}, which prepare creates with the new password"
            hint = f"set redis.auth.secret to another name, such as {secret}-shared"
            yield key, _finding(client, Setting("secret-taken", message, hint), "error")


def _finding(client: Client, setting: Setting, severity: Severity) -> Finding:
    return Finding(setting.code, severity, setting.message, setting.hint, on=(client.name,))


def refuse_scalers(environment: Environment, client: Client, objects: Mapping[Key, Object]) -> None:
    """Raise RefusedError for the autoscalers that the config neither references nor accepts. A rollback needs no autoscaler to stop."""
    if not effects(client.migration).owner_is_untouched:
        refuse(environment, client, scalers(objects, client))


def refuse(environment: Environment, client: Client, findings: _Found) -> None:
    """Raise RefusedError for the errors that the config does not accept. At `prepare`, `check --owner` reports them."""
    if client.migration is None or client.migration.step == "prepare":
        return
    errors = [finding for _, finding in findings if finding.severity == "error"]
    if remaining := unaccepted(environment, errors, None):
        raise RefusedError([Problem(finding.message, finding.hint, code=finding.code) for finding in remaining])
