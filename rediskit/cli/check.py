"""`rediskit check`: all findings of `render`, and a comparison with the output directories."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from rediskit.checks.codes import BASE, CHECK, KUBECONFORM, OWNER, names
from rediskit.checks.open_questions import open_questions
from rediskit.cli.clock import now
from rediskit.cli.common import Visit, checked, has_errors
from rediskit.cli.environments import each_environment
from rediskit.cli.report import Report, change_lines, changes_json, finding_json, finding_lines, state_lines, warning_lines
from rediskit.migrate.times import in_future
from rediskit.output.writer import compare

if TYPE_CHECKING:
    from pathlib import Path

    from rediskit.checks import Finding, Severity
    from rediskit.checks.kubeconform import Counts, Document
    from rediskit.errors import Path as DataPath
    from rediskit.errors import Problem
    from rediskit.migrate.other_configs import Read, Texts
    from rediskit.migrate.owner.gitops_objects import GitOpsObject
    from rediskit.model.client import Client
    from rediskit.model.environment import Environment
    from rediskit.output.writer import Changes
    from rediskit.renderers.tree import Tree


def run(arguments: argparse.Namespace) -> Report:
    """Report findings and drift: exit code 1 for either.

    Writes nothing but the evidence of a scan, with --owner at `validate`.
    """
    visits = [Visit(names(CHECK), lambda environment, _: open_questions(environment))]
    visits += [Visit(names(CHECK), lambda environment, _: in_future(environment, now()))]
    visits += [Visit(names(CHECK), _in_place), _deployed_from_here(), _other_configs()]
    visits += [_against_revision(arguments.base)] if arguments.base is not None else []
    visits += [_with_owner(arguments)] if arguments.owner is not None else []
    results, counts = _with_kubeconform(arguments, visits) if arguments.kubeconform else (_results(arguments, visits), None)
    findings = [finding for result in results for finding in result.findings]
    changes = {result.name: result.changes for result in results}
    drifted = any(done.drifted for done in changes.values())
    strict = arguments.strict
    failed = has_errors(findings, strict=strict)
    code = int(drifted or failed or (strict and any(done.warnings for done in changes.values())))
    document = {
        "environments": changes_json(changes),
        "findings": [finding_json(finding) for finding in findings],
        **({"kubeconform": counts._asdict()} if counts is not None else {}),
        "drifted": drifted,
    }
    lines = chain(
        change_lines(changes, ("missing", "different", "left over")), state_lines(changes, renders=not failed), _count_lines(counts)
    )
    return Report(document, lines, (*finding_lines(findings), *warning_lines(changes)), code)


class _Result(NamedTuple):
    """The findings and the drift of one environment."""

    name: str
    findings: list[Finding]
    changes: Changes


def _results(arguments: argparse.Namespace, visits: list[Visit]) -> list[_Result]:
    """Return the result of each environment. --owner writes evidence, and of two configs only the first reports what --base misses."""

    def result(environment: Environment) -> _Result:
        result = checked(environment, arguments.output, visits)
        return _Result(environment.name, result.unaccepted, compare(result.rendered, arguments.output))

    return each_environment(arguments, result, alone=arguments.owner is not None or arguments.base is not None)


def _in_place(environment: Environment, _: Tree) -> Iterator[Finding]:
    """Yield what the overlays of this repository, and the objects that build them, miss of the rendered folders."""
    for index, client in enumerate(environment.clients):
        if client.migration is None or not client.owner.in_place:
            continue
        # Only an application in this repository needs Git and its programs.
        from rediskit.migrate.owner.deployers import deployer_problems
        from rediskit.migrate.owner.in_place import config_checkout, unlisted

        checkout = config_checkout(environment, client)
        problems = chain(unlisted(client, checkout), deployer_problems(environment, client, checkout))
        yield from _of_owner(environment, client, problems, ("clients", index, "owner", "path"))


def _of_owner(environment: Environment, client: Client, problems: Iterable[Problem], path: DataPath) -> Iterator[Finding]:
    """Yield the findings of problems of an application repository. path: their place if they have none of their own."""
    from rediskit.checks import Finding
    from rediskit.migrate.owner.deployers import WARNINGS

    for problem in problems:
        severity: Severity = "warning" if problem.code in WARNINGS else "error"
        where = problem.location or environment.locate(path)
        yield Finding(problem.code, severity, problem.message, problem.hint, path, where, (client.name,))


def _deployed_from_here() -> Visit:
    """Return the check of objects in the repository of the config that build an application of another repository."""

    @cache  # All environments of a work tree have the same objects.
    def objects(top: Path | None) -> list[GitOpsObject]:
        from rediskit.migrate.owner.gitops_objects import gitops_objects

        return list(gitops_objects(top)) if top else []

    def look(environment: Environment, _: Tree) -> Iterator[Finding]:
        for index, client in enumerate(environment.clients):
            if client.migration is None or client.owner.in_place:
                continue
            from rediskit.git.discovery import work_tree_of
            from rediskit.migrate.owner.deployers import is_built_elsewhere, undoing_elsewhere

            if is_built_elsewhere(client):
                problems = undoing_elsewhere(client, objects(work_tree_of(environment.file)))
                yield from _of_owner(environment, client, problems, ("clients", index, "owner"))

    return Visit(names(CHECK), look)


def _other_configs() -> Visit:
    """Return the comparison with other configs: clients of a removed old Redis, unnamed clusters, and applications."""
    from rediskit.migrate.other_configs import texts_once

    texts = texts_once()

    @cache  # Many environments can be at decommission, and each of them is compared with all others.
    def read(config: str) -> Environment | None:
        from rediskit.migrate.other_configs import read_config

        return read_config(config)

    def look(environment: Environment, _: Tree) -> Iterator[Finding]:
        for index, client in enumerate(environment.clients):
            if client.migration is not None and client.migration.step == "decommission":
                from rediskit.checks import Finding
                from rediskit.migrate.other_configs import users_elsewhere

                path = ("clients", index, "previous")
                for user in users_elsewhere(environment, client, read):
                    yield Finding("old-redis-in-use", "error", user.message, user.hint, path, environment.locate(path))
        yield from _unnamed_cluster(environment, read, texts)
        if any(client.workloads for client in environment.clients):
            from rediskit.migrate.shared_applications import shared_applications

            yield from shared_applications(environment, read, texts)

    return Visit(names(CHECK), look)


def _unnamed_cluster(environment: Environment, read: Read, texts: Texts) -> Iterator[Finding]:
    """Yield the values that another config of the same cluster has, unless both set the cluster."""
    from rediskit.checks import Finding
    from rediskit.migrate.unnamed_clusters import same_clusters

    hint = "set cluster in both: in one cluster, the name of the config that is deployed first; else two names"
    for message, path in same_clusters(environment, read, texts):
        yield Finding("cluster-unnamed", "warning", message, hint, path, environment.locate(path))


def _against_revision(revision: str) -> Visit:
    """Return the comparison with a revision: skipped steps of a migration, and changes to a running Redis."""
    from rediskit.checks import Finding
    from rediskit.migrate.client_changes import client_changes
    from rediskit.migrate.committed import jumps, migrations_at
    from rediskit.migrate.running import gone_configs, running_changes
    from rediskit.migrate.times import differing

    reported_messages: set[str] = set()

    def look(environment: Environment, tree: Tree) -> Iterator[Finding]:
        old = migrations_at(revision, environment)
        problems = jumps(environment, old) if old is not None else ()
        yield from (Finding(problem.code, "error", problem.message, problem.hint, problem.path, problem.location) for problem in problems)
        yield from client_changes(revision, environment, old or {})
        yield from running_changes(revision, environment)
        for gone in gone_configs(revision, environment):
            if gone.message not in reported_messages:  # Of two configs in one folder the first one reports it.
                reported_messages.add(gone.message)
                yield gone
        yield from differing(environment, revision)

    return Visit(names(BASE), look)


def _with_owner(arguments: argparse.Namespace) -> Visit:
    """Return the check of a checkout of an application repository, with its uses of the old Redis."""
    from rediskit.cli import scanning
    from rediskit.cli.clock import time_of
    from rediskit.helm import chart_at
    from rediskit.migrate.owner.check import NOT_BUILT, owner_findings
    from rediskit.migrate.owner.files import checkout_at
    from rediskit.migrate.scan import scan

    folder, at, offline = arguments.owner, arguments.at, arguments.offline
    chart = chart_at(arguments.chart) if arguments.chart else None

    def look(environment: Environment, tree: Tree) -> Iterator[Finding]:
        unbuilt: set[str] = set()
        for finding in owner_findings(environment, tree, folder, offline=offline, chart=chart):
            yield finding
            if finding.code in NOT_BUILT:
                unbuilt.update(finding.on)
        checkout = checkout_at(folder, None, offline=offline)
        for client in environment.clients:
            result = scan(environment, client, checkout, chart) if client.migration and client.name not in unbuilt else None
            if result is not None:
                yield from scanning.findings(client, result, checkout)
                scanning.record(environment, client, checkout, result, time_of(at, "--at", client.migration))

    return Visit(names(OWNER), look)


def _with_kubeconform(arguments: argparse.Namespace, visits: list[Visit]) -> tuple[list[_Result], Counts]:
    """Return the results with the findings of kubeconform, which runs once for all objects. Raises MissingToolError without kubeconform."""
    from rediskit.checks.kubeconform import documents, validate_documents

    objects: list[Document] = []

    def collect(environment: Environment, tree: Tree) -> tuple[()]:
        objects.extend(documents(environment, tree))
        return ()

    all_visits = [Visit(names(KUBECONFORM), collect), *visits]
    checks = each_environment(arguments, lambda environment: checked(environment, arguments.output, all_visits), alone=True)
    outcome = validate_documents(objects)
    by_name = {entry.environment.name: entry.findings for entry in checks}
    for name, finding in outcome.by_environment:
        by_name.get(name, checks[0].findings).append(finding)
    results = [_Result(entry.environment.name, entry.unaccepted, compare(entry.rendered, arguments.output)) for entry in checks]
    return results, outcome.counts


def _count_lines(counts: Counts | None) -> Iterator[str]:
    if counts is not None:
        valid = counts.valid if counts.valid == counts.emitted else f"{counts.valid} of {counts.emitted}"
        yield f"kubeconform: {valid} objects valid, {counts.skipped} skipped"
