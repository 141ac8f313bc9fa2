"""`rediskit render`: load, render, check, write."""

from __future__ import annotations

import argparse

from rediskit.cli.common import has_errors, render_all
from rediskit.cli.report import changes_json, finding_json, print_changes, print_findings, print_json, unique
from rediskit.errors import Problem
from rediskit.output.disk import Changes, write


def run(arguments: argparse.Namespace) -> int:
    """Writes the trees of all configs, or of none: an error in one leaves everything on disk as it was."""
    trees, findings = render_all(arguments)
    failed = has_errors(findings)
    changes: dict[str, Changes] = {}
    if not failed:
        changes = {tree.name: write(tree, arguments.output, force=arguments.force) for tree in trees}
    if arguments.json:
        listed = [finding_json(finding) for finding in unique(findings)]
        print_json({"environments": changes_json(changes), "findings": listed, "exitCode": int(failed)})
        return int(failed)
    print_findings(findings)
    _print_warnings([warning for done in changes.values() for warning in done.warnings])
    print_changes(changes, ("created", "changed", "removed"))
    return int(failed)


def _print_warnings(warnings: list[Problem]) -> None:
    import sys

    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
