"""`rediskit migrate advance | back | rollback`: one step, as an edit of the config that a person then renders and commits."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from rediskit.cli.clock import refuse_later, time_of
from rediskit.cli.common import clear_leftovers
from rediskit.cli.configs import config_file
from rediskit.cli.report import print_json
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.git.discovery import work_tree
from rediskit.git.revision import contents_at
from rediskit.migrate.committed import migrations_at, of_client
from rediskit.migrate.edit import Edited, put_in_place
from rediskit.migrate.moves import Asked, Move, move
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.renderers.pages.runbook import page
from rediskit.source.loader import load
from rediskit.state_machine import transitions

_KINDS: dict[str, transitions.Kind] = {"advance": "forward", "back": "back", "rollback": "rollback"}


def run(arguments: argparse.Namespace) -> int:
    """Return exit code 1 when a gate is blocked: nothing is written then."""
    environment = load(config_file(arguments))
    client = one_client(environment, arguments.client)
    asked = _asked(arguments, client)
    if not arguments.dry_run:
        clear_leftovers(environment)
    made = move(environment, client, asked)
    if asked.kind != "rollback":
        _one_commit_one_step(environment, client, made)
    if not arguments.dry_run:
        put_in_place(made.files)
    if arguments.json:
        print_json(_json(client, made, arguments))
        return 0
    say_dirty(environment, made.files)
    _say(environment, client, made, arguments)
    return 0


def _asked(arguments: argparse.Namespace, client: Client) -> Asked:
    target = getattr(arguments, "to", None)
    if target is not None and target not in get_args(Step):
        raise ConfigError(Problem(f"--to: {target} is no step", f"choose one of: {', '.join(get_args(Step))}"))
    at = time_of(arguments.at, "--at", client.migration)
    if not arguments.dry_run:
        refuse_later(at, "--at")
    options = vars(arguments)
    override, confirm_irreversible = options.get("override", ""), options.get("confirm_irreversible", False)
    return Asked(_KINDS[arguments.action], at, target, arguments.reason, override, confirm_irreversible)


def _one_commit_one_step(environment: Environment, client: Client, made: Move) -> None:
    """Refuses a second step on top of one that is not committed yet: the GitOps tool would see one jump."""
    old, target = _committed(environment, client), made.status.transition.target
    if old is None or client.migration is None or old.step == client.migration.step:
        return
    after = next(one.migration for one in made.environment.clients if one.name == client.name)
    if any(problem.code == "step-jump" for problem in of_client(client.name, old, after)):
        message = f"{client.name}: the step to {client.migration.step} is not committed yet; with {target} one commit would take two"
        raise RefusedError(Problem(message, "render and commit what is there first", code="step-uncommitted"))


def _committed(environment: Environment, client: Client) -> Migration | None:
    """The migration of the client in the last commit; None outside of Git, and where the config is not there, or can't be read."""
    if work_tree(Path(os.path.realpath(environment.file)).parent) is None:
        return None
    try:
        found = migrations_at("HEAD", environment)
    except (ConfigError, MissingToolError) as error:
        print(f"note: not held against the last commit: {error.problems[0].message}", file=sys.stderr)
        return None
    return found.get(client.name) if found else None


def _say(environment: Environment, client: Client, made: Move, arguments: argparse.Namespace) -> None:
    transition = made.status.transition
    for warning in made.status.warnings:
        print(f"note: {warning}", file=sys.stderr)
    for code in made.overridden:
        print(f"note: overridden: {code}", file=sys.stderr)
    print_diff(made.files)
    word = "would go" if arguments.dry_run else "goes"
    repository = transitions.REPOSITORIES[made.status.repository]
    print(f"{client.name} {word} from {transition.source} to {transition.target}; what changes is applied from: {repository}")
    assert client.migration is not None
    then = page(environment, client, transition, client.migration, environment.file)
    if not arguments.dry_run:
        print("\n".join(("next:", *(f"  $ {command}" for command in (*then.publish, *then.owner)), f"then look: {then.seen}")))


def say_dirty(environment: Environment, files: Sequence[Edited]) -> None:
    """Says which of the files had changes already that are not committed: they will be in the same commit."""
    if work_tree(Path(os.path.realpath(environment.file)).parent) is None:
        return
    for one in files:
        try:
            committed = contents_at("HEAD", [one.place])[one.place]
        except (ConfigError, MissingToolError):
            return  # a remark alone: without git nobody can make it
        if committed is not None and committed != one.before:
            print(f"note: {one.file} has other changes that are not committed: they will be in the same commit", file=sys.stderr)


def print_diff(files: Sequence[Edited]) -> None:
    """The lines that change, as a unified diff."""
    for one in files:
        print("\n".join(one.diff))


def _json(client: Client, made: Move, arguments: argparse.Namespace) -> dict[str, Any]:
    transition = made.status.transition
    return {
        "client": client.name,
        "kind": transition.kind,
        "from": transition.source,
        "to": transition.target,
        "at": made.at,
        "repository": made.status.repository,
        "overridden": list(made.overridden),
        "warnings": list(made.status.warnings),
        "written": not arguments.dry_run,
        **files_json(made.files),
        "exitCode": 0,
    }


def files_json(files: Sequence[Edited]) -> dict[str, Any]:
    """The files that change, with their diffs."""
    return {"files": [{"path": one.file, "diff": list(one.diff)} for one in files]}
