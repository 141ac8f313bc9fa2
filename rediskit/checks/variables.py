"""The environment variables of a workload: which stand twice, which name an address, which `$(VAR)` Kubernetes would not expand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.model.nested import at
from rediskit.model.workload import Workload
from rediskit.renderers.tree import Object


def repeated(content: Object, workload: Workload) -> Iterator[tuple[str, str]]:
    """Container and variable, for each variable that is to be switched and stands more than once."""
    for kind, name, variables in workload.every:
        for container in _containers(content, kind):
            if container.get("name") == name:
                counts = Counter(str(entry.get("name")) for entry in container.get("env") or ())
                yield from ((name, variable) for variable in variables.names if counts[variable] > 1)


class Absent(NamedTuple):
    """A variable that is to be switched and that its container does not have. key: where the config names it; others: what it has."""

    container: str
    key: tuple[str, str, str]
    name: str
    others: list[str]


def absent(content: Object, workload: Workload) -> Iterator[Absent]:
    """Each variable with a host, a port or a url that its container does not have.

    A container with `envFrom` is passed over: the object does not say which variables it has.
    """
    for kind, name, variables in workload.every:
        for container in _containers(content, kind):
            if container.get("name") != name or container.get("envFrom"):
                continue
            there = [str(entry.get("name")) for entry in container.get("env") or ()]
            for role in ("host", "port", "url"):
                variable = getattr(variables, role)
                if variable is not None and variable not in there:
                    yield Absent(name, (kind, name, role), variable, [entry for entry in there if entry not in variables.names])


class OldAddress(NamedTuple):
    """The host and the number of the database in a url; None where it does not say it, or in a reference."""

    host: str | None
    database: int | None


def old_address(value: Any) -> OldAddress | None:
    """What a `redis://…` url says; None when it is none."""
    match = _URL.fullmatch(value) if isinstance(value, str) else None
    return OldAddress(match["host"] if "$" not in match["host"] else None, int(match["database"] or 0)) if match else None


_URL = re.compile(r"rediss?://(?:[^@/]*@)?(?P<host>[^:/@?]+)(?::[^/?]*)?(?:/(?P<database>[0-9]+)?)?(?:\?.*)?")


def unresolved(content: Object) -> set[tuple[str, str, str]]:
    """Container, variable and the `$(VAR)` in it that is defined only further down: Kubernetes expands what stands above alone."""
    found = set()
    for container in (*_containers(content, "initContainers"), *_containers(content, "containers")):
        entries = container.get("env") or ()
        names = {str(entry.get("name")) for entry in entries}
        defined: set[str] = set()
        for entry in entries:
            for wanted in _references(str(entry.get("value") or "")):
                if wanted in names - defined:
                    found.add((str(container.get("name")), str(entry.get("name")), wanted))
            defined.add(str(entry.get("name")))
    return found


def _references(value: str) -> list[str]:
    """The names in `$(NAME)`; `$$` is a dollar sign (third_party/forked/golang/expansion of Kubernetes)."""
    return [name for name in re.findall(r"\$\$|\$\(([^)]+)\)", value) if name]


def _containers(content: Object, kind: str) -> list[Any]:
    found = at(content, "spec", "template", "spec", kind)
    return [container for container in found if isinstance(container, dict)] if isinstance(found, list) else []
