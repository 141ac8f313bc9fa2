"""The application repository of a client: how it takes the files of a step.

A new kind is an entry of `KINDS` here and of `RENDERERS` in `renderers.owner.kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse_all
from rediskit.model.types import Flag

OwnerKind = Literal["kustomize", "manifests", "argocd-app", "flux-kustomization"]
Delivery = Literal["component", "snippet", "files"]


class Form(NamedTuple):
    """What distinguishes a kind of owner.

    Attributes:
        delivery: `component`: an overlay lists the files. `snippet`: the object of the GitOps tool contains the patches. `files`:
            `migrate export` edits the application's own files.
        whole: Whether the whole manifest of each workload is needed.
        keys: The keys of `owner` that the kind uses, in addition to `kind`.
    """

    delivery: Delivery
    whole: bool = True
    keys: frozenset[str] = frozenset()


_IN_OBJECT = Form("snippet", keys=frozenset({"base_namespace"}))

KINDS: Mapping[OwnerKind, Form] = {
    "kustomize": Form("component", whole=False),
    "manifests": Form("files"),
    "argocd-app": _IN_OBJECT,
    "flux-kustomization": _IN_OBJECT,
}


class Owner(Model):
    """The application repository: the repository that deploys the application."""

    kind: OwnerKind = "kustomize"
    """`kustomize`: rediskit renders a Component for the outermost overlay. `manifests`: `migrate export` sets the values in the manifests.
    `argocd-app`, `flux-kustomization`: rediskit renders patches for the Application or Kustomization of the repository."""
    base_namespace: Flag = True
    """Whether the objects of the base set their namespace; false if an overlay or the tool sets it. For `argocd-app` and
    `flux-kustomization`."""

    @model_validator(mode="after")
    def _uses_its_keys(self) -> Self:
        """Refuse a key of another kind: it would have no effect."""
        fields = type(self).model_fields
        unused = sorted(self.model_fields_set - {"kind"} - KINDS[self.kind].keys)
        hint = "remove it, or choose the kind that uses it"
        refuse_all(
            [Problem(f"{self.kind} does not use it", hint, (str(fields[key].alias or key), "[key]"), code="owner-key") for key in unused]
        )
        return self

    @property
    def delivery(self) -> Delivery:
        """How the application repository takes the files of a step."""
        return KINDS[self.kind].delivery

    @property
    def is_built(self) -> bool:
        """Whether kustomize builds the files of a step, so that a trial build can validate them."""
        return self.delivery in ("component", "snippet")
