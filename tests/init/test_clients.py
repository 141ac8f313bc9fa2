"""Values of live objects, open questions, and values that are never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.errors import ConfigError
from rediskit.init.clients import DetectedClients, clients_of
from rediskit.init.detected import DetectedClient
from rediskit.init.objects import InputObjects, read_objects
from tests.init.live import REAL, Object, config_map, container, other_questions, redis, secret_key, service, workload

THREE: Object = {"REDIS_HOST": "redis", "REDIS_PORT": "6380", "REDIS_PASSWORD": secret_key("keys", "password")}


def clients(*objects: Object, **options: Any) -> DetectedClients:
    return clients_of(InputObjects(objects), **options)


def client(*objects: Object, **options: Any) -> DetectedClient:
    (detected,) = clients(*objects, **options).clients
    return detected


def env(detected: DetectedClient) -> list[dict[str, str | None]]:
    """Return the variables of each switched container."""
    return [switch.env for workload in detected.workloads for switch in workload.switched]


def test_the_real_objects() -> None:
    (detected,) = clients_of(read_objects(REAL.encode(), "live.yaml")).clients
    assert (detected.name, detected.namespace, detected.workloads[0].replicas, other_questions(detected)) == (
        "beersystem",
        "beersystem",
        None,
        {},
    )
    (switch,) = detected.workloads[0].switched
    assert (switch.name, switch.env) == ("backend", {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"})
    assert tuple(switch.remarks) == (
        "REDIS_PASSWORD is not in the input: the name is derived from REDIS_HOST; check that container backend reads it",
    )
    assert (detected.host, detected.port, detected.remove) == ("redis.beersystem.svc.cluster.local", 6379, ("Deployment/redis",))
    assert detected.remarks["previous"] == ["Service/redis is not in the input: write it under remove if the migration must remove it"]
    assert detected.remarks["workload"][0].startswith("deployed by Argo CD Application beersystem-staging: ")


def test_a_complete_input_leaves_no_question() -> None:
    headless = service("redis-headless")
    detected = client(service(), headless, redis(kind="StatefulSet"), workload(container(**THREE)), service("web", "web"))
    assert other_questions(detected) == {}
    assert detected.remarks == {}
    assert (detected.host, detected.port) == ("redis", 6380)
    assert detected.remove == ("StatefulSet/redis", "Service/redis", "Service/redis-headless")


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("REDIS_HOST", ("REDIS_PORT", "REDIS_PASSWORD")),
        ("CACHE_REDIS_HOSTNAME", ("CACHE_REDIS_PORT", "CACHE_REDIS_PASSWORD")),
        ("redisHost", ("redisPort", "redisPassword")),
        ("redis_host", ("redis_port", "redis_password")),
    ],
)
def test_a_missing_variable_gets_a_name_derived_from_the_host_and_a_remark(host: str, names: tuple[str, str]) -> None:
    detected = client(workload(container(**{host: "redis"})))
    assert env(detected) == [{host: "${host}", names[0]: "${port}", names[1]: "${password}"}]
    assert [remark.split(" ")[0] for remark in detected.remarks["workload"]] == list(names)
    assert "the port is not in the input: 6379 is the default" in detected.remarks["previous"]


@pytest.mark.parametrize(("replicas", "why"), [(0, "is scaled to 0"), (None, "sets no replicas")])
def test_unknown_replicas_are_an_open_question(replicas: int | None, why: str) -> None:
    detected = client(workload(container(**THREE), replicas=replicas))
    assert other_questions(detected) == {"replicas": [f"Deployment/web {why}: write the normal number of replicas (--replicas)"]}
    assert env(detected), "the rest is known"
    detected = client(workload(container(**THREE), replicas=replicas), replicas=3)
    assert (other_questions(detected), detected.workloads[0].replicas) == ({}, 3)


def test_options_that_contradict_the_object_are_refused() -> None:
    with pytest.raises(ConfigError, match="Deployment/web has 2 replicas, not 3"):
        clients(workload(container(**THREE)), replicas=3)
    with pytest.raises(ConfigError, match="Deployment/web runs in namespace shop, not in store"):
        clients(workload(container(**THREE)), namespace="store")
    assert client(workload(container(**THREE)), replicas=2, namespace="shop").workloads[0].replicas is None


def test_an_unknown_namespace_is_an_open_question() -> None:
    detected = client(workload(container(**THREE), namespace=None))
    assert other_questions(detected) == {
        "namespace": ["Deployment/web has no namespace: write the namespace that it runs in (--namespace)"]
    }
    assert client(workload(container(**THREE), namespace=None), namespace="shop").namespace == "shop"
    assert "namespace" in client(workload(container(**THREE), namespace="redis")).questions


@pytest.mark.parametrize(
    ("containers", "section", "asked"),
    [
        (
            [container()],
            "containers",
            "no variable of Deployment/web refers to Redis (containers: app): write the containers and the variables that they read",
        ),
        (
            [container() | {"envFrom": [{"configMapRef": {"name": "settings"}}]}],
            "containers",
            "(containers: app; variables also come from ConfigMap settings, which is not in the input)",
        ),
        (
            [container(CACHE_REDIS_HOST="redis", QUEUE_REDIS_HOST="queue")],
            "containers",
            "container app refers to several Redis servers (CACHE_REDIS_HOST, QUEUE_REDIS_HOST): write the one to migrate",
        ),
        (
            [container("one", REDIS_HOST="redis"), container("two", REDIS_HOST="queue")],
            "containers",
            "the containers refer to different Redis servers, or to unknown ones (one: REDIS_HOST, two: REDIS_HOST)",
        ),
        (
            [container(REDIS_URL="rediss://redis:6379")],
            "containers",
            "container app, REDIS_URL: it uses TLS, which the shared Redis does not offer",
        ),
        ([container(REDIS_URL=secret_key("keys", "url"))], "containers", "REDIS_URL, which comes from Secret keys: write its database"),
        (
            [container(**{"spring.redis.host": "redis"})],
            "containers",
            "spring.redis.host cannot be set: write the name of another variable",
        ),
        ([container(REDIS_HOST=secret_key("keys", "host"))], "previous", "(REDIS_HOST comes from Secret keys): write it"),
        ([container(REDIS_HOST="two words")], "previous", "(REDIS_HOST comes from a value that is not a host name): write it"),
    ],
    ids=[
        "none",
        "env-from",
        "two-sets",
        "two-hosts",
        "tls",
        "url-of-a-secret",
        "dots",
        "host-of-a-secret",
        "no-host",
    ],
)
def test_missing_information_is_an_open_question(containers: list[Object], section: str, asked: str) -> None:
    detected = client(workload(*containers))
    assert any(asked in question for question in detected.questions[section]), detected.questions


@pytest.mark.parametrize(
    ("variables", "templates"),
    [
        ({"REDIS_URL": "redis://redis:6380/2"}, {"REDIS_URL": "redis://:${password}@${address}/${database}"}),
        ({"BROKER": "redis://:pw@redis:6380"}, {"BROKER": "redis://:${password}@${address}"}),
        ({"REDIS_URL": "redis://me:pw@redis:6380"}, {"REDIS_URL": "redis://${username}:${password}@${address}"}),
        ({"REDIS_HOST": "redis:6380"}, {"REDIS_HOST": "${address}", "REDIS_PASSWORD": "${password}"}),
        (
            {"REDIS_URL": "redis://redis:6380/0", "REDIS_PASSWORD": secret_key("keys", "password")},
            {"REDIS_URL": "redis://:${password}@${address}/${database}", "REDIS_PASSWORD": "${password}"},
        ),
        (
            {**THREE, "REDIS_URL": "redis://:$(REDIS_PASSWORD)@$(REDIS_HOST):$(REDIS_PORT)/3"},
            {
                "REDIS_HOST": "${host}",
                "REDIS_PORT": "${port}",
                "REDIS_PASSWORD": "${password}",
                "REDIS_URL": "redis://:${password}@${address}/${database}",
            },
        ),
        (
            {"REDISKIT_PASSWORD": secret_key("redis-credentials", "redis-password"), "URL": "redis://:$(REDISKIT_PASSWORD)@redis:6380/3"},
            {"URL": "redis://:${password}@${address}/${database}"},
        ),
    ],
    ids=["database", "own-name", "user", "host-and-port", "with-password", "composed", "as-rediskit-renders-it"],
)
def test_an_address_is_switched_as_a_template(variables: Object, templates: Object) -> None:
    detected = client(workload(container(**variables)))
    assert other_questions(detected) == {}
    assert env(detected) == [templates]
    assert (detected.host, detected.port) == ("redis", 6380)


@pytest.mark.parametrize(
    ("image", "variable", "templates"),
    [
        (
            "ghcr.io/immich-app/immich-server:v2",
            "REDIS_HOSTNAME",
            {"REDIS_HOSTNAME": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"},
        ),
        (
            "docker.io/library/nextcloud:31-apache",
            "REDIS_HOST",
            {"REDIS_HOST": "${host}", "REDIS_HOST_PORT": "${port}", "REDIS_HOST_PASSWORD": "${password}"},
        ),
        (
            "ghcr.io/goauthentik/server:2025.8",
            "AUTHENTIK_REDIS__HOST",
            {"AUTHENTIK_REDIS__HOST": "${host}", "AUTHENTIK_REDIS__PORT": "${port}", "AUTHENTIK_REDIS__PASSWORD": "${password}"},
        ),
    ],
)
def test_a_known_image_gives_the_names_of_missing_variables(image: str, variable: str, templates: Object) -> None:
    detected = client(workload(container("app", image, **{variable: "redis"})))
    assert env(detected) == [templates]
    assert all("it is the name that the image reads" in text for text in detected.remarks["workload"])


def test_variables_without_a_role_are_listed() -> None:
    detected = client(workload(container(**THREE, REDIS_PREFIX="shop", REDIS_CA_CERT="/x")))
    assert "container app also reads REDIS_PREFIX, REDIS_CA_CERT: not switched" in detected.remarks["workload"]
    with pytest.raises(ConfigError, match=r"no variable or argument contains the address of Redis, though .* Deployment/web: REDIS_PREFIX"):
        clients(workload(container(REDIS_PREFIX="shop")), workload(container(), name="other"))


def test_env_overrides_env_from() -> None:
    app = container(REDIS_HOST="redis.shop") | {"envFrom": [{"prefix": "", "configMapRef": {"name": "s"}}]}
    detected = client(workload(app), config_map("s", REDIS_HOST="old", REDIS_PORT="1"))
    assert (detected.host, detected.port) == ("redis.shop", 1)


def external_secret(name: str, *keys: str) -> Object:
    data = [{"secretKey": key} for key in keys]
    return {
        "kind": "ExternalSecret",
        "metadata": {"name": f"{name}-x", "namespace": "shop"},
        "spec": {"target": {"name": name}, "data": data},
    }


def test_the_keys_of_an_external_secret_are_variables() -> None:
    app = container() | {"envFrom": [{"secretRef": {"name": "keys"}}]}
    detected = client(workload(app), external_secret("keys", "REDIS_URL", "OTHER"))
    assert "container app reads Redis from REDIS_URL, which comes from Secret keys" in detected.questions["containers"][0]


def test_workloads_of_one_redis_are_one_client_and_those_of_another_are_not() -> None:
    old = [redis(), service(), redis("queue"), service("queue", "queue")]
    other = workload(container(REDIS_HOST="queue", REDIS_PASSWORD="x"), name="report")
    web, worker = (workload(container(**THREE), name=name, labels={"app.kubernetes.io/part-of": "store"}) for name in ("web", "worker"))
    detected = clients(web, worker, other, *old).clients
    assert [(detected_client.name, [workload.reference for workload in detected_client.workloads]) for detected_client in detected] == [
        ("store", ["Deployment/web", "Deployment/worker"]),
        ("report", ["Deployment/report"]),
    ]
    assert [detected_client.remove for detected_client in detected] == [
        ("Deployment/redis", "Service/redis"),
        ("Deployment/queue", "Service/queue"),
    ]


def test_a_workload_with_an_unknown_redis_belongs_to_the_only_client_of_its_namespace() -> None:
    detected = client(workload(container(**THREE)), workload(container(REDIS_URL=secret_key("keys", "url")), name="worker"))
    assert [each.reference for each in detected.workloads] == ["Deployment/web", "Deployment/worker"]
    assert detected.is_open("containers")


def test_two_containers_with_one_redis_are_both_switched() -> None:
    detected = client(
        workload(container("web", **THREE), container("worker", REDIS_HOST="redis.shop.svc.cluster.local"), container("proxy"))
    )
    assert other_questions(detected) == {}
    assert [switch.name for switch in detected.workloads[0].switched] == ["web", "worker"]


def test_a_client_has_the_name_of_its_namespace_or_of_its_workload() -> None:
    assert client(workload(container(**THREE), namespace="default")).name == "web"
    assert client(workload(container(**THREE), name="web.v2", namespace="default")).name == "web-v2"
    assert client(workload(container(**THREE), namespace="monitoring")).name == "web"
    assert client(workload(container(**THREE), name="root", namespace="default")).name == "root-app"


def test_values_of_a_config_map_in_the_input_are_used() -> None:
    detected = client(
        workload(container() | {"envFrom": [{"configMapRef": {"name": "s"}}]}), config_map("s", REDIS_HOST="redis", REDIS_PORT="1")
    )
    assert (detected.host, detected.port, other_questions(detected)) == ("redis", 1, {})
