"""`rediskit diff`: what rendering would change, object by object, against the disk or against a Git revision."""

from __future__ import annotations

import argparse
import sys

from rediskit.cli.common import Rendered, config_files
from rediskit.cli.difftext import as_json, readable, unified
from rediskit.cli.report import print_json
from rediskit.output.diff import diff_all
from rediskit.output.differences import Differences
from rediskit.renderers import render
from rediskit.source.loader import load_all


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when anything differs. Writes nothing and checks nothing."""
    trees = [Rendered(tree.name, tree.files) for tree in map(render, load_all(config_files(arguments)))]
    found = diff_all(trees, arguments.output, against=arguments.against)
    code = int(any(not differences.empty for differences in found))
    for warning in (warning for differences in found for warning in differences.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    if arguments.json:
        print_json({"against": arguments.against, "environments": [as_json(one) for one in found], "exitCode": code})
    else:
        print(_form(arguments, found), end="")
    return code


def _form(arguments: argparse.Namespace, found: list[Differences]) -> str:
    if arguments.markdown:
        from rediskit.cli.diffmarkdown import markdown

        return markdown(found)
    lines = [line for one in found for line in (unified(one) if arguments.text else readable(one))]
    return "".join(f"{line}\n" for line in lines)
