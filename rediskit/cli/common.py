"""What `render` and `check` share: from the command line to checked trees."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rediskit.checks import Finding, check
from rediskit.checks.place import check_place
from rediskit.cli.configs import configs_here, no_config
from rediskit.errors import ConfigError
from rediskit.model.environment import Environment
from rediskit.output.leftovers import clear, input_folders, of_inputs
from rediskit.renderers import render
from rediskit.renderers.tree import Tree
from rediskit.source.loader import load_all


class Rendered(NamedTuple):
    """The bytes of one tree. The objects are let go: a run over a thousand configs has to fit into memory."""

    name: str
    files: Mapping[str, bytes]


def config_files(arguments: argparse.Namespace) -> list[str]:
    """The configs of the command line; by default every `config/*.yaml`. Raises ConfigError when there is none."""
    found = arguments.configs or configs_here()
    if not found:
        raise ConfigError(no_config())
    return list(found)


def render_all(
    arguments: argparse.Namespace, visit: Callable[[Environment, Tree], None] | None = None, *, clean: bool = False
) -> tuple[list[Rendered], list[Finding]]:
    """Loads, renders and checks every config; `visit` sees each tree whole. clean: leftovers of killed runs are removed.

    Raises ConfigError with the problems of all of them.
    """
    trees, findings = [], []
    environments = load_all(config_files(arguments))
    if clean:
        clear_leftovers(*environments)
    for environment in environments:
        tree = render(environment)
        findings += check(environment, tree)
        findings += check_place(environment, arguments.output)
        if visit is not None:
            visit(environment, tree)
        trees.append(Rendered(tree.name, tree.files))
    return trees, findings


def clear_leftovers(*environments: Environment) -> None:
    """Remove what a killed run left where the files of these environments are. Raises RefusedError where the disk refuses."""
    clear(of_inputs(input_folders(environments)))


def has_errors(findings: list[Finding]) -> bool:
    """Whether any finding is an error."""
    return any(finding.severity == "error" for finding in findings)
