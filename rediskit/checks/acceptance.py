"""`accept` of the config, applied to findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches

from rediskit.checks import codes
from rediskit.checks.finding import Finding
from rediskit.errors import Path, dotted
from rediskit.model.accept import NEVER, Accept
from rediskit.model.environment import Environment

_SHOWN = 3
"""Places of other findings of the same code that the hint of `accept-unused` lists at most."""


def unaccepted(
    environment: Environment, findings: Iterable[Finding], run: frozenset[str] | None, today: date | None = None
) -> list[Finding]:
    """Return the findings that the config does not accept, in their order, then `accept-unused` for entries without a finding.

    Args:
        environment: The config that the findings are about.
        findings: What was found.
        run: The codes that were looked for: an entry for another code is not called unused. None: no entry is.
        today: The day that `until` is compared with; None for the current day in UTC.
    """
    found = list(findings)
    if not environment.accept:
        return found
    day = today or datetime.now(UTC).date()
    kept: list[Finding] = []
    used: set[int] = set()
    for finding in found:
        index = _entry(environment, finding)
        entry = environment.accept[index] if index is not None else None
        if index is not None:
            used.add(index)
        if entry is None or entry.expired(day):
            kept.append(finding if entry is None else _overdue(finding, entry))
    return kept if run is None else [*kept, *_unused(environment, found, run, used)]


def names_of(environment: Environment, finding: Finding) -> tuple[str, ...]:
    """Return what `accept.on` may be for a finding: its own names, else its config path, and the client whose section it is in."""
    if finding.on:
        return finding.on
    client = _client(environment, finding.path)
    return (*([dotted(finding.path)] if finding.path else ()), *([client] if client else ()))


def _client(environment: Environment, path: Path) -> str:
    match path:
        case ("clients", int(index), *_) if index < len(environment.clients):
            return environment.clients[index].name
    return ""


def _entry(environment: Environment, finding: Finding) -> int | None:
    names = names_of(environment, finding)
    return next((index for index, entry in enumerate(environment.accept) if entry.code == finding.code and entry.on in names), None)


def _overdue(finding: Finding, entry: Accept) -> Finding:
    over = f"it was accepted until {entry.until}: fix it, or set another day in accept"
    return replace(finding, hint=f"{finding.hint}; {over}" if finding.hint else over)


def _unused(environment: Environment, found: Sequence[Finding], run: frozenset[str], used: set[int]) -> Iterator[Finding]:
    known = run | codes.names(codes.COMMANDS)
    for index, entry in enumerate(environment.accept):
        if index in used or (entry.code not in run and entry.code in known):
            continue
        path: Path = ("accept", index)
        others = dict.fromkeys(name for finding in found if finding.code == entry.code for name in names_of(environment, finding))
        if entry.code not in known:
            near = get_close_matches(entry.code, sorted(known - NEVER.keys()), 1)
            message = f"no check has the code {entry.code}"
            hint = f"did you mean {near[0]}?" if near else "docs/checks.md lists all codes"
            path = (*path, "code")
        elif others:
            message = f"accepts {entry.code} on {entry.on}, and there is no such finding"
            hint = f"{entry.code} is reported on: {', '.join([*others][:_SHOWN])}{', …' if len(others) > _SHOWN else ''}"
            path = (*path, "on")
        else:
            message, hint = f"accepts {entry.code} on {entry.on}, and there is no such finding", "remove this entry"
        yield Finding("accept-unused", "warning", message, hint, path, environment.locate(path))
