"""Values that two environments must not share."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rediskit.errors import Location, Path, Problem
from rediskit.model.environment import Environment


class Unique(NamedTuple):
    """A value that no other environment may have.

    Attributes:
        environment: The file of the environment, or its name.
        value: The value in words.
        path: Its path in the config.
        location: Its position.
        hint: The fix of a conflict.
    """

    environment: str
    value: str
    path: Path
    location: Location | None
    hint: str


def conflicts(values: Iterable[Unique]) -> Iterator[Problem]:
    """Yield a problem for each value that two environments have, one for each key of a config."""
    first: dict[str, str] = {}
    reported: set[tuple[str, Path]] = set()
    for unique in values:
        owner, key = first.setdefault(unique.value, unique.environment), (unique.environment, unique.path)
        if owner != unique.environment and key not in reported:
            reported.add(key)
            yield Problem(f"{owner} also has {unique.value}", unique.hint, unique.path, unique.location, "environment-conflict")


def unique_values(environment: Environment) -> list[Unique]:
    """Return the values that no other environment may have."""
    source = environment.file or environment.name
    return [Unique(source, value, path, environment.locate(path), hint) for value, path, hint in _unique_values(environment)]


def _unique_values(environment: Environment) -> Iterator[tuple[str, Path, str]]:
    """Yield each value that no other environment may have: in words, with its path and the hint for a conflict."""
    cluster, redis, network = environment.cluster, environment.redis, environment.network
    another = "change one of them, or set cluster if these are two clusters"
    yield f"the name {environment.name}", ("name",), "change one of them"
    yield f"the release {redis.release} in cluster {cluster}", ("redis", "release"), another
    yield f"the namespace {redis.namespace} in cluster {cluster}", ("redis", "namespace"), another
    prefix, place = environment.object_prefix, environment.gitops.tool_namespace
    path = ("redis", "release") if prefix == redis.release else ("gitops", "argocd", "prefix")
    yield f"the names {prefix}-… of the {environment.gitops.object_kind}s in namespace {place} of cluster {cluster}", path, another
    yield _secret(environment, redis.namespace), ("redis", "namespace"), _OTHER_SECRET
    if network:
        yield f"the address {network.address} in cluster {cluster}", ("network", "address"), another
    for index, client in enumerate(environment.clients):
        yield _secret(environment, client.namespace), ("clients", index, "namespace"), _OTHER_SECRET


_OTHER_SECRET = "set another redis.auth.secret in one of them: a Secret contains one password"


def _secret(environment: Environment, namespace: str) -> str:
    return f"the Secret {environment.redis.auth.secret} in namespace {namespace} of cluster {environment.cluster}"
