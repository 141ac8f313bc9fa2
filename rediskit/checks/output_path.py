"""The check that compares `gitops.path` with the real place of the output directory."""

import os

from rediskit.checks.finding import Finding
from rediskit.git.discovery import work_tree
from rediskit.model.environment import Environment


def check_output_path(environment: Environment, root: str) -> list[Finding]:
    """Require that `gitops.path` is the path of the output directory below `root`, because the GitOps tool reads that path.

    Outside of a Git work tree there is nothing to compare with.
    """
    folder = os.path.realpath(root)
    top = work_tree(folder)
    if top is None:
        return []
    real = os.path.join(folder, environment.name).removeprefix(os.path.join(top, ""))
    if real == environment.path:
        return []
    path = ("gitops", "path")
    message = f"the output directory is {real} in its Git work tree, but gitops.path is {environment.path}"
    return [Finding("gitops-path", "error", message, f"write path: {real}, or choose another --output", path, environment.locate(path))]
