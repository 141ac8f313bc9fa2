"""Find the configs of a command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from rediskit.errors import ConfigError, Problem


def configs_here() -> list[str]:
    """Return every `config/*.yaml` of the current folder, sorted."""
    return sorted(str(path) for path in Path("config").glob("*.yaml"))


def elsewhere() -> str:
    """Return the fix for a config with another extension or in another folder; "" without one."""
    if other := sorted(str(path) for path in Path("config").glob("*.yml")):
        return f"rename {other[0]}: a config ends in .yaml"
    if Path.cwd().name == "config" and any(Path().glob("*.yaml")):
        return "change into the folder above, which holds config/"
    return ""


def no_config() -> Problem:
    """Return the problem that the current folder has no config."""
    return Problem("there is no config/*.yaml here", elsewhere() or "name a config file, or change into the folder that holds config/")


def config_file(arguments: argparse.Namespace) -> str:
    """Return the config of the command line, or the only config/*.yaml. Raises ConfigError when there is not exactly one."""
    if arguments.config is not None:
        return str(arguments.config)
    found = configs_here()
    if not found:
        raise ConfigError(no_config())
    if len(found) > 1:
        raise ConfigError(Problem(f"there are {len(found)} configs here", f"name one of them: {', '.join(found)}"))
    return found[0]
