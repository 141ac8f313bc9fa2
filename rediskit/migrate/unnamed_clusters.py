"""Configs that are very likely for the same cluster, although one of them lacks `cluster`: without the key, they count as two clusters.

An address or a pool in the private network and a destination of Argo CD beside its own cluster identify a cluster. Equal client namespaces,
hosts of an old Redis, releases and repositories do not: staging and production usually have the same. A Secret of one name in one namespace
does so where the two Redis differ: in two clusters, both would usually have one name.
"""

from collections.abc import Iterator

from rediskit.errors import Path
from rediskit.migrate.other_configs import Read, Texts
from rediskit.model.environment import Environment

_OWN_CLUSTER = ("https://kubernetes.default.svc", "in-cluster")
"""The destination of each Argo CD for the cluster in which it runs."""


def same_clusters(environment: Environment, read: Read, texts: Texts) -> Iterator[tuple[str, Path]]:
    """Yield message and path of the first value that identifies a cluster for each other config with it, unless both set `cluster`.

    Only configs whose text contains the value are loaded: a project can have many. Two values of `cluster` are the word of a person.
    """
    named = "cluster" in environment.model_fields_set
    signals = dict(_signals(environment)) if environment.file else {}
    for config, text in texts(environment) if signals else ():
        if not any(value.encode() in text for value, _ in signals.values()):
            continue
        other = read(config)
        if other is None or other.cluster == environment.cluster or (named and "cluster" in other.model_fields_set):
            continue
        shared = signals.keys() & dict(_signals(other)).keys()
        if _redis(environment) == _redis(other):
            shared -= dict(_secrets(environment)).keys()
        if name := next((name for name in signals if name in shared), ""):
            yield f"{config} also has the {name}, and {_lacking(named, other)}: rediskit compares them as two clusters", signals[name][1]


def _lacking(named: bool, other: Environment) -> str:
    """Return which of two configs lacks `cluster`."""
    if named:
        return "only this config sets cluster"
    return f"only that config sets cluster ({other.cluster})" if "cluster" in other.model_fields_set else "neither sets cluster"


def _signals(environment: Environment) -> Iterator[tuple[str, tuple[str, Path]]]:
    """Yield each value that identifies the cluster of a config: in words, as text, and its path."""
    if environment.network:
        address = str(environment.network.address)
        yield f"address {address}", (address, ("network", "address"))
        pool = environment.network.pool
        yield f"pool {pool.name} ({pool.addresses})", (pool.name, ("network", "pool", "addresses"))
    if environment.gitops.tool == "argocd":
        destination = environment.gitops.argocd.destination
        for key, value in (("server", destination.server), ("name", destination.name)):
            if value and value.rstrip("/") not in _OWN_CLUSTER:
                yield f"destination {value}", (value, ("gitops", "argocd", "destination", key))
    yield from _secrets(environment)


def _secrets(environment: Environment) -> Iterator[tuple[str, tuple[str, Path]]]:
    """Yield the Secret in the namespace of each client."""
    secret = environment.redis.auth.secret
    for index, client in enumerate(environment.clients):
        yield f"Secret {secret} in namespace {client.namespace}", (client.namespace, ("clients", index, "namespace"))


def _redis(environment: Environment) -> tuple[str, str]:
    return environment.redis.namespace, environment.redis.release
