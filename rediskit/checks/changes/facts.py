"""The settings of a Redis that runs, as the chart is given them: each with its value as text, and its place in the config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from rediskit.checks.finding import Subject
from rediskit.checks.server import directives
from rediskit.errors import Path
from rediskit.model.nested import at, list_at, mapping_at
from rediskit.model.secrets import ExternalSecrets, SealedSecrets

ROLES = ("master", "replica")


class Fact(NamedTuple):
    """A setting in effect."""

    path: Path
    value: str


Facts = Mapping[str, Fact]
"""What two configs are compared by: a name that both have for one setting, to the setting."""


def leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return every value that is no mapping, by its path."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, (*path, str(key)))
        else:
            found[(*path, str(key))] = value
    return found


def shown(value: Any) -> str:
    """Return a value as YAML in one line has it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def values_at(subject: Subject, paths: Mapping[str, str]) -> dict[str, Fact]:
    """Return what is at and below paths of the Helm values. paths: each to the key of the config that sets it; "" for none."""
    found: dict[str, Fact] = {}
    for name, key in paths.items():
        way = name.split(".")
        value = at(subject.values, *way)
        below = leaves(value, tuple(way)) if isinstance(value, dict) else {tuple(way): value}
        for path, leaf in below.items():
            if leaf not in (None, "", [], {}):
                mine = at(subject.environment.redis.values, *path) is not None or not key
                found[".".join(path)] = Fact(("redis", "values", *path) if mine else tuple(key.split(".")), shown(leaf))
    return found


def setting(subject: Subject, name: str, default: str, key: str) -> dict[str, Fact]:
    """Return a setting of redis.conf for each role, as the server reads it. Two roles with one value and place are one fact."""
    found: dict[str, Fact] = {}
    for role in ROLES:
        last = next((one for one in reversed(list(directives(subject, role))) if one.name == name), None)
        mine = last is not None and at(subject.environment.redis.values, *map(str, last.path[2:])) is not None
        path = last.path if last is not None and mine else tuple(key.split("."))
        found[role] = Fact(path, last.value.lower() if last else default)
    return found


_FLAGS = {"yes": "true", "no": "false"}


def append_only(subject: Subject) -> Facts:
    """Return whether there is an append-only file, as the config has it: true or false."""
    found = setting(subject, "appendonly", "no", "redis.appendOnly")
    return {role: fact._replace(value=_FLAGS.get(fact.value, fact.value)) for role, fact in found.items()}


def max_memory(subject: Subject) -> Facts:
    """Return the limit of each role."""
    return setting(subject, "maxmemory", "0", "redis.memory.max")


def eviction(subject: Subject) -> Facts:
    """Return the eviction policy of each role."""
    return setting(subject, "maxmemory-policy", "noeviction", "redis.memory.policy")


def save_points(subject: Subject) -> Facts:
    """Save points, where there is no append-only file: what is on disk after a restart."""
    lines = [one.value.strip("\"'") for one in directives(subject, "master") if one.name == "save"]
    if any(fact.value == "true" for fact in append_only(subject).values()):
        return {}
    return {"save": Fact(("redis", "savePoints"), ", ".join(filter(None, lines)) or "none")}


NO_FILE = " (no append-only file)"
IN_THE_FILE = frozenset({"FLUSHALL", "FLUSHDB", "FUNCTION", "RESTORE", "SORT", "SWAPDB"})
"""Commands that Redis 7 and 8 write to the append-only file as they are given, of those that can be disabled."""
IN_AN_OLD_FILE = IN_THE_FILE | {"EVAL", "EVALSHA", "SCRIPT"}
"""The same for Redis 6, which also propagates scripts."""


def disabled_commands(subject: Subject) -> Facts:
    """Return disabled commands that an append-only file may contain; without such a file the value says so."""
    file = append_only(subject)
    version = version_of(str(at(subject.values, "image", "tag") or ""))
    dangerous = IN_AN_OLD_FILE if version and version < (7,) else IN_THE_FILE
    found = {}
    for role in ROLES:
        listed = {str(name).upper() for name in list_at(subject.values, role, "disableCommands")}
        renamed = {one.value.split(" ")[0].upper() for one in directives(subject, role) if one.name == "rename-command"}
        for name in sorted((listed | renamed) & dangerous):
            found[f"{role} {name}"] = Fact(("redis", "disabledCommands"), name if file[role].value == "true" else f"{name}{NO_FILE}")
    return found


_CLAIM = ("accessModes", "annotations", "dataSource", "enabled", "existingClaim", "labels", "selector")


def volumes(subject: Subject) -> Facts:
    """What the chart writes into volumeClaimTemplates (chart 23.1.1 templates/master/application.yaml:536)."""
    paths = {"global.storageClass": "redis.storage.class", "global.defaultStorageClass": ""}
    for role in ROLES:
        paths |= {f"{role}.persistence.{key}": "" for key in _CLAIM}
        paths |= {f"{role}.persistence.size": "redis.storage.size", f"{role}.persistence.storageClass": "redis.storage.class"}
    return values_at(subject, paths)


_DATA = {"dbfilename": "dump.rdb", "appendfilename": "appendonly.aof", "appenddirname": "appendonlydir"}


def data_place(subject: Subject) -> Facts:
    """Return where a server looks for its data: the folder on the volume, and the names of the files."""
    paths = {f"{role}.persistence.{key}": "" for role in ROLES for key in ("path", "subPath", "subPathExpr")}
    found = values_at(subject, paths)
    for role in ROLES:
        for name, default in _DATA.items():
            last = next((one for one in reversed(list(directives(subject, role))) if one.name == name), None)
            path = last.path if last else ("redis", "values", role, "configuration")
            found[f"{role} {name}"] = Fact(path, last.value.strip("\"'") if last else default)
    return found


def start_command(subject: Subject) -> Facts:
    """Return what is run instead of, or before, the start script of the chart."""
    return values_at(subject, {f"{role}.{key}": "" for role in ROLES for key in ("command", "args", "preExecCmds")})


def cluster(subject: Subject) -> Facts:
    """Return the cluster that the ConfigMaps name which say whose the names are."""
    return {"cluster": Fact(("cluster",), subject.environment.cluster)}


def pod_management(subject: Subject) -> Facts:
    """Return how the StatefulSet of the replicas creates its pods."""
    return values_at(subject, {"replica.podManagementPolicy": ""})


def names(subject: Subject) -> Facts:
    """Release, namespace and what the chart derives from them: the names of all objects and hosts."""
    release, user = subject.release, subject.environment.redis.values
    override = next((key for key in ("fullnameOverride", "nameOverride") if user.get(key)), "")
    derived = ("redis", "values", override) if override else ("redis", "release")
    found = {
        "release": Fact(("redis", "release"), release.name),
        "namespace": Fact(("redis", "namespace"), release.namespace),
        "namespaceOverride": Fact(("redis", "values", "namespaceOverride"), str(user.get("namespaceOverride") or release.namespace)),
        "objects": Fact(derived, release.fullname),
    }
    if user.get("nameOverride"):
        found["label"] = Fact(("redis", "values", "nameOverride"), release.chart_name)
    return found


def cluster_domain(subject: Subject) -> Facts:
    """Return the end of every host."""
    return {"domain": Fact(("redis", "values", "clusterDomain"), subject.release.cluster_domain)}


def ports(subject: Subject) -> Facts:
    """Return the ports that clients connect to."""
    release = subject.release
    services = ("redis", "values", "master", "service", "ports", "redis"), ("redis", "values", "replica", "service", "ports", "redis")
    return {"primary": Fact(services[0], str(release.port)), "replicas": Fact(services[1], str(release.replicas_port))}


def credentials(subject: Subject) -> Facts:
    """Return the Secret and the key that pods read the password from."""
    keys = {"auth.existingSecret": "redis.auth.secret", "auth.existingSecretPasswordKey": "redis.auth.key", "auth.enabled": ""}
    return values_at(subject, keys)


def image(subject: Subject) -> Facts:
    """The image of Redis, as a pod would have it: `registry/repository:tag@digest`."""
    found = mapping_at(subject.values, "image")
    mine = mapping_at(subject.environment.redis.values, "image")
    text = f"{found.get('repository')}:{found.get('tag') or ''}{'@' if found.get('digest') else ''}{found.get('digest') or ''}"
    return {"image": Fact(("redis", "values", "image") if mine else ("redis", "image"), text)}


def version_of(text: str) -> tuple[int, ...] | None:
    """Return the version that a tag begins with (`8.2.1-debian-12-r0`: 8, 2); None where it begins with none."""
    major, _, rest = text.removeprefix("v").partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def chart(subject: Subject) -> Facts:
    """Return which chart the release is made of."""
    chart = subject.environment.redis.chart
    return {
        "repository": Fact(("redis", "chart", "repository"), chart.repository),
        "version": Fact(("redis", "chart", "version"), chart.version),
    }


def replicas(subject: Subject) -> Facts:
    """Return the number of replicas."""
    return values_at(subject, {"replica.replicaCount": "redis.replicas"})


_TOPOLOGY = ("architecture", "master.count", "master.kind", "replica.kind", "replica.externalMaster.enabled", "sentinel.enabled")


def topology(subject: Subject) -> Facts:
    """Return what decides which workloads the chart makes."""
    return values_at(subject, dict.fromkeys(_TOPOLOGY, ""))


def pod_security(subject: Subject) -> Facts:
    """Labels of the Namespace by which the API server refuses pods."""
    labels = subject.environment.redis.labels
    return {key: Fact(("redis", "labels", key), value) for key, value in labels.items() if key.startswith("pod-security.kubernetes.io/")}


def address(subject: Subject) -> Facts:
    """Return the address in the private network."""
    network = subject.environment.network
    return {"address": Fact(("network", "address"), network.address)} if network else {}


def allowed(subject: Subject) -> Facts:
    """Return the networks whose clients may connect."""
    network = subject.environment.network
    return {cidr: Fact(("network", "allow"), cidr) for cidr in network.allow} if network else {}


def pool(subject: Subject) -> Facts:
    """Return what MetalLB gives the address by."""
    network = subject.environment.network
    if network is None:
        return {}
    return {
        "pool": Fact(("network", "pool", "name"), network.pool.name),
        "annotations": Fact(("network", "metallb"), network.annotation_prefix),
    }


def secret_source(subject: Subject) -> Facts:
    """Where the password comes from, and what becomes of the Secret."""
    secrets = subject.environment.secrets
    found: dict[str, str] = {"mode": secrets.mode}
    if isinstance(secrets, SealedSecrets):
        found["ownerReference"] = shown(secrets.owner_reference)
    if isinstance(secrets, ExternalSecrets):
        store = secrets.store
        texts = {
            "key": secrets.key,
            "property": secrets.property,
            "generate": shown(secrets.generate),
            "refresh": str(secrets.refresh or "") or None,
        }
        texts |= {"store.kind": store.kind, "store.name": store.name} if store else {}
        found |= {name: text for name, text in texts.items() if text is not None}
    return {name: Fact(("secrets", *name.split(".")), value) for name, value in found.items()}


def tool(subject: Subject) -> Facts:
    """Return the GitOps tool."""
    return {"tool": Fact(("gitops", "tool"), subject.environment.gitops.tool)}


def source(subject: Subject) -> Facts:
    """Return where the GitOps tool finds the rendered manifests."""
    gitops = subject.environment.gitops
    found = {
        "repository": Fact(("gitops", "repository"), gitops.repository),
        "revision": Fact(("gitops", "revision"), gitops.revision),
        "path": Fact(("gitops", "path"), subject.environment.path),
    }
    if gitops.tool == "flux" and gitops.flux.source is not None:
        found["source"] = Fact(("gitops", "flux", "source"), f"{gitops.flux.source.kind}/{gitops.flux.source.name}")
    return found


def placement(subject: Subject) -> Facts:
    """Names and places of the objects of the GitOps tool."""
    gitops = subject.environment.gitops
    if gitops.tool == "flux":
        return {"namespace": Fact(("gitops", "flux", "namespace"), gitops.flux.namespace)}
    argocd, release = gitops.argocd, subject.environment.redis.release
    prefix = argocd.prefix or release
    found = {
        "namespace": argocd.namespace,
        "prefix": prefix,
        "project": argocd.project or prefix,
        "bootstrapProject": argocd.bootstrap_project,
        "destination": argocd.destination.server or argocd.destination.name or "",
    }
    return {name: Fact(("gitops", "argocd", name), value) for name, value in found.items()}
