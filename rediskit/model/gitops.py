"""The GitOps tool that applies the rendered manifests: Argo CD or Flux."""

import re
from typing import Literal, Self

from pydantic import model_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, DnsName, GitRepository, GitRevision, Prefix, ServerAddress, TreePath

PLACEHOLDER_REPOSITORY = "https://git.example.com/owner/repository.git"
"""The repository in a config that `init` writes without knowing the real one. The config renders; no tool can reach the URL."""


class Destination(Model):
    """The destination cluster of an Application: the URL of its API server, or its name in Argo CD."""

    server: ServerAddress | None = None
    """The URL of the API server."""
    name: DnsName | None = None
    """The name of the cluster in Argo CD."""

    @model_validator(mode="after")
    def _has_server_or_name(self) -> Self:
        if (self.server is None) == (self.name is None):
            refuse(
                "destination",
                "a destination has either server or name",
                "write server: https://kubernetes.default.svc, or name: in-cluster",
            )
        return self


class ArgoCD(Model):
    """Names and namespace of the Argo CD objects."""

    namespace: DnsLabel = "argocd"
    """The namespace of Argo CD, with its Applications and the AppProject."""
    project: DnsLabel | None = None
    """The AppProject that rediskit renders. Default: `prefix`."""
    bootstrap_project: DnsLabel = "default"
    """The existing AppProject of the root Application. It must permit Applications and AppProjects."""
    destination: Destination = Destination(server="https://kubernetes.default.svc")
    """The destination cluster of the Applications."""
    prefix: Prefix | None = None
    """The prefix of the names of the Applications. Default: `redis.release`."""


class FluxSource(Model):
    """An existing Flux source."""

    kind: Literal["GitRepository", "OCIRepository", "Bucket"] = "GitRepository"
    """The kind of the source."""
    name: DnsName
    """The name of the source in the namespace of Flux."""


class Flux(Model):
    """Namespace, source and interval of the Flux objects."""

    namespace: DnsLabel = "flux-system"
    """The namespace of Flux, with its sources and Kustomizations."""
    source: FluxSource | None = None
    """An existing source. Default: rediskit renders a GitRepository."""
    interval: Duration = Duration("10m")
    """The reconciliation interval."""


class GitOps(Model):
    """The GitOps tool, and the place of the rendered manifests in Git."""

    tool: Literal["argocd", "flux"]
    """The GitOps tool."""
    repository: GitRepository
    """The URL of the Git repository with the rendered manifests, as the tool uses it."""
    revision: GitRevision = "main"
    """The branch, tag or commit that the tool tracks."""
    path: TreePath | None = None
    """The output directory in the repository. Default: `rendered/<name>`."""
    argocd: ArgoCD = ArgoCD()
    """Names and namespace of the Argo CD objects."""
    flux: Flux = Flux()
    """Namespace, source and interval of the Flux objects."""

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
    def _has_a_url_for_flux(self) -> Self:
        if self.tool == "flux" and self.flux.source is None and not re.match(r"(?:https?|ssh)://", self.repository):
            url = for_flux(self.repository)
            hint = f"write {url}" if url != self.repository else "write it as https://… or ssh://…"
            refuse("git-url", f"Flux does not accept {self.repository}: the scheme must be http, https or ssh", hint, "repository")
        return self


def for_flux(address: str) -> str:
    """Return `git@host:path` as the ssh URL that a Flux GitRepository accepts; any other address unchanged."""
    return re.sub(r"([\w.-]+@[\w.-]+):(?!//)/?(.+)", r"ssh://\1/\2", address)
