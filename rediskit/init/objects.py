"""Live objects as kubectl prints them: one, a List, several documents, YAML or JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rediskit import dns
from rediskit.errors import ConfigError, Problem
from rediskit.files import MAX_BYTES
from rediskit.model.nested import at, text_at
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain

Content = dict[str, Any]

WORKLOADS = ("Deployment", "StatefulSet")
"""The kinds that a client's workload may have."""
RUNNING = (*WORKLOADS, "DaemonSet", "ReplicaSet", "Rollout", "Pod")
"""The kinds whose pods a Service may select."""
"""What names and namespaces look like; they become paths and parts of the config."""
_KIND = re.compile(r"[A-Z][A-Za-z]{0,62}")
_BREAK = re.compile(rb"^(?:---(?=\s|$)|\.\.\.(?=\s|$))", re.MULTILINE)
_NOTHING = re.compile(rb"(?:\s|#[^\n]*(?:\n|$)|%[^\n]*(?:\n|$))*")
_HINT = "give what `kubectl get deployment NAME -o yaml` prints; a List and several documents may hold other objects beside it"
_FROM_PODS = "name what makes the Pods: kubectl get deployment NAME -o yaml"


@dataclass(frozen=True, slots=True)
class InputObjects:
    """The objects of one input, in their order. No value of a Secret is looked at but to keep it out."""

    all: tuple[Content, ...] = field(repr=False)

    def of(self, *kinds: str) -> list[Content]:
        return [obj for obj in self.all if obj.get("kind") in kinds]

    def named(self, kind: str, name: str, namespace: str) -> Content | None:
        """An object by its name; one without a namespace is taken to be in any."""
        found = (obj for obj in self.of(kind) if name_of(obj) == name and namespace_of(obj) in ("", namespace))
        return next(found, None)


def read_objects(text: bytes, file: str) -> InputObjects:
    """The objects of an input; file: how it is called in messages.

    Raises ConfigError when it is not YAML or JSON as `read` takes it, holds no object, or no workload.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError(Problem(f"{file} is larger than 1 MiB", "give the workload, its Service and its old Redis, not a whole cluster"))
    found: list[Content] = []
    problems: list[Problem] = []
    for part in _documents(text):
        try:
            found += _flat(plain(read(part, file).data))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    objects = InputObjects(tuple(found))
    _refuse_without_workload(objects, file)
    return objects


def _documents(text: bytes) -> Iterator[bytes]:
    """Each document, behind as many line breaks as stand before it, so that its lines keep their numbers. Empty ones are left out."""
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    starts = [0, *(found.start() for found in _BREAK.finditer(text))]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = re.sub(rb"^(?:---|\.\.\.)", b"", text[start:end]) if start else _BREAK.sub(b"", text[:end], count=1)
        if not _NOTHING.fullmatch(part):
            yield b"\n" * text.count(b"\n", 0, start) + part


def _flat(data: Any) -> Iterator[Content]:
    if not isinstance(data, dict):
        return
    items = data.get("items")
    if str(data.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            yield from _flat(item)
    else:
        yield data


def _refuse_without_workload(objects: InputObjects, file: str) -> None:
    for obj in objects.of(*WORKLOADS, "Service"):
        if not is_name(name_of(obj)) or not is_name(namespace_of(obj) or "default"):
            raise ConfigError(Problem(f"{file} holds a {obj['kind']} without a name, or with one that Kubernetes refuses", _HINT))
    if objects.of(*WORKLOADS):
        return
    kinds = sorted({str(obj.get("kind") or "object without kind") for obj in objects.all})
    if not kinds:
        raise ConfigError(Problem(f"{file} holds no object", _HINT))
    hint = _FROM_PODS if set(kinds) & {"Pod", "ReplicaSet"} else _HINT
    shown = [kind if re.fullmatch(r"[A-Za-z ]{1,63}", kind) else "object of an unknown kind" for kind in kinds]
    raise ConfigError(Problem(f"{file} holds no Deployment and no StatefulSet, only: {', '.join(shown)}", hint))


def is_name(text: str) -> bool:
    """Whether Kubernetes would take a text for the name of an object, and no generated password has its form."""
    return bool(re.fullmatch(dns.SUBDOMAIN, text))


def name_of(obj: Content) -> str:
    """metadata.name; "" where there is none."""
    return text_at(obj, "metadata", "name")


def namespace_of(obj: Content) -> str:
    """metadata.namespace; "" where there is none."""
    return text_at(obj, "metadata", "namespace")


def reference(obj: Content) -> str:
    """`Deployment/beersystem-backend`."""
    return f"{obj.get('kind')}/{name_of(obj)}"


def is_reference(text: str) -> bool:
    """Whether a text is `Kind/name` of an object that Kubernetes would take; no generated password has its form."""
    kind, _, name = text.partition("/")
    return bool(_KIND.fullmatch(kind)) and is_name(name)


def shown(text: str) -> str:
    """`Kind/name` for people. What no Kubernetes would take may be a password in the wrong place, and is not repeated."""
    return text if is_reference(text) else "an object with an unusual name"


def literal(entry: Content) -> str | None:
    """The value that stands in an entry of `env`. A number that lacks its quotes counts, though the API server would refuse it."""
    value = entry.get("value")
    if isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value if isinstance(value, str) else None


def listed(value: Any, *path: str) -> list[Content]:
    """The mappings of the list at a path; none where there is no list."""
    found = at(value, *path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def containers(obj: Content) -> list[Content]:
    """The containers of a workload's Pods, without the ones that only start them."""
    return listed(obj, "spec", "template", "spec", "containers")
