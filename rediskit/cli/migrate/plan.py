"""`rediskit migrate plan`: every step to the end, as text, as a Markdown page for a change request, or as JSON."""

from __future__ import annotations

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
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.kinds import described
from rediskit.renderers.pages.runbook import Page, config_of, polling
from rediskit.renderers.pages.templates import text
from rediskit.renderers.pages.uses import FRAMEWORKS, databases, notes
from rediskit.source.loader import load
from rediskit.state_machine.clock import span
from rediskit.state_machine.gates import lost_for_good
from rediskit.state_machine.transitions import REPOSITORIES, STAGES


def run(arguments: argparse.Namespace) -> Report:
    """Report every remaining step. Gates are listed, not evaluated: only `status` and `advance` use a clock."""
    environment = load(config_file(arguments))
    plans = [(client, plan(environment, client)) for client in clients_of(environment, arguments.client)]
    rows = [row._asdict() for row in databases(environment)]
    document = {
        "environment": environment.name,
        "databases": rows,
        "plans": [_json(one) | {"notes": list(notes(environment, client))} for client, one in plans],
    }
    if arguments.markdown:
        return Report(document, "\n".join(_markdown(environment, *pair) for pair in plans).removesuffix("\n").split("\n"))
    return Report(
        document, (line for number, pair in enumerate(plans) for line in (*([""] if number else []), *_lines(environment, *pair)))
    )


def _markdown(environment: Environment, client: Client, made: Plan) -> str:
    return text(
        "plan.md.j2",
        env=environment,
        client=client,
        plan=made,
        release=release_of(environment),
        config=code(environment.file or config_of(environment)),
        code=code,
        repositories=REPOSITORIES,
        carrier={"argocd": "Application", "flux": "Kustomization"}[environment.gitops.tool],
        polling=polling(environment),
        summaries=[_summary(step) for step in made.steps],
        titles=[_title(step) for step in made.steps],
        minutes=", ".join(_minutes(made)),
        lost=lost_for_good(client),
        budget=span(made.budget),
        owner_side=described(environment, client),
        databases=databases(environment),
        notes=list(notes(environment, client)),
        frameworks=FRAMEWORKS if "queue" in client.use else (),
    )


def _minutes(made: Plan) -> Iterator[str]:
    names = [step.page.step for step in made.steps]
    down = names[names.index("scale-down") : names.index("scale-up") + 1] if {"scale-down", "scale-up"} <= set(names) else names
    for step in down:
        if STAGES[step].expected:
            yield f"{step} {STAGES[step].expected}"


def _title(step: Planned) -> str:
    return step.page.meaning.partition(";")[0]


def _summary(step: Planned) -> str:
    """Return the changes in a few words."""
    parts = [f"{value.pointer.rpartition('/env/')[2].removesuffix('/value').removeprefix('/spec/')}: {value.new}" for value in step.values]
    parts += [f"{reference} goes" for reference in step.gone]
    added = [
        one.identity for one in step.objects if one.status == "added" and one.identity and not one.path.startswith(("argocd/", "flux/"))
    ]
    carriers = [
        one.identity for one in step.objects if one.status == "added" and one.identity and one.path.startswith(("argocd/", "flux/"))
    ]
    parts += [str(identity) for identity in added]
    if carriers:
        kinds = dict.fromkeys(identity.kind for identity in carriers)
        parts.append(f"{', '.join(kinds)}: {', '.join(identity.name for identity in carriers)}")
    if step.page.step == "complete":
        parts.append("the Component changes nothing any more")
    return "; ".join(parts) or ("already there: nothing changes" if step.page.step == "deploy" else "nothing: it only records")


def _lines(environment: Environment, client: Client, made: Plan) -> Iterator[str]:
    release = release_of(environment)
    previous = client.previous
    assert previous is not None
    yield f"{client.name}: {', '.join(client.references)} from {previous.host}:{previous.port} to {release.primary_host}:{release.port}"
    yield f"  current step {made.step}, order {made.order}; {len(made.steps)} steps to come, one commit each"
    yield f"  window: {' to '.join(made.window)}" if made.window else "  window: not agreed on yet"
    if made.expected:
        minutes = ", ".join(_minutes(made))
        if made.down:
            yield f"  expected to be down {made.down}, if it begins when the window starts"
        yield f"  down for about {span(made.expected)} with a refresh after each push ({minutes}); the budget is {span(made.budget)}"
        yield f"  without a refresh polling alone takes {polling(environment)} for each of {made.commits} commits"
    yield from (f"  database {row.number}: {row.described}" for row in databases(environment))
    yield from (f"  note: {note}" for note in notes(environment, client))
    for words in made.unsaid:
        yield f"  still missing: {words}"
    for number, step in enumerate(made.steps, 1):
        yield ""
        yield from _step(number, step, client)
    if made.rollback:
        yield ""
        yield "rollback, from scale-down to validate:"
        yield from _commands(made.rollback)


def _step(number: int, step: Planned, client: Client) -> Iterator[str]:
    yield f"{number}. {step.page.step}: {step.page.meaning}"
    yield f"   applied from: {REPOSITORIES[step.page.repository]}"
    if step.when:
        yield f"   when: {step.when}"
    if step.begins:
        yield f"   expected at: {step.begins}"
    for gate, words in step.gates:
        yield f"   gate: {words} [{gate}]"
    if step.page.step == "decommission":
        yield f"   irreversible: {lost_for_good(client)}"
    for value in step.values:
        other = "" if client.references == (value.object,) else f"{value.object} "
        yield f"   ~ {other}{value.pointer}: {value.old} -> {value.new}"
    for reference in step.gone:
        yield f"   - {reference} is removed from the build of the application repository; it is deleted only if pruning is on"
    for one in step.objects:
        yield f"   {_MARKS[one.status]} {one} ({one.path})" if one.identity else f"   {_MARKS[one.status]} {one.path}"
    if step.brings:
        yield f"   the chart brings: {', '.join(step.brings)}"
    if step.files:
        yield f"   files for the application repository: {', '.join(step.files)}"
    yield from _commands(step.page)
    yield f"   verify: {step.page.seen}"
    yield f"   rollback: {step.page.way_back}"


_MARKS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


def _commands(page: Page) -> Iterator[str]:
    for command in (*page.evidence, *page.by_hand, *page.commands):
        yield f"   $ {command}"


def _json(made: Plan) -> dict[str, Any]:
    return {
        "client": made.client,
        "step": made.step,
        "order": made.order,
        "window": list(made.window) if made.window else None,
        "expectedDowntimeSeconds": made.expected,
        "budgetSeconds": made.budget,
        "commitsWhileDown": made.commits,
        "expectedDown": made.down or None,
        "missing": list(made.unsaid),
        "steps": [_step_json(step) for step in made.steps],
    }


def _step_json(step: Planned) -> dict[str, Any]:
    page = step.page
    return {
        "step": page.step,
        "repository": page.repository,
        "when": step.when or None,
        "expectedAt": step.begins or None,
        "before": page.before,
        "gates": [code for code, _ in step.gates],
        "objects": [{"status": one.status, "path": one.path, **(one.identity._asdict() if one.identity else {})} for one in step.objects],
        "ownerFiles": list(step.files),
        "values": [value._asdict() for value in step.values],
        "gone": list(step.gone),
        "chartBrings": list(step.brings),
        "commands": [*page.evidence, *page.by_hand, *page.commands],
        "verify": list(page.look),
        "expected": page.seen,
        "rollback": page.way_back,
    }
