"""A fast test whether an application can use an address after the switch of its variables. Most applications need no search."""

from collections.abc import Iterable, Iterator
from typing import Any

from rediskit.model.client import Client
from rediskit.model.container import Container
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, text_at
from rediskit.model.template import Variables
from rediskit.model.workload import Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.patches import text_of
from rediskit.usage.address import Address
from rediskit.usage.finder import namespace_of
from rediskit.usage.patterns import fragments, may_contain, patterns
from rediskit.usage.strength import match
from rediskit.usage.texts import Text


def may_use(environment: Environment, client: Client, address: Address, switched: frozenset[str]) -> bool:
    """Return whether a search in the manifests of a client, with their variables switched, can find a use of an address.

    False is exact: the search would find nothing. The test reads the texts around the switched variables, and the new values. It copies
    and patches no object. switched: the names of the variables with a host or a URL.
    """
    return any(_may_use(environment, client, workload, address, switched) for workload in client.workloads if workload.manifest)


def _may_use(environment: Environment, client: Client, workload: Workload, address: Address, switched: frozenset[str]) -> bool:
    content = workload.manifest.content if workload.manifest else {}
    if not isinstance(at(content, *workload.pod_path), dict) or "binaryData" in content:
        return True
    if any(container.args for _, _, container in workload.switched):
        return True
    parts = fragments(address)
    kept = "\n".join(_texts(_kept(workload, content)))
    if "$" in kept or may_contain(kept, parts):  # A variable in a text can contain a part of an address.
        return True
    home = text_at(content, "metadata", "namespace") or client.namespace
    for _, _, container in workload.switched:
        for name, value in _values(environment, client, container):
            text = Text((), "env", name, value)
            if "$" in value:
                return True
            if may_contain(value, parts) and match(text, patterns(address, namespace_of(content, text, home), switched), switched):
                return True
    return False


def _values(environment: Environment, client: Client, container: Container) -> Iterator[tuple[str, str]]:
    """Yield name and new value of the variables that do not come from the Secret."""
    for name, template in container.variables.items():
        if template is not None and not template.is_password:
            yield name, text_of(release_of(environment), client, container, template)


def _kept(workload: Workload, content: dict[str, Any]) -> Iterator[Any]:
    """Yield the parts of a manifest without the variables that are switched."""
    for key in workload.pod_path:
        yield from (value for other, value in content.items() if other != key)
        content = content[key]
    switched = {(listed, name): container.variables for listed, name, container in workload.switched}
    for listed, entries in content.items():
        if listed not in ("containers", "initContainers") or not isinstance(entries, list):
            yield entries
            continue
        names = [text_at(entry, "name") for entry in entries]
        for name, entry in zip(names, entries, strict=True):
            if (listed, name) in switched and names.count(name) == 1:
                yield from (value for key, value in entry.items() if key != "env")
                yield from _without(list_at(entry, "env"), switched[listed, name])
            else:
                yield entry


def _without(env: list[Any], variables: Variables) -> Iterator[Any]:
    """Yield the entries of `env` without those of the variables. Of two with one name, kustomize keeps the last one without the patch."""
    names = [text_at(entry, "name") for entry in env]
    yield from (entry for name, entry in zip(names, env, strict=True) if name not in variables or names.count(name) > 1)


def _texts(parts: Iterable[Any]) -> list[str]:
    texts, stack = [], list(parts)
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            stack += part.values()
        elif isinstance(part, list):
            stack += part
    return texts
