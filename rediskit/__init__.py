"""rediskit: a shared Redis on Kubernetes, and the move of applications onto it, as files that Argo CD carries.

    env = load("config/chocolandia.yaml")
    tree = render(env)
    findings = check(env, tree)
    differences = diff(tree, "rendered")
    changes = write(tree, "rendered")

Everything public is in `__all__` and is loaded when it is first asked for, so that importing rediskit costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rediskit.checks import Finding, check
    from rediskit.errors import ConfigError, Location, MissingToolError, Problem, RediskitError, RefusedError
    from rediskit.model.client import Client, Previous
    from rediskit.model.environment import Environment
    from rediskit.model.files import Manifest, TextFile
    from rediskit.model.gitops import ArgoCD, Flux, GitOps
    from rediskit.model.migration import Migration
    from rediskit.model.monitoring import Monitoring
    from rediskit.model.network import Network, Pool
    from rediskit.model.redis import Redis
    from rediskit.model.workload import Variables, Workload
    from rediskit.output.diff import diff
    from rediskit.output.differences import Difference, Differences
    from rediskit.output.disk import Changes, write
    from rediskit.renderers import render
    from rediskit.renderers.tree import File, Tree
    from rediskit.source.loader import load

_HOMES = {
    "ArgoCD": "rediskit.model.gitops",
    "Changes": "rediskit.output.disk",
    "Client": "rediskit.model.client",
    "ConfigError": "rediskit.errors",
    "Difference": "rediskit.output.differences",
    "Differences": "rediskit.output.differences",
    "Environment": "rediskit.model.environment",
    "File": "rediskit.renderers.tree",
    "Finding": "rediskit.checks",
    "Flux": "rediskit.model.gitops",
    "GitOps": "rediskit.model.gitops",
    "Location": "rediskit.errors",
    "Manifest": "rediskit.model.files",
    "Migration": "rediskit.model.migration",
    "MissingToolError": "rediskit.errors",
    "Monitoring": "rediskit.model.monitoring",
    "Network": "rediskit.model.network",
    "Pool": "rediskit.model.network",
    "Previous": "rediskit.model.client",
    "Problem": "rediskit.errors",
    "Redis": "rediskit.model.redis",
    "RediskitError": "rediskit.errors",
    "RefusedError": "rediskit.errors",
    "TextFile": "rediskit.model.files",
    "Tree": "rediskit.renderers.tree",
    "Variables": "rediskit.model.workload",
    "Workload": "rediskit.model.workload",
    "check": "rediskit.checks",
    "diff": "rediskit.output.diff",
    "load": "rediskit.source.loader",
    "render": "rediskit.renderers",
    "write": "rediskit.output.disk",
}

__all__ = [
    "ArgoCD",
    "Changes",
    "Client",
    "ConfigError",
    "Difference",
    "Differences",
    "Environment",
    "File",
    "Finding",
    "Flux",
    "GitOps",
    "Location",
    "Manifest",
    "Migration",
    "MissingToolError",
    "Monitoring",
    "Network",
    "Pool",
    "Previous",
    "Problem",
    "Redis",
    "RediskitError",
    "RefusedError",
    "TextFile",
    "Tree",
    "Variables",
    "Workload",
    "check",
    "diff",
    "load",
    "render",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
