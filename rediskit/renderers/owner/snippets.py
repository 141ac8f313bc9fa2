"""The patches of a step as a part of the owner's Argo CD Application or Flux Kustomization, for owners whose build is not to be touched.

Both tools append them to the `patches` of the kustomization.yaml that they build (Argo CD 3.6.1, Flux kustomize-controller 1.9.4).
A patch without a target fails the build where its object is missing; a JSON patch that tests a name fails it where the container is not
where it was (kustomize 5.8.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at
from rediskit.model.workload import Workload
from rediskit.renderers.owner.patches import patches, removal, removals, target, within
from rediskit.renderers.tree import File, Object
from rediskit.yamlio.writer import dump

SNIPPETS = {
    "argocd-app": ("application-snippet.yaml", ("spec", "source", "kustomize")),
    "flux-kustomization": ("kustomization-snippet.yaml", ("spec",)),
}
"""The file of each kind of owner, and the place of `patches` in the owner's object."""


def snippet(environment: Environment, client: Client) -> Iterator[File]:
    """The one file: `spec.source.kustomize.patches` of an Application, `spec.patches` of a Kustomization; an empty list is the identity."""
    name, place = SNIPPETS[client.owner.kind]
    content: Object = {"patches": inline(environment, client)}
    for key in reversed(place):
        content = {key: content}
    yield File(name, content)


def inline(environment: Environment, client: Client) -> list[Object]:
    """The patches as both tools take them: first what must be there, then what changes, then what goes."""
    changes = list(patches(environment, client))
    if not changes or client.workload is None:
        return []
    mark = f"{mark_of(client)}\n"
    namespace = {"namespace": client.namespace} if client.owner.base_namespace else {}
    whole = [{**change, "metadata": {**change["metadata"], **namespace}} for change in changes]
    gone = [removal(reference) for reference in removals(client)]
    return [
        {"patch": mark + _tests(client.workload), "target": target(changes[0])},
        *({"patch": mark + dump(change)} for change in whole),
        *({"patch": mark + dump(old), "target": target(old, within(client.namespace))} for old in gone),
    ]


def mark_of(client: Client) -> str:
    """Return the comment that each of our patches begins with: the application repository has patches of its own in the same list."""
    return f"# rediskit: {client.name}"


def _tests(workload: Workload) -> str:
    """Each container stands where it stood in the manifest. They come first: a strategic merge puts patched containers in front."""
    content = workload.manifest.content if workload.manifest else {}
    tests = []
    for kind, name in workload.named:
        names = [container["name"] for container in at(content, "spec", "template", "spec", kind)]
        tests.append({"op": "test", "path": f"/spec/template/spec/{kind}/{names.index(name)}/name", "value": name})
    return "".join(f"- {json.dumps(test)}\n" for test in tests)
