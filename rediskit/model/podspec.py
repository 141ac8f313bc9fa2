"""Pods and containers inside any object: the one place that walks them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.errors import Path
from rediskit.model.nested import list_at, text_at

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
"""The lists of a pod that hold containers, in the order in which they start."""


class Container(NamedTuple):
    """One container of a pod, the keys and indices from the object to it, and its list, one of `CONTAINER_LISTS`."""

    path: Path
    listed: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the container; "" where it has none."""
        return text_at(self.content, "name")


def pods_of(content: Any) -> list[tuple[Path, dict[str, Any]]]:
    """Return path and content of each pod spec in an object.

    A pod spec is a mapping with a list `containers` of mappings: a Deployment, a CronJob, a Rollout and the kinds of other operators all
    have one, at different depths.
    """
    pods: list[tuple[Path, dict[str, Any]]] = []
    if isinstance(content, (dict, list)):
        _add_pods(content, (), pods)
    return pods


def _add_pods(content: dict[str, Any] | list[Any], path: Path, pods: list[tuple[Path, dict[str, Any]]]) -> None:
    # A nested generator would cost twice as much for each level, and each check walks each object.
    if isinstance(content, dict):
        if "containers" in content and _has_containers(content):
            pods.append((path, content))
        for key, inner in content.items():
            if isinstance(inner, (dict, list)) and inner:
                _add_pods(inner, (*path, str(key)), pods)
    else:
        for index, inner in enumerate(content):
            if isinstance(inner, (dict, list)) and inner:
                _add_pods(inner, (*path, index), pods)


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
