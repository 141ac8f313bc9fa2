"""`rediskit init --add`: applications of live objects as clients of an existing config."""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rediskit.cli.init import client_json, summary
from rediskit.cli.report import Report, listed
from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.init.addition import EVICTED, Addition, Request, addition
from rediskit.migrate.edit import Edited
from rediskit.output.input_files import write_inputs
from rediskit.output.leftovers import input_leftovers, remove_leftovers

DEFAULT_POLICY = "volatile-lru"
"""The policy that the question on a terminal proposes: it keeps a queue and evicts cache keys with an expiry."""


def run(arguments: argparse.Namespace, source: tuple[bytes, str] | None) -> Report:
    """Report the new clients. A policy that must change is asked for on a terminal."""
    others = {"DIR": "folder", "--name": "name", "--tool": "tool", "--repository": "repository", "--revision": "revision"}
    if refused := [option for option, name in others.items() if getattr(arguments, name) is not None]:
        raise ConfigError(Problem(f"--add does not accept {', '.join(refused)}", "the config has these values: omit them"))
    if source is None:
        raise ConfigError(Problem("--add needs the application", "add --from FILE with the output of kubectl get deployment NAME -o yaml"))
    if not arguments.dry_run:
        remove_leftovers(input_leftovers([Path(arguments.add).parent]))
    request = Request(arguments.add, source, arguments.client, arguments.namespace, arguments.replicas, arguments.set_policy)
    try:
        added = addition(request)
    except RefusedError as error:
        if error.problems[0].code != EVICTED or arguments.json or not _confirmed(error.problems[0].message):
            raise
        added = addition(replace(request, policy=DEFAULT_POLICY))
    if not arguments.dry_run:
        write_inputs(_shown(added.folder), added.files, added.old)
    return Report(_document(added, arguments), _lines(added, arguments))


def _confirmed(reason: str) -> bool:
    """Return whether the person at the terminal sets the default policy; False without a terminal."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    print(f"{reason}.\nSet redis.memory.policy to {DEFAULT_POLICY}, for all clients? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _shown(folder: str) -> str:
    """Return a folder as messages show it: relative if it is below the current one."""
    return os.path.relpath(folder) if Path(folder).is_relative_to(Path.cwd()) else folder


def _changed(added: Addition, arguments: argparse.Namespace) -> Edited:
    """Return the change of the config."""
    path = Path(os.path.realpath(arguments.add)).name
    return Edited(arguments.add, os.path.realpath(arguments.add), added.old[path], added.files[path])


def _lines(added: Addition, arguments: argparse.Namespace) -> Iterator[str]:
    names = ", ".join(client.name for client in added.clients)
    yield f"{added.name}: {'would add' if arguments.dry_run else 'added'} {names} to {arguments.add}"
    yield from (f"  {'~' if path in added.old else '+'} {path}" for path in added.files)
    yield from (f"  = {path}" for path in added.kept)
    if added.policy:
        yield f"  redis.memory.policy: {added.policy}"
    yield from listed("clients:", [summary(client) for client in added.clients])
    yield from listed("notes:", added.notes)
    yield from listed("open questions, each a comment in the config:", added.open)
    if arguments.dry_run:
        yield from ("", *_changed(added, arguments).diff)
    else:
        yield from listed("next:", _next(added, arguments))


def _next(added: Addition, arguments: argparse.Namespace) -> list[str]:
    answer = [f"answer the open questions in {arguments.add}"] if added.open else []
    seal = [f"rediskit secret seal {arguments.add}"] if added.unsealed else []
    return [*answer, *seal, "rediskit render", "rediskit check", "git add --all && git commit"]


def _document(added: Addition, arguments: argparse.Namespace) -> dict[str, object]:
    return {
        "name": added.name,
        "config": arguments.add,
        "created": [path for path in added.files if path not in added.old],
        "kept": list(added.kept),
        "dryRun": arguments.dry_run,
        "policy": added.policy or None,
        "clients": [client_json(client) for client in added.clients],
        "open": list(added.open),
        "notes": list(added.notes),
        "next": _next(added, arguments),
        "diff": list(_changed(added, arguments).diff),
    }
