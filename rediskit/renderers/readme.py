"""README.md of the tree: what is here, how a client connects, where the migration stands and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.migrate.machine import effects, release_is_deployed, steps
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.renderers.docs import name_prefix
from rediskit.renderers.helm import release_of
from rediskit.renderers.platform import Unit
from rediskit.renderers.texts import text
from rediskit.renderers.tree import File

_MEANING: dict[Step, str] = {
    "prepare": "the Secrets and the namespace are made ready; the application still uses its old Redis",
    "scale-down": "the application is scaled to 0",
    "deploy": "the shared Redis runs; the application does not use it yet",
    "reconfigure": "the application's environment names the shared Redis; it is still scaled to 0",
    "scale-up": "the application runs on the shared Redis, with its original number of replicas",
    "validate": "the application runs on the shared Redis and is watched for 24 hours or more; the old Redis is still there",
    "decommission": "the old Redis is out of the owner's build",
    "complete": "the owner's repository carries the change itself; the Component changes nothing any more",
    "rolled-back": "the application is back on its old Redis, as it was before scale-down",
}
_REPOSITORY: dict[Step, str] = {
    "scale-down": "the owner's",
    "deploy": "this one",
    "reconfigure": "the owner's",
    "scale-up": "the owner's",
    "validate": "none: it only records",
    "decommission": "the owner's",
    "complete": "the owner's",
}
_GATE: dict[Step, str] = {
    "scale-down": "the window is open, and the Secret is in both namespaces",
    "deploy": "the application is down",
    "reconfigure": "the shared Redis is ready: both instances run, the address answers",
    "scale-up": "the owner's build names the shared Redis, and the downtime budget still holds",
    "validate": "the application is ready and works",
    "decommission": "24 hours or more, and the six criteria of the brief, are recorded under `migration.validation`",
    "complete": "the owner's base carries the variables and the removal itself: the Component of `decommission` changes nothing there",
}
"""What must be true before a step is committed (design §4)."""
_WAY_OUT = frozenset({"scale-down", "deploy", "reconfigure", "scale-up", "validate"})
"""The steps from which `rolled-back` leads back to the old Redis in one commit."""


def readme(environment: Environment, made: tuple[Unit, ...]) -> Iterator[File]:
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
            tool={"argocd": "Argo CD", "flux": "Flux"}[environment.gitops.tool],
            carrier={"argocd": "Application", "flux": "Kustomization"}[environment.gitops.tool],
            prefix=name_prefix(environment),
            namespaces=[release.namespace, *namespaces],
            clients=[_facts(client) for client in environment.clients],
        ),
    )


def _facts(client: Client) -> dict[str, object]:
    migration = client.migration
    return {
        "name": client.name,
        "namespace": client.namespace,
        "workload": client.workload,
        "previous": client.previous,
        "step": migration.step if migration else None,
        "meaning": _MEANING[migration.step] if migration else "",
        "next": _next(migration) if migration else None,
        "repository": _REPOSITORY.get(_next(migration) or "prepare", "") if migration else "",
        "gate": _gate(migration) if migration else "",
        "way_out": migration is not None and migration.step in _WAY_OUT,
        "untouched": effects(migration).owner_is_untouched,
        "removed": effects(migration).removed,
    }


def _gate(migration: Migration) -> str:
    following = _next(migration)
    if following == "deploy" and migration.order == "deploy-first":
        return "the Secret is in both namespaces"
    return _GATE.get(following, "") if following else ""


def _next(migration: Migration) -> Step | None:
    """The step forward from here; None at the end. After a rollback the way begins again at scale-down."""
    if migration.step == "rolled-back":
        return "scale-down"
    way = steps(migration.order)
    here = way.index(migration.step)
    return way[here + 1] if here + 1 < len(way) else None
