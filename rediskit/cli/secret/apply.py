"""`rediskit secret apply`: with mode manual, the password in every namespace of the cluster."""

from __future__ import annotations

import argparse

from rediskit.cli.configs import config_file
from rediskit.cli.report import print_json
from rediskit.cli.secret.inputs import given, in_clear_in_git
from rediskit.secrets.cluster import apply_secret
from rediskit.secrets.files import namespaces_of
from rediskit.secrets.kubectl import context_name
from rediskit.source.loader import load

_ORIGINS = {"given": "the given value", "cluster": "the value that is there", "generated": "a new value"}


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when all namespaces have the same value now (or would have)."""
    environment = load(config_file(arguments))
    namespaces = namespaces_of(environment, arguments.client)
    done = apply_secret(
        environment,
        namespaces,
        lambda: given(arguments, environment),
        arguments.context,
        force=arguments.force,
        dry_run=arguments.dry_run,
    )
    note = in_clear_in_git(arguments)
    notes = [*done.notes, *([note] if note else [])]
    context = context_name(arguments.context)
    kinds = {"created": done.created, "changed": done.changed, "unchanged": done.unchanged}
    if arguments.json:
        lists = {kind: list(names) for kind, names in kinds.items()}
        head = {"name": environment.name, "secret": environment.redis.auth.secret, "context": context}
        print_json({**head, **lists, "value": done.origin, "dryRun": arguments.dry_run, "notes": notes, "exitCode": 0})
        return 0
    would = "would be " if arguments.dry_run else ""
    print(f"{environment.name}: Secret {environment.redis.auth.secret} in {context}, {_ORIGINS[done.origin]}")
    for kind, names in kinds.items():
        for name in names:
            print(f"  {name}: {would if kind != 'unchanged' else ''}{kind}")
    for note in notes:
        print(f"note: {note}")
    if done.changed and not arguments.dry_run:
        print("next: restart Redis and the applications: they go on with the old value until then")
    return 0
