"""Render an Environment to a Tree, without a clock, random numbers, environment variables, a network, subprocesses or other input files."""

from collections.abc import Iterator

from rediskit.model.environment import Environment
from rediskit.renderers.helm import helm_values
from rediskit.renderers.objects import header
from rediskit.renderers.owner.kinds import owners
from rediskit.renderers.pages.documents import docs
from rediskit.renderers.pages.readme import readme
from rediskit.renderers.platform import platform, units, verification
from rediskit.renderers.tree import File, Tree


def render(environment: Environment) -> Tree:
    """Return every file of `<output>/<name>/` except the index, which `write` adds. The same input gives the same bytes."""
    return Tree.of(environment.name, header(environment), _files(environment))


def _files(environment: Environment) -> Iterator[File]:
    components = units(environment)
    jobs = verification(environment)
    yield from helm_values(environment)
    yield from platform(components)
    yield from (file for unit in jobs for file in unit.files())
    yield from owners(environment)
    if environment.gitops.tool == "flux":
        from rediskit.renderers.flux import flux

        yield from flux(environment, (*components, *jobs))
    else:
        from rediskit.renderers.argocd import argocd

        yield from argocd(environment, (*components, *jobs))
    pages = tuple(docs(environment))
    yield from (page.file for page in pages)
    yield readme(environment, (*components, *jobs), pages)
