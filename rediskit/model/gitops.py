"""Who carries the tree into the cluster: Argo CD or Flux."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import model_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, DnsName, GitRepository, GitRevision, Prefix, ServerAddress, TreePath

PLACEHOLDER_REPOSITORY = "https://git.example.com/owner/repository.git"
"""The repository in a config of `init` that does not know the real one: the config renders, and no tool reaches the address."""


class Destination(Model):
    """The cluster an Application deploys to, by API server address or by the name Argo CD knows it by."""

    server: ServerAddress | None = None
    """The address of its API server."""
    name: DnsName | None = None
    """The name Argo CD knows it by."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.server is None) == (self.name is None):
            refuse("a destination is either a server or a name", "write server: https://kubernetes.default.svc, or name: in-cluster")
        return self


class ArgoCD(Model):
    """How the Argo CD objects are named and where they live."""

    namespace: DnsLabel = "argocd"
    """The namespace Argo CD runs in: Applications and the AppProject live there."""
    project: DnsLabel | None = None
    """The AppProject that rediskit renders; default: the prefix."""
    bootstrap_project: DnsLabel = "default"
    """The project of the root Application. It must exist and admit Applications and AppProjects."""
    destination: Destination = Destination(server="https://kubernetes.default.svc")
    """The cluster the Applications deploy to."""
    prefix: Prefix | None = None
    """What the names of the Applications begin with; default: the release."""


class FluxSource(Model):
    """A source that exists already, instead of one of our own."""

    kind: Literal["GitRepository", "OCIRepository", "Bucket"] = "GitRepository"
    """The kind of the source."""
    name: DnsName
    """The name of the source, in the namespace of Flux."""


class Flux(Model):
    """How the Flux objects are placed."""

    namespace: DnsLabel = "flux-system"
    """The namespace Flux runs in: sources and Kustomizations live there."""
    source: FluxSource | None = None
    """A source that exists already; default: one of our own."""
    interval: Duration = Duration("10m")
    """How often Flux looks for changes."""


class GitOps(Model):
    """The tool, and where in which repository it finds the tree."""

    tool: Literal["argocd", "flux"]
    """Who carries the tree into the cluster."""
    repository: GitRepository
    """The Git repository that holds the tree, as the tool reaches it."""
    revision: GitRevision = "main"
    """The branch, tag or commit that the tool follows."""
    path: TreePath | None = None
    """Where the tree lies in the repository; default: `rendered/<name>`."""
    argocd: ArgoCD = ArgoCD()
    """How the Argo CD objects are named and where they live."""
    flux: Flux = Flux()
    """How the Flux objects are placed."""

    @property
    def tool_name(self) -> Literal["Argo CD", "Flux"]:
        """The name of the tool in text."""
        return "Argo CD" if self.tool == "argocd" else "Flux"

    @property
    def tool_namespace(self) -> str:
        """The namespace of the tool's own objects."""
        return self.argocd.namespace if self.tool == "argocd" else self.flux.namespace

    @property
    def object_kind(self) -> Literal["Application", "Kustomization"]:
        """The kind of the object that deploys one folder."""
        return "Application" if self.tool == "argocd" else "Kustomization"

    @model_validator(mode="after")
    def _as_flux_takes_it(self) -> Self:
        if self.tool == "flux" and self.flux.source is None and not re.match(r"(?:https?|ssh)://", self.repository):
            other = for_flux(self.repository)
            hint = f"write {other}" if other != self.repository else "write it as https://… or ssh://…"
            refuse(f"{self.repository} is no address for Flux: it takes http, https and ssh", hint, "repository")
        return self


def for_flux(address: str) -> str:
    """`git@host:path` as the address that a GitRepository takes (its CRD: http, https and ssh); any other as it is."""
    return re.sub(r"([\w.-]+@[\w.-]+):(?!//)/?(.+)", r"ssh://\1/\2", address)
