"""Find the project and the configs of a command line."""

import argparse
import os
from pathlib import Path

from rediskit.errors import ConfigError, Problem
from rediskit.git.discovery import work_tree
from rediskit.source.project import is_config, yaml_files


def project_root() -> Path:
    """Return the folder of the project, relative to the current one.

    It is the nearest folder, from the current one up to the top of the Git work tree, with a `config/*.yaml` that sets `gitops`; without
    one, the current folder. Outside of Git, no folder above is searched, because it can be the project of another person.
    """
    here = Path.cwd()
    top = work_tree(str(here)) or here
    folder = next((folder for folder in (here, *here.parents) if folder.is_relative_to(top) and _is_project(folder)), here)
    return Path(os.path.relpath(folder))


def _is_project(folder: Path) -> bool:
    return any(map(is_config, yaml_files(folder / "config")))


def default_output() -> str:
    """Return the parent of the output directories of the project."""
    return str(project_root() / "rendered")


def configs_here() -> list[str]:
    """Return every `config/*.yaml` of the project, sorted."""
    return [str(path) for path in yaml_files(project_root() / "config")]


def elsewhere() -> str:
    """Return the fix for a config with another extension or in another folder; "" without one."""
    if other := sorted(str(path) for path in Path("config").glob("*.yml")):
        return f"rename {other[0]}: a config ends in .yaml"
    if Path.cwd().name == "config" and yaml_files(Path()):
        return "change to the parent folder, which contains config/"
    return ""


def no_config() -> Problem:
    """Return the problem that the project has no config."""
    message = "no config/*.yaml in this directory or a parent"
    hint = "set a config file, change to the folder that contains config/, or create a config with rediskit init"
    return Problem(message, elsewhere() or hint)


def config_files(arguments: argparse.Namespace) -> list[str]:
    """Return the configs of the command line, by default every `config/*.yaml`. Raises ConfigError when there is none."""
    files = arguments.configs or configs_here()
    if not files:
        raise ConfigError(no_config())
    return list(files)


def config_file(arguments: argparse.Namespace) -> str:
    """Return the config of the command line, or the only config/*.yaml. Raises ConfigError when there is not exactly one."""
    if arguments.config is not None:
        return str(arguments.config)
    configs = configs_here()
    if not configs:
        raise ConfigError(no_config())
    if len(configs) > 1:
        raise ConfigError(Problem(f"the project has {len(configs)} configs", f"set one of them: {', '.join(configs)}"))
    return configs[0]
