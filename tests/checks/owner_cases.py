"""Faulty files for application repositories of each kind, and the checks that report them."""

from __future__ import annotations

import json
from typing import Any

from tests.checks.cases import GONE, also, faulty, put, without
from tests.samples import config, merged

PATCH = "owners/beersystem/deployment-beersystem-backend.yaml"


COMPONENT = "owners/beersystem/kustomization.yaml"


CONTAINER = "spec.template.spec.containers.0"


HOST, URL_VALUE = "${host}", "redis://:${password}"
SNIPPET_FILE, INLINE = "owners/beersystem/application-snippet.yaml", "spec.source.kustomize.patches"
WORKLOAD = "manifest: chocolandia"


def client_with(**sections: Any) -> dict[str, Any]:
    """Return the client at `validate` with other sections."""
    return {"clients": [merged(config("validate")["clients"][0], sections)]}


URL = client_with(workloads={0: {"containers": {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}"}}}}})


SCALED = client_with(workloads={0: {"autoscaler": {"kind": "ScaledObject", "name": "backend", "max": 3}}})


PLAIN = client_with(owner={"kind": "manifests"})


SNIPPET = client_with(owner={"kind": "argocd-app"})


PLAIN_FILE = "owners/beersystem/deployment-beersystem-backend.yaml"


POST_RENDERED = client_with(owner={"kind": "flux-helmrelease", "release": "chocolandia/release.yaml"})


VALUES_FILE = "owners/beersystem/values.yaml"


OURS = {"stopped": {"web": {"replicas": 0}}, "switched": {"web": {"host": "${host}"}}}


BY_VALUES = client_with(owner={"kind": "helm-values", "release": "chocolandia/release.yaml", "values": OURS})


OTHER_PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: beersystem-backend}\nspec: {replicas: 7}\n"


OTHER_RENDERER = json.dumps([{"op": "add", "path": "/x", "value": {"kustomize": {"patches": [{"patch": OTHER_PATCH}]}}}])


KINDS_OF_OWNERS = [
    faulty(
        "client-address",
        "but the Service of the chart has redis://:",
        put(PATCH, f"{CONTAINER}.env.3.value", "redis://other:6379"),
        URL_VALUE,
        over=URL,
    ),
    faulty(
        "owner-patch",
        "REDIS_URL of backend uses $(NODE_ENV) before its definition",
        put(PATCH, f"{CONTAINER}.env.3", GONE),
        WORKLOAD,
        over=client_with(
            workloads={
                0: {
                    "containers": {
                        "backend": {
                            "env": {"REDIS_PASSWORD": None, "REDIS_URL": "redis://:${password}@${address}", "NODE_ENV": "${password}"}
                        }
                    }
                }
            }
        ),
    ),
    faulty(
        "owner-patch",
        "does not fix the replicas of ScaledObject/backend, which would scale Deployment/beersystem-backend",
        without("owners/beersystem/scaledobject-backend.yaml"),
        "kind: ScaledObject",
        over=SCALED,
    ),
    faulty("owner-component", "scaledobject-backend.yaml is missing", without("owners/beersystem/scaledobject-backend.yaml"), over=SCALED),
    faulty("owner-component", "does not fail when", put(COMPONENT, "replacements.1", GONE), "step: validate", over=SCALED),
    faulty("owner-patch", f"{PLAIN_FILE} is not the patch of step validate", put(PLAIN_FILE, "spec.paused", True), WORKLOAD, over=PLAIN),
    faulty("client-address", "sets REDIS_HOST=redis,", put(PLAIN_FILE, f"{CONTAINER}.env.0.value", "redis"), HOST, over=PLAIN),
    faulty("owner-component", f"{PLAIN_FILE} is missing", without(PLAIN_FILE), "step: validate", over=PLAIN),
    faulty("owner-component", "owners/beersystem/x.yaml is not a file of this step", also("owners/beersystem/x.yaml", {}), over=PLAIN),
    faulty("owner-patch", "is not the patch of step validate", put(SNIPPET_FILE, f"{INLINE}.1.patch", OTHER_PATCH), WORKLOAD, over=SNIPPET),
    faulty(
        "owner-patch", "is not the patch of step validate", put(COMPONENT, "patches.0.patch", OTHER_RENDERER), WORKLOAD, over=POST_RENDERED
    ),
    faulty("owner-component", "does not contain the patches of this step", put(COMPONENT, "patches.0.patch", "[]"), over=POST_RENDERED),
    faulty("owner-component", "does not fail when the HelmRelease is missing", put(COMPONENT, "replacements", GONE), over=POST_RENDERED),
    faulty("owner-component", "values.yaml does not have the values of this step", put(VALUES_FILE, "web", {}), over=BY_VALUES),
    faulty("owner-component", "kustomization.yaml does not have the values", put(COMPONENT, "patches.0.patch", "[]"), over=BY_VALUES),
    faulty("owner-component", "does not fail when the HelmRelease is missing", put(COMPONENT, "replacements", GONE), over=BY_VALUES),
    faulty("owner-component", f"{SNIPPET_FILE} is missing", without(SNIPPET_FILE), "step: validate", over=SNIPPET),
]
