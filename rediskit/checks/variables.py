"""The environment variables of a workload: duplicates, missing names, addresses, and references that Kubernetes does not expand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.model.podspec import Container, containers_of
from rediskit.model.workload import Variables, Workload
from rediskit.renderers.tree import Object

_URL = re.compile(r"rediss?://(?:[^@/]*@)?(?P<host>[^:/@?]+)(?::[^/?]*)?(?:/(?P<database>[0-9]+)?)?(?:\?.*)?")


class Absent(NamedTuple):
    """A variable that the config switches and that its container does not have.

    Attributes:
        container: The name of the container.
        key: The path of the variable in the workload section of the config.
        name: The name of the variable.
        others: The variables that the container has and the config does not switch.
    """

    container: str
    key: tuple[str, str, str]
    name: str
    others: list[str]


class RedisUrl(NamedTuple):
    """The parts of a `redis://` URL.

    Attributes:
        host: The host; None where it contains a reference to a variable.
        database: The number of the database.
    """

    host: str | None
    database: int


def duplicates(content: Object, workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield container and name of each variable that the config switches and that the container defines more than once."""
    for container, variables in _switched(content, workload):
        counts = Counter(_names(container))
        yield from ((container.name, name) for name in variables.names if counts[name] > 1)


def absent(content: Object, workload: Workload) -> Iterator[Absent]:
    """Yield each variable with a host, a port or a URL that its container does not have.

    A container with `envFrom` is skipped, because its object does not contain the names of its variables.
    """
    for container, variables in _switched(content, workload):
        names = _names(container)
        for role in ("host", "port", "url") if not container.content.get("envFrom") else ():
            variable = getattr(variables, role)
            if variable is not None and variable not in names:
                others = [name for name in names if name not in variables.names]
                yield Absent(container.name, (container.listed, container.name, role), variable, others)


def environment_of(content: Any, name: str) -> dict[str, Any]:
    """Return the entries of the environment of a container by their names."""
    containers = (container for container in containers_of(content) if container.name == name)
    return {entry["name"]: entry for container in containers for entry in container.content.get("env") or ()}


def redis_url(value: Any) -> RedisUrl | None:
    """Return the parts of a `redis://` URL; None for another value."""
    match = _URL.fullmatch(value) if isinstance(value, str) else None
    return RedisUrl(match["host"] if "$" not in match["host"] else None, int(match["database"] or 0)) if match else None


def unresolved(content: Object) -> set[tuple[str, str, str]]:
    """Return container, variable, and each `$(VAR)` in it that is defined later: Kubernetes expands only earlier variables."""
    unexpanded = set()
    for container in containers_of(content):
        later = set(_names(container))
        for name, entry in zip(_names(container), container.content.get("env") or (), strict=True):
            references = _references(str(entry.get("value") or ""))
            unexpanded |= {(container.name, name, reference) for reference in references if reference in later}
            later.discard(name)
    return unexpanded


def _switched(content: Object, workload: Workload) -> Iterator[tuple[Container, Variables]]:
    """Yield each container that the config switches, and its variables."""
    containers = {(container.listed, container.name): container for container in containers_of(content)}
    for kind, name, variables in workload.every:
        if (kind, name) in containers:
            yield containers[kind, name], variables


def _names(container: Container) -> list[str]:
    return [str(entry.get("name")) for entry in container.content.get("env") or ()]


def _references(value: str) -> list[str]:
    """Return each NAME of `$(NAME)`; `$$` is a dollar sign (third_party/forked/golang/expansion of Kubernetes)."""
    return [name for name in re.findall(r"\$\$|\$\(([^)]+)\)", value) if name]
