"""The variables of a container as the real kustomize leaves them: whatever they were, they become one thing, in an order that resolves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.renderers.owner_build import Object, Owner
from tests.samples import backend, owned_by

HOST = "redis-shared-master.redis.svc.cluster.local"
SECRET = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}


def switched(folder: Path, kustomize: Path, workload: Object) -> list[Object]:
    """Return the environment of the one container after `scale-up`."""
    environment, _ = owned_by(workload, "scale-up")
    built = Owner(folder, kustomize, (workload,)).build(environment)
    assert built.code == 0, built.complaint
    variables: list[Object] = built.workload()["spec"]["template"]["spec"]["containers"][0]["env"]
    return variables


def variables(*entries: Object) -> Object:
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][0]["env"] = list(entries)
    return workload


FROM_SECRET = {"secretKeyRef": {"name": "old", "key": "password", "optional": True}}
FROM_MAP = {"configMapKeyRef": {"name": "old", "key": "host"}}


@pytest.mark.parametrize(
    "before",
    [
        (),
        ({"name": "OTHER", "value": "1"},),
        ({"name": "REDIS_HOST", "value": "old"}, {"name": "REDIS_PORT", "value": "1"}, {"name": "REDIS_PASSWORD", "value": "old"}),
        ({"name": "REDIS_HOST", "valueFrom": FROM_MAP}, {"name": "REDIS_PORT", "valueFrom": FROM_MAP}),
        ({"name": "REDIS_PASSWORD", "valueFrom": FROM_SECRET}, {"name": "REDIS_HOST", "valueFrom": FROM_SECRET}),
        ({"name": "REDIS_PASSWORD", "valueFrom": FROM_MAP},),
        ({"name": "REDIS_PASSWORD"}, {"name": "REDIS_HOST", "value": ""}),
    ],
)
def test_whatever_the_variables_were_they_become_one_thing(tmp_path: Path, kustomize: Path, before: tuple[Object, ...]) -> None:
    """A variable with both value and valueFrom is refused by the API server; kustomize alone would leave both."""
    workload = variables(*before)
    assert switched(tmp_path, kustomize, workload) == [
        {"name": "REDIS_HOST", "value": HOST},
        {"name": "REDIS_PORT", "value": "6379"},
        {"name": "REDIS_PASSWORD", "valueFrom": SECRET},
        *[entry for entry in before if entry["name"] == "OTHER"],
    ]


def test_without_an_env_of_its_own_the_container_gets_one(tmp_path: Path, kustomize: Path) -> None:
    workload = backend()
    del workload["spec"]["template"]["spec"]["containers"][0]["env"]
    env = switched(tmp_path, kustomize, workload)
    assert [entry["name"] for entry in env] == ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"]


def test_a_variable_that_uses_ours_comes_after_them(tmp_path: Path, kustomize: Path) -> None:
    """`$(VAR)` names variables that are defined earlier. The base defines the URL first: there it stays unexpanded, patched it works."""
    workload = variables(
        {"name": "REDIS_URL", "value": "redis://:$(REDIS_PASSWORD)@$(REDIS_HOST):$(REDIS_PORT)/0"},
        {"name": "REDIS_HOST", "value": "redis"},
        {"name": "REDIS_PORT", "value": "6379"},
    )
    env = switched(tmp_path, kustomize, workload)
    assert [entry["name"] for entry in env] == ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_URL"]
