"""Which workloads are a Redis themselves, and which only watch one: told by their images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rediskit.model.gitops_tools import image_name
from rediskit.model.podspec import containers_of

_SERVER = re.compile(r"(?:redis|valkey|keydb|dragonfly)(?:-(?:stack|server|cluster|sentinel|oss|alpine))*[0-9]*", re.IGNORECASE)
"""What images of a Redis are called; `redis-worker` is an application."""
_WATCHER = re.compile(r"(?:redis|valkey)[-_]?(?:exporter|commander|insight)", re.IGNORECASE)


def is_server(workload: Mapping[str, Any]) -> bool:
    """Return whether a workload is a Redis itself: every container runs an image of one, or one that watches it."""
    images = _images(workload)
    return any(map(_SERVER.fullmatch, images)) and all(_SERVER.fullmatch(image) or _WATCHER.fullmatch(image) for image in images)


def is_watcher(workload: Mapping[str, Any]) -> bool:
    """Return whether a workload only looks at a Redis: an exporter of metrics, a console."""
    images = _images(workload)
    return bool(images) and all(map(_WATCHER.fullmatch, images))


def _images(workload: Mapping[str, Any]) -> list[str]:
    """Return the last part of the image name of each container but those that only start the pod."""
    found = (one.content.get("image") for one in containers_of(workload) if one.listed == "containers")
    return [image_name(image if isinstance(image, str) else "") for image in found]
