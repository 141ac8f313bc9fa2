"""The README.md of the rendered manifests: contents, connection, password, and the state and next step of each migration."""

from types import SimpleNamespace

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.renderers.claims import is_claim
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.kinds import described
from rediskit.renderers.pages.documents import Page
from rediskit.renderers.pages.following import following
from rediskit.renderers.pages.runbook import config_of
from rediskit.renderers.pages.templates import text
from rediskit.renderers.pages.uses import notes
from rediskit.renderers.platform import Unit
from rediskit.renderers.secret_forms import is_form
from rediskit.renderers.tree import File
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import decommissions, effects, planned, release_is_deployed


def readme(environment: Environment, units: tuple[Unit, ...], pages: tuple[Page, ...]) -> File:
    """Return the README.md at the root of the rendered manifests."""
    release = release_of(environment)
    namespaces = sorted({client.namespace for client in environment.clients} - {release.namespace})
    return File(
        "README.md",
        text(
            "README.md.j2",
            env=environment,
            release=release,
            deployed=release_is_deployed(environment),
            units=units,
            claims=_claims(environment, units),
            pages=pages,
            tool=environment.gitops.tool_name,
            carrier=environment.gitops.object_kind,
            prefix=environment.object_prefix,
            namespaces=[release.namespace, *namespaces],
            secret_units=_secret_units(environment, units),
            clients=[_client_facts(environment, client) for client in environment.clients],
        ),
    )


def _claims(environment: Environment, units: tuple[Unit, ...]) -> list[tuple[str, str]]:
    """Return namespace and name of each ownership claim, that of the root first."""
    claims = [content["metadata"] for unit in units for content in unit.objects if is_claim(content)]
    root = (environment.gitops.tool_namespace, f"{environment.object_prefix}-claim")
    return [root, *((metadata["namespace"], metadata["name"]) for metadata in claims)]


def _secret_units(environment: Environment, units: tuple[Unit, ...]) -> list[tuple[str, str]]:
    """Return each namespace with the folder that creates its Secret, or "" if none does."""
    name = environment.redis.auth.secret
    folders = {content["metadata"].get("namespace"): unit.folder for unit in units for content in unit.objects if is_form(content, name)}
    return [(namespace, folders.get(namespace, "")) for namespace in environment.secret_namespaces]


def _client_facts(environment: Environment, client: Client) -> SimpleNamespace:
    migration = client.migration
    return SimpleNamespace(
        name=client.name,
        namespace=client.namespace,
        workloads=client.workloads,
        references=client.references,
        previous=client.previous,
        step=migration.step if migration else None,
        meaning=transitions.stage(client, migration.step).meaning if migration else "",
        **(_next_step(environment, client, migration) if migration else {"next": None}),
        way_out=migration is not None and transitions.rollback_step(migration) is not None,
        delivery=client.owner.delivery,
        chart_values=client.owner.values is not None,
        exported=client.owner.delivery != "stated" and not client.owner.in_place,
        owner_side=described(environment, client),
        untouched=effects(client.migration).owner_is_untouched,
        removed=effects(client.migration).removed,
        notes=notes(environment, client),
    )


def _next_step(environment: Environment, client: Client, migration: Migration) -> dict[str, object]:
    transition = next((transition for transition in transitions.available(migration) if transition.kind == "forward"), None)
    if transition is None:
        return {"next": None}
    repository = transitions.repository(migration, planned(migration, transition.target), removes=decommissions(client))
    return {
        "next": transition.target,
        "repository": transitions.REPOSITORIES[repository],
        "following": following(environment, client, config_of(environment)),
        "gate": transitions.precondition(transition, client, migration) or "none",
    }
