"""What a client says of its workload, and what the live object says of it."""

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
    """The Deployment with other values at the given places; `spec__replicas=None` takes one away."""
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
    """Place and message of each complaint."""
    with pytest.raises(ValidationError) as error:
        make()
    return [(line["loc"], line.get("ctx", {}).get("message", line["type"])) for line in error.value.errors()]


def test_kind_name_and_replicas_come_from_the_live_object() -> None:
    found = workload(manifest())
    assert (found.kind, found.name, found.replicas, found.reference) == ("Deployment", "shop", 2, "Deployment/shop")
    assert workload(manifest(), kind="Deployment", name="shop", replicas=2) == found


def test_they_can_be_written_instead() -> None:
    found = workload(kind="StatefulSet", name="shop", replicas=1)
    assert (found.manifest, found.reference) == (None, "StatefulSet/shop")


def test_what_is_written_must_not_contradict_the_live_object() -> None:
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
def test_only_what_can_be_scaled_is_a_workload(kind: Any) -> None:
    assert refusal(lambda: workload(manifest(kind=kind))) == [
        (("manifest",), f"shop.yaml holds a {kind}, which runs nothing rediskit can scale")
    ]


def test_without_replicas_nobody_knows_what_to_come_back_to() -> None:
    assert refusal(lambda: workload(manifest(spec__replicas=None))) == [(("replicas",), "is missing")]
    assert workload(manifest(spec__replicas=None), replicas=4).replicas == 4
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=0)) == [
        (("replicas",), "0 is nothing to come back to after the downtime")
    ]
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=-1))[0][0] == ("replicas",)
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=1001)) == [(("replicas",), "less_than_equal")]
    assert refusal(lambda: workload()) == [((part,), "is missing") for part in ("kind", "name", "replicas")]


def test_a_manifest_taken_while_scaled_to_0_is_completed_by_hand() -> None:
    """The number that a person writes is no contradiction to a 0 that only says when the object was printed."""
    assert refusal(lambda: workload(manifest(spec__replicas=0))) == [
        (("manifest",), "shop.yaml was taken while the application was scaled to 0")
    ]
    assert workload(manifest(spec__replicas=0), replicas=3).replicas == 3


@pytest.mark.parametrize("name", ["webb", "migrate", "init"])
def test_a_container_is_one_that_the_live_object_has(name: str) -> None:
    containers = {"web": VARIABLES, name: VARIABLES}
    assert refusal(lambda: workload(manifest(), containers=containers)) == [
        (("containers", name, "[key]"), f"Deployment shop has no container {name}")
    ]


def test_no_container_and_no_three_variables() -> None:
    assert refusal(lambda: workload(manifest(), containers={})) == [(("containers",), "names no container")]
    assert refusal(lambda: Variables(host="A", port="A", password="B")) == [((), "host, port and password are three variables")]


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
def test_a_manifest_of_an_odd_shape_is_refused_in_words(odd: dict[str, Any]) -> None:
    """Nobody but the API server checks a manifest; a file that was edited by hand may hold anything."""
    for path, message in refusal(lambda: workload(Manifest("shop.yaml", {**DEPLOYMENT, **odd}))):
        assert path
        assert message


def client(**given: Any) -> Client:
    return Client.model_validate({"name": "shop", "namespace": "shop", **given})


def test_a_client_without_anything_else_is_one() -> None:
    assert client().migration is None
    assert client().owner.kind == "kustomize"


def test_the_live_object_runs_where_the_client_does() -> None:
    assert client(workload=workload(manifest())).namespace == "shop"
    assert client(workload=workload(manifest(metadata__namespace=None))).namespace == "shop"
    assert refusal(lambda: client(namespace="store", workload=workload(manifest()))) == [
        (("namespace",), "is store here and shop in shop.yaml")
    ]


def test_a_migration_needs_both_ends() -> None:
    migration = {"step": "prepare"}
    assert refusal(lambda: client(migration=migration)) == [
        (("migration",), "a migration needs workload"),
        (("migration",), "a migration needs previous"),
    ]
    assert refusal(lambda: client(migration=migration, workload=workload(manifest()))) == [(("migration",), "a migration needs previous")]
    assert client(migration=migration, workload=workload(manifest()), previous=Previous(host="redis")).migration


def test_what_decommissioning_may_remove() -> None:
    assert Previous(host="redis", remove=("Deployment/redis", "Service/redis")).port == 6379
    assert refusal(lambda: Previous(host="redis", remove=("Service/a", "Namespace/shop", "Service/a"))) == [
        (("remove", 1), "a namespace takes everything in it along"),
        (("remove", 2), "Service/a stands twice"),
    ]
    previous = Previous(host="redis", remove=("Deployment/shop",))
    assert refusal(lambda: client(workload=workload(manifest()), previous=previous)) == [
        (("previous", "remove"), "Deployment/shop is the application itself")
    ]
