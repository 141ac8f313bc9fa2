"""The tables of docs/live.md, from what the scenarios recorded: `python -m tests.live.report`."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from rediskit.cli.verify import markdown
from rediskit.live.checks import Result
from rediskit.renderers.verification.checks import CHECKS
from tests.live.prometheus import folder_of_recordings

PAGE = Path(__file__).parents[2] / "docs/live.md"
ALERT = "alert-"
"""What the names of recordings about alerts begin with."""

Recording = dict[str, Any]


def recordings() -> list[Recording]:
    """All recordings, by name, without their series."""
    recorded = []
    for file in sorted(folder_of_recordings().glob("*.json")):
        content: Recording = json.loads(file.read_text())
        content.pop("series")
        recorded.append(content)
    return recorded


def outcomes(container: list[Recording]) -> str:
    """Acknowledged and lost writes, and seconds of refused writes, of each scenario with a client."""
    lines = [
        "| scenario | chart | Redis | acknowledged | lost | seconds without a write | answers meanwhile | more |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for item in container:
        if outcome := item["outcome"]:
            errors = ", ".join(f"{name} {count}" for name, count in sorted(outcome["errors"].items()))
            figures = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in item["figures"].items())
            cells = (
                item["scenario"],
                item["profile"],
                item["redis"],
                f"{outcome['acknowledged']:,}",
                f"{outcome['lost']:,}",
                outcome["seconds"],
                errors,
                figures,
            )
            lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def memory(records: list[Recording]) -> str:
    """Return the peak of each scenario about memory, against the limit."""
    lines = ["| scenario | chart | Redis | limit, MiB | peak, MiB |", "| --- | --- | --- | --- | --- |"]
    for item in records:
        if "limit_MiB" in item["figures"]:
            figures = item["figures"]
            peak = next(value for name, value in figures.items() if name.startswith("peak"))
            lines.append(f"| {item['scenario']} | {item['profile']} | {item['redis']} | {figures['limit_MiB']} | {peak} |")
    return "\n".join(lines)


def alerts(records: list[Recording]) -> str:
    """Return the alerts that fired in Prometheus, the scenario that made them fire, and after how many seconds."""
    lines = ["| alert | scenario | chart | Redis | interval of scrapes | fired after |", "| --- | --- | --- | --- | --- | --- |"]
    rows = [
        (alert, item["scenario"].removeprefix(ALERT), item["profile"], item["redis"], f"{item['interval']} s", f"{seconds} s")
        for item in records
        for alert, seconds in item["figures"].get("seconds", {}).items()
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in sorted(rows))])


def filled(page: str, name: str, table: str) -> str:
    """Return the page with another table between its two comments of this name."""
    pattern = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    assert pattern.search(page), f"docs/live.md has no place for {name}"
    return pattern.sub(lambda place: f"{place[1]}{table}\n{place[2]}", page)


EXAMPLE = PAGE.with_name("verification-example.md")
RESULTS = "verify.results"
"""The recording of a healthy run of `rediskit verify`."""
_TESTS = PAGE.parent.parent / "tests/live/test_verify.py"


def failing_tests() -> dict[str, list[str]]:
    """Return the tests that observe a failure, by check: those that assert its name together with the status `failed`."""
    functions = [node for node in ast.parse(_TESTS.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    tests = [function for function in functions if re.match("test_.*(fail|find_each)", function.name)]
    asserted = {test.name: [_constants(node) for node in ast.walk(test) if isinstance(node, ast.Assert)] for test in tests}
    return {name: [test for test, listed in asserted.items() if any({name, "failed"} <= words for words in listed)] for name in CHECKS}


def _constants(statement: ast.Assert) -> set[object]:
    return {node.value for node in ast.walk(statement) if isinstance(node, ast.Constant)}


def verification(example: str) -> str:
    """Return docs/verification-example.md. example: the table of a run."""
    seen = failing_tests()
    criteria = sorted({check.sc for check in CHECKS.values() if check.sc})
    rows = [
        f"| {sc} | `{name}` | {check.title} | {', '.join(f'`{test}`' for test in seen[name])} |"
        for sc in criteria
        for name, check in CHECKS.items()
        if check.sc == sc
    ]
    return "\n".join((_EXAMPLE_HEAD, *rows, "", _EXAMPLE_RUN, "", example.strip(), ""))


_EXAMPLE_HEAD = """# Verification: success criteria and example

`make report-live` writes this page from a run of `make test-live`. The tests in `tests/live/test_verify.py` make each check fail on real
servers.

## Success criteria

| criterion | check | requirement | fails in |
| --- | --- | --- | --- |"""
_EXAMPLE_RUN = """## Example

`rediskit verify --markdown` in the test environment, from the cluster, from the private network and from outside of it. Addresses and
ports are those of the test environment. Its Services are programs that forward connections, so its load test has other limits than the
default."""


def main() -> None:
    recorded = folder_of_recordings() / RESULTS
    if recorded.exists():
        results = [Result(**recording) for recording in json.loads(recorded.read_text())]
        EXAMPLE.write_text(verification("\n".join(markdown({"lab": results}))))
    runs = recordings()
    page = PAGE.read_text()
    for name, table in (("outcomes", outcomes(runs)), ("memory", memory(runs)), ("alerts", alerts(runs))):
        if table.count("\n") > 1:
            page = filled(page, name, table)
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
