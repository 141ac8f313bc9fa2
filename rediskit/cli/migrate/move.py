"""`rediskit migrate advance | back | rollback`: one step, as an edit of the config."""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from rediskit.cli.clock import refuse_later, time_of
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.selection import selected
from rediskit.cli.report import Report, note
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.git.discovery import work_tree_of
from rediskit.git.revision import contents_at
from rediskit.migrate.committed import migrations_at, of_client
from rediskit.migrate.edit import Edited, put_in_place
from rediskit.migrate.leftover import with_unread_databases
from rediskit.migrate.moves import Asked, Move, move
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.renderers.pages.runbook import procedure
from rediskit.state_machine import transitions

_KINDS: dict[str, transitions.Kind] = {"advance": "forward", "step": "forward", "back": "back", "rollback": "rollback"}


def run(arguments: argparse.Namespace) -> Report:
    """Return exit code 1 when a gate is blocked: nothing is written then."""
    environment, client = selected(arguments)
    asked = asked_for(arguments, client)
    if not arguments.dry_run:
        clear_leftovers(environment)
    step = with_unread_databases(environment, client, move(environment, client, asked))
    if asked.kind != "rollback":
        _one_commit_one_step(environment, client, step)
    if client.owner.in_place and asked.kind != "rollback":
        from rediskit.migrate.export import trial_in_place

        trial_in_place(step.environment, client)
    if not arguments.dry_run:
        put_in_place(step.files)
    messages = (*dirty_notes(environment, step.files), *_notes(step))
    return Report(_json(client, step, arguments), _lines(environment, client, step, arguments), messages)


def asked_for(arguments: argparse.Namespace, client: Client) -> Asked:
    """Return the options of a step. Raises ConfigError for an unknown step, and RefusedError for a time in the future."""
    target = getattr(arguments, "to", None)
    if target is not None and target not in get_args(Step):
        raise ConfigError(Problem(f"--to: {target} is no step", f"choose one of: {', '.join(get_args(Step))}"))
    at = time_of(arguments.at, "--at", client.migration)
    if not arguments.dry_run:
        refuse_later(at, "--at")
    options = vars(arguments)
    override, confirm_irreversible = options.get("override", ""), options.get("confirm_irreversible", False)
    return Asked(_KINDS[arguments.action], at, target, arguments.reason, override, confirm_irreversible)


def _one_commit_one_step(environment: Environment, client: Client, step: Move) -> None:
    """Refuse a second step while the first one is not committed: the GitOps tool would skip a step."""
    old, target = _committed(environment, client), step.status.transition.target
    if old is None or client.migration is None or old.step == client.migration.step:
        return
    after = one_client(step.environment, client.name).migration
    if any(problem.code == "step-jump" for problem in of_client(client.name, old, after)):
        message = f"{client.name}: the step to {client.migration.step} is not committed yet; with {target} one commit would take two"
        raise RefusedError(Problem(message, "render and commit what is there first", code="step-uncommitted"))


def _committed(environment: Environment, client: Client) -> Migration | None:
    """Return the migration of the client in the last commit; None outside of Git, or where the config is absent or invalid."""
    if work_tree_of(environment.file) is None:
        return None
    try:
        migrations = migrations_at("HEAD", environment)
    except (ConfigError, MissingToolError) as error:
        note(f"not compared with the last commit: {error.problems[0].message}")
        return None
    return migrations.get(client.name) if migrations else None


def _notes(step: Move) -> Iterator[str]:
    yield from (f"note: {warning}" for warning in step.status.warnings)
    yield from (f"note: overridden: {code}" for code in step.overridden)


def _lines(environment: Environment, client: Client, step: Move, arguments: argparse.Namespace) -> Iterator[str]:
    transition = step.status.transition
    yield from diff_lines(step.files)
    word = "would go" if arguments.dry_run else "goes"
    repository = transitions.REPOSITORIES[step.status.repository]
    yield f"{client.name} {word} from {transition.source} to {transition.target}. This changes {repository}"
    assert client.migration is not None
    then = procedure(environment, client, transition, client.migration, as_loaded=bool(environment.file))
    if not arguments.dry_run:
        yield from ("next:", *(f"  $ {command}" for command in (*then.by_hand, then.commands[-1])), f"verify: {then.expected}")


def dirty_notes(environment: Environment, files: Sequence[Edited]) -> Iterator[str]:
    """Yield a note per file with other uncommitted changes: they become part of the same commit."""
    if work_tree_of(environment.file) is None:
        return
    for file in files:
        try:
            committed = contents_at("HEAD", [file.place])[file.place]
        except (ConfigError, MissingToolError):
            return  # Without Git there is nothing to compare with.
        if committed is not None and committed != file.before:
            yield f"note: {file.file} has other changes that are not committed: they will be in the same commit"


def diff_lines(files: Sequence[Edited]) -> Iterator[str]:
    """Yield the changed lines of the files as a unified diff."""
    for file in files:
        yield from file.diff


def _json(client: Client, step: Move, arguments: argparse.Namespace) -> dict[str, Any]:
    transition = step.status.transition
    return {
        "client": client.name,
        "kind": transition.kind,
        "from": transition.source,
        "to": transition.target,
        "at": step.at,
        "repository": step.status.repository,
        "overridden": list(step.overridden),
        "warnings": list(step.status.warnings),
        "written": not arguments.dry_run,
        **files_json(step.files),
    }


def files_json(files: Sequence[Edited]) -> dict[str, Any]:
    """Return the changed files with their diffs."""
    return {"files": [{"path": file.file, "diff": list(file.diff)} for file in files]}
