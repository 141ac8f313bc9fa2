"""The config of a lab: the default one, with ports that are free here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rediskit.chart.profiles import PROFILES
from rediskit.model.nested import below
from tests.live.addresses import Addresses
from tests.samples import merged

CLIENT = "shop"
"""The application of the lab, and its namespace."""


def lab_config(profile: str, addresses: Addresses, scrape: int, over: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config. over: the keys of the scenario."""
    basic = {
        "name": "lab",
        "gitops": {"tool": "argocd", "repository": "https://git.example.org/platform/cluster.git"},
        "redis": {"chart": {"profile": profile}, "values": _ports(profile, addresses)},
        "network": {
            "address": addresses.external,
            "pool": {"name": "lan", "addresses": f"{addresses.external}-{addresses.external}"},
            "allow": ["127.0.0.0/8"],
        },
        "secrets": {"mode": "manual"},
        "monitoring": {"interval": f"{scrape}s"},
        # A verification is refused logins, which the scenarios count.
        "verification": {"jobs": False},
        "clients": [{"name": CLIENT, "namespace": CLIENT}],
    }
    return merged(basic, over)


def _ports(profile: str, addresses: Addresses) -> dict[str, Any]:
    free = {"metrics_container_port": addresses.metrics_port}
    values: dict[str, Any] = {}
    for port, (_, path) in PROFILES[profile].layout.ports.items():
        if port != "metrics_port":
            values = merged(values, below(path, free.get(port, addresses.redis_port)))
    return values
