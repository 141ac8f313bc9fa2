"""The local checkout of an application repository."""

import os
from pathlib import Path

from rediskit.errors import ConfigError, Problem
from rediskit.files import read_file
from rediskit.git.discovery import work_tree_of
from rediskit.git.work_tree import same_repository
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import text_at
from rediskit.renderers.pages.following import repository_name
from rediskit.yamlio.reader import read

FILE = ".rediskit.local.yaml"
"""The file of one machine, at the top of the Git work tree of the config. Git ignores it."""
VARIABLE = "REDISKIT_CHECKOUTS"
"""The environment variable with the folder of all checkouts."""


def overlay(environment: Environment, client: Client, folder: str | None) -> str:
    """Return the folder of the outermost overlay in the checkout of the application repository.

    It is below `folder`, below this work tree if the application repository is this one, below the entry of `.rediskit.local.yaml`, or
    below the folder with its name in `$REDISKIT_CHECKOUTS`.

    Raises:
        ConfigError: None of them is set.
    """
    top = work_tree_of(environment.file)
    owner = client.owner
    name = repository_name(client)
    if folder is not None:
        place = folder
    elif top and owner.repository and same_repository(owner.repository, environment.gitops.repository):
        place = os.path.relpath(top)
    elif top and (entry := _entry(top, name)):
        place = os.path.normpath(top / entry)
    elif base := os.environ.get(VARIABLE):
        place = f"{base}/{name}"
    else:
        hint = f"add --checkout DIR, set ${VARIABLE} to the folder above {name}, or add checkouts: {{{name}: DIR}} to {FILE}"
        raise ConfigError(Problem(f"the checkout of the application repository {name} is not known", hint, code="checkout-unknown"))
    return os.path.normpath(f"{place}/{owner.path or '.'}")


def _entry(top: Path, name: str) -> str:
    file = top / FILE
    return text_at(read(read_file(file, FILE), FILE).data, "checkouts", name) if file.is_file() else ""
