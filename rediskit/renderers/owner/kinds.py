"""The files for the application repository at a step, by kind of owner."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.owner import OwnerKind
from rediskit.renderers.objects import owner_header
from rediskit.renderers.owner.component import component, manifests
from rediskit.renderers.owner.snippets import mark_of, snippet
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


def _helm_release(environment: Environment, client: Client) -> Iterator[File]:
    from rediskit.renderers.owner.helm_release import helm_release

    return helm_release(environment, client)


def _helm_values(environment: Environment, client: Client) -> Iterator[File]:
    from rediskit.renderers.owner.helm_values import helm_values

    return helm_values(environment, client)


def _external(environment: Environment, client: Client) -> Iterator[File]:
    from rediskit.renderers.owner.required import external

    return external(environment, client)


def _tfvars(environment: Environment, client: Client) -> Iterator[File]:
    from rediskit.renderers.owner.tfvars import tfvars

    return tfvars(environment, client)


_OURS = "replace the patches of the previous step (comment `{mark}`) with those of {folder}. Keep them at the end of the list"

RENDERERS: Mapping[OwnerKind, Renderer] = {
    "kustomize": Renderer(
        component,
        "`migrate export` creates the directory `rediskit/{client}`. "
        "Add it to the overlay once, by hand: `components: [rediskit/{client}]`",
    ),
    "manifests": Renderer(
        manifests,
        "`migrate export` sets the values of {folder} in the application's files. At decommission, delete the objects that"
        " `remove.txt` lists",
    ),
    "argocd-app": Renderer(snippet, f"At each step, in `spec.source.kustomize.patches` of the Application, {_OURS}"),
    "flux-helmrelease": Renderer(
        _helm_release,
        "Add the Component once to the kustomization with the HelmRelease: `components: [rediskit/{client}]`. The Component adds the"
        " patches of the step to the HelmRelease, as its last post-renderer",
    ),
    "helm-values": Renderer(
        _helm_values,
        "For a HelmRelease, add the Component once to its kustomization: `components: [rediskit/{client}]`. For an Application, add"
        " `values.yaml` of {folder} once, as the last entry of `helm.valueFiles`, or copy `valuesObject` from the snippet at each step",
    ),
    "external": Renderer(
        _external,
        "At each step, change the application to the values in `REQUIRED.md` of {folder}. For a rollback, set the old values there. "
        "`migrate verify --record` compares the application and records the result",
    ),
    "tfvars": Renderer(
        _tfvars,
        "At each step, `migrate export` writes `{client}.auto.tfvars.json` to the module. Apply it with OpenTofu. `migrate verify --record`"
        " compares the application with `REQUIRED.md` in {folder} and records the result",
    ),
    "flux-kustomization": Renderer(snippet, f"At each step, in `spec.patches` of the Kustomization, {_OURS}"),
}


def owners(environment: Environment) -> Iterator[File]:
    """Yield the files of `owners/<client>/` for each client with a migration in progress."""
    names = {client.name for client in owned(environment)}
    for index, client in enumerate(environment.clients):
        if client.name in names:
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
        return f"Add the rendered folder to the overlay `{overlay}` once: `components: [{listed}]`. Nothing is exported"
    return RENDERERS[client.owner.kind].description.format(folder=folder, client=client.name, mark=mark_of(client))
