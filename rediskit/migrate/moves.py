"""Taking a step: the gates are asked, the config is changed at the lines that mean the step, and nothing else happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rediskit.errors import Path, Problem, RefusedError
from rediskit.migrate.edges import Kind
from rediskit.migrate.edit import Append, Edited, Put, edited
from rediskit.migrate.guards import Situation, Verdict, edge_to
from rediskit.migrate.machine import moved
from rediskit.migrate.status import Way, replaced, secret_in_tree, way_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step


class Move(NamedTuple):
    """A step that may be taken: the way, the files that change, what the config is then, and what `--override` opened."""

    way: Way
    at: str
    files: tuple[Edited, ...]
    environment: Environment
    overridden: tuple[str, ...]


class Asked(NamedTuple):
    """What a person asks for. target: the step they mean; None takes the one there is. Empty texts are not given."""

    kind: Kind
    at: str
    target: Step | None = None
    reason: str = ""
    override: str = ""
    no_return: bool = False


def move(environment: Environment, client: Client, asked: Asked) -> Move:
    """The step, ready to be written. Raises RefusedError with every gate that is shut, each by its code, and ConfigError."""
    edge = edge_to(client, asked.kind, asked.target)
    secret = secret_in_tree(environment, client)
    way = way_of(Situation(environment, client, edge, asked.at, secret, asked.reason, asked.no_return))
    opened = _opened(way.shut, asked.override)
    problems = [problem for gate in way.shut for problem in _problems(environment, client, gate, asked)]
    if problems:
        raise RefusedError(problems)
    reason = _reason(asked, opened)
    after = moved(_migration(client), edge.target, asked.at, reason or None)
    entry = {"step": edge.target, "at": asked.at, **({"reason": reason} if reason else {})}
    path = section(environment, client)
    edits = (Put((*path, "step"), edge.target), Append((*path, "history"), entry))
    files, loaded = edited(environment.file, edits, replaced(environment, client, after))
    return Move(way, asked.at, files, loaded, opened)


def section(environment: Environment, client: Client) -> Path:
    """Where the migration of a client stands in the config."""
    index = next(index for index, other in enumerate(environment.clients) if other.name == client.name)
    return ("clients", index, "migration")


def _migration(client: Client) -> Migration:
    assert client.migration is not None
    return client.migration


def _opened(shut: Sequence[Verdict], override: str) -> tuple[str, ...]:
    """The codes of the cases that an override is for."""
    return tuple(reason.code for gate in shut if gate.overridable and override for reason in gate.shut)


def _problems(environment: Environment, client: Client, gate: Verdict, asked: Asked) -> list[Problem]:
    """Why a gate is shut, each with its place in the config; nothing for a gate that the override opens."""
    if gate.overridable and asked.override:
        return []
    above = section(environment, client)[:2]
    hint = {True: "; --override REASON goes on without it", False: "; --override is not for this" if asked.override else ""}
    return [
        Problem(
            f"{client.name}: {reason.message}",
            f"{reason.hint}{hint[gate.overridable]}",
            (*above, *reason.path),
            environment.locate((*above, *reason.path)),
            reason.code,
        )
        for reason in gate.shut
    ]


def _reason(asked: Asked, opened: Sequence[str]) -> str:
    """What the history records: the reason, and an override with what it was for. One that nothing needed is not recorded."""
    override = f"override ({', '.join(opened)}): {asked.override}" if opened else ""
    return "; ".join(filter(None, (asked.reason.strip(), override)))


class Evidence(NamedTuple):
    """What a person has seen; empty texts and None are not given."""

    start: str = ""
    until: str = ""
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: str = ""
    secret_seen: str = ""
    down_from: str = ""
    down_until: str = ""
    folded: str = ""


def record(environment: Environment, client: Client, evidence: Evidence) -> tuple[tuple[Edited, ...], Environment]:
    """Evidence, ready to be written into the client's section.

    A validation that began before the application last came up is of an earlier attempt: its criteria start anew.
    Raises RefusedError [nothing-to-record], [not-validating], [not-down], and ConfigError where the config does not take it.
    """
    path, edits = section(environment, client), []
    migration = _migration(client)
    validation = _validation(client.name, migration, evidence)
    if validation:
        edits.append(Put((*path, "validation"), validation))
    if evidence.secret_seen:
        edits.append(Put((*path, "secretSeen"), evidence.secret_seen))
    if evidence.down_from or evidence.down_until:
        edits.append(Put((*path, "downtime"), _downtime(client.name, migration, evidence)))
    if evidence.folded:
        edits.append(Put((*path, "folded"), evidence.folded))
    if not edits:
        hint = "name what was seen: --criterion, --from, --until, --notes, --secret-seen, --down-from, --down-until, --folded"
        raise RefusedError(Problem(f"{client.name}: nothing to record", hint, code="nothing-to-record"))
    return edited(environment.file, edits)


def _validation(name: str, migration: Migration, evidence: Evidence) -> dict[str, Any]:
    if not (evidence.start or evidence.until or evidence.seen or evidence.unseen or evidence.notes):
        return {}
    began = migration.running_since
    if began is None or migration.step not in ("scale-up", "validate"):
        message = f"{name} is at {migration.step}: there is nothing to validate before the application runs on the shared Redis"
        raise RefusedError(Problem(message, "record evidence from scale-up on", code="not-validating"))
    old = migration.validation if migration.validation and not _is_old(migration) else None
    start = evidence.start or (old.start if old else began.at)
    criteria = {} if old else dict.fromkeys(CRITERIA.values(), False)
    criteria |= {CRITERIA[word]: True for word in evidence.seen} | {CRITERIA[word]: False for word in evidence.unseen}
    made: dict[str, Any] = {"from": start, "until": evidence.until or (old.until if old else start)}
    return {**made, **({"criteria": criteria} if criteria else {}), **({"notes": evidence.notes} if evidence.notes else {})}


def _is_old(migration: Migration) -> bool:
    """Whether the validation is of an earlier attempt."""
    return any(problem.path == ("validation", "from") for problem in migration.missing_evidence("decommission"))


def _downtime(name: str, migration: Migration, evidence: Evidence) -> dict[str, Any]:
    went = [entry.at for entry in migration.history if entry.step == "scale-down"]
    came = migration.running_since
    start = evidence.down_from or (went[-1] if went else "")
    until = evidence.down_until or (came.at if came else "")
    if not start or not until:
        hint = "give both, --down-from and --down-until"
        raise RefusedError(Problem(f"{name}: the history does not say from when to when the application was down", hint, code="not-down"))
    return {"from": start, "until": until}


CRITERIA = {
    "no-restarts": "noRestarts",
    "no-redis-errors": "noRedisErrors",
    "stable-connections": "stableConnections",
    "functions-verified": "functionsVerified",
    "no-user-reports": "noUserReports",
    "latency": "latency",
}
"""The six criteria as the command line calls them, to their keys (decision 13)."""
