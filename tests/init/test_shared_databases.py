"""Workloads of two namespaces with one database of one old Redis keep one database."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from rediskit.init.project import Options, new_project
from tests.init.live import Object, container, redis, service, text, workload

SHARED = {"default": {"number": 0, "shared": True}}


def clients(*objects: Object) -> dict[str, Any]:
    """Return the sections of the clients by name."""
    source = (text(*objects, redis(), service()).encode(), "live.yaml")
    created = new_project(Options("/nowhere/home", repository="https://git.example.org/a.git", source=source))
    return {client["name"]: client for client in yaml.safe_load(created.files[created.config])["clients"]}


@pytest.mark.parametrize(
    ("producer", "consumer", "expected"),
    [
        ({"CELERY_BROKER_URL": "redis://redis:6379/0"}, {"CELERY_BROKER_URL": "redis://redis.shop:6379/0"}, (SHARED, SHARED)),
        ({"CELERY_BROKER_URL": "redis://redis:6379"}, {"CELERY_BROKER_URL": "redis://redis.shop:6379"}, (SHARED, SHARED)),
        ({"CELERY_BROKER_URL": "redis://redis"}, {"CELERY_BROKER_URL": "redis://redis.shop.svc.cluster.local:6379/0"}, (SHARED, SHARED)),
        ({"QUEUE_HOST": "redis"}, {"QUEUE_HOST": "redis.shop"}, (SHARED, SHARED)),
        (
            {"CELERY_BROKER_URL": "redis://redis:6379/0"},
            {"CELERY_BROKER_URL": "redis://redis.shop:6379/1"},
            ({"default": 0}, {"default": 1}),
        ),
        (
            {"CELERY_BROKER_URL": "redis://redis:6379/0"},
            {"CELERY_BROKER_URL": "redis://redis.jobs:6379/0"},
            ({"default": 0}, {"default": 1}),
        ),
        (
            {"REDIS_HOST": "redis", "REDIS_DB": "3"},
            {"BROKER_URL": "redis://redis.shop/3"},
            ({"default": {"number": 3, "shared": True}},) * 2,
        ),
    ],
)
def test_equal_numbers_of_one_old_redis_are_shared(producer: dict[str, str], consumer: dict[str, str], expected: tuple[Any, Any]) -> None:
    written = clients(workload(container(**producer)), workload(container(**consumer), name="worker", namespace="jobs"))
    assert (written["shop"].get("databases"), written["jobs"].get("databases")) == expected


def test_the_copy_keeps_the_number_of_a_database() -> None:
    objects = (workload(container(REDIS_HOST="redis", REDIS_DB="3")), redis(), service())
    source = (text(*objects).encode(), "live.yaml")
    created = new_project(Options("/nowhere/home", repository="https://git.example.org/a.git", source=source))
    assert '- name: REDIS_DB\n          value: "3"\n' in created.files["config/home/web.yaml"].decode()
