"""Apply `accept` of the config to findings."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from rediskit.checks import codes
from rediskit.checks.finding import Finding
from rediskit.errors import Path, dotted, nearest
from rediskit.model.accept import NEVER, Accept
from rediskit.model.environment import Environment

_LISTED = 3
"""The largest number of other findings that the hint of `accept-unused` lists."""


def unaccepted(
    environment: Environment, findings: Iterable[Finding], codes_of_run: frozenset[str] | None, today: date | None = None
) -> list[Finding]:
    """Return the findings that the config does not accept, in their order, then `accept-unused` for entries without a finding.

    An entry for a code that is not in `codes_of_run` is not reported as unused; with None, no entry is. `today` is the current day in UTC
    by default.
    """
    reported = list(findings)
    if not environment.accept:
        return reported
    day = today or datetime.now(UTC).date()
    remaining: list[Finding] = []
    used: set[int] = set()
    for finding in reported:
        index = _entry(environment, finding)
        if index is None:
            remaining.append(finding)
            continue
        used.add(index)
        if environment.accept[index].expired(day):
            remaining.append(_overdue(finding, environment.accept[index]))
    return remaining if codes_of_run is None else [*remaining, *_unused(environment, reported, codes_of_run, used)]


def names_of(environment: Environment, finding: Finding) -> tuple[str, ...]:
    """Return the values of `accept.on` for a finding: its own, else its config path and the client whose section contains it."""
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
    hint = f"it was accepted until {entry.until}: fix it, or set a later day in accept"
    return finding._replace(hint=f"{finding.hint}; {hint}" if finding.hint else hint)


def _unused(environment: Environment, reported: Sequence[Finding], codes_of_run: frozenset[str], used: set[int]) -> Iterator[Finding]:
    existing = codes_of_run | codes.names()
    for index, entry in enumerate(environment.accept):
        if index in used or (entry.code not in codes_of_run and entry.code in existing):
            continue
        path: Path = ("accept", index)
        others = dict.fromkeys(name for finding in reported if finding.code == entry.code for name in names_of(environment, finding))
        message = f"accepts {entry.code} on {entry.on}, but there is no such finding"
        hint = "remove this entry"
        if entry.code not in existing:
            near = nearest(entry.code, sorted(existing - NEVER.keys()), 1)
            message = f"no check has the code {entry.code}"
            hint = f"did you mean {near[0]}?" if near else "docs/checks.md lists all codes"
            path = (*path, "code")
        elif others:
            hint = f"{entry.code} is reported on: {', '.join([*others][:_LISTED])}{', …' if len(others) > _LISTED else ''}"
            path = (*path, "on")
        yield Finding("accept-unused", "warning", message, hint, path, environment.locate(path))
