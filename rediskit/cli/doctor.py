"""`rediskit doctor`: diagnose programs, configs, output directories and Git, and list the next commands."""

import argparse
import platform
from collections.abc import Iterable, Iterator
from typing import Any

from rediskit import __version__
from rediskit.cli.configs import configs_here, elsewhere
from rediskit.cli.report import Report, problem_json
from rediskit.doctor.diagnosis import Diagnosis, StatusLine, diagnose, diagnose_temporary_files
from rediskit.doctor.programs import Library, Program, libraries, programs

_MARKS = {"ok": " ", "note": "-", "problem": "!"}
_STATES = {"found": " ", "absent": "-", "broken": "!"}
_ORDER = (2, 3, 1)
"""The priority of exit codes: an invalid config comes first, because it hides other problems."""


def run(arguments: argparse.Namespace) -> Report:
    """Report the state: exit code 1 for an output directory or Git, 2 for a config, 3 for a program."""
    files = arguments.configs or configs_here()
    tools, packages, reports = programs(), libraries(), diagnose(files, arguments.output)
    due = {line.code for report in reports for line in report.lines} | {3 for _ in _broken(tools, packages)}
    code = next((code for code in _ORDER if code in due), 0)
    begin = [] if reports else [elsewhere() or "rediskit init"]
    reports += diagnose_temporary_files()
    following = _next(tools, packages, begin, reports)
    document = _document(tools, packages, reports, following)
    return Report(document, _lines(tools, packages, begin, reports, following), code=code)


def _broken(tools: list[Program], packages: list[Library]) -> list[str]:
    """Return instructions for programs that do not run and for missing libraries."""
    fixes = [f"fix {tool.name} or remove it from PATH: {tool.message}" for tool in tools if tool.state == "broken"]
    return fixes + [f"pip install {package.name}" for package in packages if not package.version]


def _next(tools: list[Program], packages: list[Library], begin: list[str], reports: list[Diagnosis]) -> list[str]:
    listed = [*_broken(tools, packages), *begin, *(step for report in reports for line in report.lines for step in line.next)]
    return list(dict.fromkeys(listed))


def _lines(
    tools: list[Program], packages: list[Library], begin: list[str], reports: list[Diagnosis], following: list[str]
) -> Iterator[str]:
    yield "programs"
    rows = [(tool.name, tool.version or "-", _where(tool), tool.purpose) for tool in tools]
    yield from _table(zip((_STATES[tool.state] for tool in tools), rows, strict=True))
    yield "python"
    versions = [("python", platform.python_version()), ("rediskit", __version__), *packages]
    yield from _table((" " if version else "!", (name, version or "missing")) for name, version in versions)
    if begin:
        yield "no config/*.yaml in this folder"
    for report in reports:
        yield report.file
        yield from _table((_MARKS[line.state], (line.subject, line.message)) for line in report.lines)
        for problem in report.problems:
            yield from (f"    {line}" for line in str(problem).splitlines())
    yield "next:" if following else "next: nothing to do"
    for step in following:
        yield f"  {step}"


def _where(tool: Program) -> str:
    return tool.path if tool.state == "found" else "not found" if tool.state == "absent" else tool.message


def _table(rows: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """Yield a line per row: a mark, then the cells, padded to the width of their column."""
    listed = list(rows)
    widths = [max(len(cells[column]) for _, cells in listed) for column in range(len(listed[0][1]) - 1)] if listed else []
    for mark, cells in listed:
        padded = (cell.ljust(max(width, 12)) for cell, width in zip(cells, widths, strict=False))
        yield f"{mark} {'  '.join([*padded, cells[-1]])}".rstrip()


def _document(tools: list[Program], packages: list[Library], reports: list[Diagnosis], following: list[str]) -> dict[str, Any]:
    return {
        "programs": [tool._asdict() for tool in tools],
        "python": platform.python_version(),
        "rediskit": __version__,
        "libraries": {package.name: package.version or None for package in packages},
        "configs": [
            {
                "file": report.file,
                "lines": [_line(line) for line in report.lines],
                "problems": [problem_json(problem) for problem in report.problems],
            }
            for report in reports
        ],
        "next": following,
    }


def _line(line: StatusLine) -> dict[str, Any]:
    return {"subject": line.subject, "state": line.state, "message": line.message, "next": list(line.next)}
