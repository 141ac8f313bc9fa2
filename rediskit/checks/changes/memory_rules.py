"""The rules about changes of the memory of Redis. A test shows each effect with the real program."""

from rediskit.checks.changes import settings
from rediskit.checks.changes.conditions import evicts_more, smaller, to
from rediskit.checks.changes.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "memory-lower",
        "warning",
        ("redis.memory.max",),
        settings.max_memory,
        smaller,
        "Redis evicts keys above the new limit at once, or refuses writes with noeviction",
        "compare used_memory of INFO with the new limit first, and accept it",
    ),
    Rule(
        "policy-evicts",
        "warning",
        ("redis.memory.policy",),
        settings.eviction,
        evicts_more,
        "Redis evicts keys that it kept before when the memory is full: sessions and queues lose entries",
        "check for each client that it can lose keys, and accept it",
    ),
    Rule(
        "policy-refuses",
        "warning",
        ("redis.memory.policy",),
        settings.eviction,
        to("noeviction"),
        "Redis refuses writes with an OOM error when the memory is full",
        "compare used_memory of INFO with redis.memory.max first, and accept it",
    ),
)
