"""Databases that a change gives to another client: the keys of the one before stay in Redis."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.checks.finding import Finding
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.state_machine.effects import left_shared, uses_shared

Sections = Mapping[str, Mapping[str, Any]]


def reused_databases(
    revision: str, environment: Environment, migrations: Mapping[str, Migration | None], sections: Sections
) -> Iterator[Finding]:
    """Yield each database that only another client used at a revision, and that is no longer used by it.

    Args:
        migrations: The migration of each client at the revision.
        sections: The text of each client at the revision, as data.
    """
    now = {client.name: set(client.numbers) for client in environment.clients}
    before = {name: _numbers(section) for name, section in sections.items() if _has_keys(migrations.get(name))}
    left: dict[int, str] = {}
    for name, numbers in before.items():
        left |= dict.fromkeys(numbers - now.get(name, set()), name)
    for index, client in enumerate(environment.clients):
        own = _numbers(sections[client.name]) if client.name in sections else set()
        for number in sorted({*left} & {*client.numbers} - own):
            message = f"{client.name} gets database {number}, which {left[number]} used at {revision}: its keys stay in Redis"
            hint = "choose a number that no client used; or delete the keys (docs/connection.md, Empty a database), and accept it"
            path = ("clients", index, "databases" if client.databases else "name")
            yield Finding("database-reused", "warning", message, hint, path, environment.locate(path), (client.name,))


def _has_keys(migration: Migration | None) -> bool:
    return uses_shared(migration) or (migration is not None and left_shared(migration) is not None)


def _numbers(section: Mapping[str, Any]) -> set[int]:
    return set(numbers_in(section).values())


def numbers_in(section: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of each database in the text of a client, which is not validated; `default` is 0 without any."""
    databases = section.get("databases")
    listed = databases.items() if isinstance(databases, Mapping) else ()
    numbers = {str(name): value.get("number") if isinstance(value, Mapping) else value for name, value in listed}
    return {name: number for name, number in numbers.items() if isinstance(number, int)} or {"default": 0}
