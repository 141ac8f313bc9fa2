"""What an application stores in Redis, as its objects show it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rediskit.model.client import Use
from rediskit.model.gitops_tools import image_name
from rediskit.model.nested import list_at, text_at
from rediskit.model.podspec import containers_of
from rediskit.usage.services import reference

_WORDS: Mapping[Use, str] = {
    "cache": "cach(?:e|es|ing)",
    "sessions": "sessions?",
    "queue": "celery|sidekiq|bullmq?|rq|resque|horizon|dramatiq|arq|queue:work|broker|queues?|jobs?",
}
"""The words that show a use, as a regular expression."""
_PATTERNS = {use: re.compile(rf"(?:^|[^a-z])({words})(?:[^a-z]|$)") for use, words in _WORDS.items()}


def uses_in(workloads: Iterable[Mapping[str, Any]], switched: Iterable[str], others: Iterable[str] = ()) -> dict[Use, str]:
    """Return what workloads store, by their commands, images and variables, each with the text that shows it.

    `switched` are the variables with the address of Redis, or with a type such as `QUEUE_CONNECTION=redis`; `others` are variables of
    workloads that are not in an object.
    """
    sources = [*_texts(workloads, frozenset(switched)), *((name, name.replace("_", " ")) for name in others)]
    reasons: dict[Use, str] = {}
    for use, pattern in _PATTERNS.items():
        for place, text in sources:
            if match := pattern.search(text.lower()):
                reasons[use] = f"{place} contains {match[1]}"
                break
    return reasons


def _texts(workloads: Iterable[Mapping[str, Any]], switched: frozenset[str]) -> Iterator[tuple[str, str]]:
    for obj in workloads:
        for container in containers_of(obj):
            where = f"container {container.name} of {reference(obj)}"
            yield f"the image of {where}", image_name(text_at(container.content, "image"))
            for key in ("command", "args"):
                yield f"{key} of {where}", " ".join(word for word in list_at(container.content, key) if isinstance(word, str))
            for entry in list_at(container.content, "env"):
                name = text_at(entry, "name")
                if name in switched or text_at(entry, "value").lower() in ("redis", "valkey"):
                    yield f"{name} of {where}", name.replace("_", " ")
