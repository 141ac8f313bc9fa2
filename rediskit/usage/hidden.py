"""The parts of objects that cannot be read, so that a use of a Redis there is not visible."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.model.nested import at, list_at, mapping_at, text_at, texts_in
from rediskit.model.podspec import containers_of, pods_of
from rediskit.model.pointers import pointer
from rediskit.usage.finder import flattened
from rediskit.usage.patterns import SUFFIXES
from rediskit.usage.services import reference
from rediskit.usage.texts import decoded

Object = Mapping[str, Any]
_SUBSTITUTED = re.compile(r"(?<!\$)\$\{[A-Za-z_]\w*(?::?[=-][^}]*)?\}")
_ADDRESSES = re.compile(
    rf"(?:{'|'.join(SUFFIXES)}|DSN|ENDPOINTS?|NODES?|CONNECTION|HOSTS|URLS)$|REDIS|VALKEY|BROKER|CACHE|CELERY|QUEUE|SESSION|RESQUE|SIDEKIQ",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"(?:PASSWORD|PASSWD|PASS|PWD|AUTH|KEY|TOKEN|SECRET|USER|USERNAME|PORT|DB|DATABASE|TLS|SSL|PREFIX|TTL)$", re.IGNORECASE
)
_FREE_KINDS = ("ConfigMap", "Secret")


class Hidden(NamedTuple):
    """A part of an object that cannot be read. object: `Kind/name`; pointer: "" for the whole object."""

    object: str
    namespace: str
    pointer: str
    reason: str


def not_visible(objects: Iterable[Object], *, namespace: str, substituted: bool = False) -> list[Hidden]:
    """Return the parts of objects that cannot be read. `substituted`: Flux replaces `${VAR}` in them before it applies them."""
    everything = list(flattened(objects))
    existing = {
        (str(content.get("kind")), _namespace_of(content, namespace), text_at(content, "metadata", "name")) for content in everything
    }
    result = []
    for content in everything:
        home = _namespace_of(content, namespace)
        places = (
            *_encrypted(content),
            *_charts(content),
            *_binary(content),
            *_references(content, home, existing),
            *_files(content, home, existing),
        )
        places = (*places, *(_variables(content) if substituted else ()))
        result += [Hidden(reference(content), home, where, reason) for where, reason in dict.fromkeys(places)]
    return result


def _namespace_of(content: Object, namespace: str) -> str:
    return text_at(content, "metadata", "namespace") or namespace


def _encrypted(content: Object) -> Iterator[tuple[str, str]]:
    kind = content.get("kind")
    if kind == "SealedSecret":
        yield "/spec/encryptedData", "encrypted"
    elif kind == "Secret" and "sops" in content:
        yield "", "encrypted by SOPS"
    elif kind in ("ExternalSecret", "ClusterExternalSecret"):
        yield "/spec/data", "stored in an external store"


def _charts(content: Object) -> Iterator[tuple[str, str]]:
    kind = content.get("kind")
    if kind in ("HelmRelease", "HelmChart"):
        yield "/spec", "a chart that is not rendered"
        yield from (
            (pointer("spec", "valuesFrom", index), "values from another object")
            for index, _ in enumerate(list_at(dict(content), "spec", "valuesFrom"))
        )
    elif kind == "Application":
        sources: list[tuple[tuple[str, ...], Any]] = [(("spec", "source"), at(content, "spec", "source"))]
        sources += [(("spec", "sources", str(index)), source) for index, source in enumerate(list_at(dict(content), "spec", "sources"))]
        yield from ((pointer(*path), "a source that is not rendered") for path, source in sources if isinstance(source, dict))


def _binary(content: Object) -> Iterator[tuple[str, str]]:
    for part in ("binaryData", "data") if content.get("kind") in _FREE_KINDS and "sops" not in content else ():
        if part == "data" and content.get("kind") == "ConfigMap":
            continue
        for key, value in mapping_at(content, part).items():
            if decoded(value) is None:
                yield pointer(part, str(key)), "binary data"


def _references(content: Object, home: str, existing: set[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the variables from a ConfigMap or a Secret that is not among the objects."""
    for container in containers_of(content):
        for index, source in enumerate(list_at(container.content, "envFrom")):
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if _is_absent(existing, (kind, home, name := at(source, key, "name"))):
                    yield pointer(*container.path, "envFrom", index), f"variables from {kind}/{name}, which is not visible"
        for index, entry in enumerate(list_at(container.content, "env")):
            for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                name = at(entry, "valueFrom", key, "name")
                if _is_absent(existing, (kind, home, name)) and _may_be_address(str(at(entry, "name"))):
                    yield pointer(*container.path, "env", index), f"{at(entry, 'name')} from {kind}/{name}, which is not visible"


def _files(content: Object, home: str, existing: set[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the volumes from a ConfigMap or a Secret that is not among the objects."""
    for path, pod in pods_of(content):
        for index, volume in enumerate(list_at(pod, "volumes")):
            for (key, field), kind in ((("configMap", "name"), "ConfigMap"), (("secret", "secretName"), "Secret")):
                if _is_absent(existing, (kind, home, at(volume, key, field))):
                    yield pointer(*path, "volumes", index), f"files from {kind}/{at(volume, key, field)}, which is not visible"


def _is_absent(existing: set[tuple[str, str, str]], key: tuple[str, str, Any]) -> bool:
    return isinstance(key[2], str) and key not in existing


def _may_be_address(name: str) -> bool:
    """Return whether the name of a variable lets expect an address, such as `REDIS_DSN`, `CELERY_BROKER` or `CACHE`."""
    return bool(_ADDRESSES.search(name)) and not _OTHERS.search(name)


def _variables(content: Object) -> Iterator[tuple[str, str]]:
    for path, text in texts_in(content):
        if _SUBSTITUTED.search(text):
            yield pointer(*path), "a variable that Flux substitutes"
