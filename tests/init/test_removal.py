"""`init` proposes the objects of the old Redis for removal that nothing else in the input uses."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit.errors import ConfigError
from rediskit.init.clients import DetectedClients, clients_of
from rediskit.init.detected import DetectedClient
from rediskit.init.objects import InputObjects, read_objects
from rediskit.model.gitops_tools import gitops_tool_of
from rediskit.usage.services import selects
from tests.init.live import Object, config_map, container, redis, service, workload

CASES = Path(__file__).parent / "cases"
THREE: Object = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": "x"}
OLD = ("Deployment/redis", "Service/redis")


def clients(*objects: Object) -> DetectedClients:
    return clients_of(InputObjects(objects))


def client(*objects: Object) -> DetectedClient:
    (detected,) = clients(workload(container(**THREE)), redis(), service(), *objects).clients
    return detected


@pytest.mark.parametrize(
    ("case", "remove", "users"),
    [
        ("app-01-shared-labels-own-service", OLD, ()),
        ("app-02-init-container-variable", OLD, ()),
        ("app-14-job-and-cronjob", (), ("Job/migrate", "DaemonSet/agent")),
        ("app-24-dragonfly-operator", ("Dragonfly/shop-dragonfly",), ()),
        ("env-09-users-of-the-old-redis-passed-over", (), ("DaemonSet/agent",)),
    ],
)
def test_removals_in_inputs_of_real_repositories(case: str, remove: tuple[str, ...], users: tuple[str, ...]) -> None:
    """An earlier version proposed a Service of the application, a Redis with other users, and objects that an operator creates again."""
    (detected,) = clients_of(read_objects((CASES / f"{case}.yaml").read_bytes(), case)).clients
    remarks = "\n".join(detected.remarks.get("previous", ()))
    assert detected.remove == remove
    assert all(user in remarks for user in users)
    assert ("before decommission" in remarks) is bool(users)
    assert "if it is the old Redis" not in remarks, "the client itself is never offered"


FORMS = ("redis", "redis.shop", "redis.shop.svc.cluster.local.", "redis://redis:6379/0", "redis.shop.svc:6379")


def pod(kind: str, version: str, *, deep: bool = False, **spec: Any) -> Object:
    template = {"template": {"metadata": {"labels": {"app": "other"}}, "spec": spec}}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "other", "namespace": "shop"},
        "spec": {"schedule": "0 1 * * *", "jobTemplate": {"spec": template}} if deep else template,
    }


def places(form: str) -> dict[str, Object]:
    """Return one place in a pod for each way to configure the address of a Redis."""
    plain: Object = {"name": "x", "image": "registry.example.com/x:1"}
    own = {**plain, "env": [{"name": "REDIS_HOST", "value": form}]}
    return {
        "env": {"containers": [own]},
        "init container": {"containers": [plain], "initContainers": [{**own, "name": "wait"}]},
        "args": {"containers": [{**plain, "args": ["--host", form]}]},
        "probe": {"containers": [{**plain, "livenessProbe": {"exec": {"command": ["redis-cli", "-h", form, "ping"]}}}]},
    }


KINDS = {
    "CronJob": lambda spec: pod("CronJob", "batch/v1", deep=True, **spec),
    "Job": lambda spec: pod("Job", "batch/v1", **spec),
    "DaemonSet": lambda spec: pod("DaemonSet", "apps/v1", **spec),
    "Rollout": lambda spec: pod("Rollout", "argoproj.io/v1alpha1", **spec),
    "StatefulSet": lambda spec: pod("StatefulSet", "apps/v1", **spec),
    "ReplicaSet": lambda spec: pod("ReplicaSet", "apps/v1", **spec),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", places(""))
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_removed_that_another_workload_of_the_input_uses(kind: str, place: str, form: str) -> None:
    other = KINDS[kind](places(form)[place])
    (detected,) = clients(workload(container(**THREE)), redis(), service(), other).clients
    if f"{kind}/other" in [each.reference for each in detected.workloads]:
        assert detected.remove == (OLD if place != "probe" else ())
        return
    assert detected.remove == ()
    assert any("also used by" in text and f"{kind}/other" in text for text in detected.remarks["previous"])


HELM = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "other", "namespace": "shop"}}
APPLICATION = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "other", "namespace": "argocd"}}


@pytest.mark.parametrize(
    "other",
    [
        {**HELM, "spec": {"values": {"redis": {"host": "redis.shop.svc.cluster.local"}}}},
        {
            **APPLICATION,
            "spec": {"destination": {"namespace": "shop"}, "source": {"helm": {"valuesObject": {"redisHost": "redis"}}}},
        },
        config_map("other", REDIS_HOST="redis"),
        workload(container(REDIS_HOST="redis.shop"), name="other", namespace="elsewhere", kind="DaemonSet"),
    ],
    ids=["HelmRelease", "Application", "ConfigMap", "other namespace"],
)
def test_nothing_is_removed_that_another_object_of_the_input_refers_to(other: Object) -> None:
    detected = client(other)
    assert detected.remove == ()
    assert any(f"{other['kind']}/other" in text for text in detected.remarks["previous"])


def test_a_config_map_of_the_client_whose_variable_is_switched_is_no_user() -> None:
    source = {"configMapKeyRef": {"name": "settings", "key": "host"}}
    web = workload(container(REDIS_HOST=source, REDIS_PORT="6379", REDIS_PASSWORD="x"))
    settings = config_map("settings", host="redis")
    (detected,) = clients(web, redis(), service(), settings).clients
    assert detected.remove == OLD
    shared = pod("CronJob", "batch/v1", deep=True, containers=[container(QUEUE=source)])
    (detected,) = clients(web, redis(), service(), settings, shared).clients
    assert detected.remove == ()


def test_another_variable_of_the_client_that_is_not_switched_is_a_user() -> None:
    web = workload(container(**THREE), container("sidecar") | {"args": ["until nc redis:6379; do sleep 1; done"]})
    (detected,) = clients(web, redis(), service()).clients
    assert detected.remove == ()


def test_a_replica_of_the_old_redis_is_no_user_and_is_named() -> None:
    follower = redis("redis-replica", kind="StatefulSet")
    follower["spec"]["template"]["spec"]["containers"][0]["args"] = ["--replicaof", "redis", "6379"]
    follower["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "REDIS_MASTER_HOST", "value": "redis"}]
    detected = client(follower)
    assert detected.remove == OLD
    assert "StatefulSet/redis-replica is a replica of redis: write it under remove if both must go" in detected.remarks["previous"]


@pytest.mark.parametrize("held", [True, False])
def test_the_object_that_an_operator_reads_is_removed_instead_of_its_workload(held: bool) -> None:
    top: Object = {"apiVersion": "databases.example.com/v1", "kind": "RedisFailover", "metadata": {"name": "store", "namespace": "shop"}}
    middle: Object = {**copy.deepcopy(top), "kind": "RedisNode"}
    middle["metadata"]["ownerReferences"] = [{"kind": "RedisFailover", "name": "store", "controller": True}]
    owners = [{"kind": "Other", "name": "store"}, {"kind": "RedisNode", "name": "store", "controller": True}]
    objects = [redis(kind="StatefulSet", ownerReferences=owners), service(ownerReferences=owners)]
    (detected,) = clients(workload(container(**THREE)), *objects, middle, *([top] if held else [])).clients
    assert detected.remove == ("RedisFailover/store",)
    assert (
        "RedisNode/store is owned by RedisFailover/store, which is not in the input" in detected.remarks.get("previous", ())
    ) is not held


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
    st.lists(st.tuples(st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True), st.sampled_from([80, 6379])), max_size=4),
    st.sampled_from([80, 6379]),
)
def test_services_of_other_workloads_and_the_client_are_never_removed(
    app: list[str], store: list[str], fronts: list[tuple[list[str], int]], port: int
) -> None:
    def labelled(content: Object, labels: list[str]) -> Object:
        content["spec"]["template"]["metadata"]["labels"] = dict.fromkeys(labels, "x")
        return content

    def front(name: str, labels: list[str], number: int) -> Object:
        front = service(name)
        front["spec"] = {"selector": dict.fromkeys(labels, "x"), "ports": [{"port": number}]}
        return front

    web, old = labelled(workload(container(**THREE)), app), labelled(redis(), store)
    services = [front("redis", store[:1], port), *(front(f"other-{index}", *name) for index, name in enumerate(fronts))]
    (detected,) = clients(web, old, *services).clients
    assert "Deployment/web" not in detected.remove
    assert not any("Deployment/web" in text and "under remove" in text for text in detected.remarks.get("previous", ()))
    for candidate in services:
        name = candidate["metadata"]["name"]
        if f"Service/{name}" in detected.remove:
            assert not selects(candidate, web) or (name == "redis" and port == 6379)


ARGOCD = workload(container("server", "registry.example.com/mirror/argoproj/argocd:v3.1.0", **THREE), name="argocd-server")
FLUX = workload(container("manager", "ghcr.io/fluxcd/source-controller:v1.7.0", **THREE), name="source-controller")
LABELLED = workload(container(**THREE), name="shop-gitops", labels={"app.kubernetes.io/part-of": "argocd"})


@pytest.mark.parametrize(("tool", "name"), [(ARGOCD, "Argo CD"), (FLUX, "Flux"), (LABELLED, "Argo CD")])
def test_a_workload_of_the_gitops_tool_is_refused_as_a_client(tool: Object, name: str) -> None:
    """An earlier version accepted argocd-server: after a scale-down nothing would have scaled it up again."""
    message = f"{tool['kind']}/{tool['metadata']['name']} is part of {name}: after a scale-down nothing would scale it up again"
    with pytest.raises(ConfigError, match=message):
        clients(tool, redis(), service())
    detected = clients(tool, workload(container(**THREE)), redis(), service())
    assert [each.name for each in detected.clients] == ["shop"]
    assert f"{message}: it is skipped" in detected.notes


@pytest.mark.parametrize("image", ["ghcr.io/example/argocd-notifier:1", "ghcr.io/example/shop-helm-controller:1", "ghcr.io/example/flux:1"])
def test_similar_image_names_are_not_part_of_a_gitops_tool(image: str) -> None:
    assert gitops_tool_of(workload(container("x", image))) == ""
