"""Every form of an address is found at every position of every kind of object."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.usage.address import parse
from rediskit.usage.finder import certain, uses
from rediskit.usage.hidden import not_visible
from tests.usage.positions import COMPLETE, FQDN, OBJECTS, REFERENCES, manifest

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "redis", "namespace": "shop"},
    "spec": {"clusterIP": "10.43.7.9", "selector": {"app": "redis"}, "ports": [{"port": 6379}]},
    "status": {"loadBalancer": {"ingress": [{"ip": "192.168.4.240"}]}},
}
ADDRESSES = ("10.43.7.9", "192.168.4.240")
QUALIFIED = ("redis.shop", "redis.shop.svc", "redis.shop.svc.cluster.local", "redis.shop.svc.cluster.local.", "redis.shop.svc.k8s.lan")
BARE = ("redis", "redis.")
PORTS = ("", ":6379", ":26379")


@settings(max_examples=400, deadline=None)
@given(
    place=st.sampled_from(sorted(OBJECTS)),
    form=st.sampled_from((*BARE, *QUALIFIED, *ADDRESSES)),
    port=st.sampled_from(PORTS),
    host=st.sampled_from(("redis", "redis.shop", "redis.shop.svc.cluster.local.", "10.43.7.9")),
)
def test_every_form_is_certain_at_every_position(place: str, form: str, port: str, host: str) -> None:
    content = OBJECTS[place](form + port)
    listed = certain(uses([SERVICE, content], parse(host, "shop"), namespace="shop"))
    assert listed, f"{place}: {form}{port}"
    for use in listed:
        assert "secret" not in use.shown
        assert value_at(content, use.pointer, use.object), use.pointer


@pytest.mark.parametrize("user", ["", ":{{ .p }}@", "{{.u}}:{{ .p | urlquery }}@", "{{ .u }}:{x}@", "${USER}:$(PASSWORD)@", "a:b@other,"])
@pytest.mark.parametrize("host", ["redis", "redis."])
def test_the_bare_host_of_a_url_is_certain_whatever_its_user_is(user: str, host: str) -> None:
    content = manifest(
        "external-secrets.io/v1", "ExternalSecret", spec={"target": {"template": {"data": {"url": f"redis://{user}{host}/0"}}}}
    )
    assert certain(uses([content], parse("redis", "shop"), namespace="shop"))


def value_at(content: Any, pointer: str, reference: str) -> Any:
    """Return the value at a JSON pointer in an object, or in the item of a List."""
    if content["kind"] == "List":
        content = next(item for item in content["items"] if f"{item['kind']}/{item['metadata']['name']}" == reference)
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        content = content[int(key)] if isinstance(content, list) else content[key]
    return content


@pytest.mark.parametrize("place", sorted(OBJECTS))
def test_the_address_of_another_redis_is_not_found(place: str) -> None:
    for other in ("valkey", "redis.billing.svc.cluster.local", "redis-shared-master.redis.svc.cluster.local:6379", "10.43.7.90"):
        listed = certain(uses([SERVICE, OBJECTS[place](other)], parse("redis", "shop"), namespace="shop"))
        assert listed == [], other


@pytest.mark.parametrize("place", sorted(COMPLETE))
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_ip_address_is_certain_where_nothing_else_can_be(place: str, address: str) -> None:
    assert certain(uses([SERVICE, COMPLETE[place](address)], parse("redis", "shop"), namespace="shop"))


@pytest.mark.parametrize("place", sorted(FQDN))
@pytest.mark.parametrize("form", QUALIFIED)
def test_a_complete_host_name_is_certain_in_fields(place: str, form: str) -> None:
    assert certain(uses([SERVICE, FQDN[place](form)], parse("redis", "shop"), namespace="shop"))


@pytest.mark.parametrize("kind", sorted(REFERENCES))
def test_a_reference_to_the_service_is_certain(kind: str) -> None:
    assert certain(uses([REFERENCES[kind]], parse("redis", "shop"), namespace="shop"))


def test_the_objects_of_the_redis_itself_are_no_users() -> None:
    server = manifest(
        "apps/v1", "Deployment", spec={"template": {"spec": {"containers": [{"name": "redis", "args": ["--host", "redis"]}]}}}
    )
    server["metadata"]["name"] = "redis"
    assert certain(uses([SERVICE, server], parse("redis", "shop"), namespace="shop"))
    assert uses([SERVICE, server], parse("redis", "shop"), namespace="shop", gone=["Deployment/redis", "Service/redis"]) == []


def test_another_service_in_front_of_the_same_workload_is_an_address_of_it() -> None:
    labels = {"app": "redis"}
    server = manifest("apps/v1", "StatefulSet", spec={"template": {"metadata": {"labels": labels}, "spec": {}}})
    server["metadata"]["name"] = "redis"
    cache = {"kind": "Service", "metadata": {"name": "cache", "namespace": "shop"}, "spec": {"selector": labels, "clusterIP": "10.43.7.8"}}
    user = manifest("v1", "ConfigMap", data={"REDIS_HOST": "cache"})
    assert uses([SERVICE, server, cache, user], parse("redis", "shop"), namespace="shop") == []
    listed = uses([SERVICE, server, cache, user], parse("redis", "shop"), namespace="shop", gone=["StatefulSet/redis"])
    assert [(use.object, use.strength) for use in listed] == [("ConfigMap/user", "certain")]


def test_a_service_that_also_selects_a_workload_that_stays_is_no_address() -> None:
    labels = {"part-of": "shop"}
    server, app = (manifest("apps/v1", "Deployment", spec={"template": {"metadata": {"labels": labels}, "spec": {}}}) for _ in range(2))
    server["metadata"]["name"] = "redis"
    app["metadata"]["name"] = "shop"
    front = {"kind": "Service", "metadata": {"name": "shop", "namespace": "shop"}, "spec": {"selector": labels}}
    user = manifest("v1", "ConfigMap", data={"SHOP_HOST": "shop"})
    assert uses([SERVICE, server, app, front, user], parse("redis", "shop"), namespace="shop", gone=["Deployment/redis"]) == []


def test_a_bare_name_counts_in_the_namespace_of_the_service_alone() -> None:
    user = manifest("v1", "ConfigMap", data={"REDIS_HOST": "redis", "REDIS_URL": "redis://redis.shop:6379"})
    user["metadata"]["namespace"] = "billing"
    assert [use.pointer for use in uses([user], parse("redis", "shop"), namespace="shop")] == ["/data/REDIS_URL"]


@pytest.mark.parametrize("host", ["redis-0.redis", "redis-12.redis.shop", "redis-0.redis.shop.svc", "redis-0.redis.shop.svc.k8s.lan."])
def test_a_pod_of_the_redis_is_an_address_of_its_service(host: str) -> None:
    assert parse(host, "shop") == parse("redis.shop", "shop")


@pytest.mark.parametrize("host", ["redis-1.cache", "db-1.example.com", "redis.shop"])
def test_a_host_that_only_looks_like_a_pod_is_none(host: str) -> None:
    assert parse(host, "billing") != parse(host.split(".")[1], "billing")


def test_an_object_without_a_namespace_is_in_that_of_the_build() -> None:
    user = manifest("v1", "ConfigMap", data={"REDIS_HOST": "redis"})
    del user["metadata"]["namespace"]
    assert uses([user], parse("redis.shop", "shop"), namespace="shop")
    assert uses([user], parse("redis.shop", "shop"), namespace="billing") == []


def test_an_application_without_a_destination_is_possible() -> None:
    user = OBJECTS["Application valuesObject"]("redis")
    user["spec"]["destination"] = {}
    assert [use.strength for use in uses([user], parse("redis", "shop"), namespace="shop")] == ["possible"]


def test_a_bare_name_as_a_word_is_possible() -> None:
    container = {
        "name": "a",
        "args": ["wait", "redis"],
        "env": [{"name": "REDIS_HOSTS", "value": "redis"}, {"name": "A", "value": "on redis now"}],
    }
    user = manifest("v1", "Pod", spec={"containers": [container]})
    listed = uses([user], parse("redis", "shop"), namespace="shop")
    assert [use.strength for use in listed] == ["possible"] * 3


def test_a_default_of_the_shell_and_the_port_of_a_node_are_possible() -> None:
    service = manifest("v1", "Service", spec={"ports": [{"port": 6379, "nodePort": 31379}]})
    service["metadata"]["name"] = "redis"
    texts = ["app ${REDIS_HOST:-redis}", "app --redis 192.168.4.11:31379", "app --redis [fd00::1]:31379", "app --redis :31379"]
    users = [manifest("v1", "Pod", spec={"containers": [{"name": "a", "args": ["sh", "-c", text]}]}) for text in texts]
    listed = [uses([service, user], parse("redis", "shop"), namespace="shop") for user in users]
    assert [[(use.strength, use.shown) for use in each] for each in listed] == [
        [("possible", "redis")],
        [("possible", "192.168.4.11:31379")],
        [("possible", "[fd00::1]:31379")],
        [],
    ]


def test_a_switched_variable_is_certain_whatever_its_name() -> None:
    user = manifest("v1", "ConfigMap", data={"CACHE": "redis"})
    assert uses([user], parse("redis", "shop"), namespace="shop") == []
    assert certain(uses([user], parse("redis", "shop"), namespace="shop", switched=["CACHE"]))


def test_a_variable_from_a_config_map_is_expanded() -> None:
    values = manifest("v1", "ConfigMap", data={"name": "redis"})
    reference = {"configMapKeyRef": {"name": "user", "key": "name"}}
    env = [{"name": "NAME", "valueFrom": reference}, {"name": "CACHE", "value": "$(NAME):6379"}]
    user = manifest("v1", "Pod", spec={"containers": [{"name": "a", "env": env}]})
    listed = certain(uses([values, user], parse("redis", "shop"), namespace="shop"))
    assert [use.pointer for use in listed] == ["/spec/containers/0/env/1/value"]


def test_a_namespace_from_the_pod_is_expanded() -> None:
    env = [{"name": "NS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}, {"name": "CACHE", "value": "redis.$(NS).svc"}]
    user = manifest("v1", "Pod", spec={"containers": [{"name": "a", "env": env}]})
    assert certain(uses([user], parse("redis", "shop"), namespace="shop"))


def test_a_secret_is_reported_without_its_value() -> None:
    user = manifest("v1", "Secret", stringData={"REDIS_URL": "redis://:secret@redis:6379"}, data={"old": "cmVkaXM6Ly9yZWRpczo2Mzc5"})
    listed = uses([user], parse("redis", "shop"), namespace="shop")
    assert [(use.pointer, use.strength, use.shown) for use in listed] == [
        ("/stringData/REDIS_URL", "certain", ""),
        ("/data/old", "certain", ""),
    ]


def test_nothing_is_changed() -> None:
    content = OBJECTS["Deployment containers env"]("redis")
    before = copy.deepcopy(content)
    uses([content], parse("redis", "shop"), namespace="shop")
    assert content == before


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_nonsense_is_no_object_that_fails(content: Any) -> None:
    for whole in ({"kind": "Deployment", "spec": content}, {"kind": "ConfigMap", "data": content}, {"kind": content, "metadata": content}):
        uses([whole], parse("redis", "shop"), namespace="shop")
        not_visible([whole], namespace="shop", substituted=True)
