"""Checks of the times of a migration against the clock and against Git."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError, Path
from rediskit.model.environment import Environment
from rediskit.model.migration import Entry, Migration, moment
from rediskit.state_machine.clock import TOLERANCE

if TYPE_CHECKING:
    from rediskit.git.revision import Commit

CLOSE = timedelta(minutes=15)
"""The tolerated time between a step and the commit that contains it."""


def in_future(environment: Environment, now: datetime) -> Iterator[Finding]:
    """Yield a finding for each time of the history, the validation or the evidence that is later than now."""
    for index, client in enumerate(environment.clients):
        for path, time in _times(client.migration) if client.migration else ():
            if moment(time) > now + TOLERANCE:
                place: Path = ("clients", index, "migration", *path)
                hint = "write the time at which it happened"
                message = f"{client.name}: {time} is later than now"
                yield Finding("time-in-future", "error", message, hint, place, environment.locate(place))


def _times(migration: Migration) -> Iterator[tuple[Path, str]]:
    yield from ((("history", number, "at"), entry.at) for number, entry in enumerate(migration.history))
    if migration.validation:
        yield ("validation", "from"), migration.validation.start
        yield ("validation", "until"), migration.validation.until
    for number, evidence in enumerate(migration.evidence):
        yield ("evidence", number, "at"), evidence.at
        if evidence.kind == "downtime" and evidence.value:
            yield ("evidence", number, "value"), evidence.value.rpartition("/")[2]


def differing(environment: Environment, revision: str) -> Iterator[Finding]:
    """Yield a finding for each step since a revision whose time is more than 15 minutes from its commit."""
    from rediskit.git.revision import commits_since
    from rediskit.migrate.committed import migrations_at  # Imported late: a check without a revision starts no program.

    old = migrations_at(revision, environment) or {}
    open_steps = {
        (index, number): entry
        for index, client in enumerate(environment.clients)
        for number, entry in enumerate(client.migration.history if client.migration else ())
        if number >= len(_history(old.get(client.name)))
    }
    for commit in commits_since(revision, environment.files) if open_steps else ():
        try:
            committed = migrations_at(commit.id, environment) or {}
        except ConfigError:
            continue  # The config of this commit does not load; a later commit contains its steps too.
        for (index, number), entry in list(open_steps.items()):
            client = environment.clients[index]
            history = _history(committed.get(client.name))
            if len(history) > number and history[number] == entry:
                del open_steps[index, number]
                yield from _far(environment, ("clients", index, "migration", "history", number, "at"), client.name, entry, commit)


def _history(migration: Migration | None) -> tuple[Entry, ...]:
    return migration.history if migration else ()


def _far(environment: Environment, path: Path, name: str, entry: Entry, commit: Commit) -> Iterator[Finding]:
    written = datetime.fromtimestamp(commit.time, UTC)
    if abs(moment(entry.at) - written) > CLOSE:
        message = f"{name}: {entry.step} has the time {entry.at}, and its commit {commit.id[:12]} has {written:%Y-%m-%dT%H:%M:%SZ}"
        hint = "a step takes effect with its commit: correct the time, or accept the finding with a reason"
        yield Finding("time-differs", "warning", message, hint, path, environment.locate(path))
