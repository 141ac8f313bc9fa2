"""`rediskit migrate export`: write the files of a step to a checkout of the application repository, after a trial build."""

import argparse
import shlex
from collections.abc import Iterator
from itertools import chain
from typing import Any

from rediskit.checks import Finding
from rediskit.checks.acceptance import unaccepted
from rediskit.cli import scanning
from rediskit.cli.clock import time_of
from rediskit.cli.common import has_errors
from rediskit.cli.migrate.selection import selected
from rediskit.cli.report import Report, change_lines, changes_json, finding_lines, warning_lines
from rediskit.helm import chart_at
from rediskit.migrate.export import Exported, export
from rediskit.migrate.owner.files import checkout_at
from rediskit.migrate.scan import Scan, scan
from rediskit.model.client import Client
from rediskit.output.writer import Changes


def run(arguments: argparse.Namespace) -> Report:
    """Report the export: exit code 1 when the build differs from the step, and then nothing is written.

    Also 1 from `validate` on, after the files are written, where something still uses the old Redis.
    """
    environment, client = selected(arguments)
    force, dry_run, offline = arguments.force, arguments.dry_run, arguments.offline
    chart = chart_at(arguments.chart) if arguments.chart else None
    done = export(environment, client, arguments.to, arguments.overlay, force=force, dry_run=dry_run, offline=offline, chart=chart)
    checkout = checkout_at(arguments.to, arguments.overlay, offline=offline)
    result = scan(environment, client, checkout, chart)
    findings = unaccepted(environment, scanning.findings(client, result, checkout), None) if result else []
    code = int(has_errors(findings, strict=arguments.strict))
    if result and not dry_run:
        scanning.record(environment, client, checkout, result, time_of(arguments.at, "--at", client.migration))
    document = {**_json(client, done, arguments.dry_run), "scan": scanning.as_json(result)}
    changes = {done.folder: done.changes} if done.changes is not None else {}
    messages = chain(finding_lines(finding for finding in findings if finding.severity != "info"), warning_lines(changes))
    lines = chain(_lines(client, done, changes, dry_run), _scan_lines(result, findings))
    return Report(document, lines, messages, code)


def _scan_lines(result: Scan | None, findings: list[Finding]) -> Iterator[str]:
    if result:
        yield f"scan: {scanning.count(result)}"
        yield from (f"  {finding.message}" for finding in findings if finding.severity == "info")


def _lines(client: Client, done: Exported, changes: dict[str, Changes], dry_run: bool) -> Iterator[str]:
    step = client.migration.step if client.migration else ""
    yield from change_lines(changes, ("missing", "different", "left over") if dry_run else ("created", "changed", "removed"))
    # Only names: a variable of the application may contain a password in plain text.
    for file in done.files:
        yield f"  ~ {file.file}"
    yield f"{step}: {'the build differs from the base in' if done.objects else 'the build is that of the base'}"
    for difference in done.objects:
        kind, namespace, name = difference.key
        where = ", ".join(difference.pointers) if difference.pointers != ("",) else "gone"
        yield f"  {kind}/{name}{f' in {namespace}' if namespace else ''}: {where}"
    for sentence in done.todo:
        yield f"to do: {sentence}"
    if dry_run:
        yield "nothing was written"
    elif done.changed or done.todo:
        git = f"git -C {shlex.quote(done.checkout)}"
        yield f"next: {git} add -A . && {git} commit -m '{client.name}: {step}' && {git} push"
    else:
        yield "next: nothing, the checkout is at this step already"


def _json(client: Client, done: Exported, dry_run: bool) -> dict[str, Any]:
    return {
        "client": client.name,
        "step": client.migration.step if client.migration else None,
        "folder": done.folder,
        "changes": changes_json({done.folder: done.changes})[0] if done.changes is not None else None,
        "files": [change.file for change in done.files],
        "objects": [
            {"kind": kind, "namespace": namespace or None, "name": name, "pointers": list(change.pointers)}
            for change in done.objects
            for kind, namespace, name in (change.key,)
        ],
        "todo": list(done.todo),
        "written": not dry_run,
    }
