"""`rediskit verify`: verify a running shared Redis."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rediskit.cli.common import config_files
from rediskit.cli.report import Report, note
from rediskit.errors import ConfigError, Problem
from rediskit.source.loader import load_all

if TYPE_CHECKING:
    from rediskit.live.checks import Result
    from rediskit.live.engine import Options


def run(arguments: argparse.Namespace) -> Report:
    """Report the result of each check: exit code 1 for a failed one, 3 for an unknown one."""
    from rediskit.live.checks import exit_code
    from rediskit.live.engine import verify

    options = _options(arguments)
    environments = load_all(config_files(arguments))
    progress = note if sys.stderr.isatty() else _silent
    results = {environment.name: list(verify(environment, options, progress)) for environment in environments}
    code = exit_code(found for listed in results.values() for found in listed)
    document = {"environments": [{"name": name, "results": [found._asdict() for found in listed]} for name, listed in results.items()]}
    return Report(document, markdown(results) if arguments.markdown else text(results), code=code)


def _silent(line: str) -> None:
    """Print no progress: standard error is no terminal."""


def _options(arguments: argparse.Namespace) -> Options:
    from rediskit.live.engine import Options, Vantage
    from rediskit.renderers.verification.checks import PHASES

    vantage: Vantage = "outside" if arguments.expect_refused else arguments.vantage
    if arguments.disruptive and not arguments.yes:
        raise ConfigError(Problem("--disruptive restarts all instances of Redis", "add --yes to confirm it"))
    if arguments.disruptive and vantage != "cluster":
        raise ConfigError(Problem("--disruptive needs --from cluster", "leave --from out"))
    phases = tuple(phase for phase in PHASES if phase in (arguments.phase or PHASES))
    return Options(phases, vantage, arguments.client or "", arguments.disruptive, arguments.yes, arguments.prometheus, arguments.context)


def text(results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """Yield a line per check, and the counts."""
    for name, listed in results.items():
        for found in listed:
            measured = f" {_measured(found)}" if found.measured else ""
            sc = f" ({found.sc})" if found.sc else ""
            yield f"{found.status:<7} {found.id}{sc} {found.target} from {found.vantage}:{measured or ' no value'}"
            if found.detail and found.status != "passed":
                yield f"        {found.detail}"
        yield f"{name}: {_counts(listed)}"


def markdown(results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """Yield a table per environment, for a pull request or a ticket."""
    for name, listed in results.items():
        yield from (f"## Verification of {name}", "", _counts(listed), "")
        yield "| status | check | criterion | target | from | measured | limit | detail |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for found in listed:
            limit = f"{found.limit} {found.unit}".strip() if found.limit else ""
            cells = (found.status, f"`{found.id}`", found.sc, found.target, found.vantage, _measured(found), limit, found.detail)
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""


def _measured(found: Result) -> str:
    return f"{found.measured} {found.unit}".strip() if found.measured else ""


def _counts(listed: Iterable[Result]) -> str:
    counts = Counter(found.status for found in listed)
    return ", ".join(f"{counts[status]} {status}" for status in ("passed", "failed", "unknown", "skipped") if counts[status])
