"""The rules about changes to a running Redis: each has a case, and each config key has a rule or a reason for none."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from rediskit.checks.changes import RULES, findings
from rediskit.checks.changes.harmless import HARMLESS
from rediskit.checks.codes import BASE, names
from rediskit.errors import dotted
from rediskit.model.environment import Environment
from rediskit.model.files import TextFile
from rediskit.model.gitops import GitOps
from rediskit.model.network import Network
from rediskit.model.redis import Redis
from rediskit.model.secrets import Secrets
from tests.samples import config, merged

Sections = dict[str, Any]
DIGEST, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def redis(**keys: Any) -> Sections:
    return {"redis": keys}


def values(**keys: Any) -> Sections:
    return redis(values=keys)


def environment(sections: Sections) -> Environment:
    data = config(None)
    given = copy.deepcopy(merged({key: data[key] for key in ("name", "gitops", "network")}, sections))
    if given.get("secrets", {}).get("mode") == "sealed-secrets":
        given["secrets"]["certificate"] = TextFile("sealing.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
    if "destination" in given["gitops"].get("argocd", {}):
        given["gitops"]["argocd"]["destination"].pop("server", None)
    return Environment.model_validate({key: value for key, value in given.items() if value is not None})


def reported(old: Sections, new: Sections) -> list[tuple[str, str]]:
    """Return the code and the value of `accept.on` of each finding except the one about restarts."""
    reported = findings(environment(old), environment(new))
    return [(finding.code, finding.on[0]) for finding in reported if finding.code != "release-restart"]


TAG = "8.2.1-debian-12-r0"
STORE = {"mode": "external-secrets", "store": {"name": "vault"}, "key": "redis", "refresh": "1h"}
CASES: list[tuple[str, str, Sections, Sections]] = [
    ("append-only-on", "redis.appendOnly=true", redis(appendOnly=False), redis(appendOnly=True)),
    ("append-only-off", "redis.appendOnly=false", {}, redis(appendOnly=False)),
    ("append-only-off", "redis.values.commonConfiguration=false", {}, values(commonConfiguration="appendonly no\nmaxmemory 1gb\nsave ''")),
    ("append-only-off", "redis.values.replica.configuration=false", {}, values(replica={"configuration": "appendonly no"})),
    ("append-only-off", "redis.values.master.extraFlags=false", {}, values(master={"extraFlags": ["--appendonly no"]})),
    ("save-points-removed", "redis.savePoints=none", redis(appendOnly=False, savePoints=["900 1"]), redis(appendOnly=False)),
    ("command-disabled", "redis.disabledCommands=SWAPDB", {}, redis(disabledCommands=["FLUSHDB", "FLUSHALL", "SWAPDB"])),
    ("command-disabled", "redis.disabledCommands=SORT", {}, values(master={"configuration": 'rename-command SORT ""'})),
    ("volume-template", "redis.storage.size=20Gi", {}, redis(storage={"size": "20Gi"})),
    ("volume-template", "redis.storage.class=longhorn", {}, redis(storage={"class": "longhorn"})),
    ("volume-template", "redis.values.replica.persistence.size=5Gi", {}, values(replica={"persistence": {"size": "5Gi"}})),
    (
        "volume-template",
        'redis.values.master.persistence.accessModes=["ReadWriteMany"]',
        {},
        values(master={"persistence": {"accessModes": ["ReadWriteMany"]}}),
    ),
    ("volume-template", "redis.values.global.storageClass=fast", {}, values(**{"global": {"storageClass": "fast"}})),
    ("data-place", "redis.values.master.persistence.subPath=new", {}, values(master={"persistence": {"subPath": "new"}})),
    ("data-place", "redis.values.replica.persistence.path=/other", {}, values(replica={"persistence": {"path": "/other"}})),
    ("data-place", "redis.values.master.configuration=other", {}, values(master={"configuration": "appenddirname other"})),
    ("data-place", "redis.values.master.extraFlags=b.aof", {}, values(master={"extraFlags": ["--appendfilename b.aof"]})),
    ("data-place", "redis.values.replica.configuration=Dump.rdb", {}, values(replica={"configuration": 'dbfilename "Dump.rdb"'})),
    (
        "data-place",
        "redis.values.master.configuration=appendonlydir",
        values(master={"configuration": "appenddirname other"}),
        values(master={"configuration": "tcp-keepalive 60"}),
    ),
    ("start-command", 'redis.values.master.args=["--save", ""]', {}, values(master={"args": ["--save", ""]})),
    ("start-command", 'redis.values.replica.preExecCmds=["rm -r /data"]', {}, values(replica={"preExecCmds": ["rm -r /data"]})),
    ("cluster-renamed", "cluster=other", {}, {"cluster": "other"}),
    ("pod-management", "redis.values.replica.podManagementPolicy=Parallel", {}, values(replica={"podManagementPolicy": "Parallel"})),
    ("release-renamed", "redis.release=cache", {}, redis(release="cache")),
    ("release-renamed", "redis.namespace=databases", {}, redis(namespace="databases")),
    ("release-renamed", "redis.values.fullnameOverride=cache", {}, values(fullnameOverride="cache")),
    ("release-renamed", "redis.values.nameOverride=valkey", {}, values(nameOverride="valkey")),
    ("cluster-domain", "redis.values.clusterDomain=k8s.example", {}, values(clusterDomain="k8s.example")),
    ("port-changed", "redis.values.master.service.ports.redis=6400", {}, values(master={"service": {"ports": {"redis": 6400}}})),
    ("secret-renamed", "redis.auth.secret=other", {}, redis(auth={"secret": "other"})),
    ("secret-renamed", "redis.auth.key=password", {}, redis(auth={"key": "password"})),
    (
        "image-older",
        "redis.image=bitnamilegacy/redis:7.4.2-debian-12-r0",
        redis(image={"tag": TAG}),
        redis(image={"tag": "7.4.2-debian-12-r0"}),
    ),
    (
        "image-order-unknown",
        f"redis.image=bitnamilegacy/redis:@{DIGEST}",
        redis(image={"tag": TAG}),
        redis(image={"tag": "", "digest": DIGEST}),
    ),
    (
        "image-order-unknown",
        f"redis.image=bitnami/valkey:{TAG}",
        redis(image={"tag": TAG}),
        redis(image={"repository": "bitnami/valkey", "tag": TAG}),
    ),
    ("image-newer", "redis.image=bitnamilegacy/redis:8.4.0", redis(image={"tag": TAG}), redis(image={"tag": "8.4.0"})),
    ("chart-changed", "redis.chart.version=22.0.7", {}, redis(chart={"version": "22.0.7"})),
    ("chart-changed", "redis.chart.repository=oci://example.org/redis", {}, redis(chart={"repository": "oci://example.org/redis"})),
    ("replicas-zero", "redis.values.replica.replicaCount=0", {}, values(replica={"replicaCount": 0})),
    ("replicas-fewer", "redis.replicas=1", redis(replicas=3), redis(replicas=1)),
    ("topology-changed", "redis.values.architecture=standalone", {}, values(architecture="standalone")),
    ("topology-changed", "redis.values.sentinel.enabled=true", {}, values(sentinel={"enabled": True})),
    (
        "namespace-pod-security",
        'redis.labels["pod-security.kubernetes.io/enforce"]=restricted',
        {},
        redis(labels={"pod-security.kubernetes.io/enforce": "restricted"}),
    ),
    ("memory-lower", "redis.memory.max=512mb", {}, redis(memory={"max": "512mb"})),
    ("policy-evicts", "redis.memory.policy=allkeys-lfu", redis(memory={"policy": "volatile-ttl"}), redis(memory={"policy": "allkeys-lfu"})),
    ("policy-refuses", "redis.memory.policy=noeviction", {}, redis(memory={"policy": "noeviction"})),
    ("external-address", "network.address=192.168.4.204", {}, {"network": {"address": "192.168.4.204"}}),
    ("external-removed", "network.address=", {}, {"network": None}),
    ("external-allow", "network.allow=", {"network": {"allow": ["192.168.4.0/24", "192.168.5.0/24"]}}, {}),
    ("external-opened", "network.allow=192.168.5.0/24", {}, {"network": {"allow": ["192.168.4.0/24", "192.168.5.0/24"]}}),
    ("external-pool", "network.pool.name=other", {}, {"network": {"pool": {"name": "other"}}}),
    ("external-pool", "network.metallb=metallb.universe.tf", {}, {"network": {"metallb": "0.14.8"}}),
    ("secret-source", "secrets.mode=external-secrets", {}, {"secrets": STORE}),
    ("secret-source", "secrets.store.name=other", {"secrets": STORE}, {"secrets": {**STORE, "store": {"name": "other"}}}),
    ("gitops-tool", "gitops.tool=flux", {}, {"gitops": {"tool": "flux"}}),
    ("gitops-source", "gitops.path=other/place", {}, {"gitops": {"path": "other/place"}}),
    ("gitops-source", "gitops.revision=release", {}, {"gitops": {"revision": "release"}}),
    ("gitops-placement", "gitops.argocd.prefix=caches", {}, {"gitops": {"argocd": {"prefix": "caches"}}}),
]


@pytest.mark.parametrize(("code", "on", "old", "new"), CASES, ids=[f"{code}: {on[:50]}" for code, on, _, _ in CASES])
def test_a_change_is_reported_with_its_effect_and_fix(code: str, on: str, old: Sections, new: Sections) -> None:
    assert (code, on) in reported(old, new)
    matching = [finding for finding in findings(environment(old), environment(new)) if finding.on == (on,)]
    assert all(finding.message and finding.hint for finding in matching)


@pytest.mark.parametrize(("old", "new"), [(old, new) for _, _, old, new in CASES])
def test_the_same_config_has_no_finding(old: Sections, new: Sections) -> None:
    for sections in (old, new):
        assert list(findings(environment(sections), environment(sections))) == []


def test_every_rule_has_a_case_and_a_documented_code() -> None:
    assert {rule.code for rule in RULES} == {code for code, _, _, _ in CASES}
    assert {rule.code for rule in RULES} < names(BASE)
    assert len({rule.code for rule in RULES}) == len(RULES)


UNREPORTED: dict[str, tuple[Sections, Sections]] = {
    "a command is allowed again": ({}, redis(disabledCommands=[])),
    "a command that is in no append-only file": ({}, redis(disabledCommands=["FLUSHDB", "FLUSHALL", "KEYS", "CONFIG", "EVAL"])),
    "a command without an append-only file": (
        redis(appendOnly=False),
        redis(appendOnly=False, disabledCommands=["FLUSHALL", "SORT", "FLUSHDB"]),
    ),
    "a larger maxmemory": (redis(memory={"max": "512mb"}), redis(memory={"max": "600mb"})),
    "a policy that evicts less": (redis(memory={"policy": "allkeys-lru"}), redis(memory={"policy": "volatile-lru"})),
    "one more replica": ({}, redis(replicas=2)),
    "a patch release of Redis": (redis(image={"tag": "8.2.3-debian-12-r0"}), redis(image={"tag": "8.2.1-debian-12-r0"})),
    "a digest for the same tag": (redis(image={"tag": TAG}), redis(image={"tag": TAG, "digest": DIGEST})),
    "another digest for the same tag": (redis(image={"tag": TAG, "digest": OTHER}), redis(image={"tag": TAG, "digest": DIGEST})),
    "the same size in other words": (redis(values={"master": {"persistence": {"size": "10Gi"}}}), {}),
    "a mirror": ({}, redis(imageMirror="mirror.example.com")),
    "resources": ({}, redis(resources={"primary": {"limits": {"memory": "4Gi"}}})),
    "a label of a team": ({}, redis(labels={"team": "platform"})),
}


@pytest.mark.parametrize("what", UNREPORTED)
def test_a_harmless_change_has_no_finding(what: str) -> None:
    assert reported(*UNREPORTED[what]) == []


def test_other_values_are_reported_as_a_restart() -> None:
    (finding,) = findings(environment({}), environment(redis(resources={"primary": {"limits": {"memory": "4Gi"}}})))
    assert (finding.code, finding.severity) == ("release-restart", "info")
    assert "master.resources.limits.memory" in finding.message


def test_every_key_of_the_sections_has_a_rule_or_a_reason_for_none() -> None:
    """A new key of these sections needs a rule, or a reason in HARMLESS."""
    every = {"cluster", *keys(Redis, "redis"), *keys(Network, "network"), *keys(GitOps, "gitops")}
    for model in models(Secrets):
        every |= set(keys(model, "secrets"))
    watched = {key for rule in RULES for key in rule.keys}
    assert watched | set(HARMLESS) == every
    assert watched & set(HARMLESS) == set()
    assert all(HARMLESS.values())


def models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from models(part)


def keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{prefix}.{field.alias or name}"
        inner = list(models(field.annotation))
        for one in inner:
            yield from keys(one, path)
        if not inner:
            yield path


def test_a_key_that_a_rule_lists_is_reported_at_its_place() -> None:
    places = {dotted(one.path) for _, _, old, new in (*CASES, *MORE) for one in findings(environment(old), environment(new))}
    missed = [key for rule in RULES for key in rule.keys if not any(place.startswith(PARENTS.get(key, key)) for place in places)]
    assert missed == []


PARENTS = {
    **{f"redis.image.{part}": "redis.image" for part in ("registry", "repository", "tag", "digest")},
    "gitops.argocd.destination.server": "gitops.argocd.destination",
    "gitops.argocd.destination.name": "gitops.argocd.destination",
    "gitops.flux.source.kind": "gitops.flux.source",
    "gitops.flux.source.name": "gitops.flux.source",
}
FLUX: Sections = {"gitops": {"tool": "flux"}}
MORE: list[tuple[str, str, Sections, Sections]] = [
    ("", "", {}, {"gitops": {"repository": "https://git.example.org/other.git"}}),
    ("", "", {}, {"gitops": {"argocd": {"namespace": "gitops", "project": "p", "bootstrapProject": "b", "destination": {"name": "edge"}}}}),
    ("", "", FLUX, {"gitops": {"tool": "flux", "flux": {"namespace": "flux"}}}),
    ("", "", FLUX, {"gitops": {"tool": "flux", "flux": {"source": {"name": "fleet"}}}}),
    (
        "",
        "",
        {"secrets": STORE},
        {"secrets": {**STORE, "store": {"name": "vault", "kind": "SecretStore"}, "key": "k", "property": "p", "refresh": "2h"}},
    ),
    ("", "", {"secrets": STORE}, {"secrets": {"mode": "external-secrets", "generate": True}}),
    ("", "", {"secrets": {"mode": "sealed-secrets"}}, {"secrets": {"mode": "sealed-secrets", "ownerReference": True}}),
]
