"""The check that needs to know where the output lies."""

from __future__ import annotations

import os
from pathlib import Path

from rediskit.checks.finding import Finding
from rediskit.git.discovery import work_tree
from rediskit.model.environment import Environment


def check_place(environment: Environment, root: str) -> list[Finding]:
    """`gitops.path` is where the tree lies in its Git work tree: the GitOps tool would otherwise look into an empty folder.

    root: the output folder. Outside of Git there is nothing to compare with.
    """
    folder = Path(os.path.realpath(root))
    top = work_tree(folder)
    if top is None:
        return []
    found = (folder / environment.name).relative_to(top).as_posix()
    if found == environment.path:
        return []
    path = ("gitops", "path")
    message = f"the tree lies at {found} in its Git work tree, but gitops.path is {environment.path}"
    return [Finding("gitops-path", "error", message, f"write path: {found}, or choose another --output", path, environment.locate(path))]
