"""`rediskit diff`: the changes of a render, object by object, compared with the disk or with a Git revision."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from rediskit.cli.common import Rendered, config_files
from rediskit.cli.diff.text import as_json, readable, unified
from rediskit.cli.report import Report, finding_json, finding_lines
from rediskit.output.diff import diff_all
from rediskit.output.tree_diff import TreeDiff
from rediskit.renderers import render
from rediskit.source.loader import load_all

if TYPE_CHECKING:
    from rediskit.checks.finding import Finding
    from rediskit.model.environment import Environment


def run(arguments: argparse.Namespace) -> Report:
    """Report the differences: exit code 1 for any. Writes nothing, runs no check."""
    environments = load_all(config_files(arguments))
    trees = [Rendered(tree.name, tree.files) for tree in map(render, environments)]
    diffs = diff_all(trees, arguments.output, against=arguments.against)
    effects = _effects(environments, arguments.against) if arguments.against is not None else []
    document = {
        "against": arguments.against,
        "environments": [as_json(diff) for diff in diffs],
        "effects": [finding_json(effect) for effect in effects],
    }
    messages = chain(
        (warning.text("warning") for diff in diffs for warning in diff.warnings), () if arguments.markdown else finding_lines(effects)
    )
    return Report(document, _lines(arguments, diffs, effects), messages, int(any(not diff.empty for diff in diffs)))


def _effects(environments: list[Environment], revision: str) -> list[Finding]:
    """Return the effects of the changes on a Redis that is deployed at the revision."""
    from rediskit.checks.acceptance import unaccepted
    from rediskit.migrate.running import running_changes

    return [effect for environment in environments for effect in unaccepted(environment, running_changes(revision, environment), None)]


def _lines(arguments: argparse.Namespace, diffs: list[TreeDiff], effects: list[Finding]) -> Iterable[str]:
    if arguments.markdown:
        from rediskit.cli.diff.markdown import markdown

        return markdown(diffs, effects).removesuffix("\n").split("\n")
    return (line for diff in diffs for line in (unified(diff) if arguments.text else readable(diff)))
