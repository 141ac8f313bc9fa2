"""README.md of the tree: what is here, how a client connects, where the migration stands and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.migrate.machine import effects, release_is_deployed, steps
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.renderers.argocd import prefix
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
    "complete": "the owner's: fold the Component into the base first",
}


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
            prefix=prefix(environment) if environment.gitops.tool == "argocd" else environment.redis.release,
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
        "untouched": effects(migration).owner_is_untouched,
    }


def _next(migration: Migration) -> Step | None:
    """The step forward from here; None at the end. After a rollback the way begins again at scale-down."""
    if migration.step == "rolled-back":
        return "scale-down"
    way = steps(migration.order)
    here = way.index(migration.step)
    return way[here + 1] if here + 1 < len(way) else None
