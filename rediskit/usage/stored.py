"""What an application stores in Redis, as its objects show it, and what is known about the images of applications."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.model.client import Use
from rediskit.model.gitops_tools import image_name
from rediskit.model.nested import list_at, text_at
from rediskit.model.podspec import Container, containers_of
from rediskit.usage.services import reference
from rediskit.usage.variables import Variables

URL = "redis://:${password}@${address}/${database}"


class KnownImage(NamedTuple):
    """What is known about an image.

    Attributes:
        use: What the application stores in Redis, as docs/applications.md shows it.
        variables: The variables that it reads, with their templates; none where a section of docs/applications.md is not enough.
    """

    use: tuple[Use, ...]
    variables: Mapping[str, str] = {}


_IMAGES: Mapping[str, KnownImage] = {
    "immich-server": KnownImage(
        ("queue",),
        {"REDIS_HOSTNAME": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}", "REDIS_DBINDEX": "${database}"},
    ),
    "paperless-ngx": KnownImage(("queue",), {"PAPERLESS_REDIS": URL}),
    "nextcloud": KnownImage(
        ("cache", "sessions"), {"REDIS_HOST": "${host}", "REDIS_HOST_PORT": "${port}", "REDIS_HOST_PASSWORD": "${password}"}
    ),
    "server": KnownImage(
        ("cache", "sessions", "queue"),
        {
            "AUTHENTIK_REDIS__HOST": "${host}",
            "AUTHENTIK_REDIS__PORT": "${port}",
            "AUTHENTIK_REDIS__PASSWORD": "${password}",
            "AUTHENTIK_REDIS__DB": "${database}",
        },
    ),
    "open-webui": KnownImage(("cache", "sessions"), {"REDIS_URL": URL, "WEBSOCKET_REDIS_URL": URL}),
    "litellm": KnownImage(("cache",), {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}),
    "searxng": KnownImage(("cache",), {"SEARXNG_VALKEY_URL": URL, "SEARXNG_REDIS_URL": URL}),
    "affine": KnownImage(
        ("cache", "sessions", "queue"),
        {
            "REDIS_SERVER_HOST": "${host}",
            "REDIS_SERVER_PORT": "${port}",
            "REDIS_SERVER_PASSWORD": "${password}",
            "REDIS_SERVER_DATABASE": "${database}",
        },
    ),
    "netbox": KnownImage(("cache", "queue")),
    **dict.fromkeys(("gitea", "forgejo"), KnownImage(("cache", "sessions", "queue"))),
    "authelia": KnownImage(("sessions",)),
    **dict.fromkeys(("harbor-core", "harbor-jobservice"), KnownImage(("cache", "sessions", "queue"))),
}
"""The images by the last part of their name. `server` is authentik's (`ghcr.io/goauthentik/server`)."""
_VARIANTS = {"litellm-database": "litellm", "litellm-non_root": "litellm", "affine-graphql": "affine"}
"""The images that read the same variables as another one."""

WORDS: Mapping[Use, tuple[str, ...]] = {
    "cache": ("cache", "caches", "cached", "caching"),
    "sessions": ("session", "sessions", "authentik"),
    "queue": (
        *("celery", "celeryd", "celerybeat", "sidekiq", "bull", "bullmq", "rq", "rqworker", "rqscheduler", "resque", "horizon"),
        *("dramatiq", "arq", "saq", "huey", "taskiq", "asynq", "hangfire", "messenger", "paperless", "authentik"),
        *("broker", "brokers", "queue", "queues", "job", "jobs"),
    ),
}
"""The words that show a use."""
_USES: Mapping[str, list[Use]] = {word: [use for use in WORDS if word in WORDS[use]] for words in WORDS.values() for word in words}
# A pattern per use would have to be compiled at each start.
_WORD = re.compile("[a-z]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_REDIS = ("redis", "valkey", "keydb", "dragonfly")
"""The values of variables that select a Redis are one word and contain one of these, such as `redis_cache_store`."""

Content = Mapping[str, Any]


def uses_in(workloads: Iterable[Content], switched: Iterable[str], objects: Iterable[Content] = (), home: str = "") -> dict[Use, str]:
    """Return what workloads store, by their commands, images and variables, each with the text that shows it.

    Args:
        workloads: The workloads.
        switched: The variables with the address of Redis. A workload can have them from a Secret or an image.
        objects: Objects with the ConfigMaps of `envFrom` and `valueFrom`.
        home: The namespace of objects that set none.
    """
    names = tuple(dict.fromkeys(switched))
    containers = [(obj, container) for obj in workloads for container in containers_of(obj)]
    reasons = _of_images(containers)
    for place, text in (*_texts(containers, frozenset(names), Variables(objects, home), home), *((name, _words(name)) for name in names)):
        for word in _WORD.findall(text.lower()):
            for use in _USES.get(word, ()):
                reasons.setdefault(use, f"{place} contains {word}")
    return {use: reasons[use] for use in WORDS if use in reasons}


def _of_images(containers: Iterable[tuple[Content, Container]]) -> dict[Use, str]:
    reasons: dict[Use, str] = {}
    for obj, container in containers:
        image = text_at(container.content, "image")
        for use in known.use if (known := known_image(image)) else ():
            reasons.setdefault(use, f"the image of container {container.name} of {reference(obj)} is {image_name(image)}")
    return reasons


def _texts(
    containers: Iterable[tuple[Content, Container]], switched: frozenset[str], known: Variables, home: str
) -> Iterator[tuple[str, str]]:
    for obj, container in containers:
        namespace = text_at(obj, "metadata", "namespace") or home
        where = f"container {container.name} of {reference(obj)}"
        yield f"the image of {where}", image_name(text_at(container.content, "image"))
        for key in ("command", "args"):
            yield f"{key} of {where}", " ".join(word for word in list_at(container.content, key) if isinstance(word, str))
        values = dict.fromkeys((text_at(entry, "name") for entry in list_at(container.content, "env")), "")
        for name, value in (values | known.of_container(container.content, namespace)).items():
            if name in switched or _selects_redis(value):
                yield f"{name} of {where}", _words(name)


def _selects_redis(value: str) -> bool:
    text = value.lower()
    return any(name in text for name in _REDIS) and text.split() == [text]


def _words(name: str) -> str:
    """Return the words of the name of a variable, separated by spaces."""
    return _CAMEL.sub(" ", name.replace("_", " "))


def known_image(image: str) -> KnownImage | None:
    """Return what is known about an image; None for an unknown one."""
    name = image_name(image)
    if name == "server" and "goauthentik/" not in image:
        return None
    return _IMAGES.get(_VARIANTS.get(name, name))
