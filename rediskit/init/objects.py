"""Read live objects as kubectl prints them: one object, a List or several documents, in YAML or JSON."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rediskit import dns
from rediskit.errors import ConfigError, Problem
from rediskit.init.dump import MAX_INPUT, parts
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.yamlio.reader import MAX_PROBLEMS

Content = dict[str, Any]

WORKLOADS = ("Deployment", "StatefulSet", "CronJob", "Rollout")
"""The kinds of a client's workload."""
ONCE = {"DaemonSet": "can't be scaled to 0", "Job": "runs once", "Pod": "has no controller", "ReplicaSet": "belongs to a Deployment"}
"""The other kinds that run Pods, each with the reason why rediskit does not change it."""
RUNNING = ("Deployment", "StatefulSet", "Rollout", "DaemonSet", "ReplicaSet", "Pod")
"""The kinds whose pods a Service can select."""
MAX_OBJECTS = 100_000
"""The largest number of objects: each takes time, however small it is."""
MAX_VALUES = 3_000_000
"""The largest number of values in all objects: each takes memory, however short its text is."""
_FEWER = "pass only the workloads, their ConfigMaps, and the Service and the workload of the old Redis"
_KIND = re.compile(r"[A-Z][A-Za-z]{0,62}")
_ACTION = rb"(?:\.(?:Values|Release|Chart|Capabilities)\b|include |template |if |range |with |toYaml )"
_TEMPLATE = re.compile(rb"^(?!\s*#)[^\n\"']*\{\{-?\s*" + _ACTION, re.MULTILINE)
_HINT = "pass the output of `kubectl get deployment NAME -o yaml`; a List or several documents may contain other objects too"
_FROM_PODS = "pass the object that creates the Pods: kubectl get deployment NAME -o yaml"


# A dataclass because the objects may contain secrets, and `repr=False` keeps them out of tracebacks.
@dataclass(frozen=True, slots=True)
class InputObjects:
    """The objects of one input, in their order. Values of Secrets are read only to keep them out of the output."""

    all: tuple[Content, ...] = field(repr=False)

    def of(self, *kinds: str) -> list[Content]:
        """Return the objects of these kinds."""
        return [obj for obj in self.all if obj.get("kind") in kinds]

    def named(self, kind: str, name: str, namespace: str) -> Content | None:
        """Return an object by its name. An object without a namespace matches each namespace."""
        matching = (obj for obj in self.of(kind) if name_of(obj) == name and namespace_of(obj) in ("", namespace))
        return next(matching, None)


def read_objects(text: bytes, file: str) -> InputObjects:
    """Return the objects of an input. Raises ConfigError when it is not valid YAML or JSON, or contains no workload."""
    if len(text) > MAX_INPUT:
        raise ConfigError(Problem(f"{file} is larger than {MAX_INPUT >> 20} MiB", _FEWER))
    if _TEMPLATE.search(text):
        hint = "pass the output of `helm template`, or of `kubectl get deployment NAME -o yaml`"
        raise ConfigError(Problem(f"{file} is the source of a Helm template", hint))
    objects = InputObjects(tuple(_contents(text, file)))
    _refuse_without_workload(objects, file)
    return objects


def _contents(text: bytes, file: str) -> list[Content]:
    """Return the objects. Raises ConfigError with the problems of all documents, and when their number exceeds a limit."""
    contents: list[Content] = []
    problems: list[Problem] = []
    values = 0
    for part in parts(text, file):
        try:
            added = list(_flat(part.content(file)))
        except ConfigError as error:
            problems += error.problems
            if len(problems) >= MAX_PROBLEMS:
                break
            continue
        contents += added
        values += sum(map(_size, added))
        for count, limit, name in ((len(contents), MAX_OBJECTS, "objects"), (values, MAX_VALUES, "values")):
            if count > limit:
                raise ConfigError(Problem(f"{file} contains more than {limit:,} {name}", _FEWER))
    if problems:
        raise ConfigError(problems)
    return contents


def _size(content: Any) -> int:
    """Return the number of values in an object."""
    count, level = 1, [content]
    while level:
        inner = [value for container in level for value in (container.values() if isinstance(container, dict) else container)]
        count += len(inner)
        level = [value for value in inner if isinstance(value, (dict, list))]
    return count


def _flat(data: Any) -> Iterator[Content]:
    """Yield an object, or the objects of a List, without the field managers: half of a dump is about them."""
    if not isinstance(data, dict):
        return
    items = data.get("items")
    if str(data.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            yield from _flat(item)
    else:
        mapping_at(data, "metadata").pop("managedFields", None)
        yield data


def _refuse_without_workload(objects: InputObjects, file: str) -> None:
    for obj in objects.of(*WORKLOADS, "Service"):
        if not is_name(name_of(obj)) or not is_name(namespace_of(obj) or "default"):
            raise ConfigError(Problem(f"{file} contains a {obj['kind']} without a valid name", _HINT))
    if objects.of(*WORKLOADS):
        return
    kinds = sorted({str(obj.get("kind") or "object without kind") for obj in objects.all})
    if not kinds:
        raise ConfigError(Problem(f"{file} contains no object", _HINT))
    hint = _FROM_PODS if set(kinds) & {"Pod", "ReplicaSet"} else _HINT
    releases = [name for obj in objects.of("HelmRelease") if is_name(name := name_of(obj))]
    if releases:
        hint = f"pass what it creates: kubectl get deployment,statefulset,cronjob -l helm.toolkit.fluxcd.io/name={releases[0]} -o yaml"
    safe = [kind if re.fullmatch(r"[A-Za-z ]{1,63}", kind) else "object of an unknown kind" for kind in kinds]
    raise ConfigError(Problem(f"{file} contains no Deployment, StatefulSet, CronJob or Rollout, only: {', '.join(safe)}", hint))


def is_name(text: str) -> bool:
    """Return whether a text is a valid name of an object. No generated password has this form."""
    return bool(re.fullmatch(dns.SUBDOMAIN, text))


def name_of(obj: Content) -> str:
    """Return metadata.name; "" if it is missing."""
    return text_at(obj, "metadata", "name")


def namespace_of(obj: Content) -> str:
    """Return metadata.namespace; "" if it is missing."""
    return text_at(obj, "metadata", "namespace")


def is_reference(text: str) -> bool:
    """Return whether a text is `Kind/name` of a valid object. No generated password has this form."""
    kind, _, name = text.partition("/")
    return bool(_KIND.fullmatch(kind)) and is_name(name)


def safe_reference(text: str) -> str:
    """Return `Kind/name` for a message. An invalid one may be a password in the wrong field: it is replaced."""
    return text if is_reference(text) else "an object with an unusual name"


def literal(entry: Content) -> str | None:
    """Return the value of an entry of `env`. A number without quotes counts, though the API server refuses it."""
    value = entry.get("value")
    if isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value if isinstance(value, str) else None


def mappings_at(value: Any, *path: str) -> list[Content]:
    """Return the mappings in the list at a path; an empty list if there is none."""
    return [entry for entry in list_at(value, *path) if isinstance(entry, dict)]


def replicas_of(obj: Content) -> int | None:
    """Return spec.replicas; None if it is missing or not a number."""
    replicas = at(obj, "spec", "replicas")
    return replicas if isinstance(replicas, int) and not isinstance(replicas, bool) else None
