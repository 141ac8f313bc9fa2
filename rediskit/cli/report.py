"""What commands report, and how each output format prints it. Nothing else in rediskit prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rediskit.errors import Problem, RediskitError, dotted, visible

if TYPE_CHECKING:
    from rediskit.checks import Finding
    from rediskit.output.writer import Changes

JSON_VERSION = 1
"""The version of the JSON documents. A new key does not change it; a key that is removed or has another meaning does."""
_MAX_LISTED = 60
"""A run lists at most this many changed files; above it, only counts."""
_NAMED_FILES = 3
"""The number of other configs that a warning names."""


class Report(NamedTuple):
    """What a command reports, whatever the output format.

    Attributes:
        document: The JSON document without its exit code; None where `lines` are JSON already.
        lines: The lines of standard output, as text or Markdown.
        messages: Findings, warnings and notes for standard error. JSON has them in the document.
    """

    document: Mapping[str, Any] | None
    lines: Iterable[str]
    messages: Iterable[str] = ()
    code: int = 0


def show(report: Report, *, as_json: bool, quiet: bool = False) -> int:
    """Print a report as JSON or as text, and return its exit code. quiet: without the lines of standard output."""
    if as_json and report.document is not None:
        _print_json({"version": JSON_VERSION, **report.document, "exitCode": report.code})
        return report.code
    for message in report.messages:
        print(message, file=sys.stderr)
    for line in () if quiet and report.document is not None else report.lines:
        print(visible(line))
    return report.code


def note(text: str) -> None:
    """Print a note to standard error, in every output format."""
    print(f"note: {text}", file=sys.stderr)


def _print_json(document: Any) -> None:
    """Print one JSON document, in ASCII where the output lacks a character: a file name need not be Unicode."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    print(text)


def error_report(error: RediskitError) -> Report:
    """Return the report of a command that ended with an error."""
    document = {"problems": [problem_json(problem) for problem in error.problems]}
    return Report(document, (), (_masked(str(problem)) for problem in error.problems), error.exit_code)


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield each finding in the form of an error; a warning that several configs have once, with the names of the others."""
    grouped: dict[tuple[object, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        key = (finding.code, finding.message, *([number] if finding.severity == "error" else ()))
        grouped.setdefault(key, []).append(finding)
    for finding, *others in grouped.values():
        problem = Problem(finding.message, finding.hint, finding.path, finding.location, finding.code)
        yield _masked(problem.text(finding.severity))
        files = dict.fromkeys(other.location.file for other in others if other.location is not None)
        if names := [file for file in files if finding.location is None or file != finding.location.file]:
            more = f" and {len(names) - _NAMED_FILES} others" if len(names) > _NAMED_FILES else ""
            yield f"  also in {', '.join(names[:_NAMED_FILES])}{more}"


def warning_lines(changes: Mapping[str, Changes]) -> Iterator[str]:
    """Yield the warnings of a write, without repetitions: foreign files, and files in the way."""
    for warning in dict.fromkeys(warning for done in changes.values() for warning in done.warnings):
        yield warning.text("warning")


def change_lines(changes: Mapping[str, Changes], words: tuple[str, str, str]) -> Iterator[str]:
    """Yield the counts of each environment, and its files while they are few; files that were edited by hand are always listed.

    `words` name created, changed and removed files.
    """
    created, changed, removed = words
    few = sum(len(done.created) + len(done.changed) + len(done.removed) for done in changes.values()) <= _MAX_LISTED
    for name, done in changes.items():
        yield (
            f"{name}: {len(done.created)} {created}, {len(done.changed)} {changed}, {len(done.removed)} {removed}, "
            f"{len(done.unchanged)} unchanged"
        )
        edited = frozenset(done.edited)
        for mark, paths in (("+", done.created), ("~", done.changed), ("-", done.removed)):
            for path in (path for path in paths if few or path in edited):
                yield f"  {mark} {path}{' (edited by hand)' if path in edited else ''}"


def listed(title: str, items: Sequence[str]) -> Iterator[str]:
    """Yield a title and an indented line per item; nothing without items."""
    if items:
        yield from (title, *(f"  {item}" for item in items))


def state_lines(changes: Mapping[str, Changes], *, renders: bool) -> Iterator[str]:
    """Yield what the list of files does not show: an interrupted write, a stale index, edits that `render` refuses, the next command.

    renders: no finding makes `render` fail.
    """
    for name, done in changes.items():
        if done.interrupted:
            yield f"{name}: an earlier render was interrupted, or a merge is not finished: render again to fix it"
        elif done.stale_index and not (done.created or done.changed or done.removed):
            yield f"{name}: the index is missing or does not match the files: render again to fix it"
        if done.edited:
            yield f"{name}: move the edits into the config; render overwrites edited files only with --force"
        elif renders and (done.created or done.changed or done.removed):
            yield f"{name}: rediskit render makes these changes"


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON: code, severity, the fields of a problem, and its names for `accept`."""
    return {"code": finding.code, "severity": finding.severity, **_problem(finding), "on": list(finding.on)}


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON; `code` is absent where it has none."""
    return {**({"code": problem.code} if problem.code else {}), **_problem(problem)}


def changes_json(changes: Mapping[str, Changes]) -> list[dict[str, Any]]:
    """Return changes as JSON, per environment."""
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


def _masked(text: str) -> str:
    """Return a message with `***` for each password that a key or a name in it may be."""
    from rediskit.secrecy import without_passwords

    return without_passwords(text)


def _problem(problem: Problem | Finding) -> dict[str, Any]:
    place = problem.location
    return {
        "message": _masked(problem.message),
        "hint": _masked(problem.hint),
        "path": _masked(dotted(problem.path)),
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
