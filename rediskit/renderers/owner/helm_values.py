"""The Helm values of a step: what the application is stopped and switched by, and the Component or snippet that sets them.

Flux: `spec.values` of a HelmRelease wins over `valuesFrom`, so a Component sets the values there. Argo CD: a values file is enough, unless
`values`, `valuesObject` or `parameters` of the Application set one of the keys: they win over files.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.errors import ConfigError, Problem
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.helm_install import HelmInstall
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.model.owner_values import ByEffect, filled
from rediskit.model.pointers import pointer
from rediskit.model.template import Template
from rediskit.renderers.helm import merged, release_of
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.component import assertion, component_of, patch_of
from rediskit.renderers.owner.patches import address_text, removal, removals, target, within
from rediskit.renderers.owner.snippets import operations_text
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import effects
from rediskit.yamlio.foreign import read_foreign
from rediskit.yamlio.writer import dump

VALUES = "values.yaml"
SNIPPET = "application-snippet.yaml"


def helm_values(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the values of a step, and what sets them in the HelmRelease or in `valuesObject` of the Application."""
    values, install = step_values(environment, client, client.owner.values), client.owner.installs
    yield File(VALUES, values)
    if install.kind == "HelmRelease":
        yield from _component(client, install, values)
    elif needs_snippet(client):
        whole = merged(inline_values(install.source, install.reference), values)
        source: Object = {"helm": {"valuesObject": whole}}
        yield File(SNIPPET, {"spec": {"source": source} if at(install.content, "spec", "source") else {"sources": [source]}})


def step_values(environment: Environment, client: Client, values: ByEffect | None) -> Object:
    """Return the values of a step: those of each effect, merged as Helm merges files; empty where the step changes nothing."""
    effect = effects(client.migration)
    if effect.owner_is_untouched or values is None:
        return {}
    parts = ((effect.stopped, values.stopped), (effect.switched, values.switched), (effect.removed, values.removed))
    result: Object = {}
    for applies, part in parts:
        result = merged(result, part) if applies else result
    auth, release = environment.redis.auth, release_of(environment)

    def fill(template: Template) -> str:
        return address_text(release, client, template)

    content: Object = filled(result, fill, (auth.secret, auth.key))
    return content


def _component(client: Client, install: HelmInstall, values: Object) -> Iterator[File]:
    if not values:
        yield File("kustomization.yaml", component_of([], []))
        return
    gone = [removal(reference) for reference in removals(client)]
    aim = target({"kind": install.kind, "metadata": {"name": install.name}})
    setting = [{"patch": text, "target": aim} for text in patches(client, values)]
    entries = [*setting, *(patch_of(old, within(client.namespace)) for old in gone)]
    yield File("kustomization.yaml", component_of(entries, [assertion(install.kind, install.name, "metadata.name")]))
    yield from (File(file_name(old), old) for old in gone)


def patches(client: Client, values: Object) -> list[str]:
    """Return the texts of the patches that merge the values of a step into those of a HelmRelease, as Helm does.

    Before `decommission`, they are JSON 6902 operations: a merge patch of kustomize 5.8.1 fails where a mapping replaces a text. A key
    that the base does not have is tested first, so that a base that gets it meanwhile fails the build instead of losing it.
    """
    install, path = client.owner.installs, ("spec", "values")
    base = at(install.content, *path)
    if not effects(client.migration).removed:
        return [operations_text(_operations(base, values, path))] if values else []
    merge, replaced = _mergeable(base, values, path)
    own: Object = {"apiVersion": install.content["apiVersion"], "kind": install.kind, "metadata": {"name": install.name}}
    texts = [dump({**own, "spec": {"values": merge}})] if merge else []
    return [*texts, operations_text(replaced)] if replaced else texts


def _operations(base: Any, values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Object]:
    if not isinstance(base, Mapping):
        yield from ({"op": "test", "path": pointer(*path), "value": None}, {"op": "add", "path": pointer(*path), "value": values})
        return
    for key, value in values.items():
        old, here = base.get(key), (*path, key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            yield from _operations(old, value, here)
            continue
        if old is None:
            yield {"op": "test", "path": pointer(*here), "value": None}
        yield {"op": "add", "path": pointer(*here), "value": value}


def _mergeable(base: Any, values: Mapping[str, Any], path: tuple[str, ...]) -> tuple[Object, list[Object]]:
    """Return the values that a merge patch sets, and the operations for those that it can't: lists, null, and another kind of value.

    From `decommission` on, the base gets the same values, so no operation may test that a key is missing, and none may replace a mapping
    to which the base adds keys of its own. A merge patch of kustomize 5.8.1 keeps the entries of a list by their names.
    """
    merge: Object = {}
    replaced: list[Object] = []
    for key, value in values.items():
        old, here = at(base, key), (*path, key)
        if isinstance(value, Mapping) and value and (old is None or isinstance(old, Mapping)):
            below, more = _mergeable(old, value, here)
            replaced += more
            if below:
                merge[key] = below
            continue
        is_replaced = (
            value is None or isinstance(value, list) or (old is not None and isinstance(value, Mapping) != isinstance(old, Mapping))
        )
        if is_replaced:
            replaced.append({"op": "add", "path": pointer(*here), "value": value})
        if not is_replaced or (old is None and value is not None):
            merge[key] = value  # The patch also creates the mappings above a new list.
    return merge, replaced


def needs_snippet(client: Client) -> bool:
    """Return whether the values in an Application set a key of the client: they win over values files. Raises ConfigError as they do."""
    install = client.owner.installs
    inline = [f"{path}." for path in _paths(inline_values(install.source, install.reference))]
    ours = [f"{path}." for path in paths(client.owner.values)]
    return any(left.startswith(right) or right.startswith(left) for left in inline for right in ours)


def inline_values(source: Mapping[str, Any], name: str) -> Object:
    """Return the values in a source of an Application: `valuesObject`, or without it the text `values`.

    Beside `valuesObject`, Argo CD ignores the text (argo-cd pkg/apis/application/v1alpha1/values.go ValuesYAML).

    Args:
        source: The source with the chart.
        name: The Application, as a message names it.

    Raises:
        ConfigError: The text is no mapping in YAML.
    """
    helm = mapping_at(source, "helm")
    if helm.get("valuesObject") is not None:
        return mapping_at(helm, "valuesObject")
    return parsed_values(text_at(helm, "values").encode(), f"helm.values of {name}")


def parsed_values(text: bytes, name: str) -> Object:
    """Return the Helm values in a text, {} for an empty one. Raises ConfigError if it is no mapping in YAML; `name` is that of its file."""
    documents = read_foreign(text, name)
    content = documents[0].data if documents else None
    if content is not None and not isinstance(content, dict):
        raise ConfigError(Problem(f"{name} contains no Helm values", "write a mapping of keys and values"))
    return content or {}


def beaten_by(client: Client) -> list[str]:
    """Return the parameters of an Application that set a key of the client: they win over all values."""
    keys = set(paths(client.owner.values))
    parameters = list_at(client.owner.installs.source, "helm", "parameters")
    names = [str(at(parameter, "name")) for parameter in parameters]
    return [
        name
        for name in names
        if any(entry == name or entry.startswith((f"{name}.", f"{name}[")) or name.startswith(f"{entry}.") for entry in keys)
    ]


def paths(values: ByEffect | None) -> Iterator[str]:
    """Yield the path of each value of a client, keys with dots between them."""
    for part in (values.stopped, values.switched, values.removed) if values else ():
        yield from _paths(part)


def _paths(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _paths(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"
