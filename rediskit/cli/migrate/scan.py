"""`rediskit migrate scan`: search the cluster, or the output of a program, for users of the old Redis, and record the result."""

import argparse
import hashlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from rediskit.cli import scanning
from rediskit.cli.clock import refuse_later, time_of
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.move import dirty_notes
from rediskit.cli.migrate.rendering import recorded
from rediskit.cli.migrate.selection import selected
from rediskit.cli.migrate.verify import content_of
from rediskit.cli.report import Report
from rediskit.errors import ConfigError, Problem
from rediskit.migrate.edit import Edited
from rediskit.migrate.live_scan import Read, read_artefact, read_cluster, record_read, record_word, shown_hidden
from rediskit.migrate.scan import problems
from rediskit.migrate.verification.artefact import artefact_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.state_machine.transitions import migration_of


def run(arguments: argparse.Namespace) -> Report:
    """Report every use; exit code 1 for a certain one. It is recorded, too: a person's word can't replace it."""
    environment, client = selected(arguments)
    step, at = migration_of(client).step, time_of(arguments.at, "--at", client.migration)
    words = arguments.observed.strip()
    _refuse_options(arguments, client, words)
    read = None if words else _read(environment, client, arguments)
    files: tuple[Edited, ...] = ()
    if arguments.record:
        files = record_read(environment, client, read, at) if read else record_word(environment, client, words, at)
    if written := bool(files) and not arguments.dry_run:
        refuse_later(at, "--at")
        clear_leftovers(environment)
    record, changed = recorded(environment, client, files, arguments.output, written=written)
    document: dict[str, Any] = {"client": client.name, "step": step, "at": at, "source": read.source if read else None}
    document |= {"objects": read.objects if read else 0, "scan": scanning.as_json(read.scan if read else None)}
    lines = chain(_lines(client, read) if read else (), changed)
    code = 1 if read and read.scan.certain else 0
    return Report(document | record, lines, dirty_notes(environment, files), code)


def _refuse_options(arguments: argparse.Namespace, client: Client, words: str) -> None:
    options = [name for name, value in (("--from", arguments.source), ("--live", arguments.live), ("--observed", words)) if value]
    if not options:
        raise ConfigError(Problem("nothing to scan", "add --live, or --from FILE with the output of a program"))
    if len(options) > 1:
        raise ConfigError(Problem(f"{' and '.join(options)} are {len(options)} sources", "use one of them"))
    if words and not arguments.record:
        raise ConfigError(Problem("--observed needs --record", "add --record"))
    if client.previous is None:
        raise ConfigError(Problem(f"{client.name} has no previous: there is no old Redis to search for", "set previous of the client"))


def _read(environment: Environment, client: Client, arguments: argparse.Namespace) -> Read:
    if arguments.live:
        return read_cluster(environment, client, arguments.context)
    content, name = content_of(arguments.source, "scan")
    artefact = artefact_of(content, name)._replace(name=Path(name).name)
    return read_artefact(client, artefact, f"sha256:{hashlib.sha256(content).hexdigest()}")


def _lines(client: Client, read: Read) -> Iterator[str]:
    yield f"{client.name}: {read.objects} objects of {read.source}: {scanning.count(read.scan)}"
    for problem in problems(client, read.scan.uses):
        yield f"  {problem.message}"
        yield f"    help: {problem.hint}"
    own, others = shown_hidden(client, read.scan.hidden)
    yield from (f"  not visible: {part.object}{f' at {part.pointer}' if part.pointer else ''} ({part.reason})" for part in own)
    if others:
        yield f"  not visible: {others} texts in other namespaces"
