"""The committed migrations, and the changes in the working config that are more than one step."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from rediskit.errors import ConfigError, Problem
from rediskit.git.revision import contents_at
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.model.nested import text_at
from rediskit.source.neighbours import Neighbours
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import effects
from rediskit.yamlio.reader import read

ENDS = ("prepare", "complete")
"""The steps at which a migration can start and end."""
_FINISH = "move it to prepare or complete first, step by step"


def migrations_at(revision: str, environment: Environment) -> dict[str, Migration | None] | None:
    """Return the migration of each client at a revision, None for a client without one; None if the revision has no such config.

    The files that the config references are not read: they can be different or missing.
    """
    return migrations_in(environment.file, revision)


def migrations_in(config: str, revision: str) -> dict[str, Migration | None] | None:
    """Return the same as `migrations_at`, for the path of a config that need not exist."""
    sections = sections_in(config, revision)
    shown = f"{config} at {revision}"
    return None if sections is None else {name: _migration(data.get("migration"), shown) for name, data in sections.items()}


def sections_in(config: str, revision: str) -> dict[str, Mapping[str, Any]] | None:
    """Return the section of each client of a config at a revision, as data that is not validated; None without such a config."""
    file = os.path.realpath(config)
    text = contents_at(revision, [file])[file]
    if text is None:
        return None
    clients = read(text, f"{config} at {revision}").data.get("clients")
    listed = [client for client in clients if isinstance(client, dict)] if isinstance(clients, list) else []
    neighbours = Neighbours(config)
    own = {name: neighbours.find(name) for client in listed if isinstance(name := client.get("file"), str)}
    texts = contents_at(revision, list(own.values())) if own else {}
    sections: dict[str, Mapping[str, Any]] = {}
    for client in listed:
        content = texts[own[client["file"]]] if text_at(client, "file") in own else None
        data = read(content, f"{client['file']} at {revision}").data if content is not None else client
        if isinstance(data.get("name"), str):
            sections[data["name"]] = data
    return sections


def _migration(data: Any, shown: str) -> Migration | None:
    if not isinstance(data, Mapping):
        return None
    try:
        return Migration.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise ConfigError(Problem(f"the migration in {shown} is not valid", "choose a revision with a valid config")) from error


def jumps(environment: Environment, old: Mapping[str, Migration | None]) -> Iterator[Problem]:
    """Yield the changes that are more than one step from the committed migrations.

    Codes: step-jump, history-rewritten, migration-dropped, order-changed.
    """
    names = {client.name for client in environment.clients}
    for index, client in enumerate(environment.clients):
        for problem in of_client(client.name, old.get(client.name), client.migration):
            path = ("clients", index, *problem.path)
            yield Problem(problem.message, problem.hint, path, environment.locate(path), problem.code)
    for name, migration in old.items():
        if name not in names and migration is not None and migration.step not in ENDS:
            message = f"{name} is at {migration.step}, and the config no longer contains it"
            yield Problem(message, _FINISH, ("clients",), code="migration-dropped")


def of_client(name: str, old: Migration | None, new: Migration | None) -> Iterator[Problem]:
    """Yield the same as `jumps` for one client, with paths in its section."""
    section = ("migration",)
    if new is None:
        if old is not None and old.step not in ENDS:
            message = f"{name} is at {old.step}, and the config no longer contains its migration"
            yield Problem(message, _FINISH, (), code="migration-dropped")
        return
    if old is None:
        if new.step != "prepare":
            hint = "start at prepare, in a separate commit"
            yield Problem(f"the migration of {name} starts at {new.step}", hint, (*section, "step"), code="step-jump")
        return
    yield from _step(name, old, new)
    if old.order != new.order and not old.step == new.step == "prepare":
        hint = f"set order: {old.order} again; the order can change only at prepare"
        yield Problem(f"{name} changes its order at {old.step}", hint, (*section, "order"), code="order-changed")


def _step(name: str, old: Migration, new: Migration) -> Iterator[Problem]:
    path = ("migration", "step")
    allowed: dict[Step, str] = {transition.target: transition.kind for transition in transitions.available(old)}
    if new.step != old.step and new.step not in allowed:
        hint = f"take one step per commit: from {old.step} {_choices(allowed)}"
        yield Problem(f"{name} goes from {old.step} to {new.step}, which is not one step", hint, path, code="step-jump")
        return
    common = new.history[: len(old.history)]
    if common == old.history and new.step == old.step and effects(new) == effects(old):
        return  # A step and its undo, both uncommitted.
    if common != old.history or len(new.history) - len(old.history) > 1:
        hint = "append one entry per commit to the history, and change no other"
        change = "changes its committed history" if common != old.history else "takes several steps in one commit"
        yield Problem(
            f"{name} {change}", hint, ("migration", "history"), code="history-rewritten" if common != old.history else "step-jump"
        )


def _choices(allowed: Mapping[Step, str]) -> str:
    words = {"forward": "forward to", "back": "back to", "rollback": "rollback to"}
    return ", ".join(f"{words[kind]} {step}" for step, kind in allowed.items()) or "no step is possible"
