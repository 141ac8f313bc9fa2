"""One rule about a config change of a running Redis."""

from typing import NamedTuple

from rediskit.checks.changes.conditions import When
from rediskit.checks.changes.settings import Reader
from rediskit.checks.finding import Severity


class Rule(NamedTuple):
    """One effect of a change.

    Attributes:
        keys: The config keys that it compares; values under `redis.values` come in addition.
        reads: Returns the settings that it compares.
        when: The condition on the old and the new value.
    """

    code: str
    severity: Severity
    keys: tuple[str, ...]
    reads: Reader
    when: When
    effect: str
    fix: str
