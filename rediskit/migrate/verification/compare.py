"""Compare what must be true at a step with the objects that a program printed."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.checks.variables import unresolved
from rediskit.migrate import pods
from rediskit.migrate.owner.build import select
from rediskit.migrate.verification.artefact import Artefact
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.model.pointers import by_name
from rediskit.renderers.owner.required import Requirement, State, at_effect, described, requirements, variable_state
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects
from rediskit.usage.address import of_client
from rediskit.usage.finder import certain, uses

_DEFAULTS: Mapping[tuple[str, ...], Any] = {("spec", "replicas"): 1, ("spec", "suspend"): False}
"""The values of fields that an object does not set."""


class Difference(NamedTuple):
    """A field that is not as required. The texts contain no secret."""

    object: str
    pointer: str
    wanted: str
    actual: str


def differences(environment: Environment, client: Client, shown: Artefact) -> list[Difference]:
    """Return every field that is not as required at the step of a client, in the order of the config."""
    result = [difference for requirement in requirements(environment, client) for difference in _of_field(client, requirement, shown)]
    return [*dict.fromkeys((*result, *_of_pods(client, shown), *_of_order(client, shown)))]


def object_of(client: Client, reference: str, shown: Artefact) -> Object | None:
    """Return an object of the client; None where the artefact does not contain it. kustomize can append a hash to a ConfigMap."""
    kind, _, name = reference.partition("/")
    keys = select(shown.objects, client, kind, name)
    if not keys and kind == "ConfigMap":
        keys = [key for key in shown.objects if key[0] == kind and key[1] in ("", client.namespace) and _hashed(key[2], name)]
    return shown.objects[keys[0]] if len(keys) == 1 else None


def _hashed(actual: str, name: str) -> bool:
    return actual.startswith(f"{name}-") and len(actual) == len(name) + 11 and actual[-10:].isalnum()


def _of_field(client: Client, requirement: Requirement, shown: Artefact) -> Iterator[Difference]:
    content = object_of(client, requirement.object, shown)
    if not requirement.path:
        if content is None and requirement.wanted and _shows_old_redis(client, shown):
            yield Difference(requirement.object, "", "exists", f"not in {shown.name}")
        elif content is not None and not requirement.wanted:
            yield Difference(requirement.object, "", "deleted", "exists")
        return
    if content is None:
        if "omits" not in requirement.wanted:
            yield Difference(requirement.object, "", "exists", f"not in {shown.name}")
        return
    state, words = _actual(client, requirement, content, shown)
    if not _holds(requirement, state, client, content):
        name = requirement.path[-1]
        yield Difference(requirement.object, requirement.pointer, described(requirement.wanted, name), words or described(state, name))


def _shows_old_redis(client: Client, shown: Artefact) -> bool:
    """Return whether a missing object of the old Redis does not exist: the build of the application alone does not contain it."""
    remove = client.old_objects
    return shown.whole or any(object_of(client, reference, shown) for reference in remove)


def _actual(client: Client, requirement: Requirement, content: Object, shown: Artefact) -> tuple[State, str]:
    """Return the state of a field, and words that replace it in messages."""
    path = requirement.path
    if path[-2:-1] == ("env",):
        container = _walk(content, path[:-2])
        if not isinstance(container, dict):
            return {}, f"no container {path[-3]}"
        return _variable(client, container, requirement, shown)
    value = _walk(content, path)
    if path[-1] in ("command", "args"):
        container = _walk(content, path[:-1])
        words = [word for key in ("command", "args") for word in list_at(container, key) if isinstance(word, str)]
        return {"value": words}, "a command line without it" if isinstance(container, dict) else f"no container {path[-2]}"
    if path[0] == "data":
        return {"value": value}, "no such key" if not isinstance(value, str) else "another text"
    if value is None and path in _DEFAULTS:
        value = _DEFAULTS[path]
    return ({} if value is None else {"value": value}), ""


def _walk(content: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path, in which entries of lists are addressed by name; None where there is none."""
    for part in path:
        content = (by_name(content) or {}).get(part) if isinstance(content, list) else at(content, part)
    return content


def _variable(client: Client, container: Object, requirement: Requirement, shown: Artefact) -> tuple[State, str]:
    """Return the state of a variable; a reference stays one where it is required.

    `env` comes before `envFrom`, and a later source of `envFrom` before an earlier one.
    """
    name = requirement.path[-1]
    for entry in reversed(list_at(container, "env")):
        if text_at(entry, "name") == name:
            state = variable_state(entry)
            return (state, "") if "valueFrom" in requirement.wanted else _resolved(client, state, shown)
    for source in reversed(list_at(container, "envFrom")):
        key = name.removeprefix(text_at(source, "prefix"))
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            reference = text_at(source, field, "name")
            content = object_of(client, f"{kind}/{reference}", shown) if reference else None
            value = _text_of(content, key)
            if value is not None:
                return {"value": value}, f"a value of {kind}/{reference}"
    return {}, ""


def _resolved(client: Client, state: State, shown: Artefact) -> tuple[State, str]:
    """Return a state with the value of a ConfigMap in the artefact. The value of a Secret stays a reference."""
    reference = at(state.get("valueFrom"), "configMapKeyRef")
    value = _text_of(object_of(client, f"ConfigMap/{text_at(reference, 'name')}", shown), text_at(reference, "key")) if reference else None
    return ({"value": value}, f"a value of ConfigMap/{text_at(reference, 'name')}") if value is not None else (state, "")


def _text_of(content: Object | None, key: str) -> str | None:
    """Return a value of a ConfigMap or Secret; None where it has none that is text."""
    if content is None:
        return None
    if content["kind"] == "ConfigMap":
        value = mapping_at(content, "data").get(key)
        return value if isinstance(value, str) else None
    plain, encoded = mapping_at(content, "stringData").get(key), mapping_at(content, "data").get(key)
    if isinstance(plain, str) or not isinstance(encoded, str):
        return plain if isinstance(plain, str) else None
    try:
        return b64decode(encoded, validate=True).decode()
    except ValueError:
        return None


def _holds(requirement: Requirement, state: State, client: Client, content: Object) -> bool:
    expected, value = requirement.wanted, state.get("value")
    texts = value if isinstance(value, list) else [value]
    if "contains" in expected:
        return any(expected["contains"] in text for text in texts if isinstance(text, str)) and not _old_redis_in(
            requirement, client, content
        )
    if "omits" in expected:
        return not any(expected["omits"] in text for text in texts if isinstance(text, str))
    if "value" in expected:  # True equals 1 in Python.
        return type(value) is type(expected["value"]) and value == expected["value"] and "valueFrom" not in state
    if "valueFrom" in expected:
        return bool(expected["valueFrom"] == _without_defaults(state.get("valueFrom")))
    return not state


def _without_defaults(source: Any) -> Any:
    """Return `valueFrom` without fields that the API server adds or that equal their default."""
    if not isinstance(source, dict):
        return source
    empty = {"optional": False, "apiVersion": "v1", "divisor": "0"}
    return {
        key: {name: value for name, value in inner.items() if empty.get(name, ...) != value} if isinstance(inner, dict) else inner
        for key, inner in source.items()
    }


def _old_redis_in(requirement: Requirement, client: Client, content: Object) -> bool:
    """Return whether the text of a config file certainly uses the old Redis."""
    address = of_client(client)
    if requirement.path[0] != "data" or address is None:
        return False
    only = {**content, "data": {requirement.path[1]: at(content, *requirement.path)}}
    return bool(certain(uses([only], address, namespace=client.namespace)))


def _of_pods(client: Client, shown: Artefact) -> Iterator[Difference]:
    """Yield each workload of a cluster that is stopped and still has pods, and the pods that terminate."""
    for workload in client.workloads if effects(client.migration).stopped else ():
        status = mapping_at(object_of(client, workload.reference, shown), "status")
        if running := status.get("replicas"):
            yield Difference(workload.reference, "/status/replicas", "0", str(running))
        if jobs := status.get("active") if workload.kind == "CronJob" else None:
            yield Difference(
                workload.reference, "/status/active", "no running Job", f"{len(jobs) if isinstance(jobs, list) else jobs} Jobs"
            )
    left = [content for (kind, *_), content in shown.objects.items() if kind == "Pod"] if effects(client.migration).stopped else []
    yield from (Difference(f"Pod/{pods.names([pod])}", "", "not there", "has not ended") for pod in pods.unfinished(client, left))


def _of_order(client: Client, shown: Artefact) -> Iterator[Difference]:
    """Yield each switched variable that uses another one before its definition: Kubernetes does not expand it."""
    client = at_effect(client)
    if not effects(client.migration).switched:
        return
    names = {
        (workload.reference, container, name)
        for workload in client.workloads
        for _, container, switched in workload.switched
        for name in switched.names
    }
    for reference in client.references:
        content = object_of(client, reference, shown)
        for container, name, variable in sorted(unresolved(content) if content else ()):
            if (reference, container, name) in names:
                expected = f"{variable} is defined before {name} in container {container}"
                yield Difference(reference, "", expected, f"$({variable}) is not expanded")
