"""The patches of a step as a post-renderer of the HelmRelease that installs the application, added by a Component.

helm-controller runs the post-renderers on the rendered chart, one after the other (1.6.4). A post-renderer of the base must survive: the
Component adds one to the list, or creates a list that the base does not have. If the base changes in between, the build fails.
"""

from collections.abc import Iterator
from textwrap import indent
from typing import Any

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.component import assertion, component_of, patch_of
from rediskit.renderers.owner.patches import removal, removals, target, within
from rediskit.renderers.owner.snippets import inline
from rediskit.renderers.tree import File, Object
from rediskit.yamlio.writer import dump

_LIST = "/spec/postRenderers"


def helm_release(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the Component of a step: it adds the post-renderer and removes the objects of the old Redis beside the HelmRelease."""
    if not (patches := renderer_patches(environment, client)):
        yield File("kustomization.yaml", component_of([], []))
        return
    gone = [removal(reference) for reference in removals(client)]
    install = client.owner.installs
    text = "".join(f"- {indent(dump(operation), '  ').lstrip()}" for operation in operations(client, patches))
    added = {"patch": text, "target": target({"kind": install.kind, "metadata": {"name": install.name}})}
    entries = [added, *(patch_of(old, within(client.namespace)) for old in gone)]
    yield File("kustomization.yaml", component_of(entries, [assertion(install.kind, install.name, "metadata.name")]))
    yield from (File(file_name(old), old) for old in gone)


def renderer_patches(environment: Environment, client: Client) -> list[Object]:
    """Return the patches of the post-renderer. kustomize 5.8.1 cuts the line end of the last one, so none has it."""
    return [{**entry, "patch": entry["patch"].rstrip("\n")} for entry in inline(environment, client)]


def operations(client: Client, patches: list[Object]) -> list[Object]:
    """Return the JSON 6902 operations that add the patches as the last post-renderer.

    `add` at `-` fails where the list is missing, and a test of null fails where it is not (kustomize 5.8.1).
    """
    renderer = {"kustomize": {"patches": patches}}
    if at(client.owner.installs.content, *_LIST.split("/")[1:]) is None:
        return [{"op": "test", "path": _LIST, "value": None}, {"op": "add", "path": _LIST, "value": [renderer]}]
    return [{"op": "add", "path": f"{_LIST}/-", "value": renderer}]


def patches_in(component: Any) -> list[Object]:
    """Return the patches of the post-renderer in a rendered Component; none where it has no post-renderer."""
    import yaml

    for entry in list_at(component, "patches"):
        for operation in yaml.safe_load(entry["patch"]) if "patch" in entry else ():
            for renderer in operation["value"] if isinstance(operation["value"], list) else [operation["value"]]:
                if patches := list_at(renderer, "kustomize", "patches"):
                    return patches
    return []
