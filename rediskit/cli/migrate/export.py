"""`rediskit migrate export`: the files of a step in the owner's checkout, tried and held against what the step means."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from rediskit.checks.acceptance import unaccepted
from rediskit.cli import scanning
from rediskit.cli.clock import time_of
from rediskit.cli.configs import config_file
from rediskit.cli.report import changes_json, print_changes, print_findings, print_json, print_warnings
from rediskit.migrate.export import Exported, export
from rediskit.migrate.owner.files import checkout
from rediskit.migrate.scan import scan
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.source.loader import load


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when the owner's build would not be what the step means: nothing is written then.

    Also 1 from `validate` on, after the files are written, where something still uses the old Redis.
    """
    environment = load(config_file(arguments))
    client = one_client(environment, arguments.client)
    force, dry_run, offline = arguments.force, arguments.dry_run, arguments.offline
    done = export(environment, client, arguments.to, arguments.overlay, force=force, dry_run=dry_run, offline=offline)
    place = checkout(arguments.to, arguments.overlay, offline=offline)
    made = scan(environment, client, place)
    found = unaccepted(environment, scanning.findings(client, made, place), None) if made else []
    code = int(any(finding.severity == "error" for finding in found))
    if made and not dry_run:
        scanning.record(environment, client, made, time_of(arguments.at, "--at", client.migration), quiet=arguments.json)
    if arguments.json:
        print_json({**_json(client, done, arguments.dry_run), "scan": scanning.as_json(made), "exitCode": code})
        return code
    print_findings(finding for finding in found if finding.severity != "info")
    _say(client, done, arguments.dry_run)
    if made:
        print(f"scan: {scanning.count(made)}")
        print("".join(f"  {finding.message}\n" for finding in found if finding.severity == "info"), end="")
    return code


def _say(client: Client, done: Exported, dry_run: bool) -> None:
    step = client.migration.step if client.migration else ""
    if done.changes is not None:
        print_warnings({done.folder: done.changes})
        print_changes({done.folder: done.changes}, ("missing", "different", "left over") if dry_run else ("created", "changed", "removed"))
    # Names alone: a variable of the owner's may hold a password in clear, which a diff would show.
    for one in done.files:
        print(f"  ~ {one.file}")
    print(f"{step}: {'the build differs from the base in' if done.objects else 'the build is that of the base'}")
    for difference in done.objects:
        kind, namespace, name = difference.key
        where = ", ".join(difference.pointers) if difference.pointers != ("",) else "gone"
        print(f"  {kind}/{name}{f' in {namespace}' if namespace else ''}: {where}")
    for sentence in done.todo:
        print(f"to do: {sentence}")
    if dry_run:
        print("nothing was written")
    elif done.changed or done.todo:
        git = f"git -C {shlex.quote(done.checkout)}"
        print(f"next: {git} add -A . && {git} commit -m '{client.name}: {step}' && {git} push")
    else:
        print("next: nothing, the checkout is at this step already")


def _json(client: Client, done: Exported, dry_run: bool) -> dict[str, Any]:
    return {
        "client": client.name,
        "step": client.migration.step if client.migration else None,
        "folder": done.folder,
        "changes": changes_json({done.folder: done.changes})[0] if done.changes is not None else None,
        "files": [one.file for one in done.files],
        "objects": [
            {"kind": kind, "namespace": namespace or None, "name": name, "pointers": list(one.pointers)}
            for one in done.objects
            for kind, namespace, name in (one.key,)
        ],
        "todo": list(done.todo),
        "written": not dry_run,
        "exitCode": 0,
    }
