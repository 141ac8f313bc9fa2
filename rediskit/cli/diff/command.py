"""`rediskit diff`: what rendering would change, object by object, against the disk or against a Git revision."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rediskit.cli.common import Rendered, config_files
from rediskit.cli.diff.text import as_json, readable, unified
from rediskit.cli.report import finding_json, print_findings, print_json
from rediskit.output.diff import diff_all
from rediskit.output.tree_diff import TreeDiff
from rediskit.renderers import render
from rediskit.source.loader import load_all

if TYPE_CHECKING:
    from rediskit.checks.finding import Finding
    from rediskit.model.environment import Environment


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when anything differs. Writes nothing and checks nothing."""
    environments = load_all(config_files(arguments))
    trees = [Rendered(tree.name, tree.files) for tree in map(render, environments)]
    found = diff_all(trees, arguments.output, against=arguments.against)
    code = int(any(not differences.empty for differences in found))
    effects = _effects(environments, arguments.against) if arguments.against is not None else []
    for warning in (warning for differences in found for warning in differences.warnings):
        print(warning.text("warning"), file=sys.stderr)
    if arguments.json:
        listed = {"environments": [as_json(one) for one in found], "effects": [finding_json(one) for one in effects]}
        print_json({"against": arguments.against, **listed, "exitCode": code})
        return code
    if not arguments.markdown:
        print_findings(effects)
    print(_form(arguments, found, effects), end="")
    return code


def _effects(environments: list[Environment], revision: str) -> list[Finding]:
    """What the changes do to a Redis that is deployed at the revision."""
    from rediskit.checks.acceptance import unaccepted
    from rediskit.migrate.running import running_changes

    return [one for environment in environments for one in unaccepted(environment, running_changes(revision, environment), None)]


def _form(arguments: argparse.Namespace, found: list[TreeDiff], effects: list[Finding]) -> str:
    if arguments.markdown:
        from rediskit.cli.diff.markdown import markdown

        return markdown(found, effects)
    lines = [line for one in found for line in (unified(one) if arguments.text else readable(one))]
    return "".join(f"{line}\n" for line in lines)
