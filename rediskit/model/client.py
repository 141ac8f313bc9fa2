"""An application that uses the shared Redis, its old one, and how its owner builds it."""

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
    """The Redis the application used until now."""

    host: DnsName
    """Its host name, as the application knows it."""
    port: Port = 6379
    """Its port."""
    remove: tuple[ObjectReference, ...] = ()
    """What decommissioning takes out of the owner's build, as Kind/name."""
    data: Literal["none", "discard", "keep"] | None = None
    """What becomes of its data on a volume: `none` (it has none), `discard`, `keep` (the claim stays); said before decommissioning."""

    @field_validator("remove")
    @classmethod
    def _can_go(cls, remove: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for index, reference in enumerate(remove):
            if reference.startswith("Namespace/"):
                problems.append(Problem("a namespace takes everything in it along", "name the objects of the old Redis only", (index,)))
            elif reference in remove[:index]:
                problems.append(Problem(f"{reference} stands twice", "remove one of them", (index,)))
        refuse_all(problems)
        return remove

    @model_validator(mode="after")
    def _data_stays(self) -> Self:
        claims = [reference for reference in self.remove if reference.startswith("PersistentVolumeClaim/")]
        if claims and self.data in ("none", "keep"):
            hint = "write data: discard, or leave the claim out of remove"
            refuse(f"is {self.data}, but {claims[0]} is to be removed", hint, "data")
        return self

    @property
    def described(self) -> str:
        """Where it is and what is removed with it, in one line: what a scan is about."""
        return " ".join((f"{self.host}:{self.port}", *sorted(self.remove)))


OwnerKind = Literal["kustomize", "manifests", "argocd-app", "flux-kustomization"]


class Owner(Model):
    """How the repository that owns the workload builds it."""

    kind: OwnerKind = "kustomize"
    """`kustomize`: a Component for its outermost overlay; `manifests`: `migrate export` sets the values in its plain files; `argocd-app`,
    `flux-kustomization`: what goes into the owner's Application or Kustomization."""
    base_namespace: Flag = True
    """Whether the objects of the owner's base say their namespace; false where an overlay or the tool sets it. For the last two kinds."""


class Client(Model):
    """An application with access to the shared Redis. Without `migration` it gets its Secret and is let in, nothing more."""

    name: DnsLabel
    """What the client is called here, and its folders in the tree."""
    namespace: DnsLabel
    """The namespace it runs in; the Secret is replicated there."""
    workload: Workload | None = None
    """The object that runs it."""
    previous: Previous | None = None
    """The Redis it used until now."""
    migration: Migration | None = None
    """Where it stands on its way to the shared Redis."""
    owner: Owner = Owner()
    """How the repository that owns the workload builds it."""

    @property
    def owner_folder(self) -> str:
        """The folder of the output with the files for the application repository."""
        return f"owners/{self.name}"

    @model_validator(mode="after")
    def _movable(self) -> Self:
        if self.migration is not None:
            refuse_all(
                [
                    Problem(f"a migration needs {section}", hint, ("migration",))
                    for section, hint in (("workload", "say what runs the application"), ("previous", "say which Redis it comes from"))
                    if getattr(self, section) is None
                ]
            )
        manifest = self.workload.manifest if self.workload else None
        if self.migration is not None and manifest is not None and (tool := gitops_tool_of(manifest.content)):
            hint = f"leave {tool} on its own Redis: a migration scales the workload down, and nothing would scale it up again"
            refuse(f"{manifest.path} is a part of {tool} itself", hint, "workload", "manifest")
        runs_in = at(manifest.content, "metadata", "namespace") if manifest else None
        if manifest and runs_in not in (None, self.namespace):
            refuse(f"is {self.namespace} here and {runs_in} in {manifest.path}", "name the namespace the application runs in", "namespace")
        if self.workload:
            self._buildable(self.workload)
        if self.workload and self.previous and self.workload.reference in self.previous.remove:
            refuse(f"{self.workload.reference} is the application itself", "name the objects of the old Redis only", "previous", "remove")
        return self

    def _buildable(self, workload: Workload) -> None:
        """Refuses what the owner's kind can't be made from."""
        kind, scaler = self.owner.kind, workload.autoscaler
        if kind != "kustomize" and workload.manifest is None:
            hint = "name the real object under workload.manifest: kubectl get -o yaml prints it"
            refuse(f"{kind} needs the whole object", hint, "owner", "kind")
        if kind != "manifests" or workload.manifest is None:
            return
        if not at(workload.manifest.content, "spec", "replicas"):
            hint = f"write replicas: {workload.replicas} into it: after a rollback it is applied as it stands there"
            refuse(f"{workload.manifest.path} does not say how many replicas there are", hint, "workload", "manifest")
        if scaler and scaler.manifest is None:
            refuse(f"the whole {scaler.reference} is needed for plain files", "name it under manifest", "workload", "autoscaler")
