"""The Secret from which the pods of Redis read the password, in Helm values."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.chart.profile import Keys, Profile

Reference = tuple[Any, Any]
"""Name of the Secret, and key of the password in it."""


def password_references(profile: Profile, values: Mapping[str, Any]) -> list[Reference]:
    """Return the references to the password: the values of the chart for it first, then those in containers."""
    keys = {config: tuple(path.split(".")) for path, config in profile.credentials.items()}
    named = [(_at(values, keys["redis.auth.secret"]), _at(values, keys["redis.auth.key"]))] if keys else []
    return [*named, *(reference for path in profile.containers for reference in _secret_keys(_at(values, path)))]


def _at(values: Any, path: Keys) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _secret_keys(value: Any) -> Iterator[Reference]:
    if isinstance(value, Mapping):
        if isinstance(reference := value.get("secretKeyRef"), Mapping):
            yield reference.get("name"), reference.get("key")
        for inner in value.values():
            yield from _secret_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _secret_keys(inner)
