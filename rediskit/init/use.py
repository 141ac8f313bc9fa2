"""What an application stores in Redis, and how its old Redis differs from the shared one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from rediskit.init.objects import Content, InputObjects, literal, mappings_at
from rediskit.model.client import Use
from rediskit.model.gitops_tools import image_name
from rediskit.model.nested import list_at, text_at
from rediskit.model.podspec import containers_of
from rediskit.usage import is_server, reference

_QUEUES = ("celery", "sidekiq", "bullmq?", "rq", "resque", "horizon", "dramatiq", "arq", "queue:work", "broker", "queues?", "jobs?")
_WORDS: tuple[tuple[re.Pattern[str], Use], ...] = (
    (
        re.compile(r"(?:^|[^a-z])(celery|sidekiq|bullmq?|rq|resque|horizon|dramatiq|arq|queue:work|broker|queues?|jobs?)(?:[^a-z]|$)"),
        "queue",
    ),
    (re.compile(r"(?:^|[^a-z])(sessions?)(?:[^a-z]|$)"), "sessions"),
    (re.compile(r"(?:^|[^a-z])(cach(?:e|es|ing))(?:[^a-z]|$)"), "cache"),
)
_SETTINGS = ("maxmemory-policy", "databases", "notify-keyspace-events", "maxmemory")
_SAFE = re.compile(r"[A-Za-z0-9-]{1,20}")


class InferredUse(NamedTuple):
    """What an application stores.

    Attributes:
        use: The kinds.
        reason: Why it is a queue; "" if it is none.
    """

    use: tuple[Use, ...] = ()
    reason: str = ""


def use_of(workloads: Iterable[Content], switched: Iterable[str]) -> InferredUse:
    """Return what workloads store, by their commands, images and variables.

    Args:
        workloads: The workloads of a client.
        switched: The variables with the address of the old Redis, or with a type such as `QUEUE_CONNECTION=redis`.
    """
    sources = list(_texts(workloads, frozenset(switched)))
    found: dict[Use, str] = {}
    for place, text in sources:
        for pattern, use in _WORDS:
            if match := pattern.search(text.lower()):
                found.setdefault(use, f"{place} contains {match[1]}")
    order: tuple[Use, ...] = ("cache", "sessions", "queue")
    return InferredUse(tuple(use for use in order if use in found), found.get("queue", ""))


def _texts(workloads: Iterable[Content], switched: frozenset[str]) -> Iterator[tuple[str, str]]:
    for obj in workloads:
        for container in containers_of(obj):
            where = f"container {container.name} of {reference(obj)}"
            yield f"the image of {where}", image_name(text_at(container.content, "image"))
            for key in ("command", "args"):
                yield f"{key} of {where}", " ".join(word for word in list_at(container.content, key) if isinstance(word, str))
            for entry in mappings_at(container.content, "env"):
                name = text_at(entry, "name")
                if name in switched or (literal(entry) or "").lower() in ("redis", "valkey"):
                    yield f"{name} of {where}", name.replace("_", " ")


def differences(gone: Iterable[str], objects: InputObjects) -> list[str]:
    """Return remarks on the arguments of the old Redis that the shared Redis does not have.

    Args:
        gone: The objects of the old Redis, as Kind/name.
        objects: The input.
    """
    names = set(gone)
    remarks = []
    for obj in objects.all:
        if reference(obj) in names and is_server(obj):
            settings = dict(_settings(obj))
            remarks += [f"{reference(obj)} sets {key} {value}: compare it with the shared Redis" for key, value in settings.items()]
    return remarks


def _settings(obj: Content) -> Iterator[tuple[str, str]]:
    for container in containers_of(obj):
        words = [str(word) for key in ("command", "args") for word in list_at(container.content, key)]
        words = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else word.split())]
        for word, value in pairwise(words):
            if word.removeprefix("--") in _SETTINGS and _SAFE.fullmatch(value):
                yield word.removeprefix("--"), value
