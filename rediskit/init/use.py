"""What an application stores in Redis."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rediskit.init.objects import Content, literal, mappings_at
from rediskit.model.client import Use
from rediskit.model.gitops_tools import image_name
from rediskit.model.nested import list_at, text_at
from rediskit.model.podspec import containers_of
from rediskit.usage.services import reference

_WORDS: Mapping[Use, str] = {
    "queue": "celery|sidekiq|bullmq?|rq|resque|horizon|dramatiq|arq|queue:work|broker|queues?|jobs?",
    "sessions": "sessions?",
    "cache": "cach(?:e|es|ing)",
}
"""The words that show a use, as a regular expression."""
_PATTERNS = {use: re.compile(rf"(?:^|[^a-z])({words})(?:[^a-z]|$)") for use, words in _WORDS.items()}


class InferredUse(NamedTuple):
    """What an application stores, and why it is a queue; "" if it is none."""

    use: tuple[Use, ...] = ()
    reason: str = ""


def use_of(workloads: Iterable[Content], switched: Iterable[str]) -> InferredUse:
    """Return what workloads store, by their commands, images and variables.

    `switched` are the variables with the address of the old Redis, or with a type such as `QUEUE_CONNECTION=redis`.
    """
    sources = list(_texts(workloads, frozenset(switched)))
    reasons: dict[Use, str] = {}
    for place, text in sources:
        for use, pattern in _PATTERNS.items():
            if match := pattern.search(text.lower()):
                reasons.setdefault(use, f"{place} contains {match[1]}")
    order: tuple[Use, ...] = ("cache", "sessions", "queue")
    return InferredUse(tuple(use for use in order if use in reasons), reasons.get("queue", ""))


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
