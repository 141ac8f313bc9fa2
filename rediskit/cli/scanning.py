"""The scan of an application repository, as commands report and record it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rediskit.cli.clock import refuse_later
from rediskit.cli.report import note
from rediskit.migrate.edit import put_in_place
from rediskit.migrate.merged import unmerged_commits
from rediskit.migrate.scan import Scan, problems, recorded, uncommitted, unseen

if TYPE_CHECKING:
    from rediskit.checks import Finding
    from rediskit.migrate.owner.files import Checkout
    from rediskit.model.client import Client
    from rediskit.model.environment import Environment

_BLOCKS = ("validate", "decommission", "complete")
"""The steps at which a certain use is an error: the old Redis is removed next, or already."""


def findings(client: Client, result: Scan, checkout: Checkout) -> Iterator[Finding]:
    """Yield what a scan found: certain uses are errors from `validate` on, and warnings before."""
    from rediskit.checks import Finding, Severity
    from rediskit.errors import Location
    from rediskit.migrate.owner.check import object_at
    from rediskit.migrate.owner.files import shown

    step = client.migration.step if client.migration else ""
    for use, problem in zip(result.uses, problems(client, result.uses), strict=True):
        kind, _, name = use.object.partition("/")
        where = object_at(checkout, kind, name) or Location(name if kind == "File" else shown(checkout.to), 1, 1)
        severity: Severity = "error" if use.strength == "certain" and step in _BLOCKS else "warning"
        yield Finding(problem.code, severity, problem.message, problem.hint, (), where, (use.object,))
    for name, severity, problem in result.others:
        where = object_at(checkout, *name.split("/")) or Location(shown(checkout.to), 1, 1)
        yield Finding(problem.code, severity, problem.message, problem.hint, (), where, (name, client.name))
    for hidden in result.hidden:
        problem, where = unseen(hidden), Location(shown(checkout.to), 1, 1)
        yield Finding(problem.code, "info", problem.message, problem.hint, (), where, (hidden.object,))


def record(environment: Environment, client: Client, checkout: Checkout, result: Scan, at: str) -> None:
    """Write a scan of a merged commit into the config as evidence, where a gate requires it, and print a note."""
    files = recorded(environment, client, result, at)
    if files:
        refuse_later(at, "--at")
        if problem := uncommitted(environment, checkout) or unmerged_commits(environment, client, checkout.top):
            note(f"the scan of {client.name} is not recorded: {problem.message}; {problem.hint}")
            return
    put_in_place(files)
    for file in files:
        note(f"recorded the scan of {client.name} at {at}: {count(result)}, in {file.file}")


def count(result: Scan) -> str:
    """Return how many uses a scan found, in words."""
    possible = len(result.uses) - len(result.certain)
    return f"{len(result.certain)} certain and {possible} possible uses of the old Redis, {len(result.hidden)} not visible"


def as_json(result: Scan | None) -> dict[str, Any] | None:
    """Return a scan as JSON; None where there is none."""
    if result is None:
        return None
    return {
        "commit": result.commit or None,
        "digest": result.digest,
        "uses": [use._asdict() for use in result.uses],
        "notVisible": [hidden._asdict() for hidden in result.hidden],
    }
