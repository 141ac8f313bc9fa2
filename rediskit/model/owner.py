"""The application repository of a client: how it takes the files of a step.

A new kind is an entry of `KINDS` here and of `RENDERERS` in `renderers.owner.kinds`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from pydantic import model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.files import Manifest
from rediskit.model.owner_values import ByEffect
from rediskit.model.types import DeployingObject, Flag, GitRepository, GitRevision, TreePath

if TYPE_CHECKING:
    from rediskit.model.helm_install import HelmInstall

OwnerKind = Literal["kustomize", "manifests", "argocd-app", "flux-kustomization", "flux-helmrelease", "helm-values", "tfvars", "external"]
Delivery = Literal["component", "snippet", "files", "values", "stated"]


class Form(NamedTuple):
    """What distinguishes a kind of owner.

    Attributes:
        delivery: `component`: an overlay lists the files. `snippet`: the object of the GitOps tool contains the patches. `files`:
            `migrate export` edits the application's own files. `values`: the Application reads a file with values.
            `stated`: a person changes the application.
        whole: Whether the whole manifest of each workload is needed.
        keys: The keys of `owner` that the kind uses, in addition to `kind`.
        installers: The kinds of object that `release` may contain; the key is required then.
    """

    delivery: Delivery
    whole: bool = True
    keys: frozenset[str] = frozenset()
    installers: tuple[str, ...] = ()


_IN_OBJECT = Form("snippet", keys=frozenset({"base_namespace"}))

KINDS: Mapping[OwnerKind, Form] = {
    "kustomize": Form("component", whole=False, keys=frozenset({"in_place", "enable_helm"})),
    "manifests": Form("files"),
    "argocd-app": _IN_OBJECT,
    "flux-kustomization": _IN_OBJECT,
    "flux-helmrelease": Form("component", keys=frozenset({"base_namespace", "release", "in_place"}), installers=("HelmRelease",)),
    "helm-values": Form("component", keys=frozenset({"release", "values", "in_place"}), installers=("HelmRelease", "Application")),
    "tfvars": Form("stated", whole=False, keys=frozenset({"variables"})),
    "external": Form("stated", whole=False),
}


class Owner(Model):
    """The application repository: the repository that deploys the application."""

    kind: OwnerKind = "kustomize"
    """`kustomize`: rediskit renders a Component for the outermost overlay. `manifests`: `migrate export` sets the values in the manifests.
    `argocd-app`, `flux-kustomization`: rediskit renders patches for the Application or Kustomization of the repository.
    `flux-helmrelease`: rediskit renders a Component that adds the patches to the HelmRelease, as a post-renderer.
    `helm-values`: rediskit renders the values of the chart that you set in `values`.
    `tfvars`: rediskit renders the variables of an OpenTofu or Terraform module that you set in `variables`, and lists the required state.
    `external`: rediskit lists the required state, you change the application, and `migrate verify` compares it."""
    repository: GitRepository | None = None
    """The URL of the application repository. `migrate step` searches `.rediskit.local.yaml` and `$REDISKIT_CHECKOUTS` for the name of the
    repository."""
    revision: GitRevision | None = None
    """The branch of the application repository that is deployed: a step waits until the last one is merged into it. Default:
    `gitops.revision` in the repository of this config, else the default branch of the remote."""
    path: TreePath | None = None
    """The folder of the outermost overlay in the application repository. Default: its top."""
    object: DeployingObject | None = None
    """The object that deploys the application, as Kind/namespace/name, such as Application/argocd/shop. `migrate step` refreshes it."""
    base_namespace: Flag = True
    """Whether the objects of the base set their namespace; false if an overlay or the tool sets it. For `argocd-app`,
    `flux-kustomization` and `flux-helmrelease`. The base of a HelmRelease is the rendered chart."""
    enable_helm: Flag = False
    """Whether trial builds render `helmCharts` (`kustomize build --enable-helm`). This runs Helm, which can download charts. For
    `kustomize`."""
    release: Manifest | None = None
    """A file with the HelmRelease that installs the application, relative to this file; with `helm-values` also an
    Application with the chart. For `flux-helmrelease` and `helm-values`."""
    variables: ByEffect | None = None
    """The variables of the OpenTofu or Terraform module that stop the application, and that switch it to the shared Redis. For `tfvars`."""
    values: ByEffect | None = None
    """The values of the chart that stop the application, and that switch it to the shared Redis. For `helm-values`."""
    in_place: Flag = False
    """Whether the overlay at `path` is in the repository of this config and lists the rendered folder of the client. If true, nothing is
    exported, and each step is one commit. For `kustomize`, and for `flux-helmrelease` and `helm-values` with a HelmRelease."""

    @model_validator(mode="after")
    def _uses_its_keys(self) -> Self:
        """Refuse a key of another kind: it would have no effect."""
        fields = type(self).model_fields
        unused = sorted(self.model_fields_set - {"kind", "repository", "revision", "path", "object"} - KINDS[self.kind].keys)
        hint = "remove it, or choose the kind that uses it"
        refuse_all(
            [Problem(f"{self.kind} does not use it", hint, (str(fields[key].alias or key), "[key]"), code="owner-key") for key in unused]
        )
        return self

    @model_validator(mode="after")
    def _installs_a_chart(self) -> Self:
        """Refuse a kind without the object that it changes, and a file with another object."""
        kinds = KINDS[self.kind].installers
        if not kinds:
            return self
        if self.release is None:
            hint = f"add release: a file with the {' or '.join(kinds)}"
            refuse("owner-release", f"{self.kind} needs release", hint)
        from rediskit.model.helm_install import problem_of

        if problem := problem_of(self.release.content, kinds, self.release.path):
            refuse_all([problem._replace(path=("release",))])
        return self

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        """Refuse a kind without the values by which it stops and switches the application."""
        for key, values in (("values", self.values), ("variables", self.variables)):
            if key in KINDS[self.kind].keys and values is None:
                refuse("owner-values", f"{self.kind} needs {key}", f"add {key}: {{stopped: {{…}}, switched: {{…}}}}")
        return self

    @model_validator(mode="after")
    def _lists_the_folder(self) -> Self:
        """Refuse `inPlace` for an Application: it lists a values file, and no overlay is built."""
        if self.in_place and self.delivery == "values":
            hint = "remove inPlace: rediskit migrate export writes the values file beside the application"
            refuse("owner-key", "inPlace needs an overlay, and an Application lists a values file", hint, "inPlace")
        return self

    @property
    def is_helm_release(self) -> bool:
        """Whether a HelmRelease of Flux installs the application."""
        return self.release is not None and self.installs.kind == "HelmRelease"

    @property
    def installs(self) -> "HelmInstall":
        """What the object of `release` installs. Only for kinds that have one."""
        from rediskit.model.helm_install import helm_install

        assert self.release is not None
        return helm_install(self.release.content)

    @property
    def delivery(self) -> Delivery:
        """How the application repository takes the files of a step. The Application of a chart reads a values file."""
        return "values" if self.values and not self.is_helm_release else KINDS[self.kind].delivery

    @property
    def is_exported(self) -> bool:
        """Whether `migrate export` writes the files of a step, and no person or rendered folder makes the change."""
        return self.is_folded and not self.in_place

    @property
    def is_folded(self) -> bool:
        """Whether the files of `complete` undo the change, so that the base has to contain it before."""
        return self.delivery != "stated" or self.variables is not None

    @property
    def is_built(self) -> bool:
        """Whether kustomize builds the files of a step, so that a trial build can validate them."""
        return self.delivery in ("component", "snippet")

    @property
    def shows_fold(self) -> bool:
        """Whether the checkout shows that the base contains the change: in a build, or in the values of an Application."""
        return self.is_built or self.delivery == "values"

    @property
    def is_verified(self) -> bool:
        """Whether no build validates a step: the next step needs evidence `verified`. A build does not render the values of a chart."""
        return not self.is_built or self.values is not None
