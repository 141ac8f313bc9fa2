"""The config at a Git revision, as far as it describes the Redis that runs, and what the config at hand changes about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rediskit.checks.changes import findings
from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError
from rediskit.git.revision import contents_at, gone_at
from rediskit.migrate.committed import migrations_at, migrations_in
from rediskit.model.environment import Environment
from rediskit.model.files import TextFile
from rediskit.source.neighbours import Neighbours
from rediskit.state_machine.effects import effects
from rediskit.yamlio.reader import read

_SECTIONS = ("schemaVersion", "name", "cluster", "kubernetes", "gitops", "redis", "network", "monitoring", "secrets")


def running_changes(revision: str, environment: Environment) -> Iterator[Finding]:
    """Return what a config changes about the Redis that is deployed at a revision; nothing where none is.

    Raises ConfigError where there is no such revision, MissingToolError without git.
    """
    file = os.path.realpath(environment.file)
    text = contents_at(revision, [file])[file]
    if text is None:
        return
    try:
        old = _described(revision, environment, read(text, f"{environment.file} at {revision}").data)
        migrations = migrations_at(revision, environment) or {}
    except (ConfigError, ValidationError) as error:
        first = error.problems[0].message if isinstance(error, ConfigError) else f"{error.error_count()} values are refused"
        message = f"the config at {revision} does not load ({first}): what changes about the running Redis is not known"
        hint = "name a revision at which it loads, or accept it after reading rediskit diff"
        yield Finding("base-unreadable", "error", message, hint, (), environment.locate(()), (environment.name,))
        return
    if not migrations or any(effects(migration).release for migration in migrations.values()):
        yield from findings(old, environment)
        if environment.clients and not any(effects(client.migration).release for client in environment.clients):
            message = "no client needs the Redis that is deployed any more: its release, monitoring and external address leave the tree"
            hint = "a step back before reconfigure means that; otherwise keep a client that uses it, and accept it after looking for others"
            yield Finding("release-leaves", "warning", message, hint, ("clients",), environment.locate(("clients",)), (environment.name,))


def gone_configs(revision: str, environment: Environment) -> Iterator[Finding]:
    """Return the configs of a revision that are gone although their Redis is deployed, beside this one or of its name elsewhere.

    Raises ConfigError where there is no such revision, MissingToolError without git.
    """
    file = Path(os.path.realpath(environment.file))
    new = contents_at(revision, [str(file)])[str(file)] is None
    for gone in map(Path, gone_at(revision, str(file.parent), ".yaml")):
        moved = new and gone.name == file.name
        if (moved or gone.parent == file.parent) and _deploys(gone, revision):
            yield _gone(gone, revision, environment, moved=moved)


def _deploys(config: Path, revision: str) -> bool:
    """Return whether a file is a config at a revision, and its Redis is deployed there; one that does not load may be."""
    file = str(config)
    text = contents_at(revision, [file])[file] or b""
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
        message = f"{shown} at {revision} is now {environment.file}: what changes about the running Redis is not compared"
        hint = f"move it back, or move it in a commit that changes nothing else, and accept it on {name}"
    else:
        message = f"{shown} at {revision} is gone, and its Redis is deployed: nobody renders or checks it any more"
        hint = f"restore it; for a renaming or the end of this Redis follow the objects by hand, then accept it on {name}"
    return Finding("config-gone", "error", message, hint, (), environment.locate(()), (name,))


def _described(revision: str, environment: Environment, data: dict[str, Any]) -> Environment:
    """The old config without its clients. Of the files that it names only the certificate is in the model."""
    sections = {name: data[name] for name in _SECTIONS if name in data}
    secrets = sections.get("secrets")
    if isinstance(secrets, dict) and isinstance(name := secrets.get("certificate"), str):
        place = str(Neighbours(environment.file).find(name))
        text = contents_at(revision, [place])[place] or b""
        sections["secrets"] = {**secrets, "certificate": TextFile(name, text.decode("utf-8", "replace"))}
    return Environment.model_validate(sections, by_alias=True, by_name=False)
