"""`rediskit check`: everything `render` would find, and whether the disk still holds what would be rendered."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from rediskit.checks.unanswered import open_questions
from rediskit.cli.common import Rendered, has_errors, render_all
from rediskit.cli.report import changes_json, finding_json, print_changes, print_findings, print_json, print_state, print_warnings, unique
from rediskit.output.disk import compare

if TYPE_CHECKING:
    from rediskit.checks import Finding
    from rediskit.checks.kubeconform import Counts, Emitted
    from rediskit.model.environment import Environment
    from rediskit.renderers.tree import Tree

    Visit = Callable[[Environment, Tree], None]


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when a check failed or the tree on disk is not what the config renders to. Writes nothing."""
    steps: list[Finding] = []
    visits: list[Visit] = [lambda environment, _: steps.extend(open_questions(environment))]
    visits += [_follows(arguments.base, steps)] if arguments.base is not None else []
    visits += [_at_owners(arguments.owner, steps)] if arguments.owner is not None else []
    visit = _all(visits)
    trees, findings, counts = _judged_twice(arguments, visit) if arguments.kubeconform else (*render_all(arguments, visit), None)
    findings += steps
    changes = {tree.name: compare(tree, arguments.output) for tree in trees}
    drifted = any(done.drifted for done in changes.values())
    code = int(drifted or has_errors(findings))
    if arguments.json:
        listed = [finding_json(finding) for finding in unique(findings)]
        second = {"kubeconform": counts._asdict()} if counts is not None else {}
        print_json({"environments": changes_json(changes), "findings": listed, **second, "drifted": drifted, "exitCode": code})
        return code
    print_findings(findings)
    print_warnings(changes)
    print_changes(changes, ("missing", "different", "left over"))
    print_state(changes)
    if counts is not None:
        print(_said(counts))
    return code


def _follows(revision: str, found: list[Finding]) -> Visit:
    """Puts into `found` what of each config's migrations does not follow by one step from those that a revision holds."""
    from rediskit.checks import Finding
    from rediskit.migrate.committed import jumps, migrations_at

    def visit(environment: Environment, tree: Tree) -> None:
        old = migrations_at(revision, environment)
        problems = jumps(environment, old) if old is not None else ()
        found.extend(Finding(one.code, "error", one.message, one.hint, one.path, one.location) for one in problems)

    return visit


def _at_owners(folder: str, found: list[Finding]) -> Visit:
    """Puts into `found` what is to be said of a checkout of an owner."""
    from rediskit.checks import Finding
    from rediskit.migrate.ownercheck import owner_remarks

    def visit(environment: Environment, tree: Tree) -> None:
        remarks = owner_remarks(environment, tree, folder)
        found.extend(Finding(one.code, one.severity, one.message, one.hint, (), one.location) for one in remarks)

    return visit


def _all(visits: list[Visit]) -> Visit:
    def visit(environment: Environment, tree: Tree) -> None:
        for one in visits:
            one(environment, tree)

    return visit


def _judged_twice(arguments: argparse.Namespace, visit: Visit | None) -> tuple[list[Rendered], list[Finding], Counts]:
    """All trees with what our own checks find and, in one go at the end, kubeconform. Raises MissingToolError without kubeconform."""
    from rediskit.checks.kubeconform import emitted, judge

    objects: list[Emitted] = []

    def both(environment: Environment, tree: Tree) -> None:
        objects.extend(emitted(environment, tree))
        if visit is not None:
            visit(environment, tree)

    trees, findings = render_all(arguments, both)
    verdict = judge(objects)
    return trees, [*findings, *verdict.findings], verdict.counts


def _said(counts: Counts) -> str:
    all_valid = counts.valid == counts.emitted
    return f"kubeconform: {counts.valid if all_valid else f'{counts.valid} of {counts.emitted}'} objects valid, {counts.skipped} skipped"
