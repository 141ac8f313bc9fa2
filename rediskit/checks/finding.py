"""The records of the checks: a finding, a rule, and what a rule reads."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Literal, NamedTuple

from rediskit.chart.names import Release
from rediskit.chart.profile import Profile
from rediskit.errors import Location, Path
from rediskit.model.environment import Environment
from rediskit.renderers.helm import values_path
from rediskit.renderers.tree import Object, Tree

REFUSED = "correct the object: the API server would refuse it"

Severity = Literal["error", "warning", "info"]
Topic = Literal["", "password"]
"""A group of checks that a command can run alone. `password` covers the password, its Secrets and their readers."""


class Finding(NamedTuple):
    """A result of a check.

    Attributes:
        location: The position of `path` in the config file; None for an Environment that Python code constructs.
        on: The values of `accept.on` that accept the finding. Empty: the config path, and the client whose section contains the path.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    path: Path = ()
    location: Location | None = None
    on: tuple[str, ...] = ()


class Issue(NamedTuple):
    """The part of a finding that a check function yields. The table of checks adds code, location and, by default, the severity."""

    message: str
    hint: str = ""
    path: Path = ()
    severity: Severity | None = None
    on: tuple[str, ...] = ()


# A plain class, because cached properties need an instance dictionary.
class Subject:
    """The input of a check: the config, the rendered manifests, and the objects that the chart creates from the rendered values."""

    def __init__(self, environment: Environment, tree: Tree) -> None:
        self.environment, self.tree = environment, tree

    @cached_property
    def values(self) -> Object:
        """The rendered Helm values, `redis.values` included."""
        values = next(file.content for file in self.tree.contents if file.path == values_path(self.environment))
        assert isinstance(values, dict)
        return values

    @cached_property
    def release(self) -> Release:
        """The objects of the chart, computed from the rendered values and not from the model."""
        redis = self.environment.redis
        return Release.of(redis.profile, redis.release, redis.namespace, self.values, redis.replicas)

    @cached_property
    def profile(self) -> Profile:
        """What rediskit knows about the chart."""
        return self.environment.redis.profile

    def objects(self, kind: str = "", folder: str = "") -> Iterator[tuple[str, Object]]:
        """Yield path and content of each object of a kind whose path starts with a folder."""
        if kind:
            yield from (entry for entry in self._by_kind.get(kind, ()) if entry[0].startswith(folder))
            return
        for file in self.tree.below(folder):
            content = self.tree.objects.get(file.path)
            if content is not None:
                yield file.path, content

    @cached_property
    def _by_kind(self) -> Mapping[str, list[tuple[str, Object]]]:
        objects: dict[str, list[tuple[str, Object]]] = {}
        for path, content in self.tree.objects.items():
            objects.setdefault(content["kind"], []).append((path, content))
        return objects


def reference(content: Object) -> str:
    """Return `Kind/name` of an object, the form of `accept.on`, or the kind alone for an object without a name."""
    name = (content.get("metadata") or {}).get("name", "")
    return f"{content['kind']}/{name}" if name else str(content["kind"])


class Check(NamedTuple):
    """One rule about rendered objects. The docstring of `run` is its text in docs/checks.md."""

    code: str
    severity: Severity
    run: Callable[[Subject], Iterator[Issue]]
    topic: Topic = ""
