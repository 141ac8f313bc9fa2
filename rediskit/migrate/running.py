"""The changes of the working config to the Redis that is deployed at a Git revision."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rediskit.checks.changes import findings
from rediskit.checks.finding import Finding, Severity
from rediskit.errors import ConfigError
from rediskit.git.revision import contents_at, gone_at
from rediskit.migrate.client_access import lost_access
from rediskit.migrate.committed import migrations_at, migrations_in, sections_in
from rediskit.migrate.defaults import changed_defaults
from rediskit.migrate.left_databases import left_databases
from rediskit.migrate.reused_databases import reused_databases
from rediskit.model.environment import Environment
from rediskit.model.files import TextFile
from rediskit.source.neighbours import Neighbours
from rediskit.state_machine.effects import effects, uses_shared
from rediskit.yamlio.reader import read

_SECTIONS = ("schemaVersion", "name", "cluster", "kubernetes", "gitops", "redis", "network", "monitoring", "secrets")

_TOGETHER = 1000
"""The number of files that are read together: a command line has a largest length."""


def running_changes(revision: str, environment: Environment) -> Iterator[Finding]:
    """Yield the changes of a config to the Redis that is deployed at a revision, and to its clients; none if no Redis is deployed there."""
    file = os.path.realpath(environment.file)
    text = contents_at(revision, [file])[file]
    if text is None:
        return
    try:
        old = _described(revision, environment, read(text, f"{environment.file} at {revision}").data)
        migrations = migrations_at(revision, environment) or {}
    except (ConfigError, ValidationError) as error:
        first = error.problems[0].message if isinstance(error, ConfigError) else f"{error.error_count()} invalid values"
        message = f"the config at {revision} does not load ({first}), so its Redis is not compared"
        hint = "choose a revision with a valid config, or read rediskit diff and accept the finding"
        yield Finding("base-unreadable", "error", message, hint, (), environment.locate(()), (environment.name,))
        return
    if not migrations or any(effects(migration).release for migration in migrations.values()):
        yield from findings(old, environment)
        yield from changed_defaults(revision, old, environment)
        sections = sections_in(environment.file, revision) or {}
        yield from lost_access(revision, environment, migrations, sections)
        yield from left_databases(revision, environment, migrations, sections)
        yield from reused_databases(revision, environment, migrations, sections)
        if environment.clients and not any(effects(client.migration).release for client in environment.clients):
            message = "no client needs the deployed Redis: the rendered manifests lose its release, monitoring and external address"
            hint = "expected for a step back before reconfigure; otherwise keep a client, or check for other users and accept the finding"
            severity: Severity = "error" if any(map(uses_shared, migrations.values())) else "warning"
            yield Finding("release-leaves", severity, message, hint, ("clients",), environment.locate(("clients",)), (environment.name,))


def gone_configs(revision: str, environment: Environment) -> Iterator[Finding]:
    """Yield a finding for each deleted or moved config whose Redis is deployed at a revision.

    Configs in the folder of this one count, and those elsewhere if this one is new: it can be one of them with another name.
    """
    file = Path(os.path.realpath(environment.file))
    new = contents_at(revision, [str(file)])[str(file)] is None
    gone = [path for path in map(Path, gone_at(revision, str(file.parent), ".yaml")) if new or path.parent == file.parent]
    for start in range(0, len(gone), _TOGETHER):
        for name, text in contents_at(revision, [str(path) for path in gone[start : start + _TOGETHER]]).items():
            if b"gitops" in (text or b"") and _deploys(Path(name), text or b"", revision):
                yield _gone(Path(name), revision, environment, moved=new and Path(name).name == file.name)


def _deploys(config: Path, text: bytes, revision: str) -> bool:
    """Return whether a file is a config at a revision whose Redis is deployed, or can be if it does not load."""
    file = str(config)
    try:
        data = read(text, file).data
    except ConfigError:
        return config.parent.name == "config"
    if not isinstance(data, dict) or data.get("name") != config.stem or not isinstance(data.get("gitops"), dict):
        return False
    try:
        migrations = migrations_in(file, revision)
    except ConfigError:
        return True
    return not migrations or any(effects(migration).release for migration in migrations.values())


def _gone(config: Path, revision: str, environment: Environment, *, moved: bool) -> Finding:
    shown, name = os.path.relpath(config), config.stem
    if moved:
        message = f"{shown} at {revision} is now {environment.file}, so its Redis is not compared"
        hint = f"move it back, or move it in a separate commit and accept the finding on {name}"
    else:
        message = f"{shown} at {revision} is deleted, but its Redis is deployed"
        hint = f"restore it; to rename or remove this Redis, change its objects by hand, then accept the finding on {name}"
    return Finding("config-gone", "error", message, hint, (), environment.locate(()), (name,))


def _described(revision: str, environment: Environment, data: dict[str, Any]) -> Environment:
    """Return the old environment without clients. Of the referenced files only the certificate is loaded."""
    sections = {name: data[name] for name in _SECTIONS if name in data}
    secrets = sections.get("secrets")
    if isinstance(secrets, dict) and isinstance(name := secrets.get("certificate"), str):
        place = Neighbours(environment.file).find(name)
        text = contents_at(revision, [place])[place] or b""
        sections["secrets"] = {**secrets, "certificate": TextFile(name, text.decode("utf-8", "replace"))}
    return Environment.model_validate(sections, by_alias=True, by_name=False)
