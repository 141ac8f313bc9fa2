"""Environment to Tree, pure: no clock, no random, no environment variables, no network, no subprocess, no file but our own templates."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.model.environment import Environment
from rediskit.renderers.argocd import argocd
from rediskit.renderers.flux import flux
from rediskit.renderers.helm import helm_values
from rediskit.renderers.objects import header
from rediskit.renderers.owner.component import owners
from rediskit.renderers.pages.documents import docs
from rediskit.renderers.pages.readme import readme
from rediskit.renderers.platform import platform, units
from rediskit.renderers.tree import File, Tree


def render(environment: Environment) -> Tree:
    """Everything that goes into `<output>/<name>/`, except the index that `write` keeps. The same input gives the same bytes."""
    return Tree.of(environment.name, header(environment), _files(environment))


def _files(environment: Environment) -> Iterator[File]:
    made = units(environment)
    yield from helm_values(environment)
    yield from platform(made)
    yield from owners(environment)
    carried = {"argocd": argocd, "flux": flux}[environment.gitops.tool]
    yield from carried(environment, made)
    pages = tuple(docs(environment))
    yield from (page.file for page in pages)
    yield from readme(environment, made, pages)
