"""Workloads of two namespaces with one database of one old Redis keep one database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import check, load, render
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


@pytest.mark.parametrize("prefix", ["", "CHANNEL_PREFIX"])
def test_the_copies_show_that_two_instances_of_an_application_hear_each_other(prefix: str, tmp_path: Path) -> None:
    """A copy without the image showed nothing. A copy does not have the value of a prefix, so that of an instance is unknown."""
    objects = [redis(), service()]
    for number, name in enumerate(("web", "other")):
        more = {prefix: name} if prefix else {}
        version = "registry.example.com:5000/shop/web:1.2.3@sha256:" + f"{number}" * 64
        app = container(image=version, REDIS_URL=f"redis://redis.shop:6379/{number}", **more)
        objects.append(workload(app, name=name, namespace=name))
    options = Options(str(tmp_path / "home"), repository="https://git.example.org/a.git", source=(text(*objects).encode(), "live.yaml"))
    created = new_project(options)
    for path, content in created.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    copies = [content.decode() for path, content in created.files.items() if b"rediskit/reduced" in content]
    assert [copy.count("rediskit/images: app=registry.example.com:5000/shop/web\n") for copy in copies] == [1, 1]
    environment = load(tmp_path / created.config)
    messages = [finding.message for finding in check(environment, render(environment)) if finding.code == "channels-shared"]
    assert len(messages) == (0 if prefix else 1), messages
