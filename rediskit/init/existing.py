"""What a config has before clients are added to it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from rediskit.model.environment import Environment
from rediskit.usage.egress import Pods, shared_redis


class Existing(NamedTuple):
    """What a config has.

    Attributes:
        numbers: The numbers of databases that have a client, with the name of one.
        databases: The number of databases of the shared Redis; 0 if it follows from the new clients.
        namespace: The namespace of the shared Redis, which no client can have.
    """

    names: Mapping[str, Collection[str]]
    numbers: Mapping[int, str]
    databases: int
    namespace: str
    target: Pods


def existing_in(environment: Environment | None) -> Existing:
    """Return what a config has; for None, what a new one has by default."""
    if environment is None:
        gitops = {"tool": "argocd", "repository": "https://git.example.org/new.git", "revision": "main"}
        default = Environment.model_validate({"name": "new", "gitops": gitops, "secrets": {"mode": "manual"}})
        return Existing({}, {}, 0, default.redis.namespace, shared_redis(default))
    names: dict[str, set[str]] = defaultdict(set)
    numbers: dict[int, str] = {}
    for client in environment.clients:
        names[client.namespace].add(client.name)
        for number in client.numbers:
            numbers.setdefault(number, client.name)
    return Existing(names, numbers, environment.redis.databases, environment.redis.namespace, shared_redis(environment))
