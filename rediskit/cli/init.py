"""`rediskit init`: create a project that renders."""

import argparse
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rediskit.cli.report import Report, listed
from rediskit.cli.standard_input import standard_input
from rediskit.errors import ConfigError, Problem, visible
from rediskit.files import read_file, read_stream
from rediskit.init.detected import DetectedClient, DetectedWorkload
from rediskit.init.dump import MAX_INPUT
from rediskit.init.project import Options, Project, new_project
from rediskit.init.switches import ContainerSwitch
from rediskit.output.input_files import write_new
from rediskit.output.leftovers import input_leftovers, remove_leftovers

WAIT = 2.0
"""Seconds before a message reports that rediskit waits for the content of a pipe."""
_SECRETS = "rediskit secret apply; or set another secrets.mode and run rediskit secret new: the Secrets are then in Git, encrypted"


def run(arguments: argparse.Namespace) -> Report:
    """Report the created files. An existing file, or a password in a new one, is refused."""
    if arguments.add is not None:
        from rediskit.cli.addition import run as add

        return add(arguments, source(arguments.source))
    if arguments.client or arguments.set_policy:
        raise ConfigError(Problem("--client and --set-policy need --add", "add --add CONFIG, or omit them"))
    folder = arguments.folder or "."
    if not arguments.dry_run:
        remove_leftovers(input_leftovers([Path(folder)]))
    project = new_project(
        Options(
            folder,
            arguments.name,
            arguments.tool or "argocd",
            arguments.repository,
            arguments.revision,
            arguments.namespace,
            arguments.replicas,
            source(arguments.source),
        )
    )
    if not arguments.dry_run:
        write_new(project.folder, project.files)
    return Report(_document(project, dry_run=arguments.dry_run), _lines(project, dry_run=arguments.dry_run))


def source(name: str | None) -> tuple[bytes, str] | None:
    """Return the live objects and the name of their source. Raises ConfigError when standard input is a terminal."""
    if name is None:
        return None
    if name != "-":
        path = Path(name)
        return (_piped(path) if path.is_fifo() else read_file(path, name, limit=MAX_INPUT)), name
    return standard_input(MAX_INPUT, "kubectl get deployment NAME -o yaml | rediskit init --from -")


def _piped(pipe: Path) -> bytes:
    """Return the content of a pipe. Report a wait for it on standard error."""
    from threading import Timer

    message = f"rediskit: waiting for a program that writes to {visible(str(pipe))}; Ctrl-C to stop"
    notice = Timer(WAIT, print, (message,), {"file": sys.stderr, "flush": True})
    notice.daemon = True
    notice.start()
    try:
        return read_stream(pipe, MAX_INPUT + 1)
    finally:
        notice.cancel()


def _lines(project: Project, *, dry_run: bool) -> Iterator[str]:
    verb = "would create" if dry_run else "created"
    yield f"{project.name}: {verb} {len(project.files)} {'file' if len(project.files) == 1 else 'files'} in {project.folder}"
    yield from (f"  + {path}" for path in project.files)
    yield from (f"  = {path}" for path in project.kept)
    yield from listed("clients:", [summary(client) for client in project.clients])
    yield from listed("notes:", project.notes)
    yield from listed("open questions, each a comment in the config:", project.open)
    if dry_run:
        yield from ("", *project.files[project.config].decode().removesuffix("\n").split("\n"))
    else:
        yield from listed("next:", _next(project))


def summary(client: DetectedClient) -> str:
    """Return a line about a detected client."""
    parts = []
    for workload in client.workloads:
        switched = ", ".join(f"{switch.name} ({', '.join([*switch.names, *_others(switch)])})" for switch in workload.switched)
        parts += [workload.reference, "no containers" if client.is_open("containers") else switched]
        if workload.scaler:
            parts.append(f"scaled by {workload.scaler.kind}/{workload.scaler.name}")
    if client.host:
        parts.append(f"old Redis {client.host}:{client.port or 6379}{', remove ' + ', '.join(client.remove) if client.remove else ''}")
    return f"{client.name}: {'; '.join(parts)}"


def _others(switch: ContainerSwitch) -> list[str]:
    return ["args"] * bool(switch.args) + [switch.external] * bool(switch.external)


def _next(project: Project) -> list[str]:
    change = [] if os.path.normpath(project.folder) == "." else [f"cd {shlex.quote(project.folder)}"]
    answer = [f"answer the open questions in {project.config}"] if project.open else []
    begin = f"git push, then run once: kubectl apply -f rendered/{project.name}/bootstrap/"
    return [*change, *answer, "rediskit render", "rediskit check", "git add --all && git commit", begin, _SECRETS]


def _document(project: Project, *, dry_run: bool) -> dict[str, Any]:
    return {
        "name": project.name,
        "folder": project.folder,
        "config": project.config,
        "created": list(project.files),
        "kept": list(project.kept),
        "dryRun": dry_run,
        "clients": [client_json(client) for client in project.clients],
        "open": list(project.open),
        "notes": list(project.notes),
        "next": _next(project),
    }


def client_json(client: DetectedClient) -> dict[str, Any]:
    """Return a detected client as JSON."""
    has_containers = not client.is_open("containers")
    return {
        "name": client.name,
        "namespace": client.namespace or None,
        "use": list(client.use),
        "databases": client.databases,
        "workloads": [_workload(workload, has_containers=has_containers) for workload in client.workloads],
        "previous": {"host": client.host, "port": client.port or 6379, "remove": list(client.remove)} if client.host else None,
    }


def _workload(workload: DetectedWorkload, *, has_containers: bool) -> dict[str, Any]:
    lists = {
        listed: {switch.name: switch.section for switch in workload.switched if has_containers and switch.listed == listed}
        for listed in ("initContainers", "containers")
    }
    return {"workload": workload.reference, **lists, "autoscaler": workload.scaler.section if workload.scaler else None}
