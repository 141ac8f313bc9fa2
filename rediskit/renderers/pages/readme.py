"""README.md of the tree: what is here, how a client connects, where the migration stands and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.renderers.claims import is_claim
from rediskit.renderers.helm import release_of
from rediskit.renderers.pages.documents import Page, name_prefix
from rediskit.renderers.pages.runbook import owner_side
from rediskit.renderers.pages.templates import text
from rediskit.renderers.platform import Unit
from rediskit.renderers.secret_forms import is_form
from rediskit.renderers.tree import File
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import decommissions, effects, moved, release_is_deployed

_REPOSITORIES = {"ours": "this one", "owner": "the owner's", "none": "none: it only records"}


def readme(environment: Environment, made: tuple[Unit, ...], pages: tuple[Page, ...]) -> Iterator[File]:
    """The one README.md at the root of the tree."""
    release = release_of(environment)
    namespaces = sorted({client.namespace for client in environment.clients} - {release.namespace})
    yield File(
        "README.md",
        text(
            "README.md.j2",
            env=environment,
            release=release,
            deployed=release_is_deployed(environment),
            units=made,
            claims=_claims(environment, made),
            pages=pages,
            tool=environment.gitops.tool_name,
            carrier={"argocd": "Application", "flux": "Kustomization"}[environment.gitops.tool],
            prefix=name_prefix(environment),
            namespaces=[release.namespace, *namespaces],
            secret_units=_secret_units(environment, made),
            clients=[_facts(environment, client) for client in environment.clients],
        ),
    )


def _claims(environment: Environment, made: tuple[Unit, ...]) -> list[tuple[str, str]]:
    """Namespace and name of each claim; that of the root first."""
    found = [content["metadata"] for unit in made for content in unit.objects if is_claim(content)]
    return [
        (environment.gitops.tool_namespace, f"{name_prefix(environment)}-claim"),
        *((meta["namespace"], meta["name"]) for meta in found),
    ]


def _secret_units(environment: Environment, made: tuple[Unit, ...]) -> list[tuple[str, str]]:
    """Each namespace, and the folder that brings the Secret there; "" where none does."""
    name = environment.redis.auth.secret
    found = {content["metadata"].get("namespace"): unit.folder for unit in made for content in unit.objects if is_form(content, name)}
    return [(namespace, found.get(namespace, "")) for namespace in environment.secret_namespaces]


def _facts(environment: Environment, client: Client) -> dict[str, object]:
    migration = client.migration
    return {
        "name": client.name,
        "namespace": client.namespace,
        "workload": client.workload,
        "previous": client.previous,
        "step": migration.step if migration else None,
        "meaning": transitions.STAGES[migration.step].meaning if migration else "",
        **(_forward(client, migration) if migration else {"next": None}),
        "way_out": migration is not None and transitions.way_out(migration) is not None,
        "kind": client.owner.kind,
        "owner_side": owner_side(environment, client),
        "untouched": effects(client.migration).owner_is_untouched,
        "removed": effects(client.migration).removed,
    }


def _forward(client: Client, migration: Migration) -> dict[str, object]:
    transition = next((transition for transition in transitions.available(migration) if transition.kind == "forward"), None)
    if transition is None:
        return {"next": None}
    repository = transitions.repository(migration, moved(migration, transition.target, ""), removes=decommissions(client))
    return {"next": transition.target, "repository": _REPOSITORIES[repository], "gate": transitions.before(transition, migration)}
