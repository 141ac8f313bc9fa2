"""Databases that an application leaves by a change of its number: its keys stay there, and nothing copies them."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.checks.finding import Finding
from rediskit.migrate.reused_databases import numbers_in
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.state_machine.effects import uses_shared


def left_databases(
    revision: str, environment: Environment, migrations: Mapping[str, Migration | None], sections: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Yield each database that another number replaces while its application uses the shared Redis.

    Args:
        migrations: The migration of each client at the revision.
        sections: The text of each client at the revision, as data.
    """
    for index, client in enumerate(environment.clients):
        if client.name not in sections or not uses_shared(migrations.get(client.name)):
            continue
        now = {name: database.number for name, database in client.databases.items()} or {"default": 0}
        for name, number in numbers_in(sections[client.name]).items():
            new = now.get(name)
            if new == number or (new is None and number in now.values()):
                continue
            other = "no database" if new is None else f"database {new}"
            message = f"{client.name} changes {name} from database {number} at {revision} to {other}: its keys and tasks stay there"
            hint = f"undo it; or move the data while the application is stopped, or let it be lost, and accept the finding on {client.name}"
            path = ("clients", index, "databases" if client.databases else "name")
            yield Finding("database-left", "error", message, hint, path, environment.locate(path), (client.name,))
