"""Render and check an environment, for `render` and `check`."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rediskit.checks import CHECKS, Finding, run_checks
from rediskit.checks.acceptance import unaccepted
from rediskit.checks.codes import RENDER, names
from rediskit.checks.output_path import check_output_path
from rediskit.model.environment import Environment
from rediskit.renderers import render
from rediskit.renderers.tree import Tree


class Rendered(NamedTuple):
    """The files of one environment without its objects, so a run over a thousand configs fits into memory."""

    name: str
    files: Mapping[str, bytes]


class Visit(NamedTuple):
    """A check of one command beside the table of checks, and the codes of the findings that it may return."""

    codes: frozenset[str]
    look: Callable[[Environment, Tree], Iterable[Finding]]


class Checked(NamedTuple):
    """The rendered files and all findings of one environment, accepted ones too, and the codes of the checks that ran."""

    environment: Environment
    rendered: Rendered
    findings: list[Finding]
    codes: frozenset[str]

    @property
    def unaccepted(self) -> list[Finding]:
        """The findings that the config does not accept today."""
        return unaccepted(self.environment, self.findings, self.codes)


def checked(environment: Environment, output: str, visits: Sequence[Visit] = ()) -> Checked:
    """Render and check an environment."""
    codes = frozenset(rule.code for rule in CHECKS).union(names(RENDER), *(visit.codes for visit in visits))
    tree = render(environment)
    findings = [
        *run_checks(environment, tree),
        *check_output_path(environment, output),
        *_still_listed(environment, tree, output),
    ]
    for visit in visits:
        findings += visit.look(environment, tree)
    return Checked(environment, Rendered(tree.name, tree.files), findings, codes)


def _still_listed(environment: Environment, tree: Tree, output: str) -> Iterator[Finding]:
    """Yield a finding for each rendered Component that disappears while a kustomization of the work tree lists it."""
    if gone := [name for name in _components(output, environment) if f"owners/{name}/kustomization.yaml" not in tree.files]:
        from rediskit.migrate.owner.in_place import still_listed

        for problem in still_listed(environment, gone, output):
            yield Finding(problem.code, "error", problem.message, problem.hint, (), problem.location)


def _components(output: str, environment: Environment) -> list[str]:
    """Return the clients with a rendered Component on disk; none in a folder that can't be read, which the writer reports."""
    owners = f"{output}/{environment.name}/owners"
    try:
        names = sorted(os.listdir(owners))  # noqa: PTH208 - one exception for all reasons
    except OSError:
        return []
    return [name for name in names if os.path.isfile(f"{owners}/{name}/kustomization.yaml")]  # noqa: PTH113 - False without permission


def has_errors(findings: Iterable[Finding], *, strict: bool = False) -> bool:
    """Return whether any finding is an error. strict: a warning is one, too."""
    return any(finding.severity in (("error", "warning") if strict else ("error",)) for finding in findings)
