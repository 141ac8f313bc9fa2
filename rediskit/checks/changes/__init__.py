"""What a change of the config does to a Redis that runs: the rules, and the comparison of two configs by them.

Both configs are compared by what the chart is given: an override under `redis.values` has the same rules as the key of the config.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rediskit.checks.changes.facts import Fact, leaves
from rediskit.checks.changes.rules import FACTS, RULES, Rule
from rediskit.checks.finding import Finding, Subject
from rediskit.errors import dotted
from rediskit.model.environment import Environment
from rediskit.renderers.helm import helm_values
from rediskit.renderers.tree import Tree

__all__ = ["RULES", "Change", "changes", "findings"]

_LISTED = 5
"""Further values that the finding about a restart lists at most."""

_NO_RESTART = {"persistence", "replicaCount"}
"""Parts of paths of values that are not in the template of the pods."""


class Change(NamedTuple):
    """One effective setting that differs; `old` or `new` is None where it is not set."""

    rule: Rule
    fact: Fact
    old: str | None
    new: str | None


def changes(old: Environment, new: Environment) -> Iterator[Change]:
    """Compare two configs of one environment; what the first one describes is running. Each difference of a rule is yielded once."""
    before, after = _subject(old), _subject(new)
    told = set()
    for rule in RULES:
        was, now = FACTS[rule.reads](before), FACTS[rule.reads](after)
        for name in dict.fromkeys((*was, *now)):
            one, other = was.get(name), now.get(name)
            values = (one.value if one else None, other.value if other else None)
            if values[0] != values[1] and rule.when(*values):
                fact = other or one
                assert fact is not None
                change = Change(rule, fact, *values)
                if (key := (rule.code, dotted(fact.path), *values)) not in told:
                    told.add(key)
                    yield change


def findings(old: Environment, new: Environment) -> Iterator[Finding]:
    """Return what is reported about the differences; each is accepted by its path and new value, as `redis.appendOnly=true`."""
    for rule, fact, before, after in changes(old, new):
        path = dotted(fact.path)
        new_value = "" if after is None else after
        message = f"{_words(before, after)}: {rule.happens}"
        yield Finding(rule.code, rule.severity, message, rule.fix, fact.path, new.locate(fact.path), (f"{path}={new_value}",))
    yield from _restart(old, new)


def _restart(old: Environment, new: Environment) -> Iterator[Finding]:
    """Any other difference of the Helm values: the pods may restart."""
    was, now = leaves(_subject(old).values), leaves(_subject(new).values)
    different = (path for path in dict.fromkeys((*was, *now)) if was.get(path) != now.get(path))
    paths = [".".join(path) for path in different if not _NO_RESTART & {*path}]
    if paths:
        more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
        message = f"the Helm values {', '.join(paths[:_LISTED])}{more} change: pods of Redis restart where their template changes"
        hint = "clients lose their connections for the seconds that the primary restarts: merge it at a quiet time"
        yield Finding("release-restart", "info", message, hint, ("redis",), new.locate(("redis",)), ("redis",))


def _words(before: str | None, after: str | None) -> str:
    if before is None:
        return f"becomes {after}"
    return f"was {before} and is not set any more" if after is None else f"changes from {before} to {after}"


def _subject(environment: Environment) -> Subject:
    """The config without its clients and ciphertexts: the Helm values that it makes, and nothing that only a client changes."""
    alone = environment.model_copy(update={"clients": ()}).with_ciphertexts({})
    return Subject(alone, Tree.of(alone.name, "", helm_values(alone)))
