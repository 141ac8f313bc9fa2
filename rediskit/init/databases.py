"""Assign the numbers of the databases of the shared Redis: the old number where it is free, else the next free one."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

from rediskit import dns
from rediskit.errors import Problem, RefusedError
from rediskit.init.detected import DetectedClient

USUAL = 16
"""The databases of a Redis without configuration."""
_WITHOUT_DATABASE = re.compile(r"((?:redis|valkey)(?:\+[a-z]+)?://[^/?]*\$\{address\})/?(?=\?|$)")
_KNOWN = {"broker": "broker", "result": "results", "cache": "cache", "session": "sessions", "queue": "queue"}


class _Owner(NamedTuple):
    """The client that got a number first, and the name of its database."""

    client: DetectedClient
    name: str
    number: int


Old = tuple[str, str]
"""The target of an old Redis: name and namespace of a Service, or a host."""


def assign_numbers(clients: Iterable[DetectedClient], owners: Mapping[int, str] = MappingProxyType({}), limit: int = 0) -> None:
    """Set the databases of each client, and their names in its templates. Raises RefusedError when all databases have a client.

    Clients with the same old Redis and the same old number share data: they get one number with `shared: true`.
    `owners` are the numbers that other clients use, with the name of one of them. A `limit` of 0 follows from the clients.
    """
    clients, used = list(clients), dict(owners)
    first: dict[tuple[Old, int], _Owner] = {}
    targets = Counter(_old(client) for client in clients if client.host)
    silent = [client for client in clients if not _numbers(client)]
    for position, client in enumerate(silent):
        if position or 0 in used or targets[_old(client)] > 1:
            _add_paths(client)
    for client in silent:
        if not _numbers(client):
            _use_zero(client, used, first)
    for client in clients:
        names = _names(_numbers(client))
        for old, name in names.items():
            owner = first.get((_old(client), old)) if client.host else None
            if owner is not None and owner.client is not client:
                client.databases[name] = _share(client, name, owner, old)
                continue
            number = _free(client, old, used, limit)
            used[number] = client.name
            client.databases[name] = number
            first.setdefault((_old(client), old), _Owner(client, name, number))
        if len(names) > 1:
            _rename(client, names)


def _free(client: DetectedClient, old: int, used: Mapping[int, str], limit: int) -> int:
    """Return the old number where it is free, else the next free one. Raises RefusedError where there is none."""
    number = old if old not in used and (not limit or old < limit) else next(free for free in count() if free not in used)
    if limit and number >= limit:
        hint = f"set redis.databases to {USUAL * (number // USUAL + 1)}, deploy it, and run the command again"
        raise RefusedError(Problem(f"{client.name} needs a database, and each of the {limit} databases has a client", hint))
    if number != old:
        why = f"{old} is used by {used[old]}" if old in used else f"the shared Redis has {limit} databases"
        client.remark("workload", f"database {old} of the old Redis becomes {number}: {why}")
    return number


def _old(client: DetectedClient) -> Old:
    return client.target(client.host)


def _share(client: DetectedClient, name: str, owner: _Owner, old: int) -> int:
    """Let a client share the database of another one, and return its number."""
    owner.client.databases.setdefault(owner.name, owner.number)
    owner.client.shared.add(owner.name)
    client.shared.add(name)
    text = f"database {old} of {client.host} has the data of {owner.client.name}, too: both keep one number, and move in one downtime"
    client.remark("workload", f"{text}; write another number if they share no data")
    return owner.number


def _use_zero(client: DetectedClient, used: dict[int, str], first: dict[tuple[Old, int], _Owner]) -> None:
    """Let a client without any number use database 0, as it does now."""
    owner = first.get((_old(client), 0)) if client.host else None
    if owner is not None:
        client.databases["default"] = _share(client, "default", owner, 0)
    elif 0 in used:
        _remark_shared(client, used[0], next(free for free in range(len(used) + 1) if free not in used))
    else:
        first[_old(client), 0] = _Owner(client, "default", 0)
    used.setdefault(0, client.name)


def _add_paths(client: DetectedClient) -> None:
    """Add the database to URLs without one: 0 has another client."""
    for workload in client.workloads:
        for switch in workload.containers:
            for name, value in switch.env.items():
                if value and _WITHOUT_DATABASE.match(value):
                    switch.env[name] = _WITHOUT_DATABASE.sub(r"\1/${database}", value)
                    switch.numbers[name] = 0


def _remark_shared(client: DetectedClient, other: str, free: int) -> None:
    text = f"it uses database 0, as {other} does: if it reads a variable for the number, add it, and databases: {{default: {free}}}"
    client.remark("workload", text)


def needed(clients: Iterable[DetectedClient]) -> int:
    """Return the number of databases that the clients need: 16, or a multiple of it."""
    highest = max((number for client in clients for number in client.databases.values()), default=0)
    return USUAL * (highest // USUAL + 1)


def _numbers(client: DetectedClient) -> dict[int, str]:
    """Return each number of the old Redis with the first variable that sets it."""
    numbers: dict[int, str] = {}
    for workload in client.workloads:
        for switch in workload.containers:
            for name, number in switch.numbers.items():
                numbers.setdefault(number, name)
    return numbers


def _names(numbers: dict[int, str]) -> dict[int, str]:
    if len(numbers) < 2:
        return dict.fromkeys(numbers, "default")
    names: dict[int, str] = {}
    for number, variable in numbers.items():
        word = next((name for part, name in _KNOWN.items() if part in variable.lower()), "")
        rest = re.sub(r"[^a-z0-9]+", "-", re.sub(r"redis|valkey|celery|_?(?:url|uri|dsn|db)$", "", variable.lower())).strip("-")
        name = word or (rest if len(rest) < 30 and re.fullmatch(dns.LABEL, rest) else "") or f"db{number}"
        names[number] = f"{name}{number}" if name in names.values() else name
    return names


def _rename(client: DetectedClient, names: dict[int, str]) -> None:
    for workload in client.workloads:
        for switch in workload.containers:
            for name, number in switch.numbers.items():
                new = f"${{database.{names[number]}}}"
                if (value := switch.env.get(name)) is not None:
                    switch.env[name] = value.replace("${database}", new)
                switch.args = [(old, text.replace("${database}", new) if old == name else text) for old, text in switch.args]
