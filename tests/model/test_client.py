"""Clients: workload, manifest, containers and old Redis."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from rediskit import Client, Manifest, Previous, Variables, Workload

VARIABLES = Variables(host="REDIS_HOST", port="REDIS_PORT", password="REDIS_PASSWORD")
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "shop"},
    "spec": {
        "replicas": 2,
        "template": {"spec": {"containers": [{"name": "web"}, {"name": "metrics"}], "initContainers": [{"name": "migrate"}]}},
    },
}


def manifest(**changes: Any) -> Manifest:
    """Return the Deployment with other values; `spec__replicas=None` removes one."""
    content = copy.deepcopy(DEPLOYMENT)
    for place, value in changes.items():
        *above, last = place.split("__")
        into = content
        for part in above:
            into = into[part]
        if value is None:
            into.pop(last, None)
        else:
            into[last] = value
    return Manifest("shop.yaml", content)


def workload(live: Manifest | None = None, **given: Any) -> Workload:
    return Workload.model_validate({"manifest": live, "containers": {"web": VARIABLES}, **given})


def refusal(make: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return path and message of each error."""
    with pytest.raises(ValidationError) as error:
        make()
    return [(line["loc"], line.get("ctx", {}).get("message", line["type"])) for line in error.value.errors()]


def test_kind_name_and_replicas_are_read_from_the_manifest() -> None:
    found = workload(manifest())
    assert (found.kind, found.name, found.replicas, found.reference) == ("Deployment", "shop", 2, "Deployment/shop")
    assert workload(manifest(), kind="Deployment", name="shop", replicas=2) == found


def test_kind_name_and_replicas_can_be_written_without_a_manifest() -> None:
    found = workload(kind="StatefulSet", name="shop", replicas=1)
    assert (found.manifest, found.reference) == (None, "StatefulSet/shop")


def test_a_key_that_differs_from_the_manifest_is_refused() -> None:
    assert refusal(lambda: workload(manifest(), kind="StatefulSet", name="shop-web", replicas=3)) == [
        (("kind",), "is StatefulSet here and Deployment in shop.yaml"),
        (("name",), "is shop-web here and shop in shop.yaml"),
        (("replicas",), "is 3 here and 2 in shop.yaml"),
    ]


def test_a_wrong_kind_of_value_beside_the_manifest_is_not_repeated() -> None:
    assert refusal(lambda: workload(manifest(), name=["a"], replicas="two")) == [
        (("replicas",), "is two here and 2 in shop.yaml"),
    ]
    assert refusal(lambda: workload(manifest(), name=["a"])) == [(("name",), "expected a DNS name, found a list")]


@pytest.mark.parametrize("kind", ["DaemonSet", "Service", "CronJob", "deployment", 5, ["Deployment"]])
def test_a_manifest_of_another_kind_is_not_a_workload(kind: Any) -> None:
    assert refusal(lambda: workload(manifest(kind=kind))) == [(("manifest",), f"shop.yaml contains a {kind}, not a workload")]


def test_replicas_are_required_and_above_zero() -> None:
    assert refusal(lambda: workload(manifest(spec__replicas=None))) == [(("replicas",), "is missing")]
    assert workload(manifest(spec__replicas=None), replicas=4).replicas == 4
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=0)) == [(("replicas",), "0 is less than 1")]
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=-1))[0][0] == ("replicas",)
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=1001)) == [(("replicas",), "less_than_equal")]
    assert refusal(lambda: workload()) == [((part,), "is missing") for part in ("kind", "name", "replicas")]


def test_a_manifest_with_0_replicas_needs_replicas_in_the_config() -> None:
    """`replicas` in the config takes precedence over 0 in the manifest."""
    assert refusal(lambda: workload(manifest(spec__replicas=0))) == [(("manifest",), "shop.yaml has 0 replicas")]
    assert workload(manifest(spec__replicas=0), replicas=3).replicas == 3


@pytest.mark.parametrize("name", ["webb", "migrate", "init"])
def test_an_unknown_container_is_refused(name: str) -> None:
    containers = {"web": VARIABLES, name: VARIABLES}
    assert refusal(lambda: workload(manifest(), containers=containers)) == [
        (("containers", name, "[key]"), f"Deployment shop has no container {name}")
    ]


def test_containers_and_their_variables_are_required() -> None:
    assert refusal(lambda: workload(manifest(), containers={})) == [(("containers",), "contains no container")]
    assert refusal(lambda: Variables(host="A", port="A", password="B")) == [((), "host, port and password need different variables")]


@pytest.mark.parametrize(
    "odd",
    [
        {"spec": "text"},
        {"spec": []},
        {"spec": {"replicas": 2, "template": "text"}},
        {"spec": {"replicas": 2, "template": {"spec": {"containers": {"name": "web"}}}}},
        {"spec": {"replicas": 2, "template": {"spec": {"containers": ["web", None, {"image": "a"}]}}}},
        {"spec": {"replicas": "two"}},
        {"metadata": "shop"},
        {"metadata": {"name": ["shop"]}},
    ],
)
def test_a_manifest_with_wrong_types_is_refused(odd: dict[str, Any]) -> None:
    """A manifest that was edited by hand can contain any value."""
    for path, message in refusal(lambda: workload(Manifest("shop.yaml", {**DEPLOYMENT, **odd}))):
        assert path
        assert message


def client(**given: Any) -> Client:
    return Client.model_validate({"name": "shop", "namespace": "shop", **given})


def test_a_client_needs_only_name_and_namespace() -> None:
    assert client().migration is None
    assert client().owner.kind == "kustomize"


def test_the_namespace_of_the_manifest_is_that_of_the_client() -> None:
    assert client(workload=workload(manifest())).namespace == "shop"
    assert client(workload=workload(manifest(metadata__namespace=None))).namespace == "shop"
    assert refusal(lambda: client(namespace="store", workload=workload(manifest()))) == [
        (("namespace",), "is store here and shop in shop.yaml")
    ]


def test_a_migration_needs_workload_and_previous() -> None:
    migration = {"step": "prepare"}
    assert refusal(lambda: client(migration=migration)) == [
        (("migration",), "a migration needs workload"),
        (("migration",), "a migration needs previous"),
    ]
    assert refusal(lambda: client(migration=migration, workload=workload(manifest()))) == [(("migration",), "a migration needs previous")]
    assert client(migration=migration, workload=workload(manifest()), previous=Previous(host="redis")).migration


def test_previous_remove_lists_objects_of_the_old_redis_once() -> None:
    assert Previous(host="redis", remove=("Deployment/redis", "Service/redis")).port == 6379
    assert refusal(lambda: Previous(host="redis", remove=("Service/a", "Namespace/shop", "Service/a"))) == [
        (("remove", 1), "removing a namespace removes all objects in it"),
        (("remove", 2), "Service/a is listed twice"),
    ]
    previous = Previous(host="redis", remove=("Deployment/shop",))
    assert refusal(lambda: client(workload=workload(manifest()), previous=previous)) == [
        (("previous", "remove"), "Deployment/shop is the workload of the application")
    ]
