"""A step as an edit of the config: the gates are evaluated, and only the keys of the step change."""

from collections.abc import Sequence
from typing import NamedTuple

from rediskit.errors import Path, Problem, RefusedError
from rediskit.migrate.edit import Append, Edited, Put, edited
from rediskit.migrate.shared_applications import refuse_shared
from rediskit.migrate.status import TransitionStatus, replaced, situation_of, transition_status
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.state_machine.effects import moved
from rediskit.state_machine.situation import GateResult
from rediskit.state_machine.transitions import Kind, migration_of, transition_to


class Move(NamedTuple):
    """A permitted step: its time, the files that change, the environment after it, and the codes that `--override` passed."""

    status: TransitionStatus
    at: str
    files: tuple[Edited, ...]
    environment: Environment
    overridden: tuple[str, ...]


class Asked(NamedTuple):
    """The options of a step; an empty text is an option that is not set. target: the expected step, None for any."""

    kind: Kind
    at: str
    target: Step | None = None
    reason: str = ""
    override: str = ""
    confirm_irreversible: bool = False


def move(environment: Environment, client: Client, asked: Asked) -> Move:
    """Return a step, ready to be written. Raises RefusedError with one problem per blocker of a gate."""
    transition = transition_to(client, asked.kind, asked.target)
    situation = situation_of(environment, client, transition, asked.at)
    status = transition_status(situation._replace(reason=asked.reason, confirm_irreversible=asked.confirm_irreversible))
    problems = [problem for gate in status.blocked for problem in _problems(environment, client, gate, asked)]
    if problems:
        raise RefusedError(problems)
    overridden = tuple(blocker.code for gate in status.blocked for blocker in gate.blockers)
    reason = _reason(asked, overridden)
    after = moved(migration_of(client), transition.target, asked.at, reason or None)
    entry = {"step": transition.target, "at": asked.at, **({"reason": reason} if reason else {})}
    path = section(environment, client)
    edits = (Put((*path, "step"), transition.target), Append((*path, "history"), entry))
    files, loaded = edited(environment.file, edits, replaced(environment, client, after))
    refuse_shared(loaded, client)
    return Move(status, asked.at, files, loaded, overridden)


def section(environment: Environment, client: Client) -> Path:
    """Return the path of the migration of a client in the config."""
    index = next(index for index, other in enumerate(environment.clients) if other.name == client.name)
    return ("clients", index, "migration")


def _problems(environment: Environment, client: Client, gate: GateResult, asked: Asked) -> list[Problem]:
    """Return a problem for each blocker of a gate, with its place in the config; none if the override passes the gate."""
    if gate.overridable and asked.override:
        return []
    above = section(environment, client)[:2]
    option = "; or use --override REASON" if gate.overridable else "; --override does not pass this gate" if asked.override else ""
    return [
        Problem(
            f"{client.name}: {blocker.message}",
            f"{blocker.hint}{option}",
            (*above, *blocker.path),
            environment.locate((*above, *blocker.path)),
            blocker.code,
        )
        for blocker in gate.blockers
    ]


def _reason(asked: Asked, overridden: Sequence[str]) -> str:
    """Return the text for the history: the reason, and the override with the codes that it passed."""
    override = f"override ({', '.join(overridden)}): {asked.override}" if overridden else ""
    return "; ".join(filter(None, (asked.reason.strip(), override)))
