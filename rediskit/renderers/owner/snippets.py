"""The patches of a step for the Argo CD Application or Flux Kustomization that deploys the application.

Both tools append them to the `patches` of the kustomization.yaml that they build (Argo CD 3.6.1, Flux kustomize-controller 1.9.4).
With kustomize 5.8.1, a patch without a target fails if its object is missing, and a JSON patch `test` fails if a container has moved.
"""

import json
from collections.abc import Iterable, Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.workload import Workload
from rediskit.renderers.owner.patches import changes, removal, removals, target, within
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
    """Return the patches as both tools take them: first the tests, then the changes, then the removals."""
    changed = list(changes(environment, client))
    if not changed:
        return []
    mark = f"{mark_of(client)}\n"
    namespace = {"namespace": client.namespace} if client.owner.base_namespace else {}
    operations = {change.reference: (change.operations, target(change.merge)) for change in changed}
    tests = [(workload, operations[workload.reference]) for workload in client.workloads]
    whole = [{**change.merge, "metadata": {**change.merge["metadata"], **namespace}} for change in changed]
    deleted = [removal(reference) for reference in removals(client)]
    return [
        *(
            {"patch": mark + operations_text([*_tests(workload), *replacements]), "target": aimed_at}
            for workload, (replacements, aimed_at) in tests
        ),
        *({"patch": mark + dump(change)} for change in whole),
        *({"patch": mark + dump(old), "target": target(old, within(client.namespace))} for old in deleted),
    ]


def mark_of(client: Client) -> str:
    """Return the first line of each of our patches, which distinguishes them from other patches in the same list."""
    return f"# rediskit: {client.name}"


def operations_text(operations: Iterable[Object]) -> str:
    """Return JSON 6902 operations as text, one per line."""
    return "".join(f"- {json.dumps(operation, ensure_ascii=False)}\n" for operation in operations)


def _tests(workload: Workload) -> list[Object]:
    """Return a test that each patched container is at its position in the manifest; of the name where no container is patched.

    They come first: a strategic merge moves patched containers to the front.
    """
    tests = []
    for kind, name in workload.named:
        path = f"/{'/'.join(workload.pod_path)}/{kind}/{workload.position_of(kind, name)}/name"
        tests.append({"op": "test", "path": path, "value": name})
    return tests or [{"op": "test", "path": "/metadata/name", "value": workload.name}]
