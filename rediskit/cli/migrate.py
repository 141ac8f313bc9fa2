"""`rediskit migrate`: from the sub-verb to its module, and what the sub-verbs share: the config, the client, the clock."""

from __future__ import annotations

import argparse
from importlib import import_module

from pydantic import TypeAdapter, ValidationError

from rediskit.cli.clock import now
from rediskit.cli.configs import configs_here, no_config
from rediskit.errors import ConfigError, Problem
from rediskit.migrate.clock import offset_source, written
from rediskit.model.migration import Migration, moment
from rediskit.model.types import Timestamp

_MODULES = {
    "status": "migratestatus",
    "plan": "migrateplan",
    "advance": "migratemove",
    "back": "migratemove",
    "rollback": "migratemove",
    "record": "migraterecord",
    "export": "migrateexport",
}


def run(arguments: argparse.Namespace) -> int:
    """Runs the module of the sub-verb; its exit code."""
    code: int = import_module(f"rediskit.cli.{_MODULES[arguments.action]}").run(arguments)
    return code


def config_file(arguments: argparse.Namespace) -> str:
    """The one config that is meant. Raises ConfigError when none is named and there is not exactly one config/*.yaml."""
    if arguments.config is not None:
        return str(arguments.config)
    found = configs_here()
    if not found:
        raise ConfigError(no_config())
    if len(found) > 1:
        raise ConfigError(Problem(f"there are {len(found)} configs here", f"name the one that is meant: {', '.join(found)}"))
    return found[0]


def time_of(text: str | None, option: str, migration: Migration | None = None) -> str:
    """The Timestamp of an option; without it now, with the offset that the window or the history is written with, else the local one.

    Raises ConfigError when the text is no time with an offset.
    """
    if text is not None:
        try:
            return TypeAdapter(Timestamp).validate_python(text)
        except ValidationError as error:
            context = error.errors()[0].get("ctx", {})
            raise ConfigError(Problem(f"{option}: {context.get('message')}", str(context.get("hint", "")))) from error
    local = now().astimezone()
    source = offset_source(migration) if migration else ""
    return written(local.astimezone(moment(source).tzinfo) if source else local)
