"""`rediskit secret apply`: the password in every namespace of the cluster, for mode manual."""

import argparse

from rediskit.cli.configs import config_file
from rediskit.cli.report import Report
from rediskit.cli.secret.inputs import in_clear_in_git, password_from
from rediskit.live.kubectl import context_name
from rediskit.secrets.cluster import apply_secret
from rediskit.secrets.files import namespaces_of
from rediskit.source.loader import load

_ORIGINS = {"given": "the given value", "cluster": "the value that is there", "generated": "a new value"}


def run(arguments: argparse.Namespace) -> Report:
    """Report the Secrets that were written, so that all namespaces have the same value."""
    environment = load(config_file(arguments))
    namespaces = namespaces_of(environment, arguments.client)
    done = apply_secret(
        environment,
        namespaces,
        lambda: password_from(arguments, environment),
        arguments.context,
        force=arguments.force,
        dry_run=arguments.dry_run,
    )
    warning = in_clear_in_git(arguments)
    notes = [*done.notes, *([warning] if warning else [])]
    context = context_name(arguments.context)
    kinds = {"created": done.created, "changed": done.changed, "unchanged": done.unchanged}
    lists = {kind: list(names) for kind, names in kinds.items()}
    head = {"name": environment.name, "secret": environment.redis.auth.secret, "context": context}
    document = {**head, **lists, "value": done.origin, "dryRun": arguments.dry_run, "notes": notes}
    would = "would be " if arguments.dry_run else ""
    lines = [f"{environment.name}: Secret {environment.redis.auth.secret} in {context}, {_ORIGINS[done.origin]}"]
    lines += [f"  {name}: {would if kind != 'unchanged' else ''}{kind}" for kind, names in kinds.items() for name in names]
    lines += [f"note: {note}" for note in notes]
    if done.changed and not arguments.dry_run:
        lines.append("next: restart Redis and the applications: they use the old value until then")
    return Report(document, lines)
