"""What an old Redis has and the shared one does not: by the settings in its manifest, what gets worse for the application."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from rediskit.model.measures import RedisMemory
from rediskit.model.redis import Redis
from rediskit.usage.server_settings import lost_keys, settings_of

Object = Mapping[str, Any]
EVICTION = "maxmemory-policy"
"""The setting that `kept_keys` compares by what the client stores."""
ON_DISK = frozenset({"appendonly", "save", "appendfsync"})
"""The settings about keys that survive a restart. A cache can lose them."""


def differences(server: Object, objects: Iterable[Object], redis: Redis, use: Collection[str] = ("cache",)) -> list[str]:
    """Return what an old Redis has and the shared one does not, in the order of the rules. use: what its client stores.

    Without a setting, only the default eviction policy counts, and only for other data than a cache.
    """
    everything = list(objects)
    texts = lost_settings(server, everything, redis)
    if EVICTION not in settings_of(server, everything):
        texts = {EVICTION: lost_keys(server, everything, use, redis.memory.policy), **texts}
    return [text for text in texts.values() if text]


def lost_settings(server: Object, objects: Iterable[Object], redis: Redis) -> dict[str, str]:
    """Return what gets worse for each setting of an old Redis, in the order of the rules."""
    settings = settings_of(server, objects)
    texts = {key: rule(settings[key], redis) for key, rule in _RULES.items() if key in settings}
    return {key: text for key, text in texts.items() if text}


def _policy(value: str, redis: Redis) -> str:
    shared = redis.memory.policy
    if value.startswith("allkeys-"):
        if shared.startswith("volatile-"):
            return f"evicts any key ({value}), and the shared Redis only keys with an expiry ({shared}): set one on each cache key"
        return f"evicts any key ({value}), and the shared Redis rejects writes when it is full" if shared == "noeviction" else ""
    if shared.startswith("allkeys-"):
        return f"keeps keys without an expiry ({value}), and the shared Redis evicts them ({shared})"
    if value == "noeviction" and shared != value:
        return f"evicts no key, and the shared Redis evicts keys with an expiry ({shared})"
    return ""


def _databases(value: str, redis: Redis) -> str:
    if not value.isdecimal() or int(value) <= redis.databases:
        return ""
    return f"has {value} databases, and the shared Redis has {redis.databases}: the numbers from {redis.databases} on do not exist there"


def _events(value: str, redis: Redis) -> str:
    if not value or "notify-keyspace-events" in str(redis.values):
        return ""
    return f"publishes keyspace events ({value}), and the shared Redis publishes none: an application that waits for them receives none"


def _memory(value: str, redis: Redis) -> str:
    if not re.fullmatch(RedisMemory.pattern, value) or 0 < RedisMemory(value).amount <= redis.memory.max.amount:
        return ""
    size = "no memory limit" if RedisMemory(value).amount == 0 else f"maxmemory {value} for itself"
    return f"has {size}, and the shared Redis has {redis.memory.max} for all clients"


def _persistence(value: str, redis: Redis) -> str:
    is_persistent = redis.append_only or redis.save_points
    return "" if is_persistent or value in ("no", "") else "stores its keys on disk, and the shared Redis loses them at a restart"


def _append_only(value: str, redis: Redis) -> str:
    if value == "yes" and redis.save_points and not redis.append_only:
        points = ", ".join(str(point) for point in redis.save_points)
        return f"writes each change to its append-only file, and the shared Redis only saves at its save points ({points})"
    return _persistence(value, redis)


def _synced(value: str, redis: Redis) -> str:
    shared = "about a second of writes" if redis.append_only else "all writes since its last save point"
    return f"syncs each write to disk, and the shared Redis can lose {shared}" if value == "always" else ""


def _cluster(value: str, _: Redis) -> str:
    return "is a Redis Cluster, and the shared Redis is none: a client in cluster mode fails" if value == "yes" else ""


_RULES: Mapping[str, Callable[[str, Redis], str]] = {
    "maxmemory-policy": _policy,
    "databases": _databases,
    "notify-keyspace-events": _events,
    "maxmemory": _memory,
    "loadmodule": lambda *_: "has modules, and the shared Redis has none: their commands fail",
    "appendonly": _append_only,
    "save": _persistence,
    "appendfsync": _synced,
    "cluster-enabled": _cluster,
    "aclfile": lambda *_: "has users of its own (ACL), and the shared Redis only has the user default",
}
"""What gets worse for each setting of an old Redis; "" if nothing does."""
