"""The pods of Redis get changes, and one node does not end all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from rediskit.chart.profile import anti_affinity
from tests.samples import loaded

HOST = "kubernetes.io/hostname"
PINNED = {"nodeSelector": {HOST: "node1"}}
ONLY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": HOST, "operator": "In", "values": ["node1"]}]}]
        }
    }
}
ALLOWED: dict[str, Any] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
SPREAD = [{"maxSkew": 1, "topologyKey": HOST, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"a": "b"}}}]
OF_REPLICAS = anti_affinity({"app.kubernetes.io/component": "replica"})
CLOUDPIRATES = {"chart": {"profile": "cloudpirates"}}
GROUNDHOG2K = {"chart": {"profile": "groundhog2k"}, "replicas": 0}
VALKEY = {"chart": {"profile": "valkey"}}


def reported(folder: Path, redis: dict[str, Any], code: str) -> list[tuple[str, str]]:
    environment = loaded(folder, over={"redis": json.loads(json.dumps(redis))})  # Without anchors in the YAML.
    findings = [finding for finding in check(environment, render(environment)) if finding.code == code]
    assert all(finding.location is not None for finding in findings)
    return [(finding.severity, finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("redis", "names"),
    [
        ({"values": {"master": {"updateStrategy": {"type": "OnDelete"}}}}, ["master.updateStrategy"]),
        ({"values": {role: {"updateStrategy": {"type": "OnDelete"}} for role in ("master", "replica")}}, ["master.", "replica."]),
        (CLOUDPIRATES | {"values": {"updateStrategy": {"type": "OnDelete"}}}, ["updateStrategy"]),
        (GROUNDHOG2K | {"values": {"updateStrategyType": "OnDelete"}}, ["updateStrategyType"]),
        ({"values": {"master": {"updateStrategy": {"type": "RollingUpdate"}}}}, []),
        (GROUNDHOG2K | {"values": {"updateStrategyType": "RollingUpdate"}}, []),
        (VALKEY, []),
        ({}, []),
    ],
    ids=str,
)
def test_a_redis_that_keeps_its_old_password_is_reported_at_the_first_render(
    redis: dict[str, Any], names: list[str], tmp_path: Path
) -> None:
    findings = reported(tmp_path, redis, "redis-not-updated")
    end = "is OnDelete: Redis keeps its old settings, image and password until a person deletes its pods"
    assert [severity for severity, _ in findings] == ["warning"] * len(names)
    assert all(name in message and message.endswith(end) for name, (_, message) in zip(names, findings, strict=True))


def test_pods_below_a_partition_keep_their_old_password(tmp_path: Path) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    ((severity, message),) = reported(tmp_path, {"values": {"replica": {"updateStrategy": strategy}}}, "redis-not-updated")
    assert (severity, message.partition(":")[0]) == ("warning", "replica.updateStrategy has the partition 1")


APART = "nothing keeps primary and replica on two nodes"
NODE = "primary and replica run on node node1 only"


@pytest.mark.parametrize(
    ("redis", "text"),
    [
        ({"values": {"replica": {"affinity": None}}}, APART),
        ({"values": {"replica": {"affinity": {"podAntiAffinity": None}}}}, APART),
        ({"values": {"replica": {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}}}}, APART),
        ({"values": {"replica": {"affinity": OF_REPLICAS}}}, APART),
        ({"values": {"master": PINNED, "replica": PINNED}}, NODE),
        ({"values": {"master": PINNED, "replica": {"affinity": ONLY}}}, NODE),
        (CLOUDPIRATES | {"values": {"affinity": None}}, APART),
        (CLOUDPIRATES | {"values": PINNED}, NODE),
        (VALKEY | {"values": {"affinity": None}}, APART),
        ({"values": {"replica": {"affinity": None, "topologySpreadConstraints": SPREAD}}}, ""),
        ({"values": {"replica": {"affinity": ALLOWED}}}, ""),
        ({"values": {"master": {"affinity": ALLOWED}}}, ""),
        ({"values": {"master": PINNED}}, ""),
        ({"values": {"master": PINNED, "replica": {"nodeSelector": {HOST: "node2"}}}}, ""),
        ({"values": {role: {"nodeSelector": {"disk": "ssd"}} for role in ("master", "replica")}}, ""),
        ({"replicas": 0, "values": {"replica": {"affinity": None}}}, ""),
        (CLOUDPIRATES | {"replicas": 0, "values": {"affinity": None}}, ""),
        (CLOUDPIRATES, ""),
        (VALKEY, ""),
        (GROUNDHOG2K, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_one_node_does_not_end_primary_and_replica(redis: dict[str, Any], text: str, tmp_path: Path) -> None:
    findings = reported(tmp_path, redis, "one-node")
    assert [severity for severity, _ in findings] == (["warning"] if text else [])
    assert all(message.startswith(f"{text}: the loss of the node stops both") for _, message in findings)
