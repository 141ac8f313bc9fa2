"""`rediskit migrate step`: a whole step, from the gates to the state in the cluster."""

import argparse
import shlex
from collections.abc import Iterator
from typing import Any

from rediskit.cli.configs import config_file
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.move import asked_for, diff_lines, files_json
from rediskit.cli.report import Report
from rediskit.cli.terminal import progress
from rediskit.migrate.status import one_client
from rediskit.migrate.step import Taken, Wanted, take_step
from rediskit.renderers.pages.following import following, step_command
from rediskit.renderers.pages.runbook import by_hand, verify_commands
from rediskit.source.loader import load
from rediskit.state_machine.effects import effects
from rediskit.state_machine.transitions import REPOSITORIES, STAGES


def run(arguments: argparse.Namespace) -> Report:
    """Report the step. A refusal comes before the first change; a step that was interrupted is continued."""
    environment = load(config_file(arguments))
    client = one_client(environment, arguments.client)
    clear_leftovers(environment)
    wanted = Wanted(
        asked_for(arguments, client),
        arguments.output,
        arguments.checkout,
        commit=arguments.commit or arguments.push or arguments.wait,
        push=arguments.push or arguments.wait,
        wait=arguments.wait,
        branch=arguments.branch,
        context=arguments.context,
        timeout=arguments.timeout,
    )
    taken = take_step(environment, client, wanted, progress)
    warnings = [f"note: {warning}" for warning in taken.move.status.warnings] if taken.move else []
    return Report(_json(taken, arguments), _lines(taken, arguments), warnings)


def _lines(taken: Taken, arguments: argparse.Namespace) -> Iterator[str]:
    client = taken.client
    assert client.migration is not None
    step = client.migration.step
    if taken.move:
        yield from diff_lines(taken.move.files)
    yield f"{client.name} is at {step}. This step changes {REPOSITORIES[taken.repository]}"
    yield from (f"  {folder}: {commit[:12]}" for folder, commit in taken.commits.items())
    yield from (f"to do: {sentence}" for sentence in todo(taken))
    if taken.left:
        yield f"next: {_rest(taken, arguments)}"
        return
    yield f"verify: {STAGES[step].verify}"
    yield from (f"  $ {command}" for command in verify_commands(taken.environment, client, step))
    yield f"next: {following(taken.environment, client).text}"


def todo(taken: Taken) -> list[str]:
    """Return what a person changes in the application repository at this step."""
    switched = effects(taken.client.migration).switched
    external = by_hand(taken.environment, taken.client, switched=switched) if taken.repository == "owner" and taken.move else ()
    return [*taken.todo, *(line.removeprefix("# ") for line in external)]


def _rest(taken: Taken, arguments: argparse.Namespace) -> str:
    """Return the command that continues the step."""
    client, config = taken.client, taken.environment.config_argument
    assert client.migration is not None
    checkout = f" --checkout {shlex.quote(arguments.checkout)}" if arguments.checkout else ""
    command = step_command(config, client, client.migration.step).replace(" --confirm-irreversible", "") + checkout
    if taken.left == "merge":
        switch = f"git switch {taken.environment.gitops.revision} && git pull"
        return (
            f"open a pull request for {arguments.branch} in {' and '.join(taken.commits)}, merge it, and run {switch} there; then {command}"
        )
    return command


def _json(taken: Taken, arguments: argparse.Namespace) -> dict[str, Any]:
    client = taken.client
    assert client.migration is not None
    return {
        "client": client.name,
        "step": client.migration.step,
        "continued": taken.move is None,
        "repository": taken.repository,
        "commits": taken.commits,
        "todo": todo(taken),
        "complete": not taken.left,
        "next": _rest(taken, arguments) if taken.left else following(taken.environment, client).command,
        **files_json(taken.move.files if taken.move else ()),
    }
