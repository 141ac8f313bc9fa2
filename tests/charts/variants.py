"""Configs of every profile: the default, and what users change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rediskit.chart.profiles import PROFILES

_PRIMARY = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "3Gi"}}
COMMON: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "one instance": {"redis": {"replicas": 0}},
    "other release": {"redis": {"release": "cache", "namespace": "caches"}},
    "overrides": {
        "redis": {
            "auth": {"secret": "other-credentials", "key": "pass"},
            "image": {"repository": "example/redis", "tag": "8.2.3"},
            "exporterImage": {"repository": "example/exporter", "tag": "1.80.0"},
            "imageMirror": "mirror.example.org",
            "memory": {"max": "700mb", "policy": "noeviction"},
            "databases": 4,
            "disabledCommands": ["FLUSHALL", "CONFIG"],
            "resources": {"primary": _PRIMARY},
            "storage": {"class": "fast", "size": "20Gi"},
            "values": {"fullnameOverride": "redis-other"},
        }
    },
    "snapshots": {"redis": {"appendOnly": False, "savePoints": ["900 1", "300 10"]}},
    "nothing on disk": {"redis": {"appendOnly": False}},
    "without monitoring": {"monitoring": {"enabled": False}},
}


def variants() -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return profile, name and config of each variant. Replicas are varied where the chart has them."""
    rows = [(profile, name, over) for profile in PROFILES for name, over in COMMON.items()]
    more = {"redis": {"replicas": 3}}
    return [*rows, *((name, "three replicas", more) for name, profile in PROFILES.items() if profile.capabilities.replicas)]
