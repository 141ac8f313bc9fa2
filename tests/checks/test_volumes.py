"""The checks of volumes are silent where each Redis writes to a volume of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from tests.samples import loaded


@pytest.mark.parametrize(
    "redis",
    [
        {"values": {"master": {"persistence": {"path": "/bitnami/redis"}}}},
        {"values": {"replica": {"persistence": {"subPath": "redis"}, "terminationGracePeriodSeconds": 5}}},
        {"values": {"master": {"extraVolumeMounts": [{"name": "a", "mountPath": "/data/backup"}, {"name": "b", "mountPath": "/etc/a"}]}}},
        {
            "values": {
                "master": {
                    "lifecycleHooks": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
                    "preExecCmds": ["rm -f /tmp/a", "date"],
                }
            }
        },
        {"chart": {"profile": "cloudpirates"}, "values": {"persistence": {"mountPath": "/data/", "subPath": "redis"}}},
        {"chart": {"profile": "cloudpirates"}, "values": {"config": {"mountPath": "/etc/redis"}}},
        {"chart": {"profile": "cloudpirates"}, "appendOnly": False, "values": {"persistence": {"mountPath": "/cache"}}},
        {"chart": {"profile": "groundhog2k"}, "values": {"extraStorage": {"b": {"name": "b", "pvcName": "b", "mountPath": "/data/b"}}}},
        {"chart": {"profile": "valkey"}, "values": {"extraValkeySecrets": [{"name": "a", "mountPath": "/etc/tls"}]}},
    ],
    ids=str,
)
def test_a_redis_whose_data_is_on_its_volume_has_no_finding(tmp_path: Path, redis: dict[str, Any]) -> None:
    environment = loaded(tmp_path, over={"redis": redis})
    codes = {finding.code for finding in check(environment, render(environment))}
    assert not codes & {
        "data-directory",
        "start-replaced",
        "start-deletes",
        "durability",
        "volume-existing",
        "chart-key",
        "chart-owned-value",
    }


def test_two_existing_claims_are_not_shared(tmp_path: Path) -> None:
    values = {role: {"persistence": {"existingClaim": f"old-{role}"}} for role in ("master", "replica")}
    environment = loaded(tmp_path, over={"redis": {"values": values}})
    codes = [finding.code for finding in check(environment, render(environment))]
    assert (codes.count("volume-existing"), codes.count("volume-shared")) == (2, 0)
