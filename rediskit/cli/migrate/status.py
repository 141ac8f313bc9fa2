"""`rediskit migrate status`: the step of each client, and the available steps."""

import argparse
from collections.abc import Iterator
from typing import Any

from rediskit.cli.clock import time_of
from rediskit.cli.configs import config_file
from rediskit.cli.report import Report
from rediskit.migrate.status import Status, TransitionStatus, clients_of, status_of_all
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence
from rediskit.renderers.pages.following import following
from rediskit.source.loader import load
from rediskit.state_machine.clock import both, offset_source, seconds_between, span
from rediskit.state_machine.scans import described
from rediskit.state_machine.situation import GateResult
from rediskit.state_machine.transitions import REPOSITORIES

_KINDS = {"forward": "next", "back": "back", "rollback": "rollback"}


def run(arguments: argparse.Namespace) -> Report:
    """Report the step and the gates of each client; with `--live`, also the verification Jobs, and their exit code."""
    environment = load(config_file(arguments))
    moving = arguments.client is not None or any(client.migration for client in environment.clients)
    clients = clients_of(environment, arguments.client) if moving else ()
    times = [time_of(arguments.at, "--at", client.migration) for client in clients]
    statuses = status_of_all(environment, clients, times)
    rows = list(zip(statuses, clients, times, strict=True))
    document: dict[str, Any] = {}
    lines: list[str] = []
    if arguments.json:  # Only one of both is printed, and each takes long for hundreds of clients.
        clients_json = [_json(status, client, at) | {"next": following(environment, client).command} for status, client, at in rows]
        document = {"environment": environment.name, "clients": clients_json}
    else:
        lines = [line for number, row in enumerate(rows) for line in (*([""] if number else []), *_lines(environment, *row))]
    lines = lines or [f"{environment.name}: no migration in progress"]
    if not arguments.live:
        return Report({**document, "verification": None}, lines)
    from rediskit.cli.migrate.job_lines import job_code, job_json, job_lines
    from rediskit.live.job_results import job_results

    jobs = list(job_results(environment, arguments.context))
    verification = [job_json(job) for job in jobs]
    return Report({**document, "verification": verification}, (*lines, "", *job_lines(environment, jobs)), (), job_code(jobs))


def _lines(environment: Environment, status: Status, client: Client, at: str) -> Iterator[str]:
    migration = client.migration
    offset = offset_source(migration) if migration else ""
    yield f"{status.client}: {status.step}, {_since(status.since, offset, at)}"
    yield f"  {status.meaning}"
    if status.down:
        left = status.budget - status.spent
        rest = f"{span(left)} left" if left >= 0 else f"exceeded by {span(left)}"
        yield f"  down since {both(status.down, offset)}, {span(status.spent)}: the budget is {span(status.budget)}, {rest}"
    if migration and migration.downtime is not None:
        yield f"  downtime: {span(migration.downtime.seconds)}, recorded by a person; the budget was {span(status.budget)}"
    yield from (_criterion(name, entry) for name, entry in (migration.criteria if migration else {}).items())
    if migration and migration.scan:
        yield f"  scan for the old Redis: {described(migration.scan)}"
    for option in status.transitions:
        yield from _transition(option)
    if not status.transitions:
        yield "  no further step"
    yield f"  next command: {following(environment, client).text}"


def _criterion(name: str, entry: Evidence) -> str:
    """Return the last result of a criterion in one line."""
    word = "unknown" if entry.unknown else "passed" if entry.holds else "failed"
    if entry.dispute:
        word = "disputed"
    texts = (entry.measured, entry.limit and f"limit {entry.limit}", entry.coverage and f"coverage {entry.coverage}")
    figures = [text for text in texts if text]
    by = "measured" if entry.by == "measured" else "by a person"
    remark = entry.dispute or (entry.note if not entry.holds else "")
    details = f" ({', '.join(figures)})" if figures else ""
    return f"  criterion {name}: {word}, {by} at {entry.at}{details}{f': {remark}' if remark else ''}"


def _since(time: str, offset: str, at: str) -> str:
    if not time:
        return "time not recorded"
    passed = seconds_between(time, at)
    return f"since {both(time, offset)}, {span(passed)}" if passed >= 0 else f"from {both(time, offset)} on, which is in {span(passed)}"


def _transition(option: TransitionStatus) -> Iterator[str]:
    yield f"  {_KINDS[option.transition.kind]}: {option.transition.target} ({REPOSITORIES[option.repository]})"
    for gate in option.gates:
        if gate.blockers:
            for blocker in gate.blockers:
                yield f"    blocked[{blocker.code}]: {blocker.message}"
                yield f"      help: {blocker.hint}{OVERRIDE if gate.overridable else ''}"
        elif gate.code not in ("history", "clock", "reason"):
            yield f"    passed: {gate.description}"
    for warning in option.warnings:
        yield f"    note: {warning}"


OVERRIDE = "; or use --override REASON"


def gate_json(gate: GateResult) -> dict[str, Any]:
    """Return a gate as JSON: its rule, whether it passed, and why it is blocked."""
    blockers = [{"code": blocker.code, "message": blocker.message, "hint": blocker.hint} for blocker in gate.blockers]
    return {
        "gate": gate.code,
        "passed": not blockers,
        "description": gate.description,
        "overridable": gate.overridable,
        "blockers": blockers,
    }


def _json(status: Status, client: Client, at: str) -> dict[str, Any]:
    return {
        "client": status.client,
        "step": status.step,
        "at": at,
        "since": status.since or None,
        "meaning": status.meaning,
        "downSince": status.down or None,
        "downSeconds": status.spent,
        "budgetSeconds": status.budget,
        "criteria": [
            {"criterion": name, **entry.model_dump(mode="json", by_alias=True, exclude_none=True)}
            for name, entry in (client.migration.criteria if client.migration else {}).items()
        ],
        "transitions": [
            {
                "kind": option.transition.kind,
                "to": option.transition.target,
                "repository": option.repository,
                "gates": [gate_json(gate) for gate in option.gates],
                "warnings": list(option.warnings),
            }
            for option in status.transitions
        ],
    }
