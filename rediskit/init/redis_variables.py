"""Find the environment variables of a container that refer to Redis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from rediskit import dns
from rediskit.init.objects import Content, InputObjects, literal, mappings_at, namespace_of
from rediskit.model.nested import at, mapping_at, text_at

Role = Literal["host", "port", "password", "url", ""]

_REDIS = re.compile(r"REDIS|VALKEY|KEYDB|DRAGONFLY", re.IGNORECASE)
_REDIS_HOST = re.compile(r"(?:^|[-.])(?:redis|valkey|keydb|dragonfly)(?:[-.\d]|$)", re.IGNORECASE)
_SCHEME = re.compile(r"(?:rediss?|valkeys?)(?:\+\w+)?://", re.IGNORECASE)
_HOST = re.compile(rf"{dns.SUBDOMAIN}\.?", re.IGNORECASE)
_HOST_AND_PORT = re.compile(rf"({_HOST.pattern}):[0-9]{{1,5}}", re.IGNORECASE)
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("HOST", "HOSTNAME", "SERVER"), "host"),
    "PORT": "port",
    **dict.fromkeys(("PASSWORD", "PASSWD", "PASS", "PWD", "AUTH"), "password"),
    **dict.fromkeys(("URL", "URI", "DSN", "ADDR", "ADDRESS", "ENDPOINT"), "url"),
}
_LAST_WORD = re.compile(rf"({'|'.join(_ROLES)})$", re.IGNORECASE)
_AFTER_REDIS = re.compile(r"(?:REDIS|VALKEY)$", re.IGNORECASE)


# A dataclass because the value may be a secret, and `repr=False` keeps it out of tracebacks.
@dataclass(frozen=True, slots=True)
class Variable:
    """A variable.

    Attributes:
        name: Its name.
        value: Its value; None if the input does not contain it.
        origin: The source of the value, such as `Secret x`.
    """

    name: str
    value: str | None = field(repr=False)
    origin: str = ""


# A dataclass because `redis_variables_of` sets the variables one by one.
@dataclass(slots=True)
class RedisVariables:
    """The variables for one Redis. Their names have a common prefix."""

    host: Variable | None = None
    port: Variable | None = None
    password: Variable | None = None
    url: Variable | None = None

    @property
    def address(self) -> Variable | None:
        """The variable with the address: the host, else the URL."""
        return self.host or self.url

    @property
    def shape(self) -> Literal["three", "address", "url"]:
        """`three`: host, port and password in separate variables; `address`: host and port in one; `url`: everything in a URL."""
        value = self._value
        if _SCHEME.match(value):
            return "url"
        if _HOST_AND_PORT.fullmatch(value):
            return "address"
        return "three" if self.host else "url"

    @property
    def old_host(self) -> str:
        """The host of the Redis in use; "" if the input does not contain it."""
        value = self._value
        if _SCHEME.match(value):
            value = _hostname(value)
        elif match := _HOST_AND_PORT.fullmatch(value):
            value = match[1]
        return value.removesuffix(".").lower() if _HOST.fullmatch(value) else ""

    @property
    def old_port(self) -> int | None:
        """The port of the Redis in use; None if the input does not contain it."""
        if self.shape != "three":
            return _number(re.sub(r".*:(\d+)(?:[/?#].*)?$|.*", r"\1", self._value, flags=re.DOTALL))
        return _number(self.port.value or "") if self.port else None

    @property
    def _value(self) -> str:
        return self.address.value or "" if self.address else ""


class ContainerVariables(NamedTuple):
    """The variables of a container that refer to Redis.

    Attributes:
        container: The name of the container.
        sets: One entry per Redis.
        unseen: The ConfigMaps and Secrets of its `envFrom` that are not in the input.
    """

    container: str
    sets: tuple[RedisVariables, ...]
    unseen: tuple[str, ...]


def redis_variables_of(container: Content, workload: Content, objects: InputObjects) -> ContainerVariables:
    """Return the variables of a container that refer to Redis."""
    variables = {
        variable.name: variable for variable in (*_of_sources(container, workload, objects), *_of_entries(container, workload, objects))
    }
    roles = {name: _role(variable) for name, variable in variables.items()}
    prefixes = {prefix for name, (prefix, role) in roles.items() if _REDIS.search(name) or _is_redis(variables[name], role)}
    sets: dict[str, RedisVariables] = {}
    for name, (prefix, role) in roles.items():
        if prefix in prefixes and role and not (role == "url" and _is_other_address(variables[name])):
            group = sets.setdefault(prefix, RedisVariables())
            if getattr(group, role) is None:
                setattr(group, role, variables[name])
    addressed = [group for group in sets.values() if group.address]
    if len(addressed) == 1:
        _add_others(addressed[0], [group for group in sets.values() if not group.address])
    unseen = (f"{kind} {name}" for _, kind, name in _sources(container) if not objects.named(kind, name, namespace_of(workload)))
    return ContainerVariables(text_at(container, "name"), tuple(addressed), tuple(dict.fromkeys(unseen)))


def _add_others(group: RedisVariables, others: list[RedisVariables]) -> None:
    """Add a password or a port with another prefix, such as REDIS_AUTH_PASSWORD beside REDIS_HOST, to the only Redis."""
    for role in ("port", "password"):
        variables = [variable for variable in (getattr(other, role) for other in others) if variable is not None]
        if getattr(group, role) is None and len(variables) == 1:
            setattr(group, role, variables[0])


def _role(variable: Variable) -> tuple[str, Role]:
    """Return the prefix that related variables have in common, and the role of a variable."""
    name = variable.name
    last = _LAST_WORD.search(name)
    prefix = name[: last.start()] if last else ""
    camel = last is not None and last[1][0].isupper() and prefix[-1:].islower()
    if last and (prefix[-1:] in ("", "_") or camel or _AFTER_REDIS.search(prefix)):
        return prefix, _ROLES[last[1].upper()]
    if _SCHEME.match(variable.value or ""):
        return f"{name}_", "url"
    return name, ""


def _is_redis(variable: Variable, role: Role) -> bool:
    """Return whether a value is the address of a Redis, such as CACHE_HOST=redis or BROKER=redis://..."""
    value = variable.value or ""
    if role == "host":
        match = _HOST_AND_PORT.fullmatch(value)
        value = match[1] if match else value
        return bool(_HOST.fullmatch(value) and _REDIS_HOST.search(value))
    return role == "url" and bool(_SCHEME.match(value))


def _is_other_address(variable: Variable) -> bool:
    """Return whether a value is not the address of a Redis, such as the `https://...` of a Redis console."""
    value = variable.value
    return value is not None and not _SCHEME.match(value) and not _HOST_AND_PORT.fullmatch(value) and not _HOST.fullmatch(value)


def _of_entries(container: Content, workload: Content, objects: InputObjects) -> Iterator[Variable]:
    """Yield the variables of `env`, which override those of `envFrom`."""
    for entry in mappings_at(container, "env"):
        name = text_at(entry, "name")
        if not name:
            continue
        if at(entry, "valueFrom") is None:
            text = literal(entry) or ""
            yield Variable(name, None, "other variables") if "$(" in text else Variable(name, text)
        elif source := text_at(entry, "valueFrom", "configMapKeyRef", "name"):
            key = text_at(entry, "valueFrom", "configMapKeyRef", "key")
            value = at(objects.named("ConfigMap", source, namespace_of(workload)), "data", key)
            yield Variable(name, value if isinstance(value, str) else None, f"ConfigMap {source}")
        elif source := text_at(entry, "valueFrom", "secretKeyRef", "name"):
            yield Variable(name, None, f"Secret {source}")
        else:
            yield Variable(name, None, "its Pod")


def _of_sources(container: Content, workload: Content, objects: InputObjects) -> Iterator[Variable]:
    """Yield the variables of `envFrom` whose source is in the input; of a Secret the names only."""
    for prefix, kind, name in _sources(container):
        source = objects.named(kind, name, namespace_of(workload))
        values = mapping_at(source, "data")
        for key in {**values, **(mapping_at(source, "stringData") if kind == "Secret" else {})}:
            value = values.get(key) if kind == "ConfigMap" else None
            yield Variable(prefix + key, value if isinstance(value, str) else None, f"{kind} {name}")


def _sources(container: Content) -> Iterator[tuple[str, str, str]]:
    """Yield prefix, kind and name of each source of `envFrom`."""
    for entry in mappings_at(container, "envFrom"):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if name := text_at(entry, key, "name"):
                yield text_at(entry, "prefix"), kind, name


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) < 65536 else None
