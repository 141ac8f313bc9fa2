"""The variables of known images: each image with one container, with a variable and without one."""

from __future__ import annotations

import pytest

from rediskit.init.clients import clients_of
from rediskit.init.config_text import client_lines
from rediskit.init.objects import InputObjects
from rediskit.init.roles import names_of_image
from rediskit.usage.stored import URL
from tests.init.live import container, redis, service, workload

IMAGES = {
    "ghcr.io/immich-app/immich-server:v2.1.0": ["REDIS_HOSTNAME", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_DBINDEX"],
    "ghcr.io/paperless-ngx/paperless-ngx:2.18": ["PAPERLESS_REDIS"],
    "docker.io/library/nextcloud:31-apache": ["REDIS_HOST", "REDIS_HOST_PORT", "REDIS_HOST_PASSWORD"],
    "ghcr.io/goauthentik/server:2025.10": [f"AUTHENTIK_REDIS__{word}" for word in ("HOST", "PORT", "PASSWORD", "DB")],
    "ghcr.io/open-webui/open-webui:v0.6": ["REDIS_URL", "WEBSOCKET_REDIS_URL"],
    "ghcr.io/berriai/litellm:main-stable": ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"],
    "ghcr.io/berriai/litellm-database:main-stable": ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"],
    "docker.io/searxng/searxng@sha256:0000000000000000000000000000000000000000000000000000000000000000": [
        "SEARXNG_VALKEY_URL",
        "SEARXNG_REDIS_URL",
    ],
    "ghcr.io/toeverything/affine:stable": [f"REDIS_SERVER_{word}" for word in ("HOST", "PORT", "PASSWORD", "DATABASE")],
    "ghcr.io/toeverything/affine-graphql:stable": [f"REDIS_SERVER_{word}" for word in ("HOST", "PORT", "PASSWORD", "DATABASE")],
}
"""What the documentation of each image names."""


@pytest.mark.parametrize("image", IMAGES)
def test_without_a_variable_those_of_the_image_are_proposed_with_a_question(image: str) -> None:
    (client,) = clients_of(InputObjects((workload(container(image=image)), redis(), service()))).clients
    (question,) = client.questions["containers"]
    assert question.endswith("check that the image of app reads the variables below")
    lines = "\n".join(client_lines(client, {(client.name, "Deployment/web"): "t/web.yaml"}))
    for name, template in names_of_image(container(image=image)).items():
        assert f" {name}: {template}\n" in f"{lines}\n"
    assert list(names_of_image(container(image=image))) == IMAGES[image]


@pytest.mark.parametrize("image", IMAGES)
def test_with_one_variable_the_others_have_the_names_of_the_image(image: str) -> None:
    first, *_ = IMAGES[image]
    names = names_of_image(container(image=image))
    value = "redis://redis:6379/0" if names[first] == URL else "redis"
    (client,) = clients_of(InputObjects((workload(container(image=image, **{first: value})), redis(), service()))).clients
    (switch,) = client.workloads[0].switched
    needed = {first} if names[first] == URL else {name for name, template in names.items() if template != "${database}"}
    assert set(switch.env) == needed
    assert all(switch.env[name] == names[name] for name in needed)
    assert client.questions == {}


@pytest.mark.parametrize("image", ["docker.io/library/server:1", "example.org/immich:1", "docker.io/library/redis-commander:1", ""])
def test_other_images_have_no_names(image: str) -> None:
    assert names_of_image(container(image=image)) == {}


def test_images_without_a_variable_are_clients_only_where_no_workload_refers_to_redis() -> None:
    web, worker = (workload(container(image="ghcr.io/goauthentik/server:1"), name=name) for name in ("web", "worker"))
    database = workload(container(image="docker.io/library/postgres:17"), name="postgres", kind="StatefulSet")
    (client,) = clients_of(InputObjects((web, worker, database, redis(), service()))).clients
    assert [workload.reference for workload in client.workloads] == ["Deployment/web", "Deployment/worker"]
    known = workload(container(REDIS_HOST="redis"), name="worker")
    (client,) = clients_of(InputObjects((web, known, redis(), service()))).clients
    assert [workload.reference for workload in client.workloads] == ["Deployment/worker"]
