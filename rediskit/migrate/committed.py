"""What is in Git: the step of each client in a committed config, and what of the config at hand does not follow from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from rediskit.errors import ConfigError, Problem
from rediskit.git.revision import contents_at
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.source.neighbours import Neighbours
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import effects
from rediskit.yamlio.reader import read

ENDS = ("prepare", "complete")
"""The steps at which a migration may begin and end, and its order change."""


def migrations_at(revision: str, environment: Environment) -> dict[str, Migration | None] | None:
    """The client's migration by name, None for one that has none, as the config of this environment says in a revision.

    None when the config is not there. Nothing else of it is read: the files that it names may differ or be gone.
    Raises ConfigError where there is no such revision, or the config at it can't be read; MissingToolError without git.
    """
    return migrations_in(environment.file, revision)


def migrations_in(config: str, revision: str) -> dict[str, Migration | None] | None:
    """As `migrations_at`, of the config file with this path, which need not be there any more."""
    file = os.path.realpath(config)
    text = contents_at(revision, [file])[file]
    if text is None:
        return None
    shown = f"{config} at {revision}"
    clients = read(text, shown).data.get("clients")
    listed = [client for client in clients if isinstance(client, dict)] if isinstance(clients, list) else []
    own = {name: _place(config, name) for client in listed if isinstance(name := client.get("file"), str)}
    texts = contents_at(revision, list(own.values())) if own else {}
    found: dict[str, Migration | None] = {}
    for client in listed:
        content = texts[own[client["file"]]] if client.get("file") in own else None
        data = read(content, f"{client['file']} at {revision}").data if content is not None else client
        if isinstance(data.get("name"), str):
            found[data["name"]] = _migration(data.get("migration"), shown)
    return found


def _place(config: str, name: str) -> str:
    return str(Neighbours(config).find(name))


def _migration(data: Any, shown: str) -> Migration | None:
    if not isinstance(data, Mapping):
        return None
    try:
        return Migration.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise ConfigError(Problem(f"{shown} holds a migration that does not load", "name a revision at which it does")) from error


def jumps(environment: Environment, old: Mapping[str, Migration | None]) -> Iterator[Problem]:
    """What does not follow from the committed migrations by one step each.

    Codes: step-jump, history-rewritten, migration-dropped, order-changed.
    """
    names = {client.name for client in environment.clients}
    for index, client in enumerate(environment.clients):
        for problem in of_client(client.name, old.get(client.name), client.migration):
            path = ("clients", index, *problem.path)
            yield Problem(problem.message, problem.hint, path, environment.locate(path), problem.code)
    for name, migration in old.items():
        if name not in names and migration is not None and migration.step not in ENDS:
            hint = "bring it to prepare or to complete first, step by step"
            yield Problem(f"{name} is at {migration.step} and has gone from the config", hint, ("clients",), code="migration-dropped")


def of_client(name: str, old: Migration | None, new: Migration | None) -> Iterator[Problem]:
    """As `jumps`, for one client; the path of each problem begins in the client's section."""
    section = ("migration",)
    if new is None:
        if old is not None and old.step not in ENDS:
            hint = "bring it to prepare or to complete first, step by step"
            yield Problem(f"{name} is at {old.step}, and its migration has gone from the config", hint, (), code="migration-dropped")
        return
    if old is None:
        if new.step != "prepare":
            hint = "begin at prepare, in a commit of its own"
            yield Problem(f"{name} begins at {new.step}", hint, (*section, "step"), code="step-jump")
        return
    yield from _step(name, old, new)
    if old.order != new.order and not old.step == new.step == "prepare":
        hint = f"write order: {old.order} again; the order can change at prepare"
        yield Problem(f"{name} changes its order at {old.step}", hint, (*section, "order"), code="order-changed")


def _step(name: str, old: Migration, new: Migration) -> Iterator[Problem]:
    path = ("migration", "step")
    allowed: dict[Step, str] = {transition.target: transition.kind for transition in transitions.available(old)}
    if new.step != old.step and new.step not in allowed:
        hint = f"one commit, one step: from {old.step} {_choices(allowed)}"
        yield Problem(f"{name} jumps from {old.step} to {new.step}", hint, path, code="step-jump")
        return
    kept = new.history[: len(old.history)]
    if kept == old.history and new.step == old.step and effects(new) == effects(old):
        return  # taken and taken back before anybody saw it
    if kept != old.history or len(new.history) - len(old.history) > 1:
        hint = "the history is only ever added to, one entry a commit"
        message = (
            f"{name} has another history than the committed one" if kept != old.history else f"{name} takes several steps in one commit"
        )
        yield Problem(message, hint, ("migration", "history"), code="history-rewritten" if kept != old.history else "step-jump")


def _choices(allowed: Mapping[Step, str]) -> str:
    words = {"forward": "on to", "back": "back to", "rollback": "out to"}
    return ", ".join(f"{words[kind]} {step}" for step, kind in allowed.items()) or "there is none"
