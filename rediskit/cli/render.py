"""`rediskit render`: load, render, check, write."""

from __future__ import annotations

import argparse

from rediskit.cli.common import has_errors, render_all, reported
from rediskit.cli.report import changes_json, finding_json, print_changes, print_findings, print_json, print_warnings, unique
from rediskit.output.writer import Changes, write_all


def run(arguments: argparse.Namespace) -> int:
    """Writes the trees of all configs, or of none: an error in one, or a file edited by hand, leaves everything on disk as it was."""
    trees, checked = render_all(arguments, clean=True)
    findings = reported(checked)
    failed = has_errors(findings)
    changes: dict[str, Changes] = {}
    if not failed:
        changes = write_all(trees, arguments.output, force=arguments.force)
    if arguments.json:
        listed = [finding_json(finding) for finding in unique(findings)]
        print_json({"environments": changes_json(changes), "findings": listed, "exitCode": int(failed)})
        return int(failed)
    print_findings(findings)
    print_warnings(changes)
    print_changes(changes, ("created", "changed", "removed"))
    return int(failed)
