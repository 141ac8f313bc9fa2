"""`rediskit check`: everything `render` would find, and whether the disk still holds what would be rendered."""

from __future__ import annotations

import argparse

from rediskit.cli.common import has_errors, render_all
from rediskit.cli.report import changes_json, finding_json, print_changes, print_findings, print_json, print_state, print_warnings, unique
from rediskit.output.disk import compare


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when a check failed or the tree on disk is not what the config renders to. Writes nothing."""
    trees, findings = render_all(arguments)
    changes = {tree.name: compare(tree, arguments.output) for tree in trees}
    drifted = any(done.drifted for done in changes.values())
    code = int(drifted or has_errors(findings))
    if arguments.json:
        listed = [finding_json(finding) for finding in unique(findings)]
        print_json({"environments": changes_json(changes), "findings": listed, "drifted": drifted, "exitCode": code})
        return code
    print_findings(findings)
    print_warnings(changes)
    print_changes(changes, ("missing", "different", "left over"))
    print_state(changes)
    return code
