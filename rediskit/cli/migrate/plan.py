"""`rediskit migrate plan`: every step to the end, as text, as a Markdown page for a change request, or as JSON."""

import argparse
from collections.abc import Iterator
from typing import Any

from rediskit.cli.configs import config_file
from rediskit.cli.diff.markdown import code
from rediskit.cli.report import Report
from rediskit.migrate.plan import Plan, Planned, plan
from rediskit.migrate.status import clients_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_local
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.kinds import described
from rediskit.renderers.pages.runbook import Procedure, config_of, polling
from rediskit.renderers.pages.templates import text
from rediskit.renderers.pages.uses import FRAMEWORKS, databases, notes
from rediskit.source.loader import load
from rediskit.state_machine.clock import span
from rediskit.state_machine.transitions import REPOSITORIES, STAGES, lost_for_good


def run(arguments: argparse.Namespace) -> Report:
    """Report every remaining step. Gates are listed, not evaluated: only `status` and `advance` use a clock."""
    environment = load(config_file(arguments))
    plans = [(client, plan(environment, client)) for client in clients_of(environment, arguments.client)]
    rows = [row._asdict() for row in databases(environment)]
    document = {
        "environment": environment.name,
        "databases": rows,
        "plans": [_json(steps) | {"notes": list(notes(environment, client))} for client, steps in plans],
    }
    if arguments.markdown:
        return Report(document, "\n".join(_markdown(environment, *pair) for pair in plans).removesuffix("\n").split("\n"))
    return Report(
        document, (line for number, pair in enumerate(plans) for line in (*([""] if number else []), *_lines(environment, *pair)))
    )


def _markdown(environment: Environment, client: Client, plan: Plan) -> str:
    return text(
        "plan.md.j2",
        env=environment,
        client=client,
        plan=plan,
        release=release_of(environment),
        config=code(environment.file or config_of(environment)),
        code=code,
        repositories=REPOSITORIES,
        carrier={"argocd": "Application", "flux": "Kustomization"}[environment.gitops.tool],
        polling=polling(environment),
        summaries=[_summary(step) for step in plan.steps],
        titles=[_title(step) for step in plan.steps],
        minutes=", ".join(_minutes(plan)),
        local=is_local(client),
        lost=lost_for_good(client),
        budget=span(plan.budget),
        owner_side=described(environment, client),
        databases=databases(environment),
        notes=notes(environment, client),
        frameworks=FRAMEWORKS if "queue" in client.use else (),
    )


def _minutes(plan: Plan) -> Iterator[str]:
    names = [step.procedure.step for step in plan.steps]
    down = names[names.index("scale-down") : names.index("scale-up") + 1] if {"scale-down", "scale-up"} <= set(names) else names
    for step in down:
        if STAGES[step].expected:
            yield f"{step} {STAGES[step].expected}"


def _title(step: Planned) -> str:
    return step.procedure.meaning.partition(";")[0]


def _summary(step: Planned) -> str:
    """Return the changes in a few words."""
    parts = [f"{value.pointer.rpartition('/env/')[2].removesuffix('/value').removeprefix('/spec/')}: {value.new}" for value in step.values]
    parts += [f"removes {reference}" for reference in step.gone]
    added = [(change.path, change.identity) for change in step.objects if change.status == "added" and change.identity]
    parts += [str(identity) for path, identity in added if not path.startswith(_CARRIERS)]
    if carriers := [identity for path, identity in added if path.startswith(_CARRIERS)]:
        kinds = dict.fromkeys(identity.kind for identity in carriers)
        parts.append(f"{', '.join(kinds)}: {', '.join(identity.name for identity in carriers)}")
    if step.procedure.step == "complete":
        parts.append("rediskit changes nothing there")
    return "; ".join(parts) or (
        "nothing: the shared Redis is deployed" if step.procedure.step == "deploy" else "nothing: only the config records the step"
    )


def _lines(environment: Environment, client: Client, plan: Plan) -> Iterator[str]:
    release = release_of(environment)
    previous = client.previous
    assert previous is not None
    yield f"{client.name}: {', '.join(client.references)} from {previous.host}:{previous.port} to {release.primary_host}:{release.port}"
    yield f"  current step: {plan.step}; order: {plan.order}; remaining steps: {len(plan.steps)}, one commit each"
    yield f"  window: {' to '.join(plan.window)}" if plan.window else "  window: not set"
    if plan.expected:
        minutes = ", ".join(_minutes(plan))
        if plan.down:
            yield f"  expected downtime: {plan.down}, if you start when the window starts"
        yield f"  length of the downtime: about {span(plan.expected)} (in minutes: {minutes}); the budget is {span(plan.budget)}"
        reason = f"{environment.gitops.tool_name} needs {polling(environment)} more per commit ({plan.commits} commits)"
        yield f"  without a refresh after each push, {reason}"
    yield from (f"  database {row.number}: {row.described}" for row in databases(environment))
    yield from (f"  note: {note}" for note in notes(environment, client))
    for words in plan.missing:
        yield f"  missing: {words}"
    for number, step in enumerate(plan.steps, 1):
        yield ""
        yield from _step(number, step, client)
    if plan.rollback:
        yield ""
        yield "Roll back, from scale-down to validate:"
        yield from _commands(plan.rollback)


def _step(number: int, step: Planned, client: Client) -> Iterator[str]:
    yield f"{number}. {step.procedure.step}: {step.procedure.meaning}"
    yield f"   changes: {REPOSITORIES[step.procedure.repository]}"
    if step.when:
        yield f"   when: {step.when}"
    if step.begins:
        yield f"   expected at: {step.begins}"
    for gate, words in step.gates:
        yield f"   gate: {words} [{gate}]"
    if step.procedure.step == "decommission":
        yield f"   irreversible: {lost_for_good(client)}"
    for value in step.values:
        other = "" if client.references == (value.object,) else f"{value.object} "
        yield f"   ~ {other}{value.pointer}: {value.old} -> {value.new}"
    for reference in step.gone:
        yield f"   - {reference} is removed from the build of the application repository; it is deleted only if pruning is on"
    for change in step.objects:
        yield f"   {_MARKS[change.status]} {change} ({change.path})" if change.identity else f"   {_MARKS[change.status]} {change.path}"
    if step.brings:
        yield f"   the chart creates: {', '.join(step.brings)}"
    if step.files:
        yield f"   files for the application repository: {', '.join(step.files)}"
    yield from _commands(step.procedure)
    yield f"   verify: {step.procedure.expected}"
    yield f"   rollback: {step.procedure.rollback}"


_CARRIERS = ("argocd/", "flux/")
"""The folders with the Applications or Kustomizations."""
_MARKS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


def _commands(procedure: Procedure) -> Iterator[str]:
    for command in (*procedure.evidence, *procedure.by_hand, *procedure.commands):
        yield f"   $ {command}"


def _json(plan: Plan) -> dict[str, Any]:
    return {
        "client": plan.client,
        "step": plan.step,
        "order": plan.order,
        "window": list(plan.window) if plan.window else None,
        "expectedDowntimeSeconds": plan.expected,
        "budgetSeconds": plan.budget,
        "commitsWhileDown": plan.commits,
        "expectedDown": plan.down or None,
        "missing": list(plan.missing),
        "steps": [_step_json(step) for step in plan.steps],
    }


def _step_json(step: Planned) -> dict[str, Any]:
    procedure = step.procedure
    return {
        "step": procedure.step,
        "repository": procedure.repository,
        "when": step.when or None,
        "expectedAt": step.begins or None,
        "before": procedure.before,
        "gates": [code for code, _ in step.gates],
        "objects": [
            {"status": change.status, "path": change.path, **(change.identity._asdict() if change.identity else {})}
            for change in step.objects
        ],
        "ownerFiles": list(step.files),
        "values": [value._asdict() for value in step.values],
        "gone": list(step.gone),
        "chartCreates": list(step.brings),
        "commands": [*procedure.evidence, *procedure.by_hand, *procedure.commands],
        "verify": list(procedure.verify),
        "expected": procedure.expected,
        "rollback": procedure.rollback,
    }
