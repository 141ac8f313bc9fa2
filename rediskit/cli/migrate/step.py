"""`rediskit migrate step`: a whole step, from the gates to the state in the cluster."""

import argparse
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.move import asked_for, diff_lines, files_json
from rediskit.cli.migrate.selection import selected
from rediskit.cli.report import Report
from rediskit.cli.terminal import progress
from rediskit.helm import chart_at
from rediskit.migrate.step import Taken, Wanted, take_step
from rediskit.migrate.verification.after_step import Outcome, Verified
from rediskit.renderers.pages.following import Following, following, step_command
from rediskit.renderers.pages.runbook import by_hand
from rediskit.renderers.pages.verify_commands import verify_commands
from rediskit.state_machine.effects import effects
from rediskit.state_machine.transitions import REPOSITORIES, stage


def run(arguments: argparse.Namespace) -> Report:
    """Report the step. A refusal comes before the first change; a step that was interrupted is continued."""
    environment, client = selected(arguments)
    clear_leftovers(environment)
    wanted = Wanted(
        asked_for(arguments, client),
        arguments.output,
        arguments.checkout,
        chart_at(arguments.chart) if arguments.chart else None,
        commit=arguments.commit or arguments.push or arguments.wait,
        push=arguments.push or arguments.wait,
        wait=arguments.wait,
        branch=arguments.branch,
        context=arguments.context,
        timeout=arguments.timeout,
        verify=not arguments.no_verify,
    )
    taken = take_step(environment, client, wanted, progress)
    warnings = [f"note: {warning}" for warning in taken.move.status.warnings] if taken.move else []
    code = EXIT_CODES[taken.verified.outcome] if taken.verified else 0
    return Report(_json(taken, arguments), _lines(taken, arguments), warnings, code)


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
    if taken.verified:
        yield from _verified(taken.verified)
    yield f"verify: {stage(client, step).verify}"
    yield from (f"  $ {command}" for command in verify_commands(taken.environment, client, step))
    yield f"next: {_next(taken, arguments).text}"


def _verified(verified: Verified) -> Iterator[str]:
    """Yield what is not passed, and the outcome."""
    for field in verified.differences:
        yield f"  failed  {field.object}{f' {field.pointer}' if field.pointer else ''}: wanted {field.wanted}, actual {field.actual}"
    for one in (one for one in verified.results if one.status not in ("passed", "skipped")):
        measured = f" {one.measured}" if one.measured else ""
        yield f"  {one.status:<7} {one.id} {one.target} from {one.vantage}:{measured} {one.detail}".rstrip()
    yield from (f"  unknown {reason}" for reason in verified.unknown)
    yield from (f"  note: {text}" for text in verified.hidden)
    passed = sum(one.status == "passed" for one in verified.results)
    yield f"verification: {verified.outcome}, {passed} of {len(verified.results)} checks passed"


def _next(taken: Taken, arguments: argparse.Namespace) -> Following:
    """Return the next command: the same one after a failed verification."""
    client, verified = taken.client, taken.verified
    if verified is None or verified.outcome == "passed":
        return following(taken.environment, client)
    again = "fix the cause" if verified.outcome == "failed" else "make the missing results available"
    return Following(_continued(taken, arguments), f"{again}: the command continues, and verifies again")


def todo(taken: Taken) -> list[str]:
    """Return what a person changes in the application repository at this step."""
    switched = effects(taken.client.migration).switched
    external = by_hand(taken.environment, taken.client, switched=switched) if taken.repository == "owner" and taken.move else ()
    return [*taken.todo, *(line.removeprefix("# ") for line in external)]


def _continued(taken: Taken, arguments: argparse.Namespace) -> str:
    """Return the command that continues the step."""
    client, config = taken.client, taken.environment.config_argument
    assert client.migration is not None
    given = (("--checkout", arguments.checkout), ("--chart", arguments.chart))
    options = "".join(f" {option} {shlex.quote(value)}" for option, value in given if value)
    return step_command(config, client, client.migration.step).replace(" --confirm-irreversible", "") + options


def _rest(taken: Taken, arguments: argparse.Namespace) -> str:
    """Return what a person does, and the command that continues the step."""
    command = _continued(taken, arguments)
    if taken.left == "merge":
        switch = f"git switch {taken.environment.gitops.revision} && git pull --rebase"
        folders = " and ".join(taken.to_merge)
        return f"open a pull request for {arguments.branch} in {folders}, merge it, and run {switch} there; then {command}"
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
        "verification": _verification_json(taken.verified) if taken.verified else None,
        "next": _rest(taken, arguments) if taken.left else _next(taken, arguments).command,
        **files_json(taken.move.files if taken.move else ()),
    }


def _verification_json(verified: Verified) -> dict[str, Any]:
    return {
        "status": verified.outcome,
        "differences": [one._asdict() for one in verified.differences],
        "results": [one._asdict() for one in verified.results],
        "unknown": list(verified.unknown),
        "notVisible": list(verified.hidden),
    }


EXIT_CODES: Mapping[Outcome, int] = {"passed": 0, "failed": 1, "unknown": 3}
