"""Taking a step: the gates are asked, the config is changed at the lines that mean the step, and nothing else happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rediskit.errors import Path, Problem, RefusedError
from rediskit.migrate.edit import Append, Edited, Put, edited
from rediskit.migrate.status import Way, replaced, secret_in_tree, way_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.state_machine.effects import moved
from rediskit.state_machine.gates import Situation, Verdict, edge_to, migration_of
from rediskit.state_machine.transitions import Kind


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
    after = moved(migration_of(client), edge.target, asked.at, reason or None)
    entry = {"step": edge.target, "at": asked.at, **({"reason": reason} if reason else {})}
    path = section(environment, client)
    edits = (Put((*path, "step"), edge.target), Append((*path, "history"), entry))
    files, loaded = edited(environment.file, edits, replaced(environment, client, after))
    return Move(way, asked.at, files, loaded, opened)


def section(environment: Environment, client: Client) -> Path:
    """Where the migration of a client stands in the config."""
    index = next(index for index, other in enumerate(environment.clients) if other.name == client.name)
    return ("clients", index, "migration")


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
