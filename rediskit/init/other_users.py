"""Who else in the input uses the old Redis of a client: what would lose it with the client's last step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.init.objects import Content, InputObjects, name_of, namespace_of, reference
from rediskit.model.nested import at, text_at
from rediskit.model.podspec import containers_of
from rediskit.usage import Use, certain, parse, uses

_SOURCES = {
    **dict.fromkeys(("configMap", "configMapRef", "configMapKeyRef"), ("ConfigMap", "name")),
    **dict.fromkeys(("secretRef", "secretKeyRef"), ("Secret", "name")),
    "secret": ("Secret", "secretName"),
}
"""The keys of a pod that refer to a ConfigMap or a Secret: the kind, and the key with its name."""


class Question(NamedTuple):
    """What is known of a client when its old Redis is looked for elsewhere.

    Attributes:
        workload: The client's own workload.
        namespace: Its namespace.
        host: The host name of the old Redis, as the client knows it.
        port: Its port.
        switched: Per container, the variables that the migration switches.
        gone: `Kind/name` of the objects that are the old Redis.
    """

    workload: Content
    namespace: str
    host: str
    port: int
    switched: Mapping[str, Collection[str]]
    gone: Collection[str]


def users(question: Question, objects: InputObjects) -> tuple[list[Use], list[Use]]:
    """Return the certain uses and the possible uses of an old Redis by others, and by the client itself beside what is switched."""
    names = frozenset(name for found in question.switched.values() for name in found)
    address = parse(question.host, question.namespace, question.port)
    found = uses(objects.all, address, namespace=question.namespace, switched=names, gone=question.gone)
    own = _Own(question, objects)
    others = [use for use in found if not own.covers(use)]
    return certain(others), [use for use in others if use.strength == "possible"]


class _Own:
    """The places that go with the migration or with the old Redis: what they say counts for nobody."""

    def __init__(self, question: Question, objects: InputObjects) -> None:
        self._question = question
        self._reference = reference(question.workload)
        self._places = frozenset(self._switched_places())
        self._sources = frozenset(self._switched_sources())
        self._readers = _readers(objects, question.namespace)

    def covers(self, use: Use) -> bool:
        """Return whether a use is the client's own and is switched, or belongs to the old Redis alone."""
        if use.namespace != self._question.namespace:
            return False
        if use.object == self._reference:
            return any(use.pointer == place or use.pointer.startswith(f"{place}/") for place in self._places)
        readers = self._readers.get(use.object, set())
        if not readers:
            return False
        if readers <= set(self._question.gone):
            return True
        key = use.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        source = {(use.object, key), (use.object, "*")} & self._sources
        return bool(source) and readers <= {self._reference, *self._question.gone} and (key in self._keys(use.object))

    def _keys(self, source: str) -> set[str]:
        """Return the keys of a ConfigMap or a Secret that the switched variables come from."""
        names = {name for found in self._question.switched.values() for name in found}
        return {key for one, key in self._sources if one == source and key != "*"} | (names if (source, "*") in self._sources else set())

    def _switched_places(self) -> Iterator[str]:
        for container in containers_of(self._question.workload):
            names = self._question.switched.get(container.name, ())
            if container.listed == "containers":
                for index, entry in enumerate(at(container.content, "env") or ()):
                    if isinstance(entry, dict) and entry.get("name") in names:
                        yield "".join(f"/{part}" for part in (*container.path, "env", index))

    def _switched_sources(self) -> Iterator[tuple[str, str]]:
        for container in containers_of(self._question.workload):
            names = self._question.switched.get(container.name, ())
            for entry in at(container.content, "env") or ():
                if isinstance(entry, dict) and entry.get("name") in names:
                    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                        source = at(entry, "valueFrom", key)
                        if isinstance(source, dict):
                            yield f"{kind}/{source.get('name')}", str(source.get("key"))
            for source in at(container.content, "envFrom") or ():
                for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                    if name := text_at(source, key, "name"):
                        yield f"{kind}/{name}", "*"


def _readers(objects: InputObjects, namespace: str) -> dict[str, set[str]]:
    """Return, per ConfigMap and Secret of a namespace, the objects that refer to it."""
    found: dict[str, set[str]] = {}
    for content in objects.all:
        if namespace_of(content) in ("", namespace) and name_of(content):
            for source in _sources(content):
                found.setdefault(source, set()).add(reference(content))
    return found


def _sources(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _SOURCES and isinstance(inner, dict):
                kind, name = _SOURCES[key]
                if text := text_at(inner, name) or text_at(inner, "name"):
                    yield f"{kind}/{text}"
            yield from _sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sources(inner)
