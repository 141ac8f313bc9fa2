"""Checks of the runtime settings of Redis: redis.conf, memory, probes."""

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from rediskit.chart.profile import ALIVE, rename
from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import VALUES, Directive, all_directives, comments, directives, last_directive
from rediskit.errors import Path
from rediskit.model.measures import Measure, Quantity, RedisMemory
from rediskit.model.nested import at, mapping_at
from rediskit.renderers.helm import DEFAULT_DATABASES

_SET_BY_CHART = frozenset(
    "aclfile bind dir include masterauth masteruser port primaryauth primaryuser replicaof requirepass slaveof".split()
)
_ONCE = frozenset({"loadmodule", "user"})
"""Lines that Redis accepts once. `rename-command` is another one, which is refused everywhere."""
_HEADROOM = Decimal("2.2")
"""Memory limit divided by maxmemory. At 2.0 a rewrite of the append-only file fits; a full resync under heavy writes does not."""
_VOLUME = 3
"""Volume divided by maxmemory: the append-only file doubles before a rewrite, and the rewrite writes a new file beside it."""
M = TypeVar("M", bound=Measure)


def redis_conf(subject: Subject) -> Iterator[Issue]:
    """Refuse settings that override those of the chart or differ from the config, users without a password, and Helm templates."""
    by_role = {role: directives(subject, role) for role in subject.profile.parts}
    renames = _renames(subject)
    for directive in all_directives(subject):
        yield from (Issue(message, hint, directive.path) for message, hint in _faults(directive, renames))
        yield from _repeated(subject, directive)
    yield from dict.fromkeys(issue for role in by_role for issue in _differences(subject, by_role[role]))
    yield from dict.fromkeys(issue for role in by_role for issue in _templates(subject, role))
    yield from _users(subject)


def _templates(subject: Subject, role: str) -> Iterator[Issue]:
    """Refuse templates in comments: their result can have a line break, and so further lines of redis.conf."""
    for text, path in comments(subject, role):
        if "{{" in text:
            yield Issue("redis.conf contains {{ in a comment, which Helm evaluates as a template", "write it without {{", path)


def _renames(subject: Subject) -> list[str]:
    """Return the lines that disable commands where the chart has no list of them."""
    return [] if subject.profile.capabilities.disabled_commands else [rename(name) for name in subject.environment.redis.disabled_commands]


def _faults(directive: Directive, renames: Collection[str]) -> Iterator[tuple[str, str]]:
    if "{{" in directive.text:
        yield f"redis.conf contains {{{{ in {directive.name}, which Helm evaluates as a template", "write it without {{"
    if directive.name in _SET_BY_CHART:
        yield f"redis.conf sets {directive.name}, which overrides the setting of the chart", "remove it"
    if directive.name == "user":
        yield from _user_faults(directive.value)
    if directive.name == "rename-command" and directive.text not in renames:
        yield "redis.conf renames a command: Redis does not start when a command is disabled twice", "use redis.disabledCommands"
    if not directive.balanced:
        yield f"redis.conf has unbalanced quotation marks in {directive.name}: Redis would not start", "close each quotation mark"
    if directive.comment:
        yield f"redis.conf has a comment after {directive.name}: Redis would not start", "move the comment to its own line"


def _users(subject: Subject) -> Iterator[Issue]:
    """Refuse further users of the chart without a password. The user default has a rendered value of its own."""
    keys = subject.profile.users
    for name, user in mapping_at(subject.values, *keys).items() if keys else ():
        for message, hint in _user_faults(f"{name} {at(user, 'permissions')}") if name != "default" else ():
            yield Issue(message, hint, (*VALUES, *keys, name, "permissions"))


def _user_faults(rules: str) -> Iterator[tuple[str, str]]:
    """Refuse a line that lets clients in without the password, or that changes the user of the password (redis.io: ACL)."""
    name, *words = rules.lower().replace('"', " ").replace("'", " ").split() or [""]
    if name == "default":
        yield "redis.conf changes the user default, which has the password of all clients", "remove it: redis.auth sets the password"
    elif "nopass" in words:
        yield f"redis.conf allows the user {name} without a password", "remove it, or give it a password"


def _repeated(subject: Subject, directive: Directive) -> Iterator[Issue]:
    """Refuse a line that Redis accepts once (config.c), where the chart writes redis.conf again when the node of a pod restarts."""
    if not subject.profile.conf_repeated or directive.name not in _ONCE:
        return
    flags = next(iter(subject.profile.parts.values())).flags
    if directive.path != (*VALUES, *flags):
        message = f"redis.conf sets {directive.name}, which the chart writes a second time when a node restarts: Redis would not start"
        yield Issue(message, f"write it as a flag of the server, in redis.values.{'.'.join(flags)}", directive.path)


def _differences(subject: Subject, settings: Sequence[Directive]) -> Iterator[Issue]:
    """Yield the settings that differ from the config: README, alerts and checks use the config."""
    redis, common = subject.environment.redis, (*VALUES, *subject.profile.redis_conf)
    replaces = f"{'.'.join(subject.profile.redis_conf)} replaces all default lines"
    for line in _renames(subject):
        if line not in [directive.text for directive in settings]:
            yield _not_disabled(subject, line)
    last = {directive.name: directive for directive in settings}
    expected = {
        "maxmemory": (str(redis.memory.max), "redis.memory.max", "0"),
        "maxmemory-policy": (redis.memory.policy, "redis.memory.policy", "noeviction"),
        "appendonly": ("yes" if redis.append_only else "no", "redis.appendOnly", "no"),
        "databases": (str(redis.databases), "redis.databases", str(DEFAULT_DATABASES)),
    }
    for name, (value, key, default) in expected.items():
        directive = last.get(name)
        if directive is None and not _are_equal(default, value):
            hint = f"add the line {name} {value}: {replaces}"
            yield Issue(f"redis.conf does not set {name}, so that Redis uses {default}, but {key} is {value}", hint, common)
        elif directive is not None and not _are_equal(directive.value, value):
            yield Issue(f"redis.conf sets {directive.text}, but {key} makes it {value}", f"set {key} instead", directive.path)
    points, configured = _save_points(settings), ", ".join(redis.save_points) or "none"
    if points is None:
        hint = f'add the line save "", or the save points: {replaces}'
        message = f"redis.conf does not set save, so that Redis uses its default save points, but redis.savePoints is {configured}"
        yield Issue(message, hint, common)
    elif points != list(redis.save_points):
        message = f"redis.conf has the save points {', '.join(points) or 'none'}, but redis.savePoints is {configured}"
        yield Issue(message, "set redis.savePoints instead", last["save"].path)


def _not_disabled(subject: Subject, line: str) -> Issue:
    """Return the issue about a line for a disabled command that the user's values replace."""
    conf, added = subject.profile.redis_conf, line
    if subject.profile.conf_repeated:
        conf, added = next(iter(subject.profile.parts.values())).flags, f"--{line}"
    hint = f"add the line {added}: {'.'.join(conf)} replaces all default lines"
    return Issue(f"redis.conf has no {line}, but redis.disabledCommands needs it", hint, (*VALUES, *conf))


def _are_equal(left: str, right: str) -> bool:
    if left == right:
        return True
    sizes = [_measured(RedisMemory, text) for text in (left, right)]
    return sizes[0] == sizes[1] if None not in sizes else left.lower() == right.lower()


def _save_points(settings: Sequence[Directive]) -> list[str] | None:
    """Return all save points in effect; None without any `save` line."""
    points: list[str] | None = None
    for directive in settings:
        if directive.name == "save":
            numbers = directive.value.replace('"', " ").replace("'", " ").split()
            points = (points or []) if numbers else []
            points += [" ".join(pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]
    return points


def memory(subject: Subject) -> Iterator[Issue]:
    """Require a memory limit for each container, above the effective `maxmemory`, because a fork of Redis needs memory too."""
    default = subject.profile.memory_limit
    for role, limit in _limits(subject).items():
        keys = _containers(subject)[role]
        path = (*VALUES, *keys)
        if limit is None:
            reason = f"the default of the chart is {default}" if default else "it could use all memory of its node"
            yield Issue(f"{role} has no memory limit: {reason}", f"set {'.'.join(keys)}.limits.memory", path)
            continue
        amount, maximum = _measured(Quantity, limit), _maxmemory(subject, role)
        if amount is None:
            yield Issue(f"{limit} is not a Kubernetes quantity", "write it like 256Mi or 2Gi", (*path, "limits", "memory"))
        elif maximum is not None and maximum[0] >= amount:
            source = path if at(subject.environment.redis.values, *keys) else maximum[1]
            hint = f"raise the limit to {_HEADROOM} times maxmemory"
            yield Issue(f"maxmemory {maximum[0]} is not below the memory limit {limit} of {role}", hint, source)


def memory_headroom(subject: Subject) -> Iterator[Issue]:
    """Warn when a memory limit is less than 2.2 times `maxmemory`. A fork copies pages that change, and replica buffers add to it.

    Measured with `maxmemory 1gb` and a limit of 2Gi: a rewrite of the append-only file under load used 1,889 MiB. A full resync of an
    empty replica under 90,000 SET/s exceeded the limit.
    """
    roles_by_ratio: dict[str, list[str]] = {}
    for role, limit in _limits(subject).items():
        amount, maximum = _measured(Quantity, limit or ""), _maxmemory(subject, role)
        if amount and maximum and maximum[0].amount < amount.amount < maximum[0].amount * _HEADROOM:
            factor = f"{float(amount.amount / maximum[0].amount):.3g}"
            ratio = f"{limit}: {factor} times maxmemory {maximum[0]}, less than {_HEADROOM}"
            roles_by_ratio.setdefault(ratio, []).append(role)
    for ratio, roles in roles_by_ratio.items():
        hint = "raise the memory limits under redis.resources or lower redis.memory.max: at 2 times, a full resync exceeded the limit"
        yield Issue(f"the memory limit of {' and '.join(roles)} is {ratio}", hint, ("redis", "memory", "max"))


def volume_headroom(subject: Subject) -> Iterator[Issue]:
    """Warn when a volume with an append-only file is less than 3 times `maxmemory`. Redis refuses writes when a rewrite fills it.

    The file doubles before Redis rewrites it, and the rewrite writes a new file beside it (auto-aof-rewrite-percentage 100).
    """
    redis = subject.environment.redis
    if redis.append_only and redis.storage.size.amount < redis.memory.max.amount * _VOLUME:
        message = f"the volume {redis.storage.size} is less than {_VOLUME} times redis.memory.max {redis.memory.max}"
        hint = "raise redis.storage.size: the append-only file doubles before it is rewritten, and the rewrite needs its own space"
        yield Issue(message, hint, ("redis", "storage", "size"))


def requests(subject: Subject) -> Iterator[Issue]:
    """Refuse a request above its limit: the API server would refuse the pods, but only during the downtime."""
    for role, keys in _containers(subject).items():
        path = (*VALUES, *keys)
        for name in ("cpu", "memory"):
            requested, limit = (at(subject.values, *keys, kind, name) for kind in ("requests", "limits"))
            sizes = [_measured(Quantity, str(amount)) for amount in (requested, limit) if amount is not None]
            if len(sizes) == 2 and sizes[0] and sizes[1] and sizes[0] > sizes[1]:
                message = f"{role} requests {requested} of {name}, more than its limit {limit}: the API server refuses its pods"
                yield Issue(message, f"lower requests.{name} or raise limits.{name}", (*path, "requests", name))


def _containers(subject: Subject) -> dict[str, tuple[str, ...]]:
    """Return the values with the resources of each container by its role."""
    profile = subject.profile
    exporter = {"metrics": profile.exporter} if subject.environment.monitoring.enabled else {}
    return {**{role: part.resources for role, part in profile.parts.items()}, **exporter}


def _limits(subject: Subject) -> dict[str, str | None]:
    """Return the memory limit of each container; None where it has none."""
    limits = {name: at(subject.values, *keys, "limits", "memory") for name, keys in _containers(subject).items()}
    return {name: None if limit is None else str(limit) for name, limit in limits.items()}


def _maxmemory(subject: Subject, role: str) -> tuple[RedisMemory, Path] | None:
    """Return the effective value of a role and its config path; None for the exporter, and for a value that is not a size."""
    directive = last_directive(subject, role, "maxmemory") if role in subject.profile.parts else None
    size = _measured(RedisMemory, directive.value) if directive else None
    return (size, directive.path) if directive and size is not None else None


@lru_cache(maxsize=256)
def _measured(kind: type[M], text: str) -> M | None:
    try:
        return kind(text)
    except ValueError:
        return None


def replica_probes(subject: Subject) -> Iterator[Issue]:
    """Require that the probes of a replica test only the replica. Those of the chart also test the primary, and restart with it."""
    probes = subject.profile.probes
    for path in probes.replica if subject.release.replicas else ():
        probe, name = mapping_at(subject.values, *path), ".".join(path)
        if not probe or "master" in str(at(probe, "exec", "command")):
            state = "also tests the primary" if probe else "is missing, and the probe of the chart also tests the primary"
            hint = f"remove it from redis.values, or use {probes.local}"
            yield Issue(f"{name} {state}: replicas would fail with the primary", hint, (*VALUES, *path))


def liveness(subject: Subject) -> Iterator[Issue]:
    """Warn about a liveness probe that fails on MISCONF or when no connection is free: a restart fixes neither.

    With a full disk Redis answers PING with MISCONF. With the probe of the chart, Redis would then restart in a loop.
    """
    probes = subject.profile.probes
    for path in probes.liveness:
        command, name = str(at(subject.values, *path, "exec", "command")), ".".join(path)
        absent = [words for words in ALIVE if words not in command]
        if absent:
            message = f"{name} does not accept {' and '.join(absent)}: Redis would restart in a loop"
            other = f", or accept these answers of {probes.local.partition(' ')[0]}" if probes.local else ""
            hint = f"remove redis.values.{name}{other}"
            yield Issue(message, hint, (*VALUES, *path))
