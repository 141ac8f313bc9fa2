"""How findings, problems and changes are printed. Nothing else in rediskit prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rediskit.errors import Problem, RediskitError, dotted

if TYPE_CHECKING:
    from rediskit.checks import Finding
    from rediskit.output.disk import Changes

_LISTED = 60
"""Changed files are named one by one up to this many in a run; beyond, only counted."""


def report_error(error: RediskitError, *, as_json: bool) -> int:
    """Prints all problems of an error; returns its exit code."""
    if as_json:
        print_json({"problems": [_problem(problem) for problem in error.problems], "exitCode": error.exit_code})
    for problem in () if as_json else error.problems:
        print(problem, file=sys.stderr)
    return error.exit_code


def print_findings(findings: Iterable[Finding]) -> None:
    """Each finding in the form of an error, with its code; the same words only once a run."""
    for finding in unique(findings):
        severity = "" if finding.severity == "error" else f"{finding.severity}: "
        place = f"{finding.location}: " if finding.location else ""
        print(f"{place}{severity}{Problem(f'{finding.message} [{finding.code}]', finding.hint, finding.path)}", file=sys.stderr)


def unique(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that say the same of another environment, unless they are errors."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for finding in findings:
        key = (finding.code, finding.message)
        if finding.severity == "error" or key not in seen:
            kept.append(finding)
        seen.add(key)
    return kept


def print_changes(changes: Mapping[str, Changes], words: tuple[str, str, str]) -> None:
    """What was done, or would be: per environment the counts, and the files one by one while they are few."""
    created, changed, removed = words
    few = sum(len(done.created) + len(done.changed) + len(done.removed) for done in changes.values()) <= _LISTED
    for name, done in changes.items():
        counts = (
            f"{len(done.created)} {created}, {len(done.changed)} {changed}, {len(done.removed)} {removed}, {len(done.unchanged)} unchanged"
        )
        print(f"{name}: {counts}")
        for mark, paths in (("+", done.created), ("~", done.changed), ("-", done.removed)) if few else ():
            for path in paths:
                print(f"  {mark} {path}")


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON: code and severity, and the fields of a problem."""
    return {"code": finding.code, "severity": finding.severity, **_problem(finding)}


def changes_json(changes: Mapping[str, Changes]) -> list[dict[str, Any]]:
    """Changes as JSON, by environment."""
    return [
        {"name": name, **{kind: list(getattr(done, kind)) for kind in ("created", "changed", "removed", "unchanged")}}
        for name, done in changes.items()
    ]


def _problem(problem: Problem | Finding) -> dict[str, Any]:
    place = problem.location
    return {
        "message": problem.message,
        "hint": problem.hint,
        "path": dotted(problem.path),
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
