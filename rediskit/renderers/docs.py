"""`docs/` of the tree: runbooks for exactly these names."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.migrate.machine import release_is_deployed
from rediskit.model.environment import Environment
from rediskit.renderers.argocd import prefix
from rediskit.renderers.helm import release_of
from rediskit.renderers.runbook import runbook
from rediskit.renderers.texts import text
from rediskit.renderers.tree import File


def docs(environment: Environment) -> Iterator[File]:
    """The runbook of a manual failover (facts: chart §6), once there is a release to fail over; that of each client on its way."""
    if release_is_deployed(environment):
        made = text("failover.md.j2", env=environment, release=release_of(environment), prefix=name_prefix(environment))
        yield File("docs/failover.md", made)
    for index, client in enumerate(environment.clients):
        if client.migration is not None and client.migration.step != "complete":
            yield File(f"docs/migration-{client.name}.md", runbook(environment, client), ("clients", index, "migration"))


def name_prefix(environment: Environment) -> str:
    """What the names of the tool's objects begin with."""
    return prefix(environment) if environment.gitops.tool == "argocd" else environment.redis.release
