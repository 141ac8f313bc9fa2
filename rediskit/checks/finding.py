"""A finding, and what a check is: a small function with a stable code and a severity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from rediskit.chart.names import Release
from rediskit.errors import Location, Path
from rediskit.model.environment import Environment
from rediskit.renderers.helm import values_path
from rediskit.renderers.tree import Object, Tree

Severity = Literal["error", "warning", "info"]
Topic = Literal["", "password"]
"""What a command asks for that runs some checks only: `password` is about the password, its Secrets, and who reads them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `location` is the place in the config that caused it; None for an Environment made in Python.

    `on` holds the names by which `accept` in the config reaches the finding; empty: the config path, and the client whose section it is in.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    path: Path = ()
    location: Location | None = None
    on: tuple[str, ...] = ()


class Complaint(NamedTuple):
    """What a check function yields: the check's table adds code, severity and location.

    severity: where it is not that of the table. on: as in `Finding`.
    """

    message: str
    hint: str = ""
    path: Path = ()
    severity: Severity | None = None
    on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What is checked: the environment, its tree, and what the chart will make of the values that are in the tree."""

    environment: Environment
    tree: Tree

    @cached_property
    def values(self) -> Object:
        """The Helm values as rendered, the user's merged in."""
        found = next(file.content for file in self.tree.contents if file.path == values_path(self.environment))
        assert isinstance(found, dict)
        return found

    @cached_property
    def release(self) -> Release:
        """The chart's objects, derived from the rendered values and not from the model: the other side of every contract."""
        return Release.of(self.environment.redis.release, self.environment.redis.namespace, self.values)

    def objects(self, kind: str = "", folder: str = "") -> Iterator[tuple[str, Object]]:
        """Path and object, by kind and by the beginning of the path."""
        for path, content in self.tree.objects.items():
            if path.startswith(folder) and kind in ("", content["kind"]):
                yield path, content


def reference(content: Object) -> str:
    """Return `Kind/name` of an object, as `accept` names it; without a name the kind alone."""
    name = (content.get("metadata") or {}).get("name", "")
    return f"{content['kind']}/{name}" if name else str(content["kind"])


class Check(NamedTuple):
    """One rule over rendered objects. Its docstring is its documentation."""

    code: str
    severity: Severity
    run: Callable[[Subject], Iterator[Complaint]]
    topic: Topic = ""
