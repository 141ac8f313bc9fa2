"""`rediskit verify`: verify a running shared Redis."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rediskit.cli.configs import config_files
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
    code = exit_code(result for listed in results.values() for result in listed)
    document = {"environments": [{"name": name, "results": [result._asdict() for result in listed]} for name, listed in results.items()]}
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
        for result in listed:
            measured = f" {_measured(result)}" if result.measured else ""
            sc = f" ({result.sc})" if result.sc else ""
            yield f"{result.status:<7} {result.id}{sc} {result.target} from {result.vantage}:{measured or ' no value'}"
            if result.detail and result.status != "passed":
                yield f"        {result.detail}"
        yield f"{name}: {_counts(listed)}"


def markdown(results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """Yield a table per environment, for a pull request or a ticket."""
    for name, listed in results.items():
        yield from (f"## Verification of {name}", "", _counts(listed), "")
        yield "| status | check | criterion | target | from | measured | limit | detail |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for result in listed:
            limit = f"{result.limit} {result.unit}".strip() if result.limit else ""
            cells = (result.status, f"`{result.id}`", result.sc, result.target, result.vantage, _measured(result), limit, result.detail)
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""


def _measured(result: Result) -> str:
    return f"{result.measured} {result.unit}".strip() if result.measured else ""


def _counts(listed: Iterable[Result]) -> str:
    counts = Counter(result.status for result in listed)
    return ", ".join(f"{counts[status]} {status}" for status in ("passed", "failed", "unknown", "skipped") if counts[status])
