"""Load, render and check every config of a command line, for `render` and `check`."""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rediskit.checks import CHECKS, Finding, run_checks
from rediskit.checks.acceptance import unaccepted
from rediskit.checks.codes import RENDER, names
from rediskit.checks.output_path import check_output_path
from rediskit.cli.configs import configs_here, no_config
from rediskit.cli.terminal import progress
from rediskit.errors import ConfigError
from rediskit.model.environment import Environment
from rediskit.output.leftovers import input_leftovers, remove_leftovers
from rediskit.renderers import render
from rediskit.renderers.tree import Tree
from rediskit.source.loader import load_all
from rediskit.source.neighbours import input_folders

_MANY = 20
"""A run over more configs takes long enough for a report of its progress."""


class Rendered(NamedTuple):
    """The files of one environment without its objects, so a run over a thousand configs fits into memory."""

    name: str
    files: Mapping[str, bytes]


def config_files(arguments: argparse.Namespace) -> list[str]:
    """Return the configs of the command line, by default every `config/*.yaml`. Raises ConfigError when there is none."""
    files = arguments.configs or configs_here()
    if not files:
        raise ConfigError(no_config())
    return list(files)


class Visit(NamedTuple):
    """A check of one command beside the table of checks, and the codes of the findings that it may return."""

    codes: frozenset[str]
    look: Callable[[Environment, Tree], Iterable[Finding]]


class Checked(NamedTuple):
    """All findings of one environment, accepted ones too, and the codes of the checks that ran."""

    environment: Environment
    findings: list[Finding]
    codes: frozenset[str]

    @property
    def unaccepted(self) -> list[Finding]:
        """The findings that the config does not accept today."""
        return unaccepted(self.environment, self.findings, self.codes)


def render_all(arguments: argparse.Namespace, visits: Sequence[Visit] = (), *, clean: bool = False) -> tuple[list[Rendered], list[Checked]]:
    """Load, render and check every config. `clean` removes the leftovers of interrupted runs first.

    Raises ConfigError with the problems of all configs.
    """
    trees, checked = [], []
    codes = frozenset(rule.code for rule in CHECKS).union(names(RENDER), *(visit.codes for visit in visits))
    environments = load_all(config_files(arguments))
    if clean:
        clear_leftovers(*environments)
    for environment in environments:
        if len(environments) > _MANY:
            progress(f"checking {environment.name}")
        tree = render(environment)
        findings = [
            *run_checks(environment, tree),
            *check_output_path(environment, arguments.output),
            *_still_listed(environment, tree, arguments),
        ]
        for visit in visits:
            findings += visit.look(environment, tree)
        trees.append(Rendered(tree.name, tree.files))
        checked.append(Checked(environment, findings, codes))
    return trees, checked


def _still_listed(environment: Environment, tree: Tree, arguments: argparse.Namespace) -> Iterator[Finding]:
    """Yield a finding for each rendered Component that disappears while a kustomization of the work tree lists it."""
    if gone := [name for name in _components(arguments.output, environment) if f"owners/{name}/kustomization.yaml" not in tree.files]:
        from rediskit.migrate.owner.in_place import still_listed

        for problem in still_listed(environment, gone, arguments.output):
            yield Finding(problem.code, "error", problem.message, problem.hint, (), problem.location)


def _components(output: str, environment: Environment) -> list[str]:
    """Return the clients with a rendered Component on disk; none in a folder that can't be read, which the writer reports."""
    owners = f"{output}/{environment.name}/owners"
    try:
        names = sorted(os.listdir(owners))  # noqa: PTH208 - one exception for all reasons
    except OSError:
        return []
    return [name for name in names if os.path.isfile(f"{owners}/{name}/kustomization.yaml")]  # noqa: PTH113 - False without permission


def reported(checked: Iterable[Checked]) -> list[Finding]:
    """Return the findings of all environments that their configs do not accept."""
    return [finding for config in checked for finding in config.unaccepted]


def clear_leftovers(*environments: Environment) -> None:
    """Remove leftovers of interrupted runs beside the inputs. Raises RefusedError where a file can't be removed."""
    remove_leftovers(input_leftovers(input_folders(environments)))


def has_errors(findings: Iterable[Finding], *, strict: bool = False) -> bool:
    """Return whether any finding is an error. strict: a warning is one, too."""
    return any(finding.severity in (("error", "warning") if strict else ("error",)) for finding in findings)
