"""The rules about changes around Redis: network, secrets and GitOps tool."""

from __future__ import annotations

from rediskit.checks.changes import settings
from rediskit.checks.changes.conditions import added, always, removed, set_to_another
from rediskit.checks.changes.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "external-address",
        "error",
        ("network.address",),
        settings.address,
        set_to_another,
        "clients of the private network with the old address lose the connection",
        "keep the address, or change DNS and each such client in the same change",
    ),
    Rule(
        "external-removed",
        "error",
        ("network.address",),
        settings.address,
        removed,
        "the external Service is removed: all clients of the private network lose the connection",
        "keep the network section until no client uses the address",
    ),
    Rule(
        "external-allow",
        "warning",
        ("network.allow",),
        settings.allowed,
        removed,
        "clients in this network can no longer connect",
        "check that none of them uses Redis, and accept it",
    ),
    Rule(
        "external-opened",
        "info",
        ("network.allow",),
        settings.allowed,
        added,
        "clients in this network can connect from now on",
        "check that the network is correct",
    ),
    Rule(
        "external-pool",
        "warning",
        ("network.pool.name", "network.metallb"),
        settings.pool,
        set_to_another,
        "MetalLB assigns the address from another pool or ignores the annotations: the Service may temporarily lose its address",
        "check the pool and the version of MetalLB in the cluster, and accept it",
    ),
    Rule(
        "secret-source",
        "warning",
        (
            "secrets.mode",
            "secrets.store.kind",
            "secrets.store.name",
            "secrets.key",
            "secrets.property",
            "secrets.generate",
            "secrets.refresh",
            "secrets.ownerReference",
        ),
        settings.secret_source,
        always,
        "the namespaces may get another password while Redis uses the old one, or the Secret may be removed with its old source",
        "compare the values first (docs/rotation.md of the rendered manifests), and accept it",
    ),
    Rule(
        "gitops-tool",
        "error",
        ("gitops.tool",),
        settings.tool,
        always,
        "two tools apply one release until you remove the first one, and its removal may delete what it applied",
        "remove the objects of the old tool without their resources first, then commit",
    ),
    Rule(
        "gitops-source",
        "error",
        ("gitops.repository", "gitops.revision", "gitops.path", "gitops.flux.source.kind", "gitops.flux.source.name"),
        settings.source,
        always,
        "the root object still reads the old source: this change has no effect until you apply the bootstrap object",
        "keep the old source in Git until you have applied the object in bootstrap/ of the rendered manifests",
    ),
    Rule(
        "gitops-placement",
        "error",
        (
            "gitops.argocd.namespace",
            "gitops.argocd.prefix",
            "gitops.argocd.project",
            "gitops.argocd.bootstrapProject",
            "gitops.argocd.destination.server",
            "gitops.argocd.destination.name",
            "gitops.flux.namespace",
        ),
        settings.placement,
        always,
        "objects of the GitOps tool with other names replace the old ones, and the removal of the old ones deletes what they applied",
        "remove the old objects without their resources first, then apply the object in bootstrap/ of the rendered manifests",
    ),
)
