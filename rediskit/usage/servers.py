"""Workloads that are a Redis or monitor one, by their images."""

import re
from collections.abc import Mapping
from typing import Any

from rediskit.model.gitops_tools import image_name
from rediskit.model.local_redis import SERVER
from rediskit.model.podspec import containers_of

_WATCHER = re.compile(r"(?:redis|valkey)[-_]?(?:exporter|commander|insight)", re.IGNORECASE)


def is_server(workload: Mapping[str, Any]) -> bool:
    """Return whether a workload is a Redis: every container has an image of a Redis or of a tool for it."""
    images = _images(workload)
    return any(map(SERVER.fullmatch, images)) and all(SERVER.fullmatch(image) or _WATCHER.fullmatch(image) for image in images)


def is_watcher(workload: Mapping[str, Any]) -> bool:
    """Return whether a workload only monitors a Redis: a metrics exporter or a console."""
    images = _images(workload)
    return bool(images) and all(map(_WATCHER.fullmatch, images))


def is_for_redis(container: Mapping[str, Any]) -> bool:
    """Return whether a container has the image of a Redis or of a tool for it, and not of an application."""
    image = container.get("image")
    name = image_name(image if isinstance(image, str) else "")
    return bool(SERVER.fullmatch(name) or _WATCHER.fullmatch(name))


def _images(workload: Mapping[str, Any]) -> list[str]:
    """Return the last part of the image name of each container, without init containers."""
    images = (container.content.get("image") for container in containers_of(workload) if container.listed == "containers")
    return [image_name(image if isinstance(image, str) else "") for image in images]
