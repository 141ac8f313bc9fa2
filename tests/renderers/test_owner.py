"""The Component for an application repository in the real kustomize: what it changes at each step, and that it fails closed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import Environment, render
from rediskit.state_machine.effects import effects
from tests.renderers.owner_build import OLD_REDIS, Object, Owner, changed
from tests.samples import BACKEND, ONE_CONTAINER, backend, config, environment_of, owned_by

HOST = "redis-shared-master.redis.svc.cluster.local"
SECRET = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
ENV = "/spec/template/spec/containers/backend/env"
SWITCHED = {f"{ENV}/REDIS_HOST/value", f"{ENV}/REDIS_PASSWORD"}
"""REDIS_PORT is 6379 before and after."""
CHANGES: dict[str, set[str]] = {
    "scale-down": {"/spec/replicas"},
    "deploy": {"/spec/replicas"},
    "reconfigure": {"/spec/replicas", *SWITCHED},
    "scale-up": SWITCHED,
    "validate": SWITCHED,
    "decommission": SWITCHED,
}
"""The pointers of the real Deployment (replicas: 1) that differ from the base; nothing at the other steps."""
PLACES = [(order, step) for order in ("scale-down-first", "deploy-first") for step in ("prepare", *CHANGES, "complete", "rolled-back")]
DISTINCT = ("scale-down", "reconfigure", "scale-up", "decommission")
"""The steps whose Components differ; the others repeat one of them."""


def identity(order: str, step: str) -> bool:
    return step in ("prepare", "complete", "rolled-back") or (order, step) == ("deploy-first", "deploy")


def placed(objects: tuple[Object, ...], layout: str) -> tuple[Object, ...]:
    """Return the objects as a base of this layout holds them: without a namespace where base or overlay sets it."""
    copied = copy.deepcopy(objects)
    for content in copied if layout != "in the objects" else ():
        del content["metadata"]["namespace"]
    return copied


def owner(folder: Path, kustomize: Path, layout: str = "in the objects", base: tuple[Object, ...] | None = None) -> Owner:
    objects = placed(base if base is not None else (backend(), *OLD_REDIS), layout)
    base_namespace, namespace = ("beersystem" if layout == place else "" for place in ("by the base", "by the overlay"))
    return Owner(folder, kustomize, objects, base_namespace, namespace)


@pytest.mark.parametrize("layout", ["in the objects", "by the base", "by the overlay"])
@pytest.mark.parametrize(("order", "step"), PLACES)
def test_each_step_changes_exactly_what_it_means(tmp_path: Path, kustomize: Path, order: str, step: str, layout: str) -> None:
    repository = owner(tmp_path, kustomize, layout)
    before, after = repository.build(), repository.build(environment_of(step, order))
    assert before.code == after.code == 0, after.complaint
    if identity(order, step):
        assert after.text == before.text
        return
    gone = {("Deployment", "beersystem", "redis"), ("Service", "beersystem", "redis")} if step == "decommission" else set()
    assert before.objects.keys() - after.objects.keys() == gone
    assert after.objects.keys() <= before.objects.keys()
    moved = {key: difference for key in after.objects if (difference := changed(before.objects[key], after.objects[key]))}
    assert moved == {("Deployment", "beersystem", "beersystem-backend"): CHANGES[step]}
    workload = after.workload()
    assert workload["spec"]["replicas"] == (0 if "/spec/replicas" in CHANGES[step] else 1)


def test_the_live_object_with_all_its_noise_is_patched_alike(tmp_path: Path, kustomize: Path) -> None:
    """As kubectl printed it: status, uid, last-applied and an Argo CD label. 18 variables become 19, in an order that resolves."""
    repository = Owner(tmp_path, kustomize, (BACKEND.read_text(), *OLD_REDIS))
    before, after = repository.build().workload(), repository.build(environment_of("validate")).workload()
    assert changed(before, after) == SWITCHED
    old, new = (build["spec"]["template"]["spec"]["containers"][0]["env"] for build in (before, after))
    assert (len(old), len(new)) == (18, 19)
    assert [entry["name"] for entry in new][:3] == ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"]
    assert new[:3] == [
        {"name": "REDIS_HOST", "value": HOST},
        {"name": "REDIS_PORT", "value": "6379"},
        {"name": "REDIS_PASSWORD", "valueFrom": SECRET},
    ]
    assert new[3:] == [entry for entry in old if entry["name"] not in ("REDIS_HOST", "REDIS_PORT")]


@pytest.mark.parametrize(("order", "step"), PLACES)
def test_only_four_components_differ(order: str, step: str) -> None:
    """Steps with the same effect on the application render the same bytes: validate is scale-up, and deploy changes nothing."""
    same = {
        "validate": "scale-up",
        "deploy": "prepare" if order == "deploy-first" else "scale-down",
        "complete": "prepare",
        "rolled-back": "prepare",
    }

    def component(at: str) -> dict[str, bytes]:
        return {path: content for path, content in render(environment_of(at, order)).files.items() if path.startswith("owners/")}

    assert component(step) == component(same.get(step, step))
    if step in DISTINCT:
        assert component(step) != component("prepare")


def renamed(part: str, name: str) -> Callable[[Object], Object]:
    def change(workload: Object) -> Object:
        if part == "workload":
            workload["metadata"]["name"] = name
        else:
            workload["spec"]["template"]["spec"]["containers"][0]["name"] = name
        return workload

    return change


def of_another_kind(workload: Object) -> Object:
    return {**workload, "kind": "StatefulSet"}


def only_an_init_container(workload: Object) -> Object:
    pod = workload["spec"]["template"]["spec"]
    pod["initContainers"], pod["containers"] = pod["containers"], [{"name": "proxy", "image": "proxy:1"}]
    return workload


BROKEN: dict[str, Callable[[Object], Object]] = {
    "another workload": renamed("workload", "beersystem-frontend"),
    "a workload that begins alike": renamed("workload", "beersystem-backend-v2"),
    "a workload that ends alike": renamed("workload", "old-beersystem-backend"),
    "another container": renamed("container", "api"),
    "a container that begins alike": renamed("container", "backend-2"),
    "another kind": of_another_kind,
    "an init container of that name": only_an_init_container,
}


@pytest.mark.parametrize("step", DISTINCT)
@pytest.mark.parametrize("broken", [*BROKEN, "no workload", "two namespaces"])
def test_the_build_fails_when_what_it_patches_is_not_there(tmp_path: Path, kustomize: Path, step: str, broken: str) -> None:
    base: tuple[Object, ...] = OLD_REDIS
    if broken == "two namespaces":
        other = backend()
        other["metadata"]["namespace"] = "staging"
        base = (backend(), other, *OLD_REDIS)
    elif broken != "no workload":
        base = (BROKEN[broken](backend()), *OLD_REDIS)
    repository = owner(tmp_path, kustomize, base=base)
    assert repository.build().code == 0
    built = repository.build(environment_of(step))
    assert built.code != 0
    assert "beersystem-backend" in built.complaint
    assert built.text == ""


def test_a_second_container_that_is_missing_fails_the_build_alone(tmp_path: Path, kustomize: Path) -> None:
    workload = two_containers()
    environment, _ = owned_by(workload, "scale-down", containers=TWO_CONTAINERS)
    workload["spec"]["template"]["spec"]["containers"].pop()
    built = owner(tmp_path, kustomize, base=(workload,)).build(environment)
    assert built.code != 0
    assert "[name=worker]" in built.complaint


TWO_CONTAINERS = {
    "worker": {"env": {"CACHE_HOST": "${host}", "CACHE_PORT": "${port}", "CACHE_PASSWORD": "${password}"}},
    "backend": ONE_CONTAINER["backend"],
}


def two_containers() -> Object:
    """Return the real Deployment with a second container that uses Redis, two that do not, and an init container, of like names."""
    workload = backend()
    pod = workload["spec"]["template"]["spec"]
    variables = [{"name": "REDIS_HOST", "value": "other"}, {"name": "CACHE_HOST", "value": "other"}]
    sidecars = [{"name": name, "image": "sidecar:1", "env": copy.deepcopy(variables)} for name in ("backend-proxy", "logs")]
    worker = {"name": "worker", "image": "worker:1", "args": ["--queue"], "env": [{"name": "CACHE_HOST", "value": "redis"}]}
    pod["containers"] = [sidecars[0], *pod["containers"], sidecars[1], worker]
    pod["initContainers"] = [{"name": "backend", "image": "init:1", "env": copy.deepcopy(variables)}, {"name": "worker", "image": "init:1"}]
    return workload


@pytest.mark.parametrize("step", DISTINCT)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_several_containers_and_sidecars(tmp_path: Path, kustomize: Path, kind: str, step: str) -> None:
    workload = {**two_containers(), "kind": kind}
    environment, _ = owned_by(workload, step, containers=TWO_CONTAINERS)
    repository = owner(tmp_path, kustomize, base=(workload, *OLD_REDIS))
    before, after = repository.build().workload(kind), repository.build(environment).workload(kind)
    worker = "/spec/template/spec/containers/worker/env"
    switched = SWITCHED | {f"{worker}/{name}" for name in ("CACHE_HOST/value", "CACHE_PORT", "CACHE_PASSWORD")}
    expected = (switched if effects(environment.clients[0].migration).switched else set()) | (CHANGES[step] & {"/spec/replicas"})
    assert changed(before, after) == expected
    assert after["spec"]["template"]["spec"]["initContainers"] == before["spec"]["template"]["spec"]["initContainers"]


@pytest.mark.parametrize(
    ("step", "replicas"), [("scale-down", 0), ("reconfigure", 0), ("scale-up", 3), ("decommission", 3), ("rolled-back", 3)]
)
def test_the_original_replicas_come_back(tmp_path: Path, kustomize: Path, step: str, replicas: int) -> None:
    workload = backend()
    workload["spec"]["replicas"] = 3
    environment, _ = owned_by(workload, step)
    assert owner(tmp_path, kustomize, base=(workload, *OLD_REDIS)).build(environment).workload()["spec"]["replicas"] == replicas


def test_replicas_that_the_base_leaves_to_the_cluster_are_written_out(tmp_path: Path, kustomize: Path) -> None:
    workload = backend()
    del workload["spec"]["replicas"]
    environment, _ = owned_by(workload, "scale-up", replicas=4)
    assert owner(tmp_path, kustomize, base=(workload,)).build(environment).workload()["spec"]["replicas"] == 4


def test_a_prefix_of_the_overlay_does_not_hide_the_workload(tmp_path: Path, kustomize: Path) -> None:
    repository = Owner(tmp_path, kustomize, (backend(), *OLD_REDIS), overlay={"namePrefix": "blue-"})
    built = repository.build(environment_of("scale-up"))
    assert changed(repository.build().workload(name="blue-beersystem-backend"), built.workload(name="blue-beersystem-backend")) == SWITCHED


def test_only_an_overlay_above_the_component_wins_over_it(tmp_path: Path, kustomize: Path) -> None:
    """The reason for `outermost` in the README of the tree: replicas of the same kustomization come after its Components."""
    repository = Owner(tmp_path, kustomize, (backend(), *OLD_REDIS))
    below = Owner(tmp_path / "below", kustomize, [_with_replicas(2), *OLD_REDIS])
    replicas = {"replicas": [{"name": "beersystem-backend", "count": 2}]}
    same = Owner(tmp_path / "same", kustomize, (backend(), *OLD_REDIS), overlay=replicas)
    assert below.build(environment_of("scale-down")).workload()["spec"]["replicas"] == 0
    assert same.build(environment_of("scale-down")).workload()["spec"]["replicas"] == 2
    assert repository.build(environment_of("scale-down"), above=replicas).workload()["spec"]["replicas"] == 2


def _with_replicas(count: int) -> Object:
    workload = backend()
    workload["spec"]["replicas"] = count
    return workload


def test_the_secret_and_the_address_follow_the_config(tmp_path: Path, kustomize: Path) -> None:
    over: dict[str, Any] = {
        "redis": {
            "release": "cache",
            "namespace": "databases",
            "auth": {"secret": "cache-password", "key": "value"},
            "values": {"master": {"service": {"ports": {"redis": 6400}}}, "clusterDomain": "k8s.example"},
        }
    }
    env = (
        owner(tmp_path, kustomize)
        .build(environment_of("scale-up", over=over))
        .workload()["spec"]["template"]["spec"]["containers"][0]["env"]
    )
    assert env[:3] == [
        {"name": "REDIS_HOST", "value": "cache-redis-master.databases.svc.k8s.example"},
        {"name": "REDIS_PORT", "value": "6400"},
        {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "cache-password", "key": "value"}}},
    ]


@pytest.mark.parametrize("step", ["prepare", "complete", "rolled-back"])
def test_a_component_without_changes_has_an_empty_list(step: str) -> None:
    """A Component of apiVersion and kind alone is refused as empty (kustomize 5.8.1)."""
    files = {path: content for path, content in render(environment_of(step)).files.items() if path.startswith("owners/")}
    assert list(files) == ["owners/beersystem/kustomization.yaml"]
    assert yaml.safe_load(files["owners/beersystem/kustomization.yaml"]) == {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": [],
    }


def test_every_client_with_a_migration_has_a_folder() -> None:
    clients = config("scale-up")["clients"]
    other = {
        **clients[0],
        "name": "other",
        "namespace": "other",
        "workloads": [{"kind": "StatefulSet", "name": "web", "replicas": 2, "containers": ONE_CONTAINER}],
    }
    environment: Environment = environment_of("scale-up", over={"clients": [*clients, other, {"name": "plain", "namespace": "plain"}]})
    owners = sorted(path for path in render(environment).files if path.startswith("owners/"))
    assert owners == [
        "owners/beersystem/deployment-beersystem-backend.yaml",
        "owners/beersystem/kustomization.yaml",
        "owners/other/kustomization.yaml",
        "owners/other/statefulset-web.yaml",
    ]
