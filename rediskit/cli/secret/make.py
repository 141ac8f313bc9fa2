"""`rediskit secret new`, `seal` and `rotate`: the encrypted files, all of them or none."""

import argparse
from collections.abc import Iterator
from typing import Any

from rediskit.cli.configs import config_file
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.report import Report, listed
from rediskit.cli.secret.inputs import in_clear_in_git, keys_of, password_from, time_to_write_at
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
    planned = _planned(arguments, environment)
    if note := in_clear_in_git(arguments):
        planned = planned._replace(notes=(*planned.notes, note))
    if not arguments.dry_run:
        planned.write()
    return Report(_document(arguments, environment, planned), _lines(arguments, environment, planned))


def _planned(arguments: argparse.Namespace, environment: Environment) -> PlannedFiles:
    def source() -> Plaintext | None:
        return password_from(arguments, environment)

    def source_or_random() -> Plaintext:
        return source() or generate()

    if arguments.action == "rotate":
        return plan_rotated(environment, source_or_random)
    from_cluster: bool = arguments.from_cluster
    if arguments.action == "new":
        return plan_new(environment, source_or_random, in_use=from_cluster, force=arguments.force)
    namespaces = namespaces_of(environment, arguments.client)
    return plan_sealed(environment, namespaces, source, keys_of(arguments, environment), same=from_cluster, force=arguments.force)


def _lines(arguments: argparse.Namespace, environment: Environment, planned: PlannedFiles) -> Iterator[str]:
    verb = "would be written" if arguments.dry_run else "written"
    rotation = f", rotation {planned.rotation}" if planned.rotation else ""
    yield f"{environment.name}: {len(planned.files)} {verb} in {planned.folder}{rotation}"
    for mark, names in (("+", planned.created), ("~", planned.changed), ("=", planned.kept)):
        yield from (f"  {mark} {name}" for name in names)
    if planned.rules:
        yield f"  + ../{RULES}"
    yield from listed("notes:", planned.notes)
    yield from listed("next:", _next(arguments, environment, planned))


def _next(arguments: argparse.Namespace, environment: Environment, planned: PlannedFiles) -> list[str]:
    if not planned.files or arguments.dry_run:
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
        steps[3:3] = [f"  {mark} {name.removesuffix('.yaml')}" for name in planned.files]
    return steps


def _document(arguments: argparse.Namespace, environment: Environment, planned: PlannedFiles) -> dict[str, Any]:
    return {
        "name": environment.name,
        "mode": environment.secrets.mode,
        "folder": planned.folder,
        "created": [*planned.created, *([f"../{RULES}"] if planned.rules else [])],
        "changed": list(planned.changed),
        "kept": list(planned.kept),
        "rotation": planned.rotation or None,
        "dryRun": arguments.dry_run,
        "notes": list(planned.notes),
        "next": _next(arguments, environment, planned),
    }
