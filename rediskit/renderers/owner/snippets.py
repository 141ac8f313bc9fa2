"""The patches of a step for the Argo CD Application or Flux Kustomization that deploys the application.

Both tools append them to the `patches` of the kustomization.yaml that they build (Argo CD 3.6.1, Flux kustomize-controller 1.9.4).
With kustomize 5.8.1, a patch without a target fails if its object is missing, and a JSON patch `test` fails if a container has moved.
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
"""The file of each kind of owner, and the path of `patches` in the Application or Kustomization."""


def snippet(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the file with `spec.source.kustomize.patches` or `spec.patches`. An empty list changes nothing."""
    name, place = SNIPPETS[client.owner.kind]
    content: Object = {"patches": inline(environment, client)}
    for key in reversed(place):
        content = {key: content}
    yield File(name, content)


def inline(environment: Environment, client: Client) -> list[Object]:
    """Return the patches in the form of both tools: assertions, then changes, then removals."""
    changes = list(patches(environment, client))
    if not changes or client.workload is None:
        return []
    mark = f"{mark_of(client)}\n"
    namespace = {"namespace": client.namespace} if client.owner.base_namespace else {}
    whole = [{**change, "metadata": {**change["metadata"], **namespace}} for change in changes]
    deleted = [removal(reference) for reference in removals(client)]
    return [
        {"patch": mark + _tests(client.workload), "target": target(changes[0])},
        *({"patch": mark + dump(change)} for change in whole),
        *({"patch": mark + dump(old), "target": target(old, within(client.namespace))} for old in deleted),
    ]


def mark_of(client: Client) -> str:
    """Return the first line of each of our patches, which distinguishes them from other patches in the same list."""
    return f"# rediskit: {client.name}"


def _tests(workload: Workload) -> str:
    """Return JSON patch tests of the position of each container. They run first, because a strategic merge moves patched containers."""
    content = workload.manifest.content if workload.manifest else {}
    tests = []
    for kind, name in workload.named:
        names = [container["name"] for container in at(content, "spec", "template", "spec", kind)]
        tests.append({"op": "test", "path": f"/spec/template/spec/{kind}/{names.index(name)}/name", "value": name})
    return "".join(f"- {json.dumps(test)}\n" for test in tests)
