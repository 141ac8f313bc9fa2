"""Checks of the Helm values: what the chart would ignore, and what would undo what the rest of the tree relies on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rediskit.chart.keys import check_values
from rediskit.checks.finding import Complaint, Subject, at
from rediskit.model.measures import Quantity, RedisMemory
from rediskit.renderers.helm import values

_OWNED = {
    "architecture": "",
    "auth.enabled": "",
    "auth.existingSecret": "redis.auth.secret",
    "auth.existingSecretPasswordKey": "redis.auth.key",
    "auth.usePasswordFiles": "",
    "master.count": "",
    "metrics.enabled": "monitoring.enabled",
    "metrics.prometheusRule.enabled": "monitoring.alerts",
    "metrics.serviceMonitor.enabled": "monitoring.enabled",
    "networkPolicy.enabled": "",
    "replica.replicaCount": "redis.replicas",
    "sentinel.enabled": "",
}
"""Values that other objects of the tree rely on, and the key of the config that sets them instead ("": nothing may)."""

_BEATS_THE_CHART = frozenset("requirepass masterauth masteruser port bind replicaof slaveof include dir aclfile".split())


def chart_keys(subject: Subject) -> Iterator[Complaint]:
    """Every value path, ours and the user's, is one the chart knows, and has the kind of value the chart expects."""
    for problem in check_values(subject.values, subject.environment.redis.chart.extra_keys):
        yield Complaint(problem.message, problem.hint, ("redis", "values", *problem.path))


def owned_values(subject: Subject) -> Iterator[Complaint]:
    """`redis.values` does not override a value that other objects of the tree rely on."""
    ours = values(subject.environment)
    for dotted, instead in _OWNED.items():
        path = dotted.split(".")
        mine, merged = at(ours, *path), at(subject.values, *path)
        if mine is not None and mine != merged:
            hint = f"set {instead} instead" if instead else "leave it out: the rest of the tree is made for it"
            yield Complaint(f"{dotted} is {merged} instead of {mine}, which other objects of the tree rely on", hint, ("redis", "values", *path))


def redis_conf(subject: Subject) -> Iterator[Complaint]:
    """No line of redis.conf beats what the chart sets itself, ends in a comment, or is evaluated as a Helm template."""
    for path in (("commonConfiguration",), ("master", "configuration"), ("replica", "configuration")):
        where = ("redis", "values", *path)
        for line in str(at(subject.values, *path) or "").splitlines():
            yield from (Complaint(message, hint, where) for message, hint in _line_problems(line.strip()))


def _line_problems(line: str) -> Iterator[tuple[str, str]]:
    if "{{" in line:
        yield f"redis.conf has {{{{ in it ({line.split()[0]}), which Helm evaluates as a template", "write it without {{"
    if not line or line.startswith("#"):
        return
    directive = line.split()[0].lower()
    if directive in _BEATS_THE_CHART:
        yield f"redis.conf sets {directive}, which silently beats what the chart and the Secret set", "leave it out"
    if directive == "rename-command":
        yield "redis.conf renames a command: a command that is disabled twice stops Redis", "use redis.disabledCommands"
    if re.search(r"\s#", re.sub(r'"[^"]*"', "", line)):
        yield f"redis.conf has a comment behind {directive}: Redis would not start", "put the comment on a line of its own"


def memory(subject: Subject) -> Iterator[Complaint]:
    """`maxmemory`, as it stands in the merged redis.conf, is below the merged memory limits, with room for a fork."""
    found = re.findall(r"^\s*maxmemory\s+(\S+)\s*$", str(subject.values.get("commonConfiguration", "")), re.MULTILINE)
    if not found:
        yield Complaint("redis.conf sets no maxmemory: Redis would grow until the kernel kills it", "leave redis.memory.max as it is", _VALUES)
        return
    limits = {role: at(subject.values, role, "resources", "limits", "memory") for role in ("master", "replica")}
    for role, limit in limits.items():
        if limit is None:
            yield Complaint(f"{role} has no memory limit: the chart's preset is 192Mi", f"set {role}.resources.limits.memory", _VALUES)
        elif RedisMemory(found[-1]) >= Quantity(str(limit)):
            yield Complaint(f"maxmemory {found[-1]} is not below the memory limit {limit} of {role}", "leave room for a fork", _VALUES)


_VALUES = ("redis", "values")


def memory_headroom(subject: Subject) -> Iterator[Complaint]:
    """A fork (AOF rewrite, full resync) can double the memory that Redis writes to: a quarter of the limit is little room."""
    resources, limit = subject.environment.redis.resources, subject.environment.redis.memory.max
    for role, given in (("primary", resources.primary.limits.memory), ("replica", resources.replica.limits.memory)):
        if given.amount > limit.amount > given.amount * 3 / 4:
            yield Complaint(
                f"maxmemory {limit} leaves less than a quarter of the {role}'s limit {given} for a fork",
                "about half of the limit is usual",
                ("redis", "memory", "max"),
            )


def frozen_images(subject: Subject) -> Iterator[Complaint]:
    """Images of docker.io/bitnamilegacy are frozen since 2025-08-28: they get no security fixes (bitnami/charts issue 35164)."""
    frozen = sorted({name for name in (_repository(subject, "image"), _repository(subject, "metrics", "image")) if "bitnamilegacy" in name})
    if frozen:
        yield Complaint(
            f"{' and '.join(frozen)}: frozen since 2025-08-28, without security fixes",
            "pin a maintained image by digest under redis.image and redis.exporterImage when you have one",
            ("redis", "image"),
        )


def _repository(subject: Subject, *path: str) -> str:
    return str(at(subject.values, *path, "repository") or "")
