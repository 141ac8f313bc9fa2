"""The config at a Git revision, as far as it describes the Redis that runs, and what the config at hand changes about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from rediskit.checks.changes import findings
from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError
from rediskit.migrate.committed import migrations_at
from rediskit.migrate.machine import effects
from rediskit.model.environment import Environment
from rediskit.model.files import TextFile
from rediskit.output.revision import contents_at
from rediskit.source.files import Neighbours
from rediskit.source.reader import read

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


def _described(revision: str, environment: Environment, data: dict[str, Any]) -> Environment:
    """The old config without its clients. Of the files that it names only the certificate is in the model."""
    sections = {name: data[name] for name in _SECTIONS if name in data}
    secrets = sections.get("secrets")
    if isinstance(secrets, dict) and isinstance(name := secrets.get("certificate"), str):
        place = str(Neighbours(environment.file).find(name))
        text = contents_at(revision, [place])[place] or b""
        sections["secrets"] = {**secrets, "certificate": TextFile(name, text.decode("utf-8", "replace"))}
    return Environment.model_validate(sections, by_alias=True, by_name=False)
