"""Autoscalers in the live objects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.init.live import Object, container, other_questions, workload
from tests.init.test_clients import THREE, client


def hpa(least: int | None = 1, most: int = 5, kind: str = "HorizontalPodAutoscaler", target: str = "Deployment", **metadata: Any) -> Object:
    keys = ("minReplicas", "maxReplicas") if kind == "HorizontalPodAutoscaler" else ("minReplicaCount", "maxReplicaCount")
    spec: Object = {"scaleTargetRef": {"kind": target, "name": "web"}, keys[0]: least, keys[1]: most}
    return {
        "kind": kind,
        "metadata": {"name": "scaler", "namespace": "shop", **metadata},
        "spec": {k: v for k, v in spec.items() if v is not None},
    }


@pytest.mark.parametrize(
    ("scaler", "section"),
    [
        (hpa(), {"kind": "HorizontalPodAutoscaler", "name": "scaler", "min": 1, "max": 5}),
        (hpa(None), {"kind": "HorizontalPodAutoscaler", "name": "scaler", "min": 1, "max": 5}),
        (hpa(0, kind="ScaledObject"), {"kind": "ScaledObject", "name": "scaler", "min": 0, "max": 5}),
        (hpa(target="StatefulSet"), None),
        (hpa(namespace="other"), None),
        (hpa(name="No Name"), None),
    ],
    ids=["hpa", "usual", "keda", "other-kind", "elsewhere", "no-name"],
)
def test_the_autoscaler_of_the_workload_is_detected(scaler: Object, section: Object | None) -> None:
    detected = client(workload(container(**THREE)), scaler)
    assert other_questions(detected) == {}
    assert (detected.workloads[0].scaler.section if detected.workloads[0].scaler else None) == section


@pytest.mark.parametrize(
    ("scaler", "asked"),
    [
        (hpa(3), "the workload has 2 replicas, but HorizontalPodAutoscaler/scaler allows 3 to 5: write the normal number of replicas"),
        (
            hpa(0),
            "HorizontalPodAutoscaler/scaler could start the application during the migration: set minReplicas to 1, then write min: 1",
        ),
    ],
    ids=["outside", "to-0"],
)
def test_an_autoscaler_with_invalid_bounds_is_an_open_question(scaler: Object, asked: str) -> None:
    assert other_questions(client(workload(container(**THREE)), scaler)) == {"replicas": [asked]}
