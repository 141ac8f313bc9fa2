"""What `init` writes about the data of a client: `use`, or an open question."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.init.clients import clients_of
from rediskit.init.config_text import client_lines
from rediskit.init.detected import DetectedClient
from rediskit.init.objects import InputObjects
from tests.init.live import config_map, container, redis, secret_key, service, workload

LARAVEL = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "QUEUE_CONNECTION": "redis", "SESSION_DRIVER": "redis"}


def client(*containers: Any, more: tuple[Any, ...] = ()) -> DetectedClient:
    (detected,) = clients_of(InputObjects((workload(*containers), *more, redis(), service()))).clients
    return detected


def lines(detected: DetectedClient) -> list[str]:
    return client_lines(detected, {(detected.name, "Deployment/web"): "t/web.yaml"})


@pytest.mark.parametrize("source", ["ConfigMap", "values"])
def test_settings_of_laravel_are_a_queue_and_sessions_whatever_their_source(source: str) -> None:
    settings = config_map("settings", **LARAVEL)
    by_source = {**container(), "envFrom": [{"configMapRef": {"name": "settings"}}]}
    detected = client(by_source, more=(settings,)) if source == "ConfigMap" else client(container(**LARAVEL))
    assert detected.use == ("sessions", "queue")
    assert detected.queue.startswith("QUEUE_CONNECTION of container app of Deployment/web")
    assert "use" not in detected.questions
    assert "  use: [sessions, queue]" in lines(detected)


def test_the_name_of_a_variable_from_a_secret_shows_a_queue() -> None:
    data = {"REDIS_QUEUE_HOST": "eA=="}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "settings", "namespace": "shop"}, "data": data}
    assert client(container(REDIS_QUEUE_HOST=secret_key("settings", "REDIS_QUEUE_HOST"))).use == ("queue",)
    assert client({**container(), "envFrom": [{"secretRef": {"name": "settings"}}]}, more=(secret,)).use == ("queue",)


def test_an_input_that_shows_no_use_is_an_open_question() -> None:
    detected = client(container(REDIS_HOST="redis"))
    assert detected.use == ()
    place = lines(detected).index(
        "  # open: nothing in the input shows what shop stores in Redis: write use; a queue has to be drained first"
    )
    assert lines(detected)[place + 1] == "  # use: [cache, sessions, queue]"
    assert "  migration:" in lines(detected)


def test_a_cache_beside_variables_that_are_not_in_the_input_is_an_open_question() -> None:
    settings = config_map("settings", REDIS_HOST="redis", CACHE_STORE="redis")
    sources = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "hidden"}}]
    detected = client({**container(), "envFrom": sources}, more=(settings,))
    assert detected.use == ("cache",)
    (question,) = detected.questions["use"]
    assert question == "shop stores a cache; Secret hidden is not in the input: add sessions or queue to use if it stores them"
    assert "use" not in client({**container(), "envFrom": sources[:1]}, more=(settings,)).questions
