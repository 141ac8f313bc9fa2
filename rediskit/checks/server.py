"""Checks of what Redis itself will run with: redis.conf, memory, probes, images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from rediskit.checks.finding import Complaint, Subject
from rediskit.errors import Path
from rediskit.model.measures import Measure, Quantity, RedisMemory
from rediskit.model.nested import at, mapping_at
from rediskit.model.redis import Redis
from rediskit.renderers.helm import ALIVE

_BEATS_THE_CHART = frozenset("requirepass masterauth masteruser port bind replicaof slaveof include dir aclfile".split())
_ROLES = ("master", "replica")
_VALUES: Path = ("redis", "values")
M = TypeVar("M", bound=Measure)


class Directive(NamedTuple):
    """One setting of Redis, and where under the Helm values it stands. The last one of a name wins, `save` apart."""

    name: str
    value: str
    path: Path

    @property
    def text(self) -> str:
        return f"{self.name} {self.value}".strip()


def directives(subject: Subject, role: str) -> Iterator[Directive]:
    """What the server of a role is started with, in the order it reads: redis.conf, the role's own file, flags (scripts-configmap.yaml)."""
    for path in (("commonConfiguration",), (role, "configuration")):
        for line in str(at(subject.values, *path) or "").splitlines():
            name, _, value = line.strip().partition(" ")
            if name and not name.startswith("#"):
                yield Directive(name.lower(), value.strip(), (*_VALUES, *path))
    flags = at(subject.values, role, "extraFlags")
    words = " ".join(map(str, flags)).split() if isinstance(flags, list) else []
    for flag in re.findall(r"--(\S+)((?: (?!--)\S+)*)", " ".join(words)):
        yield Directive(flag[0].lower(), flag[1].strip(), (*_VALUES, role, "extraFlags"))


def redis_conf(subject: Subject) -> Iterator[Complaint]:
    """No setting beats what the chart sets itself, ends in a comment, is evaluated as a template, or says other than the config."""
    found = {role: list(directives(subject, role)) for role in _ROLES}
    for directive in dict.fromkeys(found["master"] + found["replica"]):
        yield from (Complaint(message, hint, directive.path) for message, hint in _faults(directive))
    yield from dict.fromkeys(complaint for role in _ROLES for complaint in _disagreements(subject.environment.redis, found[role]))


def _faults(directive: Directive) -> Iterator[tuple[str, str]]:
    if "{{" in directive.text:
        yield f"redis.conf has {{{{ in it ({directive.name}), which Helm evaluates as a template", "write it without {{"
    if directive.name in _BEATS_THE_CHART:
        yield f"redis.conf sets {directive.name}, which silently beats what the chart and the Secret set", "leave it out"
    if directive.name == "rename-command":
        yield "redis.conf renames a command: a command that is disabled twice stops Redis", "use redis.disabledCommands"
    if re.search(r"(?:^|\s)#", re.sub(r'"[^"]*"', "", directive.value)):
        yield f"redis.conf has a comment behind {directive.name}: Redis would not start", "put the comment on a line of its own"


def _disagreements(redis: Redis, found: list[Directive]) -> Iterator[Complaint]:
    """README, alerts and checks go by the config: redis.conf must not say something else."""
    said = {directive.name: directive for directive in found}
    wanted = {
        "maxmemory": (str(redis.memory.max), "redis.memory.max", "0"),
        "maxmemory-policy": (redis.memory.policy, "redis.memory.policy", "noeviction"),
        "appendonly": ("yes" if redis.append_only else "no", "redis.appendOnly", "no"),
    }
    for name, (value, key, default) in wanted.items():
        directive = said.get(name)
        if not _same(directive.value if directive else default, value):
            shown = f"says {directive.text}" if directive else f"says nothing of {name}, so Redis takes {default}"
            path = directive.path if directive else (*_VALUES, "commonConfiguration")
            hint = f"set {key} instead" if directive else f"add the line {name} {value}: commonConfiguration replaces all of ours"
            yield Complaint(f"redis.conf {shown}, but {key} makes it {value}", hint, path)
    points, given = _save_points(found), ", ".join(redis.save_points) or "none"
    if points is None:
        hint = 'add the line save "", or the save points: commonConfiguration replaces all of ours'
        message = f"redis.conf says nothing of save points, so Redis takes its own, but redis.savePoints has {given}"
        yield Complaint(message, hint, (*_VALUES, "commonConfiguration"))
    elif points != list(redis.save_points):
        path = next(directive.path for directive in reversed(found) if directive.name == "save")
        message = f"redis.conf saves at {', '.join(points) or 'no point'}, but redis.savePoints has {given}"
        yield Complaint(message, "set redis.savePoints instead", path)


def _same(one: str, other: str) -> bool:
    sizes = [_measured(RedisMemory, text) for text in (one, other)]
    return sizes[0] == sizes[1] if None not in sizes else one.lower() == other.lower()


def _save_points(found: list[Directive]) -> list[str] | None:
    """All save points in effect; None where no line says so much as `save ""`."""
    points: list[str] | None = None
    for directive in found:
        if directive.name == "save":
            numbers = directive.value.replace('"', " ").replace("'", " ").split()
            points = (points or []) if numbers else []
            points += [" ".join(pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]
    return points


def memory(subject: Subject) -> Iterator[Complaint]:
    """Every container has a memory limit, and `maxmemory`, as it will be in effect, is below it: a fork needs the room."""
    for role, limit in _limits(subject).items():
        path = (*_VALUES, role, "resources")
        if limit is None:
            yield Complaint(f"{role} has no memory limit: the chart's preset is 192Mi", f"set {role}.resources.limits.memory", path)
            continue
        amount, size = _measured(Quantity, limit), _maxmemory(subject, role)
        if amount is None:
            yield Complaint(f"{limit} is not a Kubernetes quantity", "write it like 256Mi or 2Gi", (*path, "limits", "memory"))
        elif size is not None and size[0] >= amount:
            cause = path if at(subject.environment.redis.values, role, "resources") else size[1]
            yield Complaint(f"maxmemory {size[0]} is not below the memory limit {limit} of {role}", "leave room for a fork", cause)


_HEADROOM = Decimal("2.2")
"""Memory limit to maxmemory: at 2.0 an append-only rewrite fits, and a full resync under heavy writes does not (docs/live.md)."""
_VOLUME = 3
"""Volume to maxmemory: the append-only file grows to twice its base before it is rewritten, and the new one is written beside it."""


def memory_headroom(subject: Subject) -> Iterator[Complaint]:
    """A memory limit is 2.2 times `maxmemory` or more. A fork copies what is written meanwhile, and replica buffers come on top.

    Measured with `maxmemory 1gb` in 2Gi: a rewrite of the append-only file under load peaked at 1,889 MiB. A full resync of an empty
    replica under 90,000 SET/s was killed for its memory.
    """
    little: dict[str, list[str]] = {}
    for role, limit in _limits(subject).items():
        amount, size = _measured(Quantity, limit or ""), _maxmemory(subject, role)
        if amount and size and size[0].amount < amount.amount < size[0].amount * _HEADROOM:
            ratio = f"{limit}: {float(amount.amount / size[0].amount):.3g} times maxmemory {size[0]}, less than {_HEADROOM}"
            little.setdefault(ratio, []).append(role)
    for ratio, roles in little.items():
        hint = "raise the memory limits under redis.resources or lower redis.memory.max: at 2 times, a full resync was killed"
        yield Complaint(f"the memory limit of {' and '.join(roles)} is {ratio}", hint, ("redis", "memory", "max"))


def volume_headroom(subject: Subject) -> Iterator[Complaint]:
    """With an append-only file, a volume is 3 times `maxmemory` or more: else a rewrite fills it, and Redis refuses writes.

    The file grows to twice its size before Redis rewrites it, and the new one is written beside it (auto-aof-rewrite-percentage 100).
    """
    redis = subject.environment.redis
    if redis.append_only and redis.storage.size.amount < redis.memory.max.amount * _VOLUME:
        message = f"the volume {redis.storage.size} is less than {_VOLUME} times redis.memory.max {redis.memory.max}"
        hint = "raise redis.storage.size: the append-only file doubles before it is rewritten, and the rewrite needs its own space"
        yield Complaint(message, hint, ("redis", "storage", "size"))


def requests(subject: Subject) -> Iterator[Complaint]:
    """No container asks for more than its limit: the API server refuses its pods, and that shows only in the middle of the downtime."""
    for role in _containers(subject):
        path = (*_VALUES, role, "resources")
        for name in ("cpu", "memory"):
            asked, limit = (at(subject.values, role, "resources", kind, name) for kind in ("requests", "limits"))
            sizes = [_measured(Quantity, str(amount)) for amount in (asked, limit) if amount is not None]
            if len(sizes) == 2 and sizes[0] and sizes[1] and sizes[0] > sizes[1]:
                message = f"{role} asks for {asked} of {name}, more than its limit {limit}: the API server refuses its pods"
                yield Complaint(message, f"write a smaller requests.{name}, or a larger limits.{name}", (*path, "requests", name))


def _containers(subject: Subject) -> tuple[str, ...]:
    return (*_ROLES, *(["metrics"] if subject.environment.monitoring.enabled else []))


def _limits(subject: Subject) -> dict[str, str | None]:
    """Container to its memory limit; None where it has none."""
    found = {name: at(subject.values, name, "resources", "limits", "memory") for name in _containers(subject)}
    return {name: None if limit is None else str(limit) for name, limit in found.items()}


def _maxmemory(subject: Subject, role: str) -> tuple[RedisMemory, Path] | None:
    """What is in effect for a role, and where it stands; None for the exporter, and where it is no size (`redis-conf` says so)."""
    found = [directive for directive in directives(subject, role) if directive.name == "maxmemory"] if role in _ROLES else []
    size = _measured(RedisMemory, found[-1].value) if found else None
    return (size, found[-1].path) if size is not None else None


def _measured(kind: type[M], text: str) -> M | None:
    try:
        return kind(text)
    except ValueError:
        return None


def replica_probes(subject: Subject) -> Iterator[Complaint]:
    """The replica's probes ask the replica alone: the chart's own ask the primary too, and kill it with it (bitnami/charts issue 8464)."""
    for name in ("customLivenessProbe", "customReadinessProbe"):
        probe = mapping_at(subject.values, "replica", name)
        if not probe or "master" in str(at(probe, "exec", "command")):
            what = "asks the primary too" if probe else "is missing, and the chart's own asks the primary too"
            hint = "leave it out, or ask /health/ping_liveness_local.sh and /health/ping_readiness_local.sh"
            yield Complaint(f"replica.{name} {what}: replicas would go down with the primary", hint, (*_VALUES, "replica", name))


def liveness(subject: Subject) -> Iterator[Complaint]:
    """The liveness probe of each role keeps a Redis that answers MISCONF or has no free connection: a restart cures neither.

    With a full disk PING is answered by MISCONF. The chart's own probe takes that for death, and Redis restarts in a loop.
    """
    for role in _ROLES:
        probe = mapping_at(subject.values, role, "customLivenessProbe")
        command = str(at(probe, "exec", "command"))
        absent = [words for words in ALIVE if words not in command]
        if absent:
            message = f"{role}.customLivenessProbe does not accept {' and '.join(absent)}: Redis would restart in a loop"
            hint = f"leave redis.values.{role}.customLivenessProbe out, or accept these answers of /health/ping_liveness_local.sh"
            yield Complaint(message, hint, (*_VALUES, role, "customLivenessProbe"))


def pinned_images(subject: Subject) -> Iterator[Complaint]:
    """Every image that a pod will run is pinned: what is left out comes from the chart's default, which is `latest` since 23.0.10."""
    for path, image in _images(subject):
        tag = str(image.get("tag") or "")
        if not image.get("digest") and tag in ("", "latest"):
            message = f"{'.'.join(path)} is not pinned: {tag or 'the default'} is a different image every week"
            yield Complaint(message, "name a tag or a digest", (*_VALUES, *path))


def frozen_images(subject: Subject) -> Iterator[Complaint]:
    """Images of docker.io/bitnamilegacy are frozen since 2025-08-28: they get no security fixes (bitnami/charts issue 35164)."""
    frozen = sorted({name for _, image in _images(subject) if "bitnamilegacy" in (name := str(image.get("repository") or ""))})
    if frozen:
        hint = "pin a maintained image by digest under redis.image and redis.exporterImage when you have one"
        yield Complaint(f"{' and '.join(frozen)}: frozen since 2025-08-28, without security fixes", hint, ("redis", "image"))


def images_with_a_shell(subject: Subject) -> Iterator[Complaint]:
    """Every image has the bash that the chart starts it with; Alpine's and the upstream exporter's have none."""
    for path, image in _images(subject):
        name = f"{image.get('repository')}:{image.get('tag')}"
        if "alpine" in name or "oliver006/redis_exporter" in name:
            where = {"image": "redis.image", "metrics": "redis.exporterImage"}.get(path[0])
            place: Path = tuple(where.split(".")) if where else (*_VALUES, *path)
            yield Complaint(f"{name} has no bash, which the chart starts it with", "take an image that is made for the chart", place)


def _images(subject: Subject) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Each image that a pod of the release runs, by its place in the values."""
    yield ("image",), mapping_at(subject.values, "image")
    for section in ("metrics", "volumePermissions", "sysctl"):
        if at(subject.values, section, "enabled"):
            yield (section, "image"), mapping_at(subject.values, section, "image")
