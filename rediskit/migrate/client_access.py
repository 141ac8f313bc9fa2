"""The access to the shared Redis that a change takes from an application that uses it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError, Path
from rediskit.migrate.client_changes import environment_at
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.renderers.egress import egress
from rediskit.state_machine.effects import effects, uses_shared

_CODE = "client-removed"


def _is_stable(migration: Migration | None) -> bool:
    return migration is None or migration.step == "complete"


def lost_access(
    revision: str, environment: Environment, migrations: Mapping[str, Migration | None], sections: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Yield each client that uses Redis at a revision and is removed, moved to another namespace, or loses a policy.

    `migration-dropped` and `client-moved` refuse the first two in the middle of a migration.

    Args:
        migrations: The migration of each client at the revision.
        sections: The text of each client at the revision, as data.
    """
    clients = {client.name: (index, client) for index, client in enumerate(environment.clients)}
    for name in [name for name, old in migrations.items() if _is_stable(old)]:
        if name not in clients:
            message = f"{name} uses the shared Redis and is removed: its Secret is no longer rotated, and its network access is removed"
            unused = "when CLIENT LIST shows no connection of it, remove it, delete its keys, and accept"
            hint = f"first move it to another Redis; {unused} the finding on {name}"
            yield Finding(_CODE, "error", message, hint, ("clients",), environment.locate(("clients",)), (name,))
            continue
        index, client = clients[name]
        if (namespace := sections[name].get("namespace")) != client.namespace:
            message = f"{name} uses the shared Redis and leaves the namespace {namespace}: its access from there is removed"
            hint = f"add a second client in {client.namespace}, move the application, then remove the first one and accept the finding"
            yield _finding(environment, client, ("clients", index, "namespace"), message, hint)
    if any(uses_shared(old) and sections[name].get("egress") for name, old in migrations.items()):
        yield from _lost_policies(revision, environment, migrations)


def _lost_policies(revision: str, environment: Environment, migrations: Mapping[str, Migration | None]) -> Iterator[Finding]:
    """Yield the clients that have fewer policies for their egress than at the revision."""
    try:
        before = environment_at(revision, environment)
    except ConfigError as error:
        message = f"the policies of clients at {revision} are not compared: {error.problems[0].message}"
        yield Finding(_CODE, "warning", message, "read rediskit diff", ("clients",), environment.locate(("clients",)))
        return
    clients = {client.name: (index, client) for index, client in enumerate(environment.clients)}
    rendered = {name for _, client in clients.values() if effects(client.migration).release for name in _policies(environment, client)}
    for old in before.clients:
        migration = migrations.get(old.name)
        index, client = clients.get(old.name, (0, None))
        if client is None or client.namespace != old.namespace or not uses_shared(migration):
            continue
        if not effects(client.migration).release and not _is_stable(migration):
            continue  # A step back removes the policy after the application uses its old Redis again.
        if lost := [name for name in _policies(before, old) if name not in rendered]:
            message = f"{old.name} uses the shared Redis and loses {', '.join(lost)}: its pods may no longer reach Redis"
            hint = "keep egress and its workloads, or accept it when another policy allows the connection (check --owner compares them)"
            yield _finding(environment, client, ("clients", index), message, hint)


def _policies(environment: Environment, client: Client) -> list[str]:
    return [f"{policy['kind']}/{policy['metadata']['name']} in {client.namespace}" for policy in egress(environment, client)]


def _finding(environment: Environment, client: Client, path: Path, message: str, hint: str) -> Finding:
    return Finding(_CODE, "error", message, hint, path, environment.locate(path), (client.name,))
