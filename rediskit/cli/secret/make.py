"""`rediskit secret new`, `seal` and `rotate`: the encrypted files, all of them or none."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from rediskit.cli.common import clear_leftovers
from rediskit.cli.configs import config_file
from rediskit.cli.report import Report, listed
from rediskit.cli.secret.inputs import given, in_clear_in_git, keys_of, time_to_write_at
from rediskit.model.environment import Environment
from rediskit.model.secrets import SealedSecrets
from rediskit.plaintext import Plaintext, generate
from rediskit.secrets.files import PlannedFiles, namespaces_of, plan_new, plan_rotated, plan_sealed, require_files
from rediskit.secrets.manifests import refuse_expired
from rediskit.secrets.sops import RULES
from rediskit.source.loader import load


def run(arguments: argparse.Namespace) -> Report:
    """Report the encrypted files, written or already present."""
    environment = load(config_file(arguments))
    require_files(environment)
    if not arguments.dry_run:
        clear_leftovers(environment)
    refuse_expired(environment, time_to_write_at(arguments))
    made = _made(arguments, environment)
    if note := in_clear_in_git(arguments):
        made = made._replace(notes=(*made.notes, note))
    if not arguments.dry_run:
        made.write()
    return Report(_document(arguments, environment, made), _lines(arguments, environment, made))


def _made(arguments: argparse.Namespace, environment: Environment) -> PlannedFiles:
    def source() -> Plaintext | None:
        return given(arguments, environment)

    def source_or_random() -> Plaintext:
        return source() or generate()

    if arguments.action == "rotate":
        return plan_rotated(environment, source_or_random)
    from_cluster: bool = arguments.from_cluster
    if arguments.action == "new":
        return plan_new(environment, source_or_random, in_use=from_cluster, force=arguments.force)
    namespaces = namespaces_of(environment, arguments.client)
    return plan_sealed(environment, namespaces, source, keys_of(arguments, environment), same=from_cluster, force=arguments.force)


def _lines(arguments: argparse.Namespace, environment: Environment, made: PlannedFiles) -> Iterator[str]:
    verb = "would be written" if arguments.dry_run else "written"
    rotation = f", rotation {made.rotation}" if made.rotation else ""
    yield f"{environment.name}: {len(made.files)} {verb} in {made.folder}{rotation}"
    for mark, names in (("+", made.created), ("~", made.changed), ("=", made.kept)):
        yield from (f"  {mark} {name}" for name in names)
    if made.rules:
        yield f"  + ../{RULES}"
    yield from listed("notes:", made.notes)
    yield from listed("next:", _next(arguments, environment, made))


def _next(arguments: argparse.Namespace, environment: Environment, made: PlannedFiles) -> list[str]:
    if not made.files or arguments.dry_run:
        return []
    steps = [
        f"rediskit secret check {environment.config_argument}",
        f"rediskit render {environment.config_argument}",
        "git add --all && git commit",
    ]
    if arguments.action == "rotate":
        steps.insert(2, f"before it is pushed: docs/rotation.md in rendered/{environment.name} has the sequence of commands")
    if isinstance(environment.secrets, SealedSecrets) and getattr(arguments, "from_cluster", False):
        mark = f"kubectl annotate secret {environment.redis.auth.secret} sealedsecrets.bitnami.com/managed=true --namespace"
        steps.insert(2, "before the controller may take over the Secrets that are there:")
        steps[3:3] = [f"  {mark} {name.removesuffix('.yaml')}" for name in made.files]
    return steps


def _document(arguments: argparse.Namespace, environment: Environment, made: PlannedFiles) -> dict[str, Any]:
    return {
        "name": environment.name,
        "mode": environment.secrets.mode,
        "folder": made.folder,
        "created": [*made.created, *([f"../{RULES}"] if made.rules else [])],
        "changed": list(made.changed),
        "kept": list(made.kept),
        "rotation": made.rotation or None,
        "dryRun": arguments.dry_run,
        "notes": list(made.notes),
        "next": _next(arguments, environment, made),
    }
