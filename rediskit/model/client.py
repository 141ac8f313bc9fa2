"""An application that uses the shared Redis, its old Redis, and the application repository."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.gitops_tools import gitops_tool_of
from rediskit.model.migration import Migration
from rediskit.model.nested import at
from rediskit.model.types import DnsLabel, DnsName, Flag, ObjectReference, Port
from rediskit.model.workload import Workload


class Previous(Model):
    """The old Redis of the application."""

    host: DnsName
    """The host name, as the application uses it."""
    port: Port = 6379
    """The port."""
    remove: tuple[ObjectReference, ...] = ()
    """Objects that `decommission` removes from the build of the application repository, as Kind/name."""
    data: Literal["none", "discard", "keep"] | None = None
    """The data on the volume of the old Redis: `none` (no volume), `discard`, or `keep` (the PersistentVolumeClaim stays). Required for
    `decommission`."""

    @field_validator("remove")
    @classmethod
    def _can_be_removed(cls, remove: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for index, reference in enumerate(remove):
            if reference.startswith("Namespace/"):
                problems.append(
                    Problem(
                        "removing a namespace removes all objects in it",
                        "list only the objects of the old Redis",
                        (index,),
                        code="previous-remove",
                    )
                )
            elif reference in remove[:index]:
                problems.append(Problem(f"{reference} is listed twice", "remove one of them", (index,), code="previous-remove"))
        refuse_all(problems)
        return remove

    @model_validator(mode="after")
    def _keeps_the_claim(self) -> Self:
        claims = [reference for reference in self.remove if reference.startswith("PersistentVolumeClaim/")]
        if claims and self.data in ("none", "keep"):
            hint = "write data: discard, or delete the claim from remove"
            refuse("previous-remove", f"is {self.data}, but remove contains {claims[0]}", hint, "data")
        return self

    @property
    def described(self) -> str:
        """Address and removed objects in one line, the subject of a scan."""
        return " ".join((f"{self.host}:{self.port}", *sorted(self.remove)))


OwnerKind = Literal["kustomize", "manifests", "argocd-app", "flux-kustomization"]


class Owner(Model):
    """The application repository: the repository that deploys the application."""

    kind: OwnerKind = "kustomize"
    """`kustomize`: rediskit renders a Component for the outermost overlay. `manifests`: `migrate export` sets the values in the manifests.
    `argocd-app`, `flux-kustomization`: rediskit renders patches for the Application or Kustomization of the repository."""
    base_namespace: Flag = True
    """Whether the objects of the base set their namespace; false if an overlay or the tool sets it. For `argocd-app` and
    `flux-kustomization`."""


class Client(Model):
    """An application that uses the shared Redis. Without `migration` it only gets the Secret and network access."""

    name: DnsLabel
    """The name of the client and of its folders in the output."""
    namespace: DnsLabel
    """The namespace of the application. The Secret is replicated into it."""
    workload: Workload | None = None
    """The workload of the application."""
    previous: Previous | None = None
    """The old Redis of the application."""
    migration: Migration | None = None
    """The migration to the shared Redis."""
    owner: Owner = Owner()
    """The application repository: the repository that deploys the application."""

    @property
    def owner_folder(self) -> str:
        """The folder of the output with the files for the application repository."""
        return f"owners/{self.name}"

    @model_validator(mode="after")
    def _can_be_migrated(self) -> Self:
        if self.migration is not None:
            refuse_all(
                [
                    Problem(f"a migration needs {section}", f"add {section}: {text}", ("migration",), code="migration-section")
                    for section, text in (("workload", "the workload of the application"), ("previous", "the old Redis"))
                    if getattr(self, section) is None
                ]
            )
        manifest = self.workload.manifest if self.workload else None
        if self.migration is not None and manifest is not None and (tool := gitops_tool_of(manifest.content)):
            hint = f"keep {tool} on its own Redis: without {tool}, nothing scales the workload up again"
            refuse("gitops-workload", f"{manifest.path} is a workload of {tool}", hint, "workload", "manifest")
        runs_in = at(manifest.content, "metadata", "namespace") if manifest else None
        if manifest and runs_in not in (None, self.namespace):
            hint = "write the namespace of the application"
            refuse("manifest-conflict", f"is {self.namespace} here and {runs_in} in {manifest.path}", hint, "namespace")
        if self.workload:
            self._check_owner(self.workload)
        if self.workload and self.previous and self.workload.reference in self.previous.remove:
            hint = "list only the objects of the old Redis"
            refuse("previous-remove", f"{self.workload.reference} is the workload of the application", hint, "previous", "remove")
        return self

    def _check_owner(self, workload: Workload) -> None:
        """Refuse a workload without the objects that the kind of owner needs."""
        kind, scaler = self.owner.kind, workload.autoscaler
        if kind != "kustomize" and workload.manifest is None:
            hint = "add workload.manifest: a file with the output of kubectl get -o yaml"
            refuse("owner-kind", f"{kind} needs the whole object", hint, "owner", "kind")
        if kind != "manifests" or workload.manifest is None:
            return
        if not at(workload.manifest.content, "spec", "replicas"):
            hint = f"add replicas: {workload.replicas} to it; a rollback applies the manifest as it is"
            refuse("manifest-replicas", f"{workload.manifest.path} does not set replicas", hint, "workload", "manifest")
        if scaler and scaler.manifest is None:
            hint = "add manifest: a file with the output of kubectl get -o yaml"
            refuse("owner-kind", f"{kind} needs the whole {scaler.reference}", hint, "workload", "autoscaler")
