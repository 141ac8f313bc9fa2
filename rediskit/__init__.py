"""Generate the manifests of a shared Redis on Kubernetes under GitOps, and move applications onto it.

    env = load("config/chocolandia.yaml")
    tree = render(env)
    findings = check(env, tree)
    differences = diff(tree, "rendered")
    changes = write(tree, "rendered")

`__all__` lists the public names. Each is imported on first use, so that `import rediskit` is fast.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
"""As in `typing`: type checkers know the name. The import of `typing` takes a tenth of `rediskit --help`."""

if TYPE_CHECKING:  # `X as X` marks a name as public for type checkers, which do not evaluate `__all__`.
    # isort: off
    from typing import Any
    from rediskit.checks import Finding as Finding, check as check
    from rediskit.errors import ConfigError as ConfigError, Location as Location, MissingToolError as MissingToolError, Problem as Problem
    from rediskit.errors import RediskitError as RediskitError, RefusedError as RefusedError
    from rediskit.model.accept import Accept as Accept
    from rediskit.model.autoscaler import Autoscaler as Autoscaler
    from rediskit.model.client import Client as Client, Database as Database, Previous as Previous
    from rediskit.model.container import Container as Container, Replacement as Replacement
    from rediskit.model.environment import Environment as Environment
    from rediskit.model.evidence import Evidence as Evidence
    from rediskit.model.files import Manifest as Manifest, TextFile as TextFile
    from rediskit.model.gitops import ArgoCD as ArgoCD, Destination as Destination, Flux as Flux, FluxSource as FluxSource, GitOps as GitOps
    from rediskit.model.migration import Budgets as Budgets, Entry as Entry, Migration as Migration, Validation as Validation
    from rediskit.model.migration import Window as Window
    from rediskit.model.monitoring import Monitoring as Monitoring
    from rediskit.model.network import Network as Network, Pool as Pool
    from rediskit.model.owner import Owner as Owner
    from rediskit.model.owner_values import ByEffect as ByEffect
    from rediskit.model.redis import Auth as Auth, Chart as Chart, Image as Image, Memory as Memory, Redis as Redis, Storage as Storage
    from rediskit.model.resources import Amount as Amount, ContainerResources as ContainerResources, Resources as Resources
    from rediskit.model.secrets import ExternalSecrets as ExternalSecrets, Manual as Manual, SealedSecrets as SealedSecrets
    from rediskit.model.secrets import SecretStore as SecretStore, Sops as Sops
    from rediskit.model.template import Template as Template
    from rediskit.model.verification import Milliseconds as Milliseconds, PrometheusService as PrometheusService
    from rediskit.model.verification import Verification as Verification
    from rediskit.model.workload import Workload as Workload
    from rediskit.output.diff import diff as diff
    from rediskit.output.tree_diff import FileDiff as FileDiff, TreeDiff as TreeDiff
    from rediskit.output.writer import Changes as Changes, write as write
    from rediskit.renderers import render as render
    from rediskit.renderers.tree import File as File, Tree as Tree
    from rediskit.source.loader import load as load

_EXPORTS = {
    "rediskit.checks": ("Finding", "check"),
    "rediskit.errors": ("ConfigError", "Location", "MissingToolError", "Problem", "RediskitError", "RefusedError"),
    "rediskit.model.accept": ("Accept",),
    "rediskit.model.autoscaler": ("Autoscaler",),
    "rediskit.model.client": ("Client", "Database", "Previous"),
    "rediskit.model.container": ("Container", "Replacement"),
    "rediskit.model.environment": ("Environment",),
    "rediskit.model.evidence": ("Evidence",),
    "rediskit.model.files": ("Manifest", "TextFile"),
    "rediskit.model.gitops": ("ArgoCD", "Destination", "Flux", "FluxSource", "GitOps"),
    "rediskit.model.migration": ("Budgets", "Entry", "Migration", "Validation", "Window"),
    "rediskit.model.monitoring": ("Monitoring",),
    "rediskit.model.network": ("Network", "Pool"),
    "rediskit.model.owner": ("Owner",),
    "rediskit.model.owner_values": ("ByEffect",),
    "rediskit.model.redis": ("Auth", "Chart", "Image", "Memory", "Redis", "Storage"),
    "rediskit.model.resources": ("Amount", "ContainerResources", "Resources"),
    "rediskit.model.secrets": ("ExternalSecrets", "Manual", "SealedSecrets", "SecretStore", "Sops"),
    "rediskit.model.template": ("Template",),
    "rediskit.model.verification": ("Milliseconds", "PrometheusService", "Verification"),
    "rediskit.model.workload": ("Workload",),
    "rediskit.output.diff": ("diff",),
    "rediskit.output.tree_diff": ("FileDiff", "TreeDiff"),
    "rediskit.output.writer": ("Changes", "write"),
    "rediskit.renderers": ("render",),
    "rediskit.renderers.tree": ("File", "Tree"),
    "rediskit.source.loader": ("load",),
}
"""The public names of each module."""

_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
