"""Pods and containers inside any object: the one place that walks them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.model.nested import list_at, text_at

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
"""The lists of a pod that hold containers, in the order in which they start."""


class Container(NamedTuple):
    """One container of a pod, the keys and indices from the object to it, and its list, one of `CONTAINER_LISTS`."""

    path: tuple[str | int, ...]
    listed: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the container; "" where it has none."""
        return text_at(self.content, "name")


def pods_of(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield path and content of each pod spec in an object.

    A pod spec is a mapping with a list `containers` of mappings: a Deployment, a CronJob, a Rollout and the kinds of other operators all
    have one, at different depths.
    """
    if isinstance(content, dict):
        if "containers" in content and _has_containers(content):
            yield path, content
        for key, inner in content.items():
            if isinstance(inner, (dict, list)):
                yield from pods_of(inner, (*path, str(key)))
    elif isinstance(content, list):
        for index, inner in enumerate(content):
            if isinstance(inner, (dict, list)):
                yield from pods_of(inner, (*path, index))


def containers_of(content: Any) -> Iterator[Container]:
    """Yield each container of each pod in an object, init and ephemeral containers included."""
    for path, pod in pods_of(content):
        for listed in CONTAINER_LISTS:
            for index, entry in enumerate(list_at(pod, listed)):
                if isinstance(entry, dict):
                    yield Container((*path, listed, index), listed, entry)


def _has_containers(content: dict[str, Any]) -> bool:
    entries = list_at(content, "containers")
    return bool(entries) and all(isinstance(entry, dict) for entry in entries)
