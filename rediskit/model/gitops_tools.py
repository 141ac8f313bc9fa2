"""Workloads of the GitOps tools. A migration must not stop them: without them nothing starts the application again."""

import re
from collections.abc import Mapping
from typing import Any

from rediskit.model.nested import mapping_at, text_at
from rediskit.model.podspec import containers_of

_ARGOCD = r"argocd|argo-?cd(?:-(?:server|repo-server|application-controller|applicationset-controller|extensions?))?"
_FLUX = r"(?:source|kustomize|helm|notification|image-reflector|image-automation|source-watcher)-controller|flux-operator"
_IMAGES = (("Argo CD", _ARGOCD), ("Flux", _FLUX))
"""The last part of the image name, which mirrors keep: `quay.io/argoproj/argocd:v3.1.0`, `ghcr.io/fluxcd/helm-controller`."""
_LABELS = {"argocd": "Argo CD", "argo-cd": "Argo CD", "flux": "Flux", "flux2": "Flux"}
"""The value of `app.kubernetes.io/part-of` in the manifests and charts of the tools."""


def gitops_tool_of(workload: Mapping[str, Any]) -> str:
    """Return `Argo CD` or `Flux` for a workload of one of them; "" for any other."""
    part = text_at(mapping_at(workload, "metadata", "labels"), "app.kubernetes.io/part-of")
    if part in _LABELS:
        return _LABELS[part]
    names = [image_name(text_at(container.content, "image")) for container in containers_of(workload)]
    return next((tool for tool, pattern in _IMAGES for name in names if re.fullmatch(pattern, name)), "")


def image_name(image: str) -> str:
    """Return the last part of an image's name: `redis` of `docker.io/library/redis:7-alpine@sha256:...`."""
    return unversioned(image).rpartition("/")[2]


def unversioned(image: str) -> str:
    """Return an image without tag and digest: `docker.io/library/redis` of `docker.io/library/redis:7-alpine@sha256:...`."""
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}"
