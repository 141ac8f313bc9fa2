"""The settings of an old Redis in its manifest and its ConfigMaps, and the keys that it keeps and the shared Redis evicts."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from rediskit.model.gitops_tools import image_name
from rediskit.model.nested import list_at, mapping_at, text_at
from rediskit.model.podspec import containers_of, pods_of

Object = Mapping[str, Any]
_SAFE = re.compile(r"[A-Za-z0-9-]{1,20}")
"""Values that are printed: no password of an argument has the key of a setting."""
_FLAGS = frozenset("REDIS_ARGS REDIS_EXTRA_FLAGS VALKEY_EXTRA_FLAGS".split())
"""The variables by which images of Redis get further arguments."""
_POLICY = "maxmemory-policy"
_DEFAULT = "noeviction"


def settings_of(server: Object, objects: Iterable[Object]) -> dict[str, str]:
    """Return the settings in files of ConfigMaps, in command lines, which take precedence, and in the name of the image."""
    settings: dict[str, str] = {}
    for _, content in _config_maps(server, objects):
        for text in mapping_at(content, "data").values():
            settings |= dict(_pairs(line.split()) for line in str(text).splitlines() if len(line.split()) > 1)
    for container in containers_of(server):
        words = [part for word in _words(container.content) for part in (word.split("=", 1) if word.startswith("--") else word.split())]
        settings |= {word.removeprefix("--").lower(): value for word, value in pairwise(words) if word.startswith("--")}
        if re.search(r"stack|redisearch|rejson", image_name(text_at(container.content, "image"))):
            settings.setdefault("loadmodule", "")
    return {key: value if _SAFE.fullmatch(value) else "" for key, value in settings.items()}


def lost_keys(server: Object, objects: Iterable[Object], use: Collection[str], shared: str) -> str:
    """Return which keys an old Redis keeps and the policy of the shared one evicts; "" where the client can lose them.

    The text is empty for a cache, for a queue that `queue-evicted` reports, and for the default policy of Redis if the use is not known:
    `use-unknown` asks for it.
    """
    if set(use) == {"cache"} or ("queue" in use and shared.startswith("allkeys-")):
        return ""
    everything = list(objects)
    policy = settings_of(server, everything).get(_POLICY)
    what = policy or f"{_DEFAULT}, the default of Redis"
    if policy == "" or (policy is None and (not use or _has_other_file(server, everything))):
        return ""
    if (policy or _DEFAULT) == _DEFAULT:
        if shared.startswith("allkeys-"):
            return f"evicts no key ({what}), and the shared Redis evicts any key when its memory is full ({shared})"
        lost = shared.startswith("volatile-") and "sessions" in use
        return f"evicts no key ({what}), and the shared Redis evicts keys with an expiry ({shared})" if lost else ""
    lost = what.startswith("volatile-") and shared.startswith("allkeys-")
    return f"keeps keys without an expiry ({what}), and the shared Redis evicts them ({shared})" if lost else ""


def _words(container: Object) -> Iterator[str]:
    """Yield the words of the command line of a container, and its arguments in variables."""
    yield from (str(word) for key in ("command", "args") for word in list_at(container, key))
    for entry in list_at(container, "env"):
        if text_at(entry, "name") in _FLAGS:
            yield from text_at(entry, "value").split()


def _config_maps(server: Object, objects: Iterable[Object]) -> list[tuple[str, Object | None]]:
    """Return the ConfigMaps of the volumes of a server by name; None for one that is not among the objects."""
    names = [
        name
        for _, pod in pods_of(server)
        for volume in list_at(pod, "volumes")
        for source in (
            mapping_at(volume, "configMap"),
            *(mapping_at(entry, "configMap") for entry in list_at(volume, "projected", "sources")),
        )
        if (name := text_at(source, "name"))
    ]
    if not names:
        return []
    home = text_at(server, "metadata", "namespace")
    known = {
        text_at(content, "metadata", "name"): content
        for content in objects
        if content.get("kind") == "ConfigMap" and (not home or text_at(content, "metadata", "namespace") in ("", home))
    }
    return [(name, known.get(name)) for name in names]


def _has_other_file(server: Object, objects: Iterable[Object]) -> bool:
    """Return whether a server can have settings in a file that is not among the objects."""
    maps = _config_maps(server, objects)
    words = (word for container in containers_of(server) for word in _words(container.content))
    reads_file = any(re.search(r"\.conf\b", word) for word in words)
    return any(content is None for _, content in maps) or (reads_file and not maps)


def _pairs(words: list[str]) -> tuple[str, str]:
    return words[0].lower(), words[1].strip("\"'")
