"""The table of rules: which change does what to a Redis that runs, and the safe way. Each is shown true by a test on the real program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rediskit.checks.changes import facts
from rediskit.checks.changes.conditions import (
    When,
    added,
    added_to_a_file,
    always,
    evicts_more,
    fewer,
    newer,
    older,
    order_unknown,
    removed,
    set_to_another,
    smaller,
    to,
)
from rediskit.checks.changes.facts import Facts
from rediskit.checks.finding import Severity, Subject

FACTS: Mapping[str, Callable[[Subject], Facts]] = {
    "append only": facts.append_only,
    "save points": facts.save_points,
    "disabled commands": facts.disabled_commands,
    "volumes": facts.volumes,
    "pod management": facts.pod_management,
    "names": facts.names,
    "cluster domain": facts.cluster_domain,
    "ports": facts.ports,
    "credentials": facts.credentials,
    "image": facts.image,
    "chart": facts.chart,
    "replicas": facts.replicas,
    "topology": facts.topology,
    "pod security": facts.pod_security,
    "maxmemory": facts.max_memory,
    "eviction": facts.eviction,
    "address": facts.address,
    "allowed": facts.allowed,
    "pool": facts.pool,
    "secret source": facts.secret_source,
    "tool": facts.tool,
    "source": facts.source,
    "placement": facts.placement,
}


class Rule(NamedTuple):
    """One effect of a change.

    keys: the keys of the config that it watches. reads: which facts. when: for which old and new value. happens: what the change does.
    fix: the safe way.
    """

    code: str
    severity: Severity
    keys: tuple[str, ...]
    reads: str
    when: When
    happens: str
    fix: str


_ALL_LOST = "docs/howto-argocd.md and docs/howto-flux.md, 'Switch the append-only file'"
_IMAGE = ("redis.image.registry", "redis.image.repository", "redis.image.tag", "redis.image.digest")
_NAMES = ("redis.release", "redis.namespace")
_EMPTY = "a new, empty Redis starts beside the old volumes, and the host of every client changes"
_NEW_INSTALL = "treat it as a new Redis: keep the old names, or move every client with a migration of its own"

RULES: tuple[Rule, ...] = (
    Rule(
        "append-only-on",
        "error",
        ("redis.appendOnly",),
        "append only",
        to("true"),
        "Redis restarts without reading dump.rdb, empty, and the replicas copy that: all keys are lost",
        f"first run CONFIG SET appendonly yes on every instance and wait for aof_rewrite_in_progress:0, then commit: {_ALL_LOST}",
    ),
    Rule(
        "append-only-off",
        "error",
        ("redis.appendOnly",),
        "append only",
        to("false"),
        "Redis restarts without reading the append-only file: all keys are lost, or those since the last dump.rdb",
        f'first run CONFIG SET save "3600 1" on every instance, so that it writes dump.rdb when it stops, then commit: {_ALL_LOST}',
    ),
    Rule(
        "save-points-removed",
        "error",
        ("redis.savePoints",),
        "save points",
        to("none"),
        "without save points and append-only file a restart loses what was written since the last dump",
        "keep a save point, or set appendOnly: true in the safe order",
    ),
    Rule(
        "command-disabled",
        "error",
        ("redis.disabledCommands",),
        "disabled commands",
        added_to_a_file,
        "Redis does not start when its append-only file contains a disabled command",
        "first deny it to clients by ACL, run BGREWRITEAOF on every instance and wait for aof_rewrite_in_progress:0, then commit",
    ),
    Rule(
        "volume-template",
        "error",
        ("redis.storage.class", "redis.storage.size"),
        "volumes",
        always,
        "volumeClaimTemplates of a StatefulSet can't change: the API server refuses it, and no later change of the release arrives",
        "take it back, or follow docs/howto-argocd.md and docs/howto-flux.md, 'A larger volume'",
    ),
    Rule(
        "pod-management",
        "error",
        (),
        "pod management",
        always,
        "podManagementPolicy of a StatefulSet can't change: the API server refuses it, and no later change of the release arrives",
        "take it back, or delete the StatefulSet with --cascade=orphan before the commit is applied",
    ),
    Rule("release-renamed", "error", _NAMES, "names", always, _EMPTY, _NEW_INSTALL),
    Rule(
        "cluster-domain",
        "error",
        (),
        "cluster domain",
        always,
        "the host of every client changes, and resolves only where the cluster has this domain",
        "take it back unless the domain of the cluster has changed; then move every client in one commit",
    ),
    Rule(
        "port-changed",
        "error",
        (),
        "ports",
        always,
        "every client that was switched already connects to the old port and is refused",
        "keep the port: clients get a new one only with their next step",
    ),
    Rule(
        "secret-renamed",
        "error",
        ("redis.auth.secret", "redis.auth.key"),
        "credentials",
        always,
        "pods of Redis and of clients wait for a Secret or a key that is not there: they don't start",
        "create the new Secret in every namespace first, and export the files of every client in the same change",
    ),
    Rule(
        "image-older",
        "error",
        _IMAGE,
        "image",
        older,
        "an older Redis can't read the files of a newer one (Can't handle RDB format version): it does not start",
        "keep the version, or restore a backup that the older version wrote",
    ),
    Rule(
        "image-order-unknown",
        "warning",
        _IMAGE,
        "image",
        order_unknown,
        "whether this Redis is older than the files on the volumes is not known: an older one does not start",
        "set a tag beside the digest, or compare the versions and accept this image",
    ),
    Rule(
        "image-newer",
        "info",
        _IMAGE,
        "image",
        newer,
        "the files on the volumes become those of the newer version: the older one can't read them any more",
        "take a backup before it is merged",
    ),
    Rule(
        "chart-changed",
        "warning",
        ("redis.chart.repository", "redis.chart.version"),
        "chart",
        set_to_another,
        "the templates of the release change: what the API server refuses to change shows only when it is applied",
        "compare helm template of both versions with the values file, and accept it",
    ),
    Rule(
        "replicas-zero",
        "error",
        ("redis.replicas",),
        "replicas",
        to("0"),
        "no copy is left: the loss of the primary is the loss of reads and, with local volumes, of the data",
        "keep one replica",
    ),
    Rule(
        "replicas-fewer",
        "warning",
        ("redis.replicas",),
        "replicas",
        fewer,
        "the pods with the highest numbers stop; their volumes stay, with data that gets old",
        "check that clients that read from replicas have enough of them, and accept it",
    ),
    Rule(
        "topology-changed",
        "error",
        (),
        "topology",
        always,
        "other workloads replace those that run, and the data of the old ones is not taken over",
        "leave it out: the rest of the rendered manifests is made for one primary and its replicas",
    ),
    Rule(
        "namespace-pod-security",
        "warning",
        ("redis.labels",),
        "pod security",
        always,
        "the API server may refuse the next pods of Redis, at a restart that nobody chose",
        "compare the level with helm template of the release, and accept it",
    ),
    Rule(
        "memory-lower",
        "warning",
        ("redis.memory.max",),
        "maxmemory",
        smaller,
        "keys above the new limit are evicted at once, or writes are refused with noeviction",
        "compare used_memory of INFO with the new limit first, and accept it",
    ),
    Rule(
        "policy-evicts",
        "warning",
        ("redis.memory.policy",),
        "eviction",
        evicts_more,
        "keys that were kept until now are evicted when the memory is full: sessions and queues lose entries",
        "ask every client whether its keys may be dropped, and accept it",
    ),
    Rule(
        "policy-refuses",
        "warning",
        ("redis.memory.policy",),
        "eviction",
        to("noeviction"),
        "writes are refused with an OOM error when the memory is full",
        "compare used_memory of INFO with redis.memory.max first, and accept it",
    ),
    Rule(
        "external-address",
        "error",
        ("network.address",),
        "address",
        set_to_another,
        "clients of the private network that have the old address lose Redis",
        "keep the address, or change DNS and every such client with it",
    ),
    Rule(
        "external-removed",
        "error",
        ("network.address",),
        "address",
        removed,
        "the external Service is removed: every client of the private network loses Redis",
        "keep the network section until no client uses the address",
    ),
    Rule(
        "external-allow",
        "warning",
        ("network.allow",),
        "allowed",
        removed,
        "clients in this network can't connect any more",
        "check that none of them uses Redis, and accept it",
    ),
    Rule(
        "external-opened",
        "info",
        ("network.allow",),
        "allowed",
        added,
        "clients in this network can connect from now on",
        "check that the network is meant",
    ),
    Rule(
        "external-pool",
        "warning",
        ("network.pool.name", "network.metallb"),
        "pool",
        set_to_another,
        "MetalLB takes the address from elsewhere, or no longer reads the annotations: the Service may lose its address for a time",
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
        "secret source",
        always,
        "another password may reach the namespaces while Redis runs with the old one, or the Secret may be removed with its old source",
        "compare the values first (docs/rotation.md of the rendered manifests), and accept it",
    ),
    Rule(
        "gitops-tool",
        "error",
        ("gitops.tool",),
        "tool",
        always,
        "two tools apply one release until the first is removed, and removing it may delete what it applied",
        "remove the objects of the old tool without their resources first, then commit",
    ),
    Rule(
        "gitops-source",
        "error",
        ("gitops.repository", "gitops.revision", "gitops.path", "gitops.flux.source.kind", "gitops.flux.source.name"),
        "source",
        always,
        "the root still follows the old place: nothing of this change arrives until a person applies the bootstrap object",
        "keep the old place in Git until the object in bootstrap/ of the rendered manifests is applied",
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
        "placement",
        always,
        "objects of the GitOps tool with other names or places replace the old ones, and removing those removes what they applied",
        "remove the old ones without their resources first, then apply the object in bootstrap/ of the rendered manifests",
    ),
)
