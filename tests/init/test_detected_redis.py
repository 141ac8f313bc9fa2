"""The old Redis of detected clients, its objects, and workloads that are no clients."""

from __future__ import annotations

import pytest

from rediskit.errors import ConfigError
from rediskit.usage.servers import is_server
from tests.init.live import Object, container, redis, secret_key, service, workload
from tests.init.test_clients import THREE, client, clients


def test_a_redis_in_the_pod_of_the_application_is_not_removed() -> None:
    detected = client(workload(container(REDIS_HOST="localhost"), container("redis", "redis:7")))
    assert detected.host == "localhost"
    assert (detected.remove, detected.remarks["previous"][-1]) == (
        (),
        "localhost is not a Service in the cluster: the migration cannot remove it",
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "ip6-localhost", "0.0.0.0"])
def test_a_redis_in_the_pod_is_asked_for_whatever_its_host_is(host: str) -> None:
    detected = client(workload(container(REDIS_HOST=host), container("redis", "redis:7")))
    questions = [question for section in detected.questions.values() for question in section]
    assert any("Redis is the container redis of the same Pod" in question for question in questions), questions


def test_an_old_redis_of_two_clients_is_removed_with_neither() -> None:
    far = workload(container(REDIS_HOST="redis.shop"), name="worker", namespace="other")
    detected = clients(workload(container(**THREE)), far, redis(), service()).clients
    assert [detected_client.name for detected_client in detected] == ["shop", "other"]
    assert [detected_client.remove for detected_client in detected] == [(), ()]
    assert (
        "Deployment/redis, Service/redis: also used by other; write remove for the last client that moves"
        in detected[0].remarks["previous"]
    )


def test_a_workload_without_redis_variables_is_skipped_with_a_note() -> None:
    unseen = container() | {"envFrom": [{"configMapRef": {"name": "settings"}}]}
    detected = clients(workload(container(**THREE)), workload(container(), name="front"), workload(unseen, name="back"))
    assert [detected_client.name for detected_client in detected.clients] == ["shop"]
    assert detected.notes == (
        "Deployment/front is skipped: no variable of it refers to Redis",
        ("Deployment/back is skipped: no variable of it refers to Redis, but it also reads ConfigMap settings, which is not in the input"),
    )


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ((redis(), service()), "the input contains only Redis: Deployment/redis"),
        ((workload(container()), workload(container(), name="other")), "no variable refers to Redis in Deployment/web, Deployment/other"),
    ],
    ids=["redis-alone", "none-of-several"],
)
def test_an_input_without_a_client_is_refused(objects: tuple[Object, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        clients(*objects)


@pytest.mark.parametrize(
    ("old", "remove", "remark"),
    [
        ([], (), "Service/redis is not in the input"),
        ([service()], ("Service/redis",), "the workload behind Service/redis is not in the input"),
        ([redis(), service(namespace="other")], ("Deployment/redis",), "Service/redis is not in the input"),
        ([redis(name="store"), service("redis", "store")], ("Deployment/store", "Service/redis"), ""),
        ([redis(name="unrelated")], (), "Service/redis is not in the input"),
        (
            [workload(container("cache", "registry.example.com/own-cache:1"), name="cache"), service("redis", "cache")],
            (),
            "Service/redis selects Deployment/cache, which has no Redis image",
        ),
    ],
    ids=["nothing", "service", "elsewhere", "other-name", "unrelated", "own-image"],
)
def test_only_certain_objects_of_the_old_redis_are_proposed_for_removal(old: list[Object], remove: tuple[str, ...], remark: str) -> None:
    detected = client(workload(container(**THREE)), *old)
    assert detected.remove == remove
    assert any(remark in text for text in detected.remarks.get("previous", [])) or not remark


def test_a_redis_in_another_namespace_is_not_removed() -> None:
    shared: Object = {"REDIS_HOST": "redis.cache.svc", "REDIS_PORT": "6379", "REDIS_PASSWORD": secret_key("keys", "password")}
    detected = client(workload(container(**shared)), redis(namespace="cache"), service(namespace="cache"))
    assert (detected.host, detected.remove) == ("redis.cache.svc", ())
    assert "the old Redis is in namespace cache: the migration removes objects in shop only" in detected.remarks["previous"]


def test_volume_claims_of_the_old_redis_are_kept_with_a_remark() -> None:
    old = redis(kind="StatefulSet")
    old["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    detected = client(workload(container(**THREE)), old, service())
    assert detected.remarks["previous"] == ["PersistentVolumeClaim data-redis-0 of StatefulSet/redis is kept: its data is not copied"]


@pytest.mark.parametrize(
    ("images", "server"),
    [
        (["redis:7-alpine"], True),
        (["docker.io/library/redis@sha256:0123"], True),
        (["registry.example.com:5000/bitnami/redis"], True),
        (["bitnamilegacy/redis:8", "bitnamilegacy/redis-exporter:1"], True),
        (["redis/redis-stack-server:7", "oliver006/redis_exporter"], True),
        (["valkey/valkey:8"], True),
        (["registry.example.com/shop/redis-worker:1"], False),
        (["registry.example.com/redis/app:1"], False),
        (["oliver006/redis_exporter"], False),
        (["redis:7", "registry.example.com/shop/web:1"], False),
        ([], False),
    ],
    ids=str,
)
def test_a_redis_is_recognized_by_its_images(images: list[str], server: bool) -> None:
    assert is_server(workload(*(container(f"c{number}", image) for number, image in enumerate(images)))) == server


@pytest.mark.parametrize("image", ["oliver006/redis_exporter:v1", "rediscommander/redis-commander", "redis/redisinsight:2"])
def test_a_workload_that_only_monitors_redis_is_not_a_client(image: str) -> None:
    watcher = workload(container("watch", image, REDIS_ADDR="redis:6379", REDIS_HOST="redis"), name="watcher")
    detected = clients(workload(container(**THREE)), watcher)
    assert [detected_client.name for detected_client in detected.clients] == ["shop"]
    assert detected.notes == ("Deployment/watcher only monitors a Redis and is skipped: remove it yourself if it monitors the old one",)
