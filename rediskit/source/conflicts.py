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
    """Yield a problem for each value that two environments have."""
    first: dict[str, str] = {}
    for unique in values:
        owner = first.setdefault(unique.value, unique.environment)
        if owner != unique.environment:
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
    if network:
        yield f"the address {network.address} in cluster {cluster}", ("network", "address"), another
    for index, client in enumerate(environment.clients):
        hint = "set another redis.auth.secret in one of them: a Secret contains one password"
        secret = f"the Secret {redis.auth.secret} in namespace {client.namespace} of cluster {cluster}"
        yield secret, ("clients", index, "namespace"), hint
