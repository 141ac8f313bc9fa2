"""Assign the numbers of the databases of the shared Redis: the old number where it is free, else the next free one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rediskit import dns
from rediskit.init.detected import DetectedClient

USUAL = 16
"""The databases of a Redis without configuration."""
_KNOWN = {"broker": "broker", "result": "results", "cache": "cache", "session": "sessions", "queue": "queue"}


def assign_numbers(clients: Iterable[DetectedClient]) -> None:
    """Set the databases of each client, and their names in its templates."""
    clients = list(clients)
    taken = {0} if any(not _numbers(client) for client in clients) else set()
    for client in clients:
        names = _names(_numbers(client))
        for old, name in names.items():
            number = old if old not in taken else next(free for free in range(len(taken) + 1) if free not in taken)
            taken.add(number)
            client.databases[name] = number
            if number != old:
                client.remark("workload", f"database {old} of the old Redis becomes {number}: {old} is used by another client")
        if len(names) > 1:
            _rename(client, names)


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
