"""What deploys a workload, by its labels, annotations and ownerReferences, and the kinds of owner that fit.

Helm 3 and 4 annotate what they install (`meta.helm.sh/release-name`), Flux labels what a HelmRelease or a Kustomization applies. Argo CD 3
tracks by the annotation `argocd.argoproj.io/tracking-id`, and Argo CD 2 by a label. Argo CD renders charts like `helm template`, which
adds no annotation, but the labels of the chart stay.
"""

import re
from typing import Any, NamedTuple, get_args

from rediskit import dns
from rediskit.model.nested import list_at, mapping_at, text_at
from rediskit.model.owner import OwnerKind

_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCE = "argocd.argoproj.io/instance"


class DeployedBy(NamedTuple):
    """What deploys a workload.

    Attributes:
        described: Its kind and name, such as `HelmRelease media/immich`.
        kinds: The kinds of owner that can change the workload, the simplest first.
    """

    described: str
    kinds: tuple[str, ...]


def deployed_by(content: Any) -> DeployedBy | None:
    """Return what deploys a workload; None where the object does not show it."""
    owners = [
        reference
        for reference in list_at(content, "metadata", "ownerReferences")
        if _is_object(text_at(reference, "kind"), text_at(reference, "name"))
    ]
    if owners:
        owner = next((reference for reference in owners if reference.get("controller") is True), owners[0])
        return DeployedBy(f"{text_at(owner, 'kind')} {text_at(owner, 'name')}, the object of an operator", ("external",))
    if (release := _flux(content, "helm")) is not None:
        return _fitting(f"HelmRelease {release}", "external", "flux-helmrelease", "helm-values")
    release = _name(_annotations(content).get("meta.helm.sh/release-name"))
    if release:
        return _fitting(f"Helm release {release}", "external")
    application = _name(_annotations(content).get(_TRACKING), ":") or _label(content, _INSTANCE)
    if application and is_chart(content):
        return _fitting(f"Argo CD Application {application}, from a chart", "external", "helm-values")
    if application:
        return _fitting(f"Argo CD Application {application}", "kustomize", "argocd-app", "manifests")
    if (unit := _flux(content, "kustomize")) is not None:
        return _fitting(f"Flux Kustomization {unit}", "kustomize", "flux-kustomization", "manifests")
    return DeployedBy("a Helm chart", ("external",)) if is_chart(content) else None


def is_chart(content: Any) -> bool:
    """Return whether the labels are those of a Helm chart (https://helm.sh/docs/chart_best_practices/labels)."""
    return "helm.sh/chart" in mapping_at(content, "metadata", "labels") or _label(content, "app.kubernetes.io/managed-by") == "Helm"


def _fitting(described: str, *kinds: str) -> DeployedBy:
    return DeployedBy(described, tuple(kind for kind in kinds if kind in get_args(OwnerKind)))


def _label(content: Any, key: str) -> str:
    value = mapping_at(content, "metadata", "labels").get(key)
    return value if value == "Helm" else _name(value)


def _annotations(content: Any) -> dict[str, Any]:
    return mapping_at(content, "metadata", "annotations")


def _name(value: Any, end: str = "\0") -> str:
    """Return the name of an object, up to a character; "" for other text, which could be a password."""
    name = value.partition(end)[0] if isinstance(value, str) else ""
    return name if re.fullmatch(dns.SUBDOMAIN, name) else ""


def _is_object(kind: str, name: str) -> bool:
    return bool(re.fullmatch(r"[A-Z][A-Za-z]{0,62}", kind) and _name(name))


def _flux(content: Any, tool: str) -> str | None:
    """Return namespace and name of the object of Flux that applies a workload; None without its labels."""
    name, namespace = (_label(content, f"{tool}.toolkit.fluxcd.io/{key}") for key in ("name", "namespace"))
    return f"{namespace or text_at(content, 'metadata', 'namespace') or 'default'}/{name}" if name else None
