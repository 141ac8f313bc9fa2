"""Clients: workload, manifest, containers and old Redis."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from rediskit import Client, Container, Manifest, Previous, Workload

VARIABLES = Container.model_validate({"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}})
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


def workload(live: Manifest | None = None, **sections: Any) -> Workload:
    return Workload.model_validate({"manifest": live, "containers": {"web": VARIABLES}, **sections})


def refusal(make: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return path and message of each error."""
    with pytest.raises(ValidationError) as error:
        make()
    return [(line["loc"], line.get("ctx", {}).get("message", line["type"])) for line in error.value.errors()]


def test_kind_name_and_replicas_are_read_from_the_manifest() -> None:
    parsed = workload(manifest())
    assert (parsed.kind, parsed.name, parsed.replicas, parsed.reference) == ("Deployment", "shop", 2, "Deployment/shop")
    assert workload(manifest(), kind="Deployment", name="shop", replicas=2) == parsed


def test_kind_name_and_replicas_can_be_written_without_a_manifest() -> None:
    parsed = workload(kind="StatefulSet", name="shop", replicas=1)
    assert (parsed.manifest, parsed.reference) == (None, "StatefulSet/shop")


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


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("DaemonSet", "can't be scaled to 0: stop it by a nodeSelector"),
        ("Job", "runs once: wait until it has completed, or delete it"),
        ("Service", "is not a workload that rediskit can scale"),
        ("deployment", "is not a workload that rediskit can scale"),
        (5, "is not a workload that rediskit can scale"),
        (["Deployment"], "is not a workload that rediskit can scale"),
    ],
)
def test_only_what_can_be_scaled_is_a_workload(kind: Any, reason: str) -> None:
    assert refusal(lambda: workload(manifest(kind=kind))) == [(("manifest",), f"shop.yaml contains a {kind}, which {reason}")]


def test_replicas_are_in_the_manifest_or_in_the_config() -> None:
    assert refusal(lambda: workload(manifest(spec__replicas=None))) == [(("replicas",), "is missing")]
    assert workload(manifest(spec__replicas=None), replicas=4).replicas == 4
    assert workload(kind="Deployment", name="shop", replicas=0).running == 0
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=-1))[0][0] == ("replicas",)
    assert refusal(lambda: workload(kind="Deployment", name="shop", replicas=1001)) == [(("replicas",), "less_than_equal")]
    assert refusal(lambda: workload()) == [((part,), "is missing") for part in ("kind", "name", "replicas")]


def test_a_manifest_taken_while_scaled_to_0_is_completed_by_hand() -> None:
    """The number that a person writes is no contradiction to a 0 that only depends on when the object was printed."""
    assert refusal(lambda: workload(manifest(spec__replicas=0))) == [(("manifest",), "shop.yaml has 0 replicas")]
    assert workload(manifest(spec__replicas=0), replicas=0).running == 0
    assert workload(manifest(spec__replicas=0), replicas=3).replicas == 3


@pytest.mark.parametrize("name", ["webb", "migrate", "init"])
def test_an_unknown_container_is_refused(name: str) -> None:
    containers = {"web": VARIABLES, name: VARIABLES}
    assert refusal(lambda: workload(manifest(), containers=containers)) == [
        (("containers", name, "[key]"), f"Deployment/shop has no container {name}")
    ]


def test_a_workload_has_a_container() -> None:
    assert refusal(lambda: workload(manifest(), containers={})) == [(("containers",), "contains no container")]


JOB = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}}


def cron_job(**spec: Any) -> Manifest:
    pod = {"containers": [{"name": "web", "command": ["sh", "-c"], "args": ["worker redis://redis:6379/1", "--host=redis"]}]}
    return Manifest("report.yaml", {**JOB, "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec}})


def test_a_cron_job_is_suspended_and_has_no_replicas() -> None:
    assert (workload(cron_job()).stopped, workload(cron_job()).running) == (("suspend", True), False)
    assert workload(cron_job(suspend=True)).running is True
    assert workload(kind="CronJob", name="report").running is False
    assert refusal(lambda: workload(cron_job(), replicas=1)) == [(("replicas",), "a CronJob has no replicas")]
    assert refusal(lambda: workload(manifest(), suspend=True)) == [(("suspend",), "a Deployment can't be suspended")]
    scaler = {"kind": "ScaledObject", "name": "report"}
    assert refusal(lambda: workload(cron_job(), autoscaler=scaler)) == [(("autoscaler",), "an autoscaler does not scale a CronJob")]


def rollout(**spec: Any) -> Manifest:
    return manifest(kind="Rollout", **{f"spec__{key}": value for key, value in spec.items()})


def test_a_rollout_needs_its_manifest_and_the_deployment_that_it_takes_its_pods_from() -> None:
    assert refusal(lambda: workload(kind="Rollout", name="shop", replicas=1)) == [
        (("kind",), "a Rollout needs its manifest: its containers are patched by their position")
    ]
    reference = rollout(workloadRef={"kind": "Deployment", "name": "shop"}, template=None)
    alone = workload(reference, containers={})
    assert alone.workload_ref == "Deployment/shop"
    assert refusal(lambda: client(workloads=[alone])) == [(("workloads", 0), "Rollout/shop takes its pods from Deployment/shop")]
    assert client(workloads=[alone, workload(manifest(spec__replicas=0), replicas=0)]).references == ("Rollout/shop", "Deployment/shop")


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("redis://redis:6379", None),
        ("redis", "'redis' occurs 3 times in command and args"),
        ("valkey", "'valkey' does not occur in command and args"),
    ],
)
def test_a_text_of_the_command_line_occurs_exactly_once(old: str, message: str | None) -> None:
    section = workload(cron_job(), containers={"web": {"args": [{"from": old, "to": "redis://:${password}@${address}"}]}})
    if message is None:
        assert client(workloads=[section]).workloads[0].containers["web"].names == ("REDISKIT_PASSWORD",)
    else:
        assert refusal(lambda: client(workloads=[section])) == [(("workloads", 0, "containers", "web", "args", 0, "from"), message)]


def test_a_container_without_variables_gets_those_of_the_client() -> None:
    parsed = client(
        env={"REDIS_URL": "redis://:${password}@${address}"}, workloads=[workload(manifest(), containers={"web": {}, "metrics": VARIABLES})]
    )
    assert list(parsed.workloads[0].containers["web"].variables) == ["REDIS_URL"]
    assert parsed.workloads[0].containers["metrics"] == VARIABLES
    assert refusal(lambda: client(workloads=[workload(manifest(), containers={"web": {}})])) == [
        (("workloads", 0, "containers", "web"), "nothing to switch")
    ]


def test_a_container_that_a_person_changes_has_no_variables() -> None:
    assert (
        client(env={"A": "${host}"}, workloads=[workload(manifest(), containers={"web": {"external": "config.yaml"}})])
        .workloads[0]
        .switched
        == ()
    )
    assert refusal(lambda: Container.model_validate({"external": "config.yaml", "env": {"A": "${host}"}})) == [
        (("external",), "a container that a person changes has no env and no args")
    ]


def test_a_database_has_a_number_and_each_placeholder_a_database() -> None:
    urls = {"BROKER": "redis://:${password}@${address}/${database.broker}", "CACHE": "redis://:${password}@${address}/${database}"}
    parsed = client(
        databases={"default": 2, "broker": {"number": 1, "shared": True}},
        env=urls,
        workloads=[workload(manifest(), containers={"web": {}})],
    )
    assert (parsed.database(), parsed.database("broker")) == (2, 1)
    assert client(workloads=[workload(manifest(), containers={"web": {"env": {"A": "${database}"}}})]).database() == 0
    place = ("workloads", 0, "containers", "web", "env")
    assert refusal(lambda: client(databases={"brokr": 1}, env=urls, workloads=[workload(manifest(), containers={"web": {}})])) == [
        ((*place, "BROKER"), f"{urls['BROKER']} needs a database named broker"),
        ((*place, "CACHE"), f"{urls['CACHE']} needs a database named default"),
    ]
    assert refusal(lambda: client(databases={"default": True}))[0][0][:2] == ("databases", "default")
    assert refusal(lambda: client(databases={"default": -1})) == [(("databases", "default", "number"), "greater_than_equal")]


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


def client(**sections: Any) -> Client:
    return Client.model_validate({"name": "shop", "namespace": "shop", **sections})


def test_a_client_needs_only_name_and_namespace() -> None:
    assert client().migration is None
    assert client().owner.kind == "kustomize"


def test_the_live_object_runs_where_the_client_does() -> None:
    assert client(workloads=[workload(manifest())]).namespace == "shop"
    assert client(workloads=[workload(manifest(metadata__namespace=None))]).namespace == "shop"
    assert refusal(lambda: client(namespace="store", workloads=[workload(manifest())])) == [
        (("namespace",), "is store here and shop in shop.yaml")
    ]


def test_a_migration_needs_workload_and_previous() -> None:
    migration = {"step": "prepare"}
    assert refusal(lambda: client(migration=migration)) == [
        (("migration",), "a migration needs workloads"),
        (("migration",), "a migration needs previous"),
    ]
    assert refusal(lambda: client(migration=migration, workloads=[workload(manifest())])) == [
        (("migration",), "a migration needs previous")
    ]
    assert client(migration=migration, workloads=[workload(manifest())], previous=Previous(host="redis")).migration


def test_previous_remove_lists_objects_of_the_old_redis_once() -> None:
    assert Previous(host="redis", remove=("Deployment/redis", "Service/redis")).port == 6379
    assert refusal(lambda: Previous(host="redis", remove=("Service/a", "Namespace/shop", "Service/a"))) == [
        (("remove", 1), "removing a namespace removes all objects in it"),
        (("remove", 2), "Service/a is listed twice"),
    ]
    assert refusal(lambda: Previous(host="redis", remove=("CustomResourceDefinition/redisfailovers.databases.spotahome.com",))) == [
        (("remove", 0), "removing a CustomResourceDefinition removes all objects of its kind in the cluster"),
    ]
    previous = Previous(host="redis", remove=("Deployment/shop",))
    assert refusal(lambda: client(workloads=[workload(manifest())], previous=previous)) == [
        (("previous", "remove"), "Deployment/shop is a workload of the application")
    ]
