"""What an Application of Argo CD or a Kustomization of Flux does after the build of its overlay: it can undo the values of a step.

Both tools add the patches and components of their object to the kustomization of the overlay, after the Component of a client
(argo-cd util/kustomize/kustomize.go, fluxcd/pkg kustomize/kustomize_generator.go).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.errors import ConfigError
from rediskit.model.client import Client
from rediskit.model.nested import at, list_at, text_at
from rediskit.model.pointers import pointer
from rediskit.renderers.owner.pointers import meant, meant_of_scaler
from rediskit.state_machine.effects import at_step, effects, steps
from rediskit.yamlio.foreign import read_foreign

_OF_SCALER = frozenset({"/spec/minReplicas", "/spec/maxReplicas", "/spec/minReplicaCount", "/spec/maxReplicaCount"})
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge")
PARAMETER = re.compile(r"\{\{.*?\}\}")
"""A parameter in the template of an ApplicationSet."""
_IGNORES = ("ignoreDifferences", "ignore")
_Targets = Mapping[str, set[str]]
"""The pointers that a step changes in each object, by `Kind/name`."""
_Reader = Callable[[Any, _Targets], Iterator[tuple[str, str]]]
_UNREAD = ("components", "namePrefix", "nameSuffix")
"""Keys that change the objects of the build in ways that only a build shows."""


class Undone(NamedTuple):
    """A key of the object that changes a value of a step, or with `unread` one that can change it."""

    key: str
    words: str
    unread: bool = False


def undone(client: Client, build: Any, spec: Mapping[str, Any]) -> Iterator[Undone]:
    """Yield the keys that change the objects of a client after its Component.

    Args:
        build: `kustomize` of a source of an Application, or the spec of a Kustomization.
        spec: The spec of the object.
    """
    targets, names = _targets(client), {str(workload.name) for workload in client.workloads}
    yield from (Undone(key, f"changes {field} of {reference}") for key, reference, field in _entries(build, _PATCHES, _patched, targets))
    yield from (Undone(key, f"leaves out {field} of {reference}") for key, reference, field in _entries(spec, _IGNORES, _ignored, targets))
    for index, name in enumerate(text_at(entry, "name") for entry in list_at(build, "replicas")):
        yield from (Undone(f"replicas[{index}]", f"sets {own}") for own in names if name and _matches(name, own))
    yield from (Undone(key, "changes the objects of the build", unread=True) for key in _UNREAD if at(build, key))
    for key in ("namespace", "targetNamespace"):
        if not _matches(text_at(build, key), client.namespace):
            yield Undone(key, f"sets namespace {text_at(build, key)} instead of {client.namespace}", unread=True)


def _entries(content: Any, keys: tuple[str, ...], reader: _Reader, targets: _Targets) -> Iterator[tuple[str, str, str]]:
    for key in keys:
        for index, entry in enumerate(list_at(content, key)):
            yield from ((f"{key}[{index}]", reference, field) for reference, field in reader(entry, targets))


def _targets(client: Client) -> dict[str, set[str]]:
    """Return the pointers that a step of a migration changes in each object, by `Kind/name`."""
    targets: dict[str, set[str]] = {}
    order = client.migration.order if client.migration else "scale-down-first"
    reached = [effects(at_step(client, step).migration) for step in steps(order)] if client.migration else []
    for workload in client.workloads:
        own = targets.setdefault(workload.reference, set())
        for effect in reached:
            own |= {field for field in meant(workload, effect) if not field.endswith("/env")}
            if workload.autoscaler:
                targets.setdefault(workload.autoscaler.reference, set()).update(_OF_SCALER | meant_of_scaler(workload, effect))
    if client.owner.release is not None:
        targets[client.owner.installs.reference] = {f"/spec/{key}" for key in ("values", "valuesFrom", "postRenderers", "suspend")}
    return targets


def _patched(entry: Any, targets: _Targets) -> Iterator[tuple[str, str]]:
    """Yield the objects of a step that a patch changes, each with the first pointer that both change."""
    text = at(entry, "patch") if isinstance(entry, dict) and "patch" in entry else entry
    target = at(entry, "target") if isinstance(entry, dict) else None
    for content in _contents(text):
        own = target or (None if isinstance(content, list) else {"kind": at(content, "kind"), "name": at(content, "metadata", "name")})
        fields = _operations(content) if isinstance(content, list) else list(_merged(content))
        yield from _overlapping(own, fields, targets)


def _contents(text: Any) -> list[Any]:
    """Return the patches in a text. A file, or a text that is no YAML, counts as a patch of the whole object."""
    if not isinstance(text, str):
        return [text] if isinstance(text, (dict, list)) and not at(text, "path") else [[{"op": "replace", "path": ""}]]
    try:
        return [document.data for document in read_foreign(text.encode(), "patch") if document.data is not None]
    except ConfigError:
        return [[{"op": "replace", "path": ""}]]


def _operations(patch: list[Any]) -> list[str]:
    changing = [entry for entry in patch if text_at(entry, "op") != "test"]
    return [text_at(entry, key) for entry in changing for key in ("path", "from") if key == "path" or at(entry, key)]


def _merged(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the pointers that a strategic merge patch changes. Entries with a name are merged by it; `$patch` changes the whole value."""
    if isinstance(value, dict) and value and "$patch" not in value:
        for key, inner in value.items():
            if path or key not in ("apiVersion", "kind", "metadata"):
                yield from _merged(inner, (*path, str(key)))
    elif isinstance(value, list) and value and all(isinstance(entry, dict) and "name" in entry for entry in value):
        for entry in value:
            rest = {key: inner for key, inner in entry.items() if key != "name"}
            yield from _merged(rest or None, (*path, str(entry["name"])))
    else:
        yield pointer(*path)


def _ignored(entry: Any, targets: _Targets) -> Iterator[tuple[str, str]]:
    """Yield the objects whose values of a step the tool does not compare or apply."""
    paths = [str(path) for path in (*list_at(entry, "jsonPointers"), *list_at(entry, "paths"))]
    # The start of an expression of jq, as far as it has only names: `.spec.template.spec.containers[]` is that list.
    heads = [re.match(r"(?:\.\w+)*", str(text)) for text in list_at(entry, "jqPathExpressions")]
    paths += [head[0].replace(".", "/") for head in heads if head]
    yield from _overlapping(at(entry, "target") or entry, paths, targets)


def _overlapping(target: Any, fields: list[str], targets: _Targets) -> Iterator[tuple[str, str]]:
    for reference, changed in targets.items():
        kind, _, name = reference.partition("/")
        if _matches(text_at(target, "kind"), kind) and _matches(text_at(target, "name"), name):
            if common := next((field for field in fields if any(_same(field, other) for other in changed)), None):
                yield reference, common
            elif "" in fields:
                yield reference, "every value"


def _matches(pattern: str, text: str) -> bool:
    """Return whether a selector of kustomize matches: an empty one matches everything, and a regular expression the whole text.

    A parameter in the template of an ApplicationSet can be any text.
    """
    try:
        return pattern in ("", "*", text) or re.fullmatch(PARAMETER.sub(".*", pattern), text) is not None
    except re.error:
        return True


def _same(left: str, right: str) -> bool:
    """Return whether one pointer contains the other. An index can be any entry of a list, which the other has by its name."""
    pairs = zip(left.split("/")[1:], right.split("/")[1:], strict=False)
    return all(part == other or part == "-" or part.isdecimal() for part, other in pairs)
