"""`rediskit diff`: the changes of a render, object by object, compared with the disk or with a Git revision."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from rediskit.cli.common import Rendered
from rediskit.cli.diff.text import as_json, readable, unified
from rediskit.cli.environments import each_environment
from rediskit.cli.report import Report, finding_json, finding_lines
from rediskit.output.diff import diff_all
from rediskit.output.tree_diff import TreeDiff
from rediskit.renderers import render

if TYPE_CHECKING:
    from rediskit.checks.finding import Finding
    from rediskit.model.environment import Environment


def run(arguments: argparse.Namespace) -> Report:
    """Report the differences: exit code 1 for any. Writes nothing, runs no check."""

    def result(environment: Environment) -> tuple[Rendered, list[Finding]]:
        tree = render(environment)
        return Rendered(tree.name, tree.files), _effects(environment, arguments.against) if arguments.against is not None else []

    results = each_environment(arguments, result)
    diffs = diff_all([rendered for rendered, _ in results], arguments.output, against=arguments.against)
    effects = [effect for _, of_environment in results for effect in of_environment]
    document = {
        "against": arguments.against,
        "environments": [as_json(diff) for diff in diffs],
        "effects": [finding_json(effect) for effect in effects],
    }
    messages = chain(
        (warning.text("warning") for diff in diffs for warning in diff.warnings), () if arguments.markdown else finding_lines(effects)
    )
    return Report(document, _lines(arguments, diffs, effects), messages, int(any(not diff.empty for diff in diffs)))


def _effects(environment: Environment, revision: str) -> list[Finding]:
    """Return the effects of the changes on a Redis that is deployed at the revision."""
    from rediskit.checks.acceptance import unaccepted
    from rediskit.migrate.running import running_changes

    return unaccepted(environment, running_changes(revision, environment), None)


def _lines(arguments: argparse.Namespace, diffs: list[TreeDiff], effects: list[Finding]) -> Iterable[str]:
    if arguments.markdown:
        from rediskit.cli.diff.markdown import markdown

        return markdown(diffs, effects).removesuffix("\n").split("\n")
    return (line for diff in diffs for line in (unified(diff) if arguments.text else readable(diff)))
