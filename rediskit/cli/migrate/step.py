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
from rediskit.migrate.step import StepOptions, StepResult, take_step
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
    options = StepOptions(
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
    result = take_step(environment, client, options, progress)
    warnings = [f"note: {warning}" for warning in result.move.status.warnings] if result.move else []
    code = EXIT_CODES[result.verified.outcome] if result.verified else 0
    return Report(_json(result, arguments), _lines(result, arguments), warnings, code)


def _lines(result: StepResult, arguments: argparse.Namespace) -> Iterator[str]:
    client = result.client
    assert client.migration is not None
    step = client.migration.step
    if result.move:
        yield from diff_lines(result.move.files)
    yield f"{client.name} is at {step}. This step changes {REPOSITORIES[result.repository]}"
    yield from (f"  {folder}: {commit[:12]}" for folder, commit in result.commits.items())
    yield from (f"to do: {sentence}" for sentence in todo(result))
    if result.left:
        yield f"next: {_continuation(result, arguments)}"
        return
    if result.verified:
        yield from _verified(result.verified)
    yield f"verify: {stage(client, step).verify}"
    yield from (f"  $ {command}" for command in verify_commands(result.environment, client, step))
    yield f"next: {_next(result, arguments).text}"


def _verified(verified: Verified) -> Iterator[str]:
    """Yield what is not passed, and the outcome."""
    for field in verified.differences:
        yield f"  failed  {field.object}{f' {field.pointer}' if field.pointer else ''}: wanted {field.wanted}, actual {field.actual}"
    for result in (result for result in verified.results if result.status not in ("passed", "skipped")):
        measured = f" {result.measured}" if result.measured else ""
        yield f"  {result.status:<7} {result.id} {result.target} from {result.vantage}:{measured} {result.detail}".rstrip()
    yield from (f"  unknown {reason}" for reason in verified.unknown)
    yield from (f"  note: {text}" for text in verified.hidden)
    passed = sum(result.status == "passed" for result in verified.results)
    yield f"verification: {verified.outcome}, {passed} of {len(verified.results)} checks passed"


def _next(result: StepResult, arguments: argparse.Namespace) -> Following:
    """Return the next command: the same one after a failed verification."""
    client, verified = result.client, result.verified
    if verified is None or verified.outcome == "passed":
        return following(result.environment, client)
    again = "fix the cause" if verified.outcome == "failed" else "make the missing results available"
    return Following(_continued(result, arguments), f"{again}: the command continues, and verifies again")


def todo(result: StepResult) -> list[str]:
    """Return what a person changes in the application repository at this step."""
    switched = effects(result.client.migration).switched
    external = by_hand(result.environment, result.client, switched=switched) if result.repository == "owner" and result.move else ()
    return [*result.todo, *(line.removeprefix("# ") for line in external)]


def _continued(result: StepResult, arguments: argparse.Namespace) -> str:
    """Return the command that continues the step."""
    client, config = result.client, result.environment.config_argument
    assert client.migration is not None
    values = (("--checkout", arguments.checkout), ("--chart", arguments.chart))
    options = "".join(f" {option} {shlex.quote(value)}" for option, value in values if value)
    return step_command(config, client, client.migration.step).replace(" --confirm-irreversible", "") + options


def _continuation(result: StepResult, arguments: argparse.Namespace) -> str:
    """Return what a person does, and the command that continues the step."""
    command = _continued(result, arguments)
    if result.left == "merge":
        switch = f"git switch {result.environment.gitops.revision} && git pull --rebase"
        folders = " and ".join(result.to_merge)
        return f"open a pull request for {arguments.branch} in {folders}, merge it, and run {switch} there; then {command}"
    return command


def _json(result: StepResult, arguments: argparse.Namespace) -> dict[str, Any]:
    client = result.client
    assert client.migration is not None
    return {
        "client": client.name,
        "step": client.migration.step,
        "continued": result.move is None,
        "repository": result.repository,
        "commits": result.commits,
        "todo": todo(result),
        "complete": not result.left,
        "verification": _verification_json(result.verified) if result.verified else None,
        "next": _continuation(result, arguments) if result.left else _next(result, arguments).command,
        **files_json(result.move.files if result.move else ()),
    }


def _verification_json(verified: Verified) -> dict[str, Any]:
    return {
        "status": verified.outcome,
        "differences": [difference._asdict() for difference in verified.differences],
        "results": [result._asdict() for result in verified.results],
        "unknown": list(verified.unknown),
        "notVisible": list(verified.hidden),
    }


EXIT_CODES: Mapping[Outcome, int] = {"passed": 0, "failed": 1, "unknown": 3}
