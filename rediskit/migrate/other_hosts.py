"""The old values of the switched variables in a build: one that references another Redis than `previous` is of a Redis of its own."""

from collections.abc import Iterator, Sequence

from rediskit.checks.variables import old_address, switched
from rediskit.errors import Problem
from rediskit.migrate.egress import ObjectFinding
from rediskit.migrate.owner.released import key_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.model.podspec import containers_of
from rediskit.model.workload import Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects
from rediskit.usage.address import of_client, parse
from rediskit.usage.services import completed, reference
from rediskit.usage.texts import decoded
from rediskit.usage.variables import Variables


def other_hosts(environment: Environment, client: Client, before: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield each switched variable whose value in the build references neither the old Redis of the client nor the shared one.

    Values that the manifest of the config contains, too, are left out: `render` reports them as `previous-differs`.
    """
    address = of_client(client)
    if client.previous is None or address is None:
        return
    expected = completed(address, before, client.namespace, client.old_objects)
    expected = expected.plus(parse(release_of(environment).primary_host, client.namespace))
    untouched = effects(client.migration).owner_is_untouched
    for workload in client.workloads:
        for content in before:
            if reference(content) != workload.reference or key_of(content)[1] not in ("", client.namespace):
                continue
            for name, host in _hosts(client, workload, content, before):
                if not parse(host, client.namespace).same(expected):
                    message = f"{workload.reference} has {host} in {name}, but previous.host is {client.previous.host}"
                    hint = "set previous.host to this host, or migrate the variable of another Redis as a client of its own"
                    problem = Problem(message, hint, code="owner-previous")
                    yield ObjectFinding(workload.reference, "warning" if untouched else "error", problem)


def _hosts(client: Client, workload: Workload, built: Object, objects: Sequence[Object]) -> Iterator[tuple[str, str]]:
    """Yield each switched variable for a host or a URL with the host of its value, also from a ConfigMap or a Secret of the build."""
    variables, secrets = Variables(objects, client.namespace), _secrets(client, objects)
    reported = {(entry.listed, entry.container, entry.name, entry.old) for entry in switched(workload) if entry.template is not None}
    for listed, name, container in workload.switched:
        for entry in containers_of(built):
            if (entry.listed, entry.name) != (listed, name):
                continue
            values = {**_from_secrets(entry.content, secrets), **variables.of_container(entry.content, client.namespace)}
            for variable, template in container.variables.items():
                value = values.get(variable, "")
                old = old_address(value)
                is_host = "://" in value or (template is not None and template.names_redis)
                if is_host and old is not None and old.host is not None and (listed, name, variable, value) not in reported:
                    yield variable, old.host


def _secrets(client: Client, objects: Sequence[Object]) -> dict[str, dict[str, str]]:
    """Return the readable values of the Secrets in the namespace of a client."""
    result: dict[str, dict[str, str]] = {}
    for content in objects:
        if content.get("kind") == "Secret" and key_of(content)[1] in ("", client.namespace):
            values = {key: decoded(value) for key, value in mapping_at(content, "data").items()} | mapping_at(content, "stringData")
            result[key_of(content)[2]] = {key: value for key, value in values.items() if isinstance(value, str)}
    return result


def _from_secrets(container: Object, secrets: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the variables of a container that Secrets set."""
    values: dict[str, str] = {}
    for source in list_at(container, "envFrom"):
        data = secrets.get(text_at(source, "secretRef", "name"), {})
        values |= {f"{text_at(source, 'prefix')}{key}": value for key, value in data.items()}
    for entry in list_at(container, "env"):
        data = secrets.get(text_at(entry, "valueFrom", "secretKeyRef", "name"), {})
        key = text_at(entry, "valueFrom", "secretKeyRef", "key")
        values |= {str(at(entry, "name")): data[key]} if key in data else {}
    return values
