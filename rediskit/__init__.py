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
    from rediskit.model.accept import Accept
    from rediskit.model.client import Client, Owner, Previous
    from rediskit.model.environment import Environment
    from rediskit.model.evidence import Evidence
    from rediskit.model.files import Manifest, TextFile
    from rediskit.model.gitops import ArgoCD, Destination, Flux, FluxSource, GitOps
    from rediskit.model.migration import Budgets, Entry, Migration, Validation, Window
    from rediskit.model.monitoring import Monitoring
    from rediskit.model.network import Network, Pool
    from rediskit.model.redis import Amount, Auth, Chart, ContainerResources, ExporterImage, Memory, Redis, RedisImage, Resources, Storage
    from rediskit.model.secrets import ExternalSecrets, Manual, SealedSecrets, SecretStore, Sops
    from rediskit.model.workload import Autoscaler, Variables, Workload
    from rediskit.output.diff import diff
    from rediskit.output.tree_diff import FileDiff, TreeDiff
    from rediskit.output.writer import Changes, write
    from rediskit.renderers import render
    from rediskit.renderers.tree import File, Tree
    from rediskit.source.loader import load

_HOMES = {
    "Accept": "rediskit.model.accept",
    "Amount": "rediskit.model.redis",
    "ArgoCD": "rediskit.model.gitops",
    "Auth": "rediskit.model.redis",
    "Autoscaler": "rediskit.model.workload",
    "Budgets": "rediskit.model.migration",
    "Changes": "rediskit.output.writer",
    "Chart": "rediskit.model.redis",
    "Client": "rediskit.model.client",
    "ConfigError": "rediskit.errors",
    "ContainerResources": "rediskit.model.redis",
    "Destination": "rediskit.model.gitops",
    "FileDiff": "rediskit.output.tree_diff",
    "TreeDiff": "rediskit.output.tree_diff",
    "Entry": "rediskit.model.migration",
    "Environment": "rediskit.model.environment",
    "Evidence": "rediskit.model.evidence",
    "ExporterImage": "rediskit.model.redis",
    "ExternalSecrets": "rediskit.model.secrets",
    "File": "rediskit.renderers.tree",
    "Finding": "rediskit.checks",
    "Flux": "rediskit.model.gitops",
    "FluxSource": "rediskit.model.gitops",
    "GitOps": "rediskit.model.gitops",
    "Location": "rediskit.errors",
    "Manifest": "rediskit.model.files",
    "Manual": "rediskit.model.secrets",
    "Memory": "rediskit.model.redis",
    "Migration": "rediskit.model.migration",
    "MissingToolError": "rediskit.errors",
    "Monitoring": "rediskit.model.monitoring",
    "Network": "rediskit.model.network",
    "Owner": "rediskit.model.client",
    "Pool": "rediskit.model.network",
    "Previous": "rediskit.model.client",
    "Problem": "rediskit.errors",
    "Redis": "rediskit.model.redis",
    "RedisImage": "rediskit.model.redis",
    "RediskitError": "rediskit.errors",
    "RefusedError": "rediskit.errors",
    "Resources": "rediskit.model.redis",
    "SealedSecrets": "rediskit.model.secrets",
    "SecretStore": "rediskit.model.secrets",
    "Sops": "rediskit.model.secrets",
    "Storage": "rediskit.model.redis",
    "TextFile": "rediskit.model.files",
    "Tree": "rediskit.renderers.tree",
    "Validation": "rediskit.model.migration",
    "Variables": "rediskit.model.workload",
    "Window": "rediskit.model.migration",
    "Workload": "rediskit.model.workload",
    "check": "rediskit.checks",
    "diff": "rediskit.output.diff",
    "load": "rediskit.source.loader",
    "render": "rediskit.renderers",
    "write": "rediskit.output.writer",
}

__all__ = [
    "Accept",
    "Amount",
    "ArgoCD",
    "Auth",
    "Autoscaler",
    "Budgets",
    "Changes",
    "Chart",
    "Client",
    "ConfigError",
    "ContainerResources",
    "Destination",
    "Entry",
    "Environment",
    "Evidence",
    "ExporterImage",
    "ExternalSecrets",
    "File",
    "FileDiff",
    "Finding",
    "Flux",
    "FluxSource",
    "GitOps",
    "Location",
    "Manifest",
    "Manual",
    "Memory",
    "Migration",
    "MissingToolError",
    "Monitoring",
    "Network",
    "Owner",
    "Pool",
    "Previous",
    "Problem",
    "Redis",
    "RedisImage",
    "RediskitError",
    "RefusedError",
    "Resources",
    "SealedSecrets",
    "SecretStore",
    "Sops",
    "Storage",
    "TextFile",
    "Tree",
    "TreeDiff",
    "Validation",
    "Variables",
    "Window",
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
