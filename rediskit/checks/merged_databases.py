"""Checks of databases of old Redis that become one database of the shared Redis."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from rediskit.checks.database_numbers import listed, moves, old_numbers
from rediskit.checks.finding import Issue, Severity, Subject
from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.local_redis import is_local
from rediskit.usage.clients import may_be_same, same_redis
from rediskit.usage.neighbours import parts_of


class _Origin(NamedTuple):
    """A client with a database that others share, and the numbers that its data has in its old Redis; empty if they are unknown."""

    client: Client
    numbers: frozenset[int]

    @property
    def described(self) -> str:
        host = self.client.previous.host if self.client.previous else ""
        noun = "databases" if len(self.numbers) > 1 else "database"
        return f"{noun} {listed(self.numbers)} of {host}" if self.numbers else f"a database of {host}"

    @property
    def is_complete(self) -> bool:
        return self.client.migration is not None and self.client.migration.step == "complete"


def merged_data(subject: Subject) -> Iterator[Issue]:
    """Warn when two databases of an old Redis become one: equal keys overwrite each other. An error for a client with a queue."""
    for index, client in enumerate(subject.environment.clients):
        if client.migration is None or client.previous is None or client.migration.step == "complete":
            continue
        old: dict[int, set[int]] = {}
        for number, new in moves(client):
            old.setdefault(new, set()).add(number)
        for new, numbers in sorted(old.items()):
            if len(numbers) > 1:
                what = f"{client.name} has databases {listed(numbers)} of {client.previous.host}, and gets {new} for all of them"
                message = f"{what}: equal keys overwrite each other, and FLUSHDB deletes the data of all"
                hint = (
                    "declare a number for each under databases, and write ${database.NAME} in the values; accept it where no key is equal"
                )
                severity: Severity = "error" if "queue" in client.use else "warning"
                path: Path = ("clients", index, "databases" if client.databases else "name")
                yield Issue(message, hint, path, severity, on=(client.name,))


def joined_data(subject: Subject) -> Iterator[Issue]:
    """Warn when `shared: true` gives one number to clients that had two databases: equal keys overwrite each other.

    An error for two queues.
    """
    origins: dict[int, dict[Collection[object], _Origin]] = {}
    for index, client in enumerate(subject.environment.clients):
        if client.migration is None or client.previous is None:
            continue
        for name, database in client.databases.items():
            if database.shared:
                origin, others = _origin(client, database.number), origins.setdefault(database.number, {})
                other = next((other for other in others.values() if _are_two(other, origin)), None)
                if other is not None:
                    yield _joined(other, origin, database.number, ("clients", index, "databases", name))
                others.setdefault(
                    (*parts_of(client), origin.numbers, origin.is_complete), origin
                )  # Clients with one origin are compared once.


def _origin(client: Client, number: int) -> _Origin:
    """Return the databases that become one number. The manifest of a client without its old Redis can have the new values."""
    known = {} if client.is_decommissioned else old_numbers(client)
    return _Origin(client, frozenset(old for old, new in known.items() if number in new))


def _joined(other: _Origin, origin: _Origin, number: int, path: Path) -> Issue:
    queues = all("queue" in client.use and len(client.numbers) == 1 for client in (other.client, origin.client))
    effect = "workers run tasks of queues with an equal name" if queues else "equal keys overwrite each other"
    names = f"{other.client.name} and {origin.client.name}"
    what = f"{names} have {other.described} and {origin.described}, and get {number} for both"
    hint = "write another number for one of them; accept it where no key and no queue has an equal name"
    severity: Severity = "error" if queues else "warning"
    message = f"{what}: {effect}, and FLUSHDB deletes the data of both"
    return Issue(message, hint, path, severity, on=(origin.client.name, other.client.name))


def _are_two(origin: _Origin, other: _Origin) -> bool:
    """Return whether the data of two clients was certainly in two databases, and at least one of them has not moved for good."""
    client, second = origin.client, other.client
    if client.name == second.name or (origin.is_complete and other.is_complete):
        return False
    if is_local(client) or is_local(second):
        return True
    if same_redis(client, second):
        return bool(origin.numbers and other.numbers) and origin.numbers.isdisjoint(other.numbers)
    return not may_be_same(client, second) and not may_be_same(second, client)
