"""Taking a step: the gates are asked, the config is changed at the lines that mean the step, and nothing else happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rediskit.errors import Path, Problem, RefusedError
from rediskit.migrate.edit import Append, Edited, Put, edited
from rediskit.migrate.status import TransitionStatus, replaced, secret_in_tree, transition_status
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.state_machine.effects import moved
from rediskit.state_machine.gates import GateResult, Situation, migration_of, transition_to
from rediskit.state_machine.transitions import Kind


class Move(NamedTuple):
    """A step that may be taken: the way, the files that change, what the config is then, and what `--override` overridden."""

    status: TransitionStatus
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
    confirm_irreversible: bool = False


def move(environment: Environment, client: Client, asked: Asked) -> Move:
    """The step, ready to be written. Raises RefusedError with every gate that is shut, each by its code, and ConfigError."""
    transition = transition_to(client, asked.kind, asked.target)
    secret = secret_in_tree(environment, client)
    status = transition_status(Situation(environment, client, transition, asked.at, secret, asked.reason, asked.confirm_irreversible))
    overridden = _overridden(status.blocked, asked.override)
    problems = [problem for gate in status.blocked for problem in _problems(environment, client, gate, asked)]
    if problems:
        raise RefusedError(problems)
    reason = _reason(asked, overridden)
    after = moved(migration_of(client), transition.target, asked.at, reason or None)
    entry = {"step": transition.target, "at": asked.at, **({"reason": reason} if reason else {})}
    path = section(environment, client)
    edits = (Put((*path, "step"), transition.target), Append((*path, "history"), entry))
    files, loaded = edited(environment.file, edits, replaced(environment, client, after))
    return Move(status, asked.at, files, loaded, overridden)


def section(environment: Environment, client: Client) -> Path:
    """Where the migration of a client stands in the config."""
    index = next(index for index, other in enumerate(environment.clients) if other.name == client.name)
    return ("clients", index, "migration")


def _overridden(blocked: Sequence[GateResult], override: str) -> tuple[str, ...]:
    """The codes of the cases that an override is for."""
    return tuple(reason.code for gate in blocked if gate.overridable and override for reason in gate.blockers)


def _problems(environment: Environment, client: Client, gate: GateResult, asked: Asked) -> list[Problem]:
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
        for reason in gate.blockers
    ]


def _reason(asked: Asked, overridden: Sequence[str]) -> str:
    """What the history records: the reason, and an override with what it was for. One that nothing needed is not recorded."""
    override = f"override ({', '.join(overridden)}): {asked.override}" if overridden else ""
    return "; ".join(filter(None, (asked.reason.strip(), override)))
