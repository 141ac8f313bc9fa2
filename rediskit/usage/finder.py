"""The uses of a Redis in objects."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.model.nested import at, text_at
from rediskit.model.pointers import pointer
from rediskit.usage.address import Address
from rediskit.usage.patterns import fragments, may_contain, patterns
from rediskit.usage.services import completed, reference
from rediskit.usage.strength import Strength, match
from rediskit.usage.texts import Text, texts_of
from rediskit.usage.variables import Variables

Object = Mapping[str, Any]


class Use(NamedTuple):
    """A text that contains the address.

    Attributes:
        object: `Kind/name`.
        namespace: The namespace of the object, or that of the build.
        pointer: JSON pointer to the text.
        shown: The form of the address; "" in a Secret. The text beside it is not included: it can be a password.
    """

    object: str
    namespace: str
    pointer: str
    strength: Strength
    shown: str


def uses(
    objects: Iterable[Object],
    address: Address,
    *,
    namespace: str,
    switched: Collection[str] = (),
    gone: Collection[str] = (),
) -> list[Use]:
    """Return every use of an address, in the order of the objects, whose lists are expanded.

    Args:
        address: The address. The IP addresses of its Services are added if the objects contain them.
        namespace: The namespace of objects that set none.
        switched: The variables that the config switches: a bare name as the whole value of one is certain, in any object.
        gone: `Kind/name` of the objects in `namespace` that are removed with the Redis: their texts do not count.
    """
    everything = list(flattened(objects))
    sought = completed(address, everything, namespace, gone)
    variables = Variables(everything, namespace)
    names, parts = frozenset(switched), fragments(sought)
    result: dict[tuple[str, str, str], Use] = {}
    for content in everything:
        home = text_at(content, "metadata", "namespace") or namespace
        if (home == namespace and reference(content) in gone) or _is_the_service(content, home, sought):
            continue
        for text in texts_of(content, variables):
            use = _use(content, text, sought, home, names) if may_contain(text.content, parts) else None
            if use is not None:
                key = (use.object, use.namespace, use.pointer)
                result[key] = min(result.get(key, use), use, key=lambda candidate: candidate.strength)
    return list(result.values())


def _use(content: Object, text: Text, sought: Address, home: str, switched: frozenset[str]) -> Use | None:
    use = match(text, patterns(sought, namespace_of(content, text, home), switched), switched)
    if use is None:
        return None
    hidden = content.get("kind") in ("Secret", "SealedSecret")
    return Use(reference(content), home, pointer(*text.path), use.strength, "" if hidden else use.shown)


def flattened(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield the objects, and those in a `List` one by one."""
    for content in objects:
        items = content.get("items")
        if isinstance(items, list) and str(content.get("kind")).endswith("List"):
            yield from flattened(item for item in items if isinstance(item, dict))
        else:
            yield content


def namespace_of(content: Object, text: Text, home: str) -> str | None:
    """Return the namespace in which a bare name in a text is resolved; None if the object does not set it."""
    if text.kind == "service" and text.key:
        return text.key
    return home if text.kind == "annotation" else resolved_in(content, home)


def resolved_in(content: Object, home: str) -> str | None:
    """Return the namespace in which a bare name in an object is resolved; None if the object does not set it."""
    kind = str(content.get("kind"))
    if kind in ("Application", "ApplicationSet"):
        spec = at(content, "spec", "template", "spec") if kind == "ApplicationSet" else at(content, "spec")
        return text_at(spec, "destination", "namespace") or None
    if kind in ("HelmRelease", "HelmChart", "Kustomization") and text_at(content, "spec", "targetNamespace"):
        return text_at(content, "spec", "targetNamespace")
    return None if kind.startswith("Cluster") or not home else home


def _is_the_service(content: Object, home: str, sought: Address) -> bool:
    """Return whether an object is a Service of the address or its endpoints."""
    kind, name = content.get("kind"), text_at(content, "metadata", "name")
    if kind == "EndpointSlice":
        name = text_at(content, "metadata", "labels", "kubernetes.io/service-name")
    return kind in ("Service", "Endpoints", "EndpointSlice") and (name, home) in sought.services


def certain(candidates: Sequence[Use]) -> list[Use]:
    """Return the uses that are certain."""
    return [use for use in candidates if use.strength == "certain"]
