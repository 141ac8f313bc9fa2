"""Compare the settings of an old Redis with the shared one: what gets worse for the application."""

import re
from collections.abc import Callable, Mapping, Sequence

from rediskit.init.detected import DetectedClient
from rediskit.init.objects import Content, InputObjects
from rediskit.model.client import Use
from rediskit.model.measures import RedisMemory
from rediskit.model.redis import Redis
from rediskit.usage.server_settings import lost_keys, settings_of
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference


def compare(clients: Sequence[DetectedClient], objects: InputObjects, redis: Redis) -> None:
    """Add a remark to each client for each setting of its old Redis that the shared one does not have."""
    for client in clients:
        for obj in objects.all:
            if reference(obj) in client.gone and is_server(obj):
                client.remark("previous", *(f"{reference(obj)} {text}" for text in differences(obj, objects, redis, client.use)))


def differences(server: Content, objects: InputObjects, redis: Redis, use: Sequence[Use] = ("cache",)) -> list[str]:
    """Return what an old Redis has and the shared one does not, in the order of the rules. use: what its client stores.

    Without a setting, only the default eviction policy counts, and only for other data than a cache.
    """
    settings = settings_of(server, objects.all)
    texts = [rule(settings[key], redis) for key, rule in _RULES.items() if key in settings]
    if "maxmemory-policy" not in settings:
        texts.insert(0, lost_keys(server, objects.all, use, redis.memory.policy))
    return [text for text in texts if text]


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
    "appendonly": _persistence,
    "save": _persistence,
    "appendfsync": _synced,
    "cluster-enabled": _cluster,
    "aclfile": lambda *_: "has users of its own (ACL), and the shared Redis only has the user default",
}
"""What gets worse for each setting of an old Redis; "" if nothing does."""
