"""`rediskit init`: a folder that renders at once."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from rediskit.cli.report import print_json
from rediskit.errors import ConfigError, Problem, visible
from rediskit.files import MAX_BYTES, read_file, read_stream
from rediskit.init.clients import DetectedClient
from rediskit.init.project import Options, Project, new_project
from rediskit.output.leftovers import input_leftovers, remove_leftovers
from rediskit.output.new_files import write_new

_SECRETS = "secrets: rediskit secret apply; or another secrets.mode, then rediskit secret new, to keep them in Git, encrypted"


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when the folder is made, whatever questions are left; 1 when a file is in the way or a password would be written."""
    if not arguments.dry_run:
        remove_leftovers(input_leftovers([Path(arguments.folder)]))
    made = new_project(
        Options(
            arguments.folder,
            arguments.name,
            arguments.tool,
            arguments.repository,
            arguments.revision,
            arguments.namespace,
            arguments.replicas,
            _source(arguments.source),
        )
    )
    if not arguments.dry_run:
        write_new(made.folder, made.files)
    if arguments.json:
        print_json(_document(made, dry_run=arguments.dry_run))
    else:
        _say(made, dry_run=arguments.dry_run)
    return 0


def _source(name: str | None) -> tuple[bytes, str] | None:
    """The live objects. Raises ConfigError when nothing comes."""
    if name is None:
        return None
    if name != "-":
        path = Path(name)
        return (read_stream(path, MAX_BYTES + 1) if path.is_fifo() else read_file(path, name)), name
    if sys.stdin is None or sys.stdin.isatty():
        hint = "kubectl get deployment NAME -o yaml | rediskit init --from -"
        raise ConfigError(Problem("standard input is a terminal: nothing comes from it", hint))
    return sys.stdin.buffer.read(MAX_BYTES + 1), "standard input"


def _say(made: Project, *, dry_run: bool) -> None:
    done = "would be made in" if dry_run else "made in"
    print(f"{made.name}: {len(made.files)} {'file' if len(made.files) == 1 else 'files'} {done} {visible(made.folder)}")
    for path in made.files:
        print(f"  + {visible(path)}")
    for path in made.kept:
        print(f"  = {visible(path)}")
    _list("from the input:", [_found(client) for client in made.clients])
    _list("notes:", made.notes)
    _list("open, each a comment in the config:", made.open)
    if dry_run:
        print(f"\n{made.files[made.config].decode()}", end="")
        return
    _list("next:", _next(made))


def _list(head: str, lines: list[str] | tuple[str, ...]) -> None:
    if lines:
        print(head)
    for line in lines:
        print(f"  {visible(line)}")


def _found(client: DetectedClient) -> str:
    """One line: what the input says of a client."""
    switched = ", ".join(
        f"{one.container} ({', '.join(name for name in one.named.values() if isinstance(name, str))})" for one in client.containers
    )
    parts = [f"{client.workload['kind']}/{client.workload['metadata']['name']}", switched or "no container known"]
    if client.scaler:
        parts.append(f"scaled by {client.scaler.kind}/{client.scaler.name}")
    if client.host:
        parts.append(f"old Redis {client.host}:{client.port or 6379}{' with ' + ', '.join(client.remove) if client.remove else ''}")
    return f"{client.name}: {'; '.join(parts)}"


def _next(made: Project) -> list[str]:
    there = [] if os.path.normpath(made.folder) == "." else [f"cd {shlex.quote(made.folder)}"]
    answer = [f"answer what is open in {made.config}"] if made.open else []
    begin = f"git push, then once: kubectl apply -f rendered/{made.name}/bootstrap/"
    return [*there, *answer, "rediskit render", "rediskit check", "git add --all && git commit", begin, _SECRETS]


def _document(made: Project, *, dry_run: bool) -> dict[str, Any]:
    return {
        "name": made.name,
        "folder": made.folder,
        "config": made.config,
        "created": list(made.files),
        "kept": list(made.kept),
        "dryRun": dry_run,
        "clients": [_client(client) for client in made.clients],
        "open": list(made.open),
        "notes": list(made.notes),
        "next": _next(made),
        "exitCode": 0,
    }


def _client(client: DetectedClient) -> dict[str, Any]:
    return {
        "name": client.name,
        "namespace": client.namespace or None,
        "workload": f"{client.workload['kind']}/{client.workload['metadata']['name']}",
        "containers": {one.container: one.named for one in client.containers},
        "autoscaler": client.scaler.section if client.scaler else None,
        "previous": {"host": client.host, "port": client.port or 6379, "remove": list(client.remove)} if client.host else None,
    }
