"""The files for the application repository at a step, by kind of owner."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.owner import OwnerKind
from rediskit.renderers.objects import owner_header
from rediskit.renderers.owner.component import component, manifests
from rediskit.renderers.owner.helm_release import helm_release
from rediskit.renderers.owner.helm_values import helm_values
from rediskit.renderers.owner.required import external
from rediskit.renderers.owner.snippets import mark_of, snippet
from rediskit.renderers.owner.tfvars import tfvars
from rediskit.renderers.tree import File
from rediskit.state_machine.effects import owned


class Renderer(NamedTuple):
    """How one kind of owner is rendered.

    Attributes:
        files: Yields the files of a client at its step, relative to its folder.
        description: How the application repository takes them: sentences without the last full stop. `{folder}` is the folder in the
            output, `{client}` the name of the client, and `{mark}` the comment in its patches.
    """

    files: Callable[[Environment, Client], Iterator[File]]
    description: str


_OURS = "ends with the patches of {folder}, which replace the patches of the last step (comment `{mark}`)"

RENDERERS: Mapping[OwnerKind, Renderer] = {
    "kustomize": Renderer(
        component,
        "`migrate export` creates the directory `rediskit/{client}`. "
        "List it once in the overlay, by hand: `components: [rediskit/{client}]`",
    ),
    "manifests": Renderer(
        manifests, "`migrate export` sets the values of {folder} in the application's files. Delete the objects in `remove.txt`"
    ),
    "argocd-app": Renderer(snippet, f"At each step, `spec.source.kustomize.patches` of the Application {_OURS}"),
    "flux-helmrelease": Renderer(
        helm_release,
        "The kustomization with the HelmRelease lists the Component once (`components: [rediskit/{client}]`). The Component adds the"
        " patches to the HelmRelease, as its last post-renderer",
    ),
    "helm-values": Renderer(
        helm_values,
        "A HelmRelease gets the values from the Component, which its kustomization lists once (`components: [rediskit/{client}]`). An"
        " Application lists `values.yaml` of {folder} last in `helm.valueFiles`, or takes `valuesObject` from the snippet",
    ),
    "external": Renderer(
        external,
        "At each step, you change the application as `REQUIRED.md` in {folder} states, with the old values for a rollback. "
        "`migrate verify` compares it and records the result",
    ),
    "tfvars": Renderer(
        tfvars,
        "At each step, `migrate export` writes `{client}.auto.tfvars.json` to the module, and you apply it with OpenTofu. `migrate verify`"
        " compares the application with `REQUIRED.md` in {folder} and records the result",
    ),
    "flux-kustomization": Renderer(snippet, f"At each step, `spec.patches` of the Kustomization {_OURS}"),
}


def owners(environment: Environment) -> Iterator[File]:
    """Yield the files of `owners/<client>/` for each client with a migration in progress."""
    for index, client in enumerate(environment.clients):
        if client in owned(environment):
            for file in of_owner(environment, client):
                source = ("clients", index, "migration")
                yield File(f"{client.owner_folder}/{file.path}", file.content, source, owner_header(environment))


def of_owner(environment: Environment, client: Client) -> Iterator[File]:
    """Return the files of one client at its step, relative to its folder."""
    return RENDERERS[client.owner.kind].files(environment, client)


def described(environment: Environment, client: Client) -> str:
    """Return how the application repository takes the files of a step: sentences without the last full stop."""
    folder = f"`{environment.path}/{client.owner_folder}/`"
    if client.owner.in_place:
        overlay = client.owner.path or "."
        listed = posixpath.relpath(f"{environment.path}/{client.owner_folder}", overlay)
        return f"The overlay `{overlay}` lists the rendered folder once (`components: [{listed}]`), so nothing is exported"
    return RENDERERS[client.owner.kind].description.format(folder=folder, client=client.name, mark=mark_of(client))
