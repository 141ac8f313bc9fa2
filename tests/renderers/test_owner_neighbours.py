"""What `decommission` removes from the build of an application repository, and the neighbours that each step leaves."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.renderers.owner_build import OLD_REDIS, changed
from tests.renderers.test_owner import DISTINCT, SWITCHED, owner
from tests.samples import backend, config, environment_of, owned_by


@pytest.mark.parametrize("step", DISTINCT)
def test_neighbours_with_like_names_are_left_alone(tmp_path: Path, kustomize: Path, step: str) -> None:
    """Their images too: the assertion copies an image, and must copy it nowhere else."""
    neighbours = []
    for name in ("beersystem-backend-worker", "x-beersystem-backend", "beersystem"):
        neighbours.append(backend())
        neighbours[-1]["metadata"]["name"] = name
        neighbours[-1]["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example.com/{name}:1"
    repository = owner(tmp_path, kustomize, base=(*neighbours, backend(), *OLD_REDIS))
    before, after = repository.build(), repository.build(environment_of(step))
    assert after.code == 0, after.complaint
    assert all(
        before.workload(name=neighbour["metadata"]["name"]) == after.workload(name=neighbour["metadata"]["name"])
        for neighbour in neighbours
    )


def test_decommission_changes_nothing_after_the_base_contains_the_change(tmp_path: Path, kustomize: Path) -> None:
    """The gate to `complete`: the base carries env, replicas and removal itself, and the Component has nothing left to do."""
    folded = owner(tmp_path / "first", kustomize).build(environment_of("decommission"))
    base = tuple(folded.objects.values())
    repository = owner(tmp_path / "folded", kustomize, base=base)
    before = repository.build()
    assert before.text == repository.build(environment_of("decommission")).text == repository.build(environment_of("complete")).text
    assert set(before.objects) == {("Deployment", "beersystem", "beersystem-backend")}


def test_decommission_leaves_a_redis_of_the_same_name_elsewhere(tmp_path: Path, kustomize: Path) -> None:
    others = copy.deepcopy(OLD_REDIS)
    for content in others:
        content["metadata"]["namespace"] = "payments"
    built = owner(tmp_path, kustomize, base=(backend(), *OLD_REDIS, *others)).build(environment_of("decommission"))
    assert {key for key in built.objects if key[2] == "redis"} == {("Deployment", "payments", "redis"), ("Service", "payments", "redis")}


def test_decommission_leaves_what_is_named_alike(tmp_path: Path, kustomize: Path) -> None:
    alike = []
    for name in ("redis-exporter", "old-redis", "redis2"):
        alike.append(copy.deepcopy(OLD_REDIS[1]))
        alike[-1]["metadata"]["name"] = name
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "redis", "namespace": "beersystem"}}
    before = owner(tmp_path, kustomize, base=(backend(), *OLD_REDIS, *alike, config_map))
    gone = before.build().objects.keys() - before.build(environment_of("decommission")).objects.keys()
    assert gone == {("Deployment", "beersystem", "redis"), ("Service", "beersystem", "redis")}


@pytest.mark.parametrize(
    "reference", ["StatefulSet/redis", "PersistentVolumeClaim/redis", "HorizontalPodAutoscaler/redis", "RedisFailover/redis"]
)
def test_decommission_removes_objects_of_any_kind(tmp_path: Path, kustomize: Path, reference: str) -> None:
    kind = reference.partition("/")[0]
    versions = {"StatefulSet": "apps/v1", "HorizontalPodAutoscaler": "autoscaling/v2", "RedisFailover": "databases.example.com/v1"}
    old = {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": {"name": "redis", "namespace": "beersystem"}, "spec": {}}
    client = config("decommission")["clients"][0] | {"previous": {"host": "redis", "remove": [reference]}}
    environment = environment_of("decommission", over={"clients": [client]})
    built = owner(tmp_path, kustomize, base=(backend(), *OLD_REDIS, old)).build(environment)
    assert built.code == 0, built.complaint
    assert (kind, "beersystem", "redis") not in built.objects
    assert len(built.objects) == 3


def test_a_dot_in_a_name_is_a_dot(tmp_path: Path, kustomize: Path) -> None:
    workload, other = backend(), backend()
    workload["metadata"]["name"], other["metadata"]["name"] = "back.end", "back-end"
    other["spec"]["template"]["spec"]["containers"][0]["image"] = "other:1"
    environment, _ = owned_by(workload, "scale-up")
    repository = owner(tmp_path, kustomize, base=(workload, other))
    built = repository.build(environment)
    assert built.code == 0, built.complaint
    assert built.workload(name="back-end") == repository.build().workload(name="back-end")
    assert changed(repository.build().workload(name="back.end"), built.workload(name="back.end")) == SWITCHED
