"""Settings of redis.conf by which Redis loses more writes in a crash than the rendered pages promise, or does not start after one."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import VALUES, Directive, directives
from rediskit.model.nested import at

_GRACE = 30
"""The default of Kubernetes and of the charts, in seconds."""
_SECONDS = "a crash loses up to 30 seconds of writes instead of one"


class _Rule(NamedTuple):
    """A setting, the condition on its value, and the effect.

    Attributes:
        with_file: Whether it has an effect with an append-only file, or else with save points.
    """

    weakens: Callable[[str], bool]
    effect: str
    with_file: bool = True


def _is(*values: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in values


def _rarely(percentage: str) -> bool:
    """Return whether the file can grow beyond the volume for which `volume-headroom` accepts the config."""
    return percentage.isdecimal() and not 0 < int(percentage) <= 100


_NO_DUMP = "Redis stops without a dump: each restart loses the writes since the last one"
_RULES: Mapping[str, _Rule] = {
    "appendfsync": _Rule(_is("no"), f"Redis leaves it to Linux when a write reaches the disk: {_SECONDS}"),
    "no-appendfsync-on-rewrite": _Rule(_is("yes"), f"while Redis rewrites the file, no write is sure to reach the disk: {_SECONDS}"),
    "auto-aof-rewrite-percentage": _Rule(_rarely, "the append-only file fills the volume before Redis rewrites it: Redis refuses writes"),
    "aof-load-truncated": _Rule(_is("no"), "after a crash in a write, Redis starts only when a person has repaired the file"),
    "stop-writes-on-bgsave-error": _Rule(_is("no"), "Redis accepts writes that it can't save: a restart loses them", with_file=False),
    "shutdown-on-sigterm": _Rule(lambda value: "nosave" in value.lower().split(), _NO_DUMP, with_file=False),
}


def durability(subject: Subject) -> Iterator[Issue]:
    """Warn about lines by which a crash loses more than the promised second of writes, or by which Redis does not start after it.

    The pages promise `appendfsync everysec`, and an append-only file that Redis rewrites when it has doubled.
    """
    redis = subject.environment.redis
    has_data = redis.append_only or bool(redis.save_points)
    settings: dict[Directive, None] = {}
    for role in subject.profile.parts if has_data else ():
        last = {directive.name: directive for directive in directives(subject, role)}
        settings |= dict.fromkeys(last[name] for name in _RULES if name in last)
    for directive in settings:
        rule = _RULES[directive.name]
        if rule.with_file == redis.append_only and rule.weakens(directive.value):
            hint = "remove the line, or accept it where all keys can be lost"
            yield Issue(f"redis.conf sets {directive.text}: {rule.effect}", hint, directive.path)
    if has_data and not redis.append_only:
        yield from _killed(subject)


def _killed(subject: Subject) -> Iterator[Issue]:
    """Yield each time to stop that is too short for a dump: it is the only copy of the last writes without an append-only file."""
    for keys in dict.fromkeys(part.grace for part in subject.profile.parts.values() if part.grace):
        seconds = at(subject.values, *keys)
        if isinstance(seconds, int) and seconds < _GRACE:
            message = f"{'.'.join(keys)} is {seconds}: Kubernetes kills Redis after {seconds} s, also while it writes its dump"
            yield Issue(f"{message}, and the writes since the last dump are lost", f"set at least {_GRACE}, the default", (*VALUES, *keys))
