"""The checks that only a faulty renderer can violate: each reports such a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.renderers.tree import Tree
from tests.checks.cases import GONE, Case, Change, also, assert_reported, copied, faulty, name_of, put, without
from tests.checks.owner_cases import COMPONENT, CONTAINER, HOST, KINDS_OF_OWNERS, PATCH, WORKLOAD
from tests.samples import backend

VALUES = "helm/redis-shared/values.yaml"
POLICY = "platform/redis/networkpolicy-redis-shared.yaml"
EXTERNAL = "platform/redis-external/service-redis-shared-external.yaml"
PROJECT = "argocd/appproject-redis-shared.yaml"
RELEASE = "argocd/application-redis-shared-release.yaml"
PLATFORM = "argocd/application-redis-shared-redis.yaml"
ROOT = "bootstrap/application-redis-shared-root.yaml"
NETWORK, GITOPS, PORT = "address: 192", "tool: argocd", "${port}"
FLUX = {"gitops": {"tool": "flux"}}


CHECKS = "argocd/application-redis-shared-checks.yaml"


def labeled_job(tree: Tree) -> Tree:
    """Give the pod of a verification Job a label of the release."""
    path = next(path for path in tree.objects if path.startswith("checks/job-"))
    return put(path, "spec.template.metadata.labels.app~kubernetes~io/instance", "redis-shared")(tree)


def without_kind(kind: str) -> Change:
    """Remove a kind from the AppProject."""

    def change(tree: Tree) -> Tree:
        kinds = tree.objects[PROJECT]["spec"]["namespaceResourceWhitelist"]
        return put(PROJECT, "spec.namespaceResourceWhitelist", [entry for entry in kinds if entry["kind"] != kind])(tree)

    return change


OBJECTS = [
    faulty("schema", f"{EXTERNAL} at spec.clusterIp: unknown field", put(EXTERNAL, "spec.clusterIp", "None"), NETWORK),
    faulty("schema", f"{COMPONENT} at patch: unknown field", put(COMPONENT, "patch", []), "step: validate"),
    faulty(
        "schema",
        f"{PATCH} at {CONTAINER.replace('.0', '[0]')}.env[1].value: must be text",
        put(PATCH, f"{CONTAINER}.env.1.value", 1),
        WORKLOAD,
    ),
    faulty(
        "duplicate-object",
        f"{POLICY} and platform/redis/copy.yaml both render NetworkPolicy redis/redis-shared",
        copied(POLICY, "platform/redis/copy.yaml"),
    ),
    faulty("namespace-missing", f"{EXTERNAL} has no metadata.namespace", put(EXTERNAL, "metadata.namespace", GONE)),
    faulty("listed-file", "does not list namespace-redis.yaml", put("platform/redis/kustomization.yaml", "resources.0", GONE)),
    faulty(
        "listed-file",
        "platform/kustomization.yaml lists other",
        put("platform/kustomization.yaml", "resources.0", "other"),
    ),
    faulty("listed-file", "argocd/kustomization.yaml does not list x.yaml", copied(PROJECT, "argocd/x.yaml")),
    faulty(
        "project-admits",
        "allows kinds that are not rendered: ('apps', 'Deployment')",
        put(PROJECT, "spec.namespaceResourceWhitelist.0", {"group": "apps", "kind": "Deployment"}),
        GITOPS,
    ),
    faulty(
        "project-admits",
        "does not allow kinds that are rendered: ('', 'ConfigMap')",
        put(PROJECT, "spec.namespaceResourceWhitelist.0", GONE),
        GITOPS,
    ),
    faulty(
        "project-admits",
        "allows namespaces that are not rendered: beersystem",
        put(PROJECT, "spec.destinations.2", {"namespace": "beersystem"}),
        GITOPS,
    ),
    faulty(
        "project-admits",
        "does not allow cluster-wide objects that are rendered: ('', 'Namespace', 'redis')",
        put(PROJECT, "spec.clusterResourceWhitelist", []),
        GITOPS,
    ),
    faulty(
        "project-admits",
        "allows cluster-wide objects that are not rendered: ('', 'Namespace', None)",
        put(PROJECT, "spec.clusterResourceWhitelist.1", {"group": "", "kind": "Namespace"}),
        GITOPS,
    ),
    faulty("project-admits", "allows repositories that are not rendered: *", put(PROJECT, "spec.sourceRepos.2", "*"), GITOPS),
    faulty(
        "project-admits",
        "does not allow repositories that are rendered: registry-1.docker.io/bitnamicharts",
        put(PROJECT, "spec.sourceRepos.1", GONE),
        GITOPS,
    ),
    faulty("application", "has the project default", put(RELEASE, "spec.project", "default"), GITOPS),
    faulty(
        "application",
        f"{RELEASE} has a destination that the AppProject does not allow",
        put(RELEASE, "spec.destination.namespace", "beersystem"),
        GITOPS,
    ),
    faulty(
        "application",
        "references other/values.yaml, which is not rendered",
        put(RELEASE, "spec.sources.0.helm.valueFiles.0", "$values/other/values.yaml"),
        GITOPS,
    ),
    faulty(
        "application",
        "references other/platform/redis/kustomization.yaml",
        put(PLATFORM, "spec.source.path", "other/platform/redis"),
        GITOPS,
    ),
    faulty("application", "0 Applications apply platform/redis instead of one", without(PLATFORM), GITOPS),
    faulty("application", "2 Applications apply argocd instead of one", copied(ROOT, "bootstrap/again.yaml"), GITOPS),
    faulty(
        "foreign-workload", "platform/beersystem/deployment.yaml renders a workload", also("platform/beersystem/deployment.yaml", backend())
    ),
    faulty(
        "verification-alone",
        "argocd/application-redis-shared-monitoring.yaml applies checks/ as well",
        put("argocd/application-redis-shared-monitoring.yaml", "spec.source.path", "rendered/chocolandia/checks"),
        "{}",
        over={"verification": {}},
    ),
    faulty(
        "verification-alone",
        "platform/kustomization.yaml applies checks/ as well",
        put("platform/kustomization.yaml", "resources.0", "../checks"),
        "{}",
        over={"verification": {}},
    ),
    faulty(
        "verification-alone",
        "has a label by which the Services of the release select pods",
        labeled_job,
        "{}",
        over={"verification": {}},
    ),
    faulty("project-admits", "does not allow kinds that are rendered: ('batch', 'Job')", without_kind("Job"), GITOPS),
    faulty("application", "0 Applications apply checks instead of one", without(CHECKS), GITOPS),
]

OWNERS = [
    faulty(
        "client-address",
        "sets REDIS_HOST=redis, but the Service of the chart has redis-shared-master.redis.svc.cluster.local",
        put(PATCH, f"{CONTAINER}.env.0.value", "redis"),
        HOST,
    ),
    faulty(
        "client-address",
        "sets REDIS_PORT=6380, but the Service of the chart has 6379",
        put(PATCH, f"{CONTAINER}.env.1.value", "6380"),
        PORT,
    ),
    faulty("client-address", "sets REDIS_HOST=redis-shared-master", put(VALUES, "fullnameOverride", "other"), HOST),
    faulty("client-address", "the Service of the chart has 6400", put(VALUES, "master.service.ports", {"redis": 6400}), PORT),
    faulty("port-text", "REDIS_PORT is not text", put(PATCH, f"{CONTAINER}.env.1.value", 6379), PORT),
    faulty("port-text", "REDIS_PORT is not text", put(PATCH, f"{CONTAINER}.env.1", GONE), PORT),
    faulty(
        "secret-reference",
        "reads the password from {'name': 'other'",
        put(PATCH, f"{CONTAINER}.env.2.valueFrom.secretKeyRef.name", "other"),
        WORKLOAD,
    ),
    faulty("secret-reference", "Redis reads it from other/redis-password", put(VALUES, "auth.existingSecret", "other"), WORKLOAD),
    faulty(
        "secret-reference",
        "the config sets redis-credentials/redis-password",
        put(VALUES, "auth.existingSecretPasswordKey", "other"),
        step="prepare",
    ),
    faulty("owner-patch", f"{PATCH} is not the patch of step validate", put(PATCH, "spec.replicas", 5), WORKLOAD),
    faulty("owner-patch", f"{PATCH} changes /spec/paused of Deployment/beersystem-backend", put(PATCH, "spec.paused", True), WORKLOAD),
    faulty("owner-patch", "changes /spec/template/spec/containers/backend/image", put(PATCH, f"{CONTAINER}.image", "x:1"), WORKLOAD),
    faulty(
        "owner-patch",
        "changes /spec/template/spec/containers/sidecar",
        put(PATCH, "spec.template.spec.containers.1", {"name": "sidecar"}),
        WORKLOAD,
    ),
    faulty(
        "owner-patch",
        "changes /spec/template/spec/containers/backend/env/NODE_ENV",
        put(PATCH, f"{CONTAINER}.env.3", {"name": "NODE_ENV", "value": "x"}),
        WORKLOAD,
    ),
    faulty(
        "owner-patch",
        "REDIS_HOST has both value and valueFrom",
        put(PATCH, f"{CONTAINER}.env.0.valueFrom", {"fieldRef": {"fieldPath": "x"}}),
        WORKLOAD,
    ),
    faulty(
        "owner-patch",
        "REDIS_HOST of backend uses $(NODE_ENV) before its definition",
        put(PATCH, f"{CONTAINER}.env.0.value", "$$(A)$(NODE_ENV)"),
        WORKLOAD,
    ),
    faulty("owner-component", f"{COMPONENT} is missing", without(COMPONENT), "step: validate"),
    faulty(
        "owner-component",
        "owners/beersystem/kustomization.yaml applies deployment-beersystem-backend.yaml instead of",
        without(PATCH),
        "step: validate",
    ),
    faulty(
        "owner-component", "applies nothing instead of deployment-beersystem-backend.yaml", put(COMPONENT, "patches", []), "step: validate"
    ),
    faulty(
        "owner-component", "applies x.yaml instead of nothing", put(COMPONENT, "patches.0", {"path": "x.yaml"}), "step: prepare", "prepare"
    ),
    faulty(
        "owner-component",
        "deployment-redis.yaml, service-redis.yaml",
        put(COMPONENT, "patches.2", GONE),
        "step: decommission",
        "decommission",
    ),
    faulty("owner-component", "does not fail when a container is missing", put(COMPONENT, "replacements", GONE), "step: validate"),
    faulty(
        "owner-component",
        "does not fail when a container is missing",
        put(COMPONENT, "replacements.0.source.fieldPath", "metadata.name"),
        "step: validate",
    ),
]


CARRIED_BY_FLUX = [
    faulty(
        "flux-values",
        "has other values than the values file",
        put("flux/release/helmrelease-redis-shared.yaml", "spec.values.architecture", "x"),
        over=FLUX,
    ),
    faulty(
        "flux-dependency",
        "depends on nobody, which is not rendered",
        put("flux/kustomization-redis-shared-release.yaml", "spec.dependsOn", [{"name": "nobody"}]),
        "tool: flux",
        over=FLUX,
    ),
    faulty("flux-substitution", POLICY, put(POLICY, "metadata.annotations", {"x": "${y}"}), over=FLUX),
    faulty("flux-substitution", POLICY, put(POLICY, "metadata.annotations", {"x": "a $$ b"}), over=FLUX),
]
CASES = [*OBJECTS, *OWNERS, *KINDS_OF_OWNERS, *CARRIED_BY_FLUX]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_faulty_tree_is_reported(tmp_path: Path, case: Case) -> None:
    assert_reported(case, tmp_path)
