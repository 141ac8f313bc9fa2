"""How findings, problems and changes are printed. Nothing else in rediskit prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rediskit.errors import Problem, RediskitError, dotted, visible

if TYPE_CHECKING:
    from rediskit.checks import Finding
    from rediskit.output.writer import Changes

_LISTED = 60
"""Changed files are named one by one up to this many in a run; beyond, only counted."""


def report_error(error: RediskitError, *, as_json: bool) -> int:
    """Prints all problems of an error; returns its exit code."""
    if as_json:
        print_json({"problems": [problem_json(problem) for problem in error.problems], "exitCode": error.exit_code})
    for problem in () if as_json else error.problems:
        print(_shown(str(problem)), file=sys.stderr)
    return error.exit_code


def print_findings(findings: Iterable[Finding]) -> None:
    """Each finding in the form of an error, with its code; the same words only once a run."""
    for finding in unique(findings):
        problem = Problem(finding.message, finding.hint, finding.path, finding.location, finding.code)
        print(_shown(problem.text(finding.severity)), file=sys.stderr)


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


def print_warnings(changes: Mapping[str, Changes]) -> None:
    """What a write left alone, or would: foreign files, and what stands in the way. The same words only once a run."""
    for warning in dict.fromkeys(warning for done in changes.values() for warning in done.warnings):
        print(warning.text("warning"), file=sys.stderr)


def print_changes(changes: Mapping[str, Changes], words: tuple[str, str, str]) -> None:
    """What was done, or would be: per environment the counts, and the files one by one while they are few.

    Files that were edited by hand are named however many there are.
    """
    created, changed, removed = words
    few = sum(len(done.created) + len(done.changed) + len(done.removed) for done in changes.values()) <= _LISTED
    for name, done in changes.items():
        counts = (
            f"{len(done.created)} {created}, {len(done.changed)} {changed}, {len(done.removed)} {removed}, {len(done.unchanged)} unchanged"
        )
        print(f"{name}: {counts}")
        edited = frozenset(done.edited)
        for mark, paths in (("+", done.created), ("~", done.changed), ("-", done.removed)):
            for path in (path for path in paths if few or path in edited):
                print(f"  {mark} {visible(path)}{' (edited by hand)' if path in edited else ''}")


def print_state(changes: Mapping[str, Changes]) -> None:
    """What the files alone do not show: a write that did not come to its end, an index of something else, edits that `render` refuses."""
    for name, done in changes.items():
        if done.interrupted:
            print(f"{name}: an earlier render was cut off, or a merge of two branches is not finished: render again to mend it")
        elif done.stale_index and not (done.created or done.changed or done.removed):
            print(f"{name}: its index is missing or not that of these files: render again to mend it")
        if done.edited:
            print(f"{name}: take what was edited by hand into the config; render refuses to overwrite it without --force")


def print_json(document: Any) -> None:
    """One JSON document on standard output, in ASCII where the output can't take more (a file name need not be Unicode)."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    print(text)


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON: code and severity, the fields of a problem, and the names that `accept` has for it beside its path."""
    return {"code": finding.code, "severity": finding.severity, **_problem(finding), "on": list(finding.on)}


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as JSON: its code, where it has one, and its fields."""
    return {**({"code": problem.code} if problem.code else {}), **_problem(problem)}


def changes_json(changes: Mapping[str, Changes]) -> list[dict[str, Any]]:
    """Changes as JSON, by environment."""
    kinds = ("created", "changed", "removed", "unchanged", "edited", "foreign")
    return [
        {
            "name": name,
            **{kind: list(getattr(done, kind)) for kind in kinds},
            "interrupted": done.interrupted,
            "staleIndex": done.stale_index,
            "warnings": [_problem(warning) for warning in done.warnings],
        }
        for name, done in changes.items()
    ]


def _shown(text: str) -> str:
    """Return a message without the passwords that a key or a name in it may be."""
    from rediskit.secrecy import without_passwords

    return without_passwords(text)


def _problem(problem: Problem | Finding) -> dict[str, Any]:
    place = problem.location
    return {
        "message": _shown(problem.message),
        "hint": _shown(problem.hint),
        "path": _shown(dotted(problem.path)),
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
