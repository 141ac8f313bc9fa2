"""What deploys a workload, by its labels and annotations: the object of a GitOps tool, or a Helm release."""

from __future__ import annotations

from typing import NamedTuple

from rediskit.init.objects import Content, is_name
from rediskit.model.nested import mapping_at, text_at
from rediskit.usage import reference

_TRACKING = "argocd.argoproj.io/tracking-id"
"""The annotation of Argo CD 3: `<application>:<group>/<kind>:<namespace>/<name>`."""
_INSTANCE = "argocd.argoproj.io/instance"
_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/name"
_HELMRELEASE = "helm.toolkit.fluxcd.io/name"
_RELEASE = "meta.helm.sh/release-name"


class Deployer(NamedTuple):
    """What deploys a workload.

    Attributes:
        remark: It, in words; "" if it is unknown, or if there is a question.
        question: What a person decides; "" if the default of `owner` is right.
        kind: The kind of owner to propose; "" if none changes the workload.
    """

    remark: str = ""
    question: str = ""
    kind: str = ""


def deployer_of(obj: Content) -> Deployer:
    """Return what deploys a workload. A chart has no patches, so a person chooses how it is changed."""
    labels, annotations = (mapping_at(obj, "metadata", key) for key in ("labels", "annotations"))
    known = {key: value for key, value in (*labels.items(), *annotations.items()) if isinstance(value, str) and is_name(value)}
    application = known.get(_INSTANCE) or _application(annotations)
    chart = labels.get("app.kubernetes.io/managed-by") == "Helm" or "helm.sh/chart" in labels
    if name := known.get(_HELMRELEASE):
        release = f"{known.get('helm.toolkit.fluxcd.io/namespace', text_at(obj, 'metadata', 'namespace') or 'default')}/{name}"
        hint = "at each step, copy the patches of kustomization-snippet.yaml to spec.postRenderers of the HelmRelease"
        return Deployer("", f"HelmRelease {release} creates {reference(obj)}: {hint}", "flux-kustomization")
    if application and chart:
        hint = "it has no patches, so change its values by hand at each step"
        return Deployer("", f"Argo CD Application {application} creates {reference(obj)} from a Helm chart: {hint}")
    if application:
        return Deployer(f"deployed by Argo CD Application {application}: its repository is the application repository")
    if name := known.get(_KUSTOMIZATION):
        return Deployer(f"deployed by Flux Kustomization {name}: its repository is the application repository")
    if name := known.get(_RELEASE):
        return Deployer("", f"the Helm release {name} creates {reference(obj)}: change its values by hand at each step")
    return Deployer()


def _application(annotations: dict[str, object]) -> str:
    name = str(annotations.get(_TRACKING, "")).partition(":")[0]
    return name if is_name(name) else ""
