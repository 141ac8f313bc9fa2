"""`rediskit check`: everything `render` would find, and whether the disk still holds what would be rendered."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rediskit.checks.codes import BASE, CHECK, KUBECONFORM, OWNER, names
from rediskit.checks.open_questions import open_questions
from rediskit.cli.clock import now
from rediskit.cli.common import Checked, Rendered, Visit, has_errors, render_all, reported
from rediskit.cli.report import changes_json, finding_json, print_changes, print_findings, print_json, print_state, print_warnings, unique
from rediskit.migrate.times import in_future
from rediskit.output.writer import compare

if TYPE_CHECKING:
    from rediskit.checks import Finding
    from rediskit.checks.kubeconform import Counts, Document
    from rediskit.model.environment import Environment
    from rediskit.renderers.tree import Tree


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when a check failed or the tree on disk is not what the config renders to.

    Writes nothing but the evidence of a scan, with --owner at `validate`.
    """
    visits = [Visit(names(CHECK), lambda environment, _: open_questions(environment))]
    visits += [Visit(names(CHECK), lambda environment, _: in_future(environment, now()))]
    visits += [_follows(arguments.base)] if arguments.base is not None else []
    visits += [_at_owners(arguments.owner, arguments.at, offline=arguments.offline)] if arguments.owner is not None else []
    trees, checked, counts = _judged_twice(arguments, visits) if arguments.kubeconform else (*render_all(arguments, visits), None)
    findings = reported(checked)
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


def _follows(revision: str) -> Visit:
    """What of each config's migrations does not follow by one step from those at a revision, and what changes about its running Redis."""
    from rediskit.checks import Finding
    from rediskit.migrate.committed import jumps, migrations_at
    from rediskit.migrate.running import gone_configs, running_changes
    from rediskit.migrate.times import differing

    told: set[str] = set()

    def look(environment: Environment, tree: Tree) -> Iterator[Finding]:
        old = migrations_at(revision, environment)
        problems = jumps(environment, old) if old is not None else ()
        yield from (Finding(one.code, "error", one.message, one.hint, one.path, one.location) for one in problems)
        yield from running_changes(revision, environment)
        for gone in gone_configs(revision, environment):
            if gone.message not in told:  # Of two configs in one folder the first one reports it.
                told.add(gone.message)
                yield gone
        yield from differing(environment, revision)

    return Visit(names(BASE), look)


def _at_owners(folder: str, at: str | None, *, offline: bool) -> Visit:
    """What is wrong in a checkout of an application repository, and who uses the old Redis there."""
    from rediskit.checks import Finding
    from rediskit.cli import scanning
    from rediskit.cli.clock import time_of
    from rediskit.migrate.owner.check import NOT_BUILT, owner_remarks
    from rediskit.migrate.owner.files import checkout
    from rediskit.migrate.scan import scan

    def look(environment: Environment, tree: Tree) -> Iterator[Finding]:
        remarks = owner_remarks(environment, tree, folder, offline=offline)
        unbuilt = set()
        for one in remarks:
            yield Finding(one.code, one.severity, one.message, one.hint, (), one.location, (one.client,))
            if one.code in NOT_BUILT:
                unbuilt.add(one.client)
        place = checkout(folder, None, offline=offline)
        for client in environment.clients:
            made = scan(environment, client, place) if client.migration and client.name not in unbuilt else None
            if made is not None:
                yield from scanning.findings(client, made, place)
                scanning.record(environment, client, made, time_of(at, "--at", client.migration))

    return Visit(names(OWNER), look)


def _judged_twice(arguments: argparse.Namespace, visits: list[Visit]) -> tuple[list[Rendered], list[Checked], Counts]:
    """All trees with what our own checks find and, in one go at the end, kubeconform. Raises MissingToolError without kubeconform."""
    from rediskit.checks.kubeconform import documents, validate_documents

    objects: list[Document] = []

    def collect(environment: Environment, tree: Tree) -> tuple[()]:
        objects.extend(documents(environment, tree))
        return ()

    trees, checked = render_all(arguments, [Visit(names(KUBECONFORM), collect), *visits])
    outcome = validate_documents(objects)
    by_name = {one.environment.name: one.findings for one in checked}
    for name, finding in outcome.by_environment:
        by_name.get(name, checked[0].findings).append(finding)
    return trees, checked, outcome.counts


def _said(counts: Counts) -> str:
    all_valid = counts.valid == counts.emitted
    return f"kubeconform: {counts.valid if all_valid else f'{counts.valid} of {counts.emitted}'} objects valid, {counts.skipped} skipped"
