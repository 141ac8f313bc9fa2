"""Who carries the tree into the cluster: Argo CD or Flux."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, DnsName, GitRepository, GitRevision, PlainText, TreePath


class Destination(Model):
    """The cluster an Application deploys to, by API server address or by the name Argo CD knows it by."""

    server: PlainText | None = None
    name: DnsName | None = None

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
    prefix: DnsLabel | None = Field(default=None, max_length=40)
    """What the names of the Applications begin with; default: the release."""


class FluxSource(Model):
    """A source that exists already, instead of one of our own."""

    kind: Literal["GitRepository", "OCIRepository", "Bucket"] = "GitRepository"
    name: DnsName


class Flux(Model):
    """How the Flux objects are placed."""

    namespace: DnsLabel = "flux-system"
    source: FluxSource | None = None
    interval: Duration = Duration("10m")


class GitOps(Model):
    """The tool, and where in which repository it finds the tree."""

    tool: Literal["argocd", "flux"]
    repository: GitRepository
    revision: GitRevision = "main"
    path: TreePath | None = None
    """Where the tree lies in the repository; default `rendered/<name>`."""
    argocd: ArgoCD = ArgoCD()
    flux: Flux = Flux()
