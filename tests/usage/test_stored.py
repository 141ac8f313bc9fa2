"""What an application stores: each pattern with texts that show a use, and texts that show none."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.model.client import Use
from rediskit.usage.stored import WORDS, known_image, uses_in
from tests.init.live import config_map, container, workload
from tests.init.test_images import IMAGES
from tests.test_applications import SECTIONS

SHOWN: dict[Use, dict[str, tuple[str, ...]]] = {
    "cache": {
        "cache": ("CACHE_STORE", "DJANGO_CACHE_URL", "cacheStore"),
        "caches": ("CACHES_URL",),
        "cached": ("CACHED_REDIS_URL",),
        "caching": ("CACHING_HOST",),
    },
    "sessions": {
        "session": ("SESSION_DRIVER", "SPRING_SESSION_STORE_TYPE", "ConnectionStrings__SessionStore"),
        "sessions": ("SESSIONS_REDIS_HOST",),
        "authentik": ("AUTHENTIK_REDIS__HOST",),
    },
    "queue": {
        "celery": ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"),
        "celeryd": ("CELERYD_URL",),
        "celerybeat": ("CELERYBEAT_URL",),
        "sidekiq": ("SIDEKIQ_REDIS_URL",),
        "bull": ("BULL_REDIS_HOST", "QUEUE_BULL_REDIS_HOST"),
        "bullmq": ("BULLMQ_REDIS_HOST",),
        "rq": ("RQ_REDIS_URL",),
        "rqworker": ("RQWORKER_URL",),
        "rqscheduler": ("RQSCHEDULER_URL",),
        "resque": ("RESQUE_REDIS",),
        "horizon": ("HORIZON_REDIS",),
        "dramatiq": ("DRAMATIQ_BROKER",),
        "arq": ("ARQ_REDIS_HOST",),
        "saq": ("SAQ_URL",),
        "huey": ("HUEY_REDIS_URL",),
        "taskiq": ("TASKIQ_URL",),
        "asynq": ("ASYNQ_REDIS_ADDR",),
        "hangfire": ("Hangfire__Redis",),
        "messenger": ("MESSENGER_TRANSPORT_DSN",),
        "paperless": ("PAPERLESS_REDIS",),
        "authentik": ("AUTHENTIK_REDIS__HOST",),
        "broker": ("BROKER_URL",),
        "brokers": ("BROKERS",),
        "queue": ("QUEUE_CONNECTION", "jobQueue"),
        "queues": ("QUEUES_HOST",),
        "job": ("JOB_REDIS_URL",),
        "jobs": ("JOBS_REDIS_URL",),
    },
}
"""Each word of a pattern, with variables that show the use."""
OTHER: dict[Use, tuple[str, ...]] = {
    "cache": ("MEMCACHED_HOST", "VARNISHCACHEHOST", "REDIS_HOST"),
    "sessions": ("OBSESSION_URL", "POSSESSIONS_HOST", "REDIS_HOST"),
    "queue": (
        *("BULLET_HOST", "BULLM_HOST", "MARQUEE_URL", "SQS_REDIS", "TORQUE_HOST", "PARQUET_URL", "JOBBER_HOST", "BROKERAGE_HOST"),
        *("CELERYX_URL", "REDIS_HOST", "IMMICH_VERSION", "MESSENGERS_URL", "HORIZONTAL_HOST"),
    ),
}
EXAMPLES = [(use, word, name) for use, words in SHOWN.items() for word, names in words.items() for name in names]
IMAGE_OF_SECTION = {
    "immich": "immich-server",
    "authentik": "goauthentik/server",
    "harbor": "goharbor/harbor-core",
}
OWN_CODE = {"sidekiq", "celery", "address"}
"""The sections of docs/applications.md without an image of their own."""


def shown(*containers: Any, objects: tuple[Any, ...] = (), switched: tuple[str, ...] = ()) -> set[Use]:
    return set(uses_in([workload(*containers)], switched, objects))


@pytest.mark.parametrize(("use", "word", "name"), EXAMPLES)
def test_each_word_shows_a_use(use: Use, word: str, name: str) -> None:
    assert use in shown(container(**{name: "redis"}))
    assert use in shown(switched=(name,)), "a switched variable that no object shows"
    assert use in shown({**container(), "args": ["serve", f"--{word}"]})


def test_each_word_has_an_example() -> None:
    assert {use: set(words) for use, words in WORDS.items()} == {use: set(words) for use, words in SHOWN.items()}


@pytest.mark.parametrize(("use", "name"), [(use, name) for use, names in OTHER.items() for name in names])
def test_a_word_inside_another_word_shows_no_use(use: Use, name: str) -> None:
    assert use not in shown(container(**{name: "redis"}), switched=(name,))


@pytest.mark.parametrize("value", ["redis", "Redis", "valkey", "redis_cache_store", "phpredis", "redis://redis:6379/1"])
def test_the_value_of_a_type_selects_redis(value: str) -> None:
    assert shown(container(QUEUE_CONNECTION=value)) == {"queue"}


@pytest.mark.parametrize("value", ["database", "sqs", "file", "", "run redis-cli ping"])
def test_another_type_shows_no_use(value: str) -> None:
    assert shown(container(QUEUE_CONNECTION=value, SESSION_DRIVER=value)) == set()


def test_a_configmap_shows_the_same_as_literal_variables() -> None:
    data = {"QUEUE_CONNECTION": "redis", "SESSION_DRIVER": "redis", "CACHE_STORE": "file"}
    settings = config_map("settings", **data)
    by_source = {**container(), "envFrom": [{"configMapRef": {"name": "settings"}}]}
    by_prefix = {**container(), "envFrom": [{"prefix": "APP_", "configMapRef": {"name": "settings"}}]}
    by_key = container(QUEUE_CONNECTION={"configMapKeyRef": {"name": "settings", "key": "QUEUE_CONNECTION"}})
    elsewhere = {**settings, "metadata": {"name": "settings", "namespace": "other"}}
    without = {**settings, "metadata": {"name": "settings"}}
    assert shown(container(**data)) == {"sessions", "queue"}
    assert shown(by_source, objects=(settings,)) == {"sessions", "queue"}
    assert shown(by_prefix, objects=(settings,)) == {"sessions", "queue"}
    assert shown(by_key, objects=(settings,)) == {"queue"}
    assert shown(by_source, objects=(elsewhere,)) == set()
    assert set(uses_in([workload(by_source)], (), (without,), "shop")) == {"sessions", "queue"}


@pytest.mark.parametrize("image", IMAGES)
def test_each_known_image_has_a_use(image: str) -> None:
    known = known_image(image)
    assert known is not None
    assert known.use
    assert shown(container(image=image)) == set(known.use)


@pytest.mark.parametrize("name", sorted(SECTIONS.keys() - OWN_CODE))
def test_the_use_of_an_image_is_that_of_docs_applications(name: str) -> None:
    known = known_image(IMAGE_OF_SECTION.get(name, name))
    assert known is not None
    assert list(known.use) == SECTIONS[name]["use"]
