"""The effects of a config change on a running Redis: the rules, and the comparison of two configs by them.

The comparison uses the values that the chart gets: `redis.values` and the config keys have the same rules.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rediskit.checks.changes import memory_rules, platform_rules, redis_rules
from rediskit.checks.changes.rule import Rule
from rediskit.checks.changes.settings import Setting
from rediskit.checks.finding import Finding, Subject
from rediskit.errors import dotted
from rediskit.model.environment import Environment
from rediskit.model.nested import leaves
from rediskit.renderers.helm import helm_values
from rediskit.renderers.tree import Tree

__all__ = ["RULES", "Change", "changes", "findings"]

RULES: tuple[Rule, ...] = (*redis_rules.RULES, *memory_rules.RULES, *platform_rules.RULES)
"""All rules, in the order of their findings."""

_LISTED = 5
"""The largest number of values that the finding about a restart lists."""

_NO_RESTART = {"persistence", "replicaCount"}
"""Parts of the paths of values that are not in the template of the pods."""


class Change(NamedTuple):
    """An effective setting that differs between two configs. A value that is not set is None.

    `setting` is the new one, or the old one where the new config has none.
    """

    rule: Rule
    setting: Setting
    old: str | None
    new: str | None


def changes(old: Environment, new: Environment) -> Iterator[Change]:
    """Compare the config of the running Redis with a new one, and yield each difference that has a rule once."""
    before, after = _subject(old), _subject(new)
    reported = set()
    for rule in RULES:
        old_settings, new_settings = rule.reads(before), rule.reads(after)
        for name in dict.fromkeys((*old_settings, *new_settings)):
            setting = new_settings.get(name) or old_settings[name]
            old_value, new_value = (settings[name].value if name in settings else None for settings in (old_settings, new_settings))
            key = (rule.code, dotted(setting.path), old_value, new_value)
            if old_value != new_value and rule.when(old_value, new_value) and key not in reported:
                reported.add(key)
                yield Change(rule, setting, old_value, new_value)


def findings(old: Environment, new: Environment) -> Iterator[Finding]:
    """Yield a finding for each difference. `accept.on` is its path and new value, such as `redis.appendOnly=true`."""
    for rule, setting, before, after in changes(old, new):
        path = setting.path
        message = f"{_difference(before, after)}: {rule.effect}"
        yield Finding(rule.code, rule.severity, message, rule.fix, path, new.locate(path), (f"{dotted(path)}={after or ''}",))
    yield from _restart(old, new)


def _restart(old: Environment, new: Environment) -> Iterator[Finding]:
    """Yield one finding for all other differences of the Helm values: the pods can restart."""
    before, after = (dict(leaves(_subject(environment).values)) for environment in (old, new))
    different = (path for path in dict.fromkeys((*before, *after)) if before.get(path) != after.get(path))
    paths = [".".join(path) for path in different if not _NO_RESTART & {*path}]
    if paths:
        omitted = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
        message = f"the Helm values {', '.join(paths[:_LISTED])}{omitted} change: pods of Redis restart where their template changes"
        hint = "merge it at a quiet time: clients lose their connections for the seconds that the primary restarts"
        yield Finding("release-restart", "info", message, hint, ("redis",), new.locate(("redis",)), ("redis",))


def _difference(before: str | None, after: str | None) -> str:
    if before is None:
        return f"becomes {after}"
    return f"was {before} and is no longer set" if after is None else f"changes from {before} to {after}"


def _subject(environment: Environment) -> Subject:
    """Return the Helm values of a config without its clients and ciphertexts, so that only changes of Redis differ."""
    redis_only = environment.model_copy(update={"clients": ()}).with_ciphertexts({})
    return Subject(redis_only, Tree.of(redis_only.name, "", helm_values(redis_only)))
