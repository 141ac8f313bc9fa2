"""`rediskit migrate verify`: compare the application with its step, and record the result."""

import argparse
import hashlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.cli.clock import refuse_later, time_of
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.move import dirty_notes
from rediskit.cli.migrate.rendering import recorded
from rediskit.cli.migrate.selection import selected
from rediskit.cli.report import Report
from rediskit.cli.standard_input import standard_input
from rediskit.errors import ConfigError, Problem
from rediskit.files import read_stream, reason
from rediskit.migrate.evidence import appended, entry
from rediskit.migrate.verification.artefact import MAX_FILE, Artefact, artefact_of
from rediskit.migrate.verification.verify import (
    Verification,
    digest_of,
    live_artefact,
    refuse_hidden,
    refuse_unproven,
    rendered_elsewhere,
    verify,
)
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.state_machine.transitions import migration_of


class _Read(NamedTuple):
    """What was read: its objects, its digest, and the source of the evidence."""

    artefact: Artefact
    digest: str
    source: str


def run(arguments: argparse.Namespace) -> Report:
    """Report every difference with exit code 1; then nothing is written."""
    environment, client = selected(arguments)
    step = migration_of(client).step
    observed = arguments.observed.strip()
    at = time_of(arguments.at, "--at", client.migration)
    _refuse_options(arguments, observed)
    read = _read(environment, client, arguments)
    document: dict[str, Any] = {"client": client.name, "step": step, "source": read.source if read else None, "at": at}
    document |= {"differences": [], "shows": [], "notVisible": [], "written": False, "files": [], "rendered": None}
    notes: tuple[str, ...] = ()
    if read:
        result = verify(environment, client, read.artefact)
        document |= _json(result)
        if result.differences:
            return Report(document, _differences(client, read.artefact, result), (), 1)
        refuse_unproven(result, read.artefact)
        notes = tuple(
            f"note: {part.file} of {part.object} is not visible: verify the connections on the shared Redis" for part in result.hidden
        )
        if arguments.record:
            refuse_hidden(client, result, observed)
    verified = [f"{client.name}: {read.artefact.name} shows step {step}"] if read else []
    if not arguments.record:
        return Report(document, verified, notes)
    source, digest = (read.source, read.digest) if read else ("", "")
    evidence = entry("verified", migration_of(client), at, source=source, digest=digest, note=observed)
    files, _ = appended(environment, client, [evidence])
    if not arguments.dry_run:
        refuse_later(at, "--at")
        clear_leftovers(environment)
    record, changed = recorded(environment, client, files, arguments.output, written=not arguments.dry_run)
    return Report(document | record, chain(verified, changed), dirty_notes(environment, files))


def _refuse_options(arguments: argparse.Namespace, observed: str) -> None:
    sources = [name for name, value in (("--from", arguments.source), ("--live", arguments.live)) if value]
    if len(sources) > 1:
        raise ConfigError(Problem("--from and --live are two sources", "use one of them"))
    if not sources and not observed:
        hint = "add --live, or --from FILE with the output of helm template, kustomize build, kubectl get -o yaml or tofu show -json"
        raise ConfigError(Problem("nothing to verify", hint))
    if observed and not arguments.record:
        raise ConfigError(Problem("--observed needs --record", "add --record"))


def _read(environment: Environment, client: Client, arguments: argparse.Namespace) -> _Read | None:
    """Return the objects to verify; None for the word of a person."""
    if arguments.live:
        artefact = live_artefact(environment, client, arguments.context)
        return _Read(artefact, digest_of(artefact), artefact.name)
    if not arguments.source:
        return None
    content, name = content_of(arguments.source, "verify")
    return _Read(artefact_of(content, name), f"sha256:{hashlib.sha256(content).hexdigest()}", Path(name).name)


def content_of(file: str, action: str) -> tuple[bytes, str]:
    """Return the content of a file, a pipe or standard input, and its name. action: the command, for its message."""
    if file != "-":
        try:
            return read_stream(file, MAX_FILE + 1), file
        except OSError as error:
            raise ConfigError(Problem(f"cannot read {file}: {reason(error)}", "check the path")) from error
    return standard_input(MAX_FILE, f"helm template RELEASE CHART | rediskit migrate {action} --from -")


def _differences(client: Client, artefact: Artefact, result: Verification) -> Iterator[str]:
    step = migration_of(client).step
    yield f"{client.name}: {artefact.name} does not show step {step}"
    for difference in result.differences:
        pointer = f" {difference.pointer}" if difference.pointer else ""
        yield f"  {difference.object}{pointer}: wanted {difference.wanted}, actual {difference.actual}"
    if result.shown:
        yield f"it shows step {' or '.join(result.shown)}"
    if hint := rendered_elsewhere(client, artefact):
        yield f"help: {hint}"


def _json(result: Verification) -> dict[str, Any]:
    return {
        "differences": [difference._asdict() for difference in result.differences],
        "shows": list(result.shown),
        "notVisible": [part._asdict() for part in result.hidden],
    }
