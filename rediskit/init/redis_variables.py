"""Which environment variables of a container speak of Redis, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from rediskit import dns
from rediskit.init.objects import Content, InputObjects, listed, literal, namespace_of
from rediskit.model.nested import at, text_at

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


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable. value: what it is, where the input says so; None when it comes from `origin`, such as `Secret x`, or is composed."""

    name: str
    value: str | None = field(repr=False)
    origin: str = ""


@dataclass(slots=True)
class RedisVariables:
    """The variables that name one Redis: those that share the first part of their names."""

    host: Variable | None = None
    port: Variable | None = None
    password: Variable | None = None
    url: Variable | None = None

    @property
    def leads(self) -> Variable | None:
        """The variable that says which Redis is meant."""
        return self.host or self.url

    @property
    def shape(self) -> Literal["three", "address", "url"]:
        """Host, port and password in three variables; host and port in one; everything in one URL."""
        lead = self.leads
        value = lead.value or "" if lead else ""
        if _SCHEME.match(value):
            return "url"
        if _HOST_AND_PORT.fullmatch(value):
            return "address"
        return "three" if self.host else "url"

    @property
    def old_host(self) -> str:
        """The host of the Redis in use; "" when the input does not say it."""
        value = self.leads.value or "" if self.leads else ""
        if _SCHEME.match(value):
            value = _hostname(value)
        elif found := _HOST_AND_PORT.fullmatch(value):
            value = found[1]
        return value.removesuffix(".").lower() if _HOST.fullmatch(value) else ""

    @property
    def old_port(self) -> int | None:
        """The port of the Redis in use; None when the input does not say it."""
        value = self.leads.value or "" if self.leads else ""
        if self.shape != "three":
            return _number(re.sub(r".*:(\d+)(?:[/?#].*)?$|.*", r"\1", value, flags=re.DOTALL))
        return _number(self.port.value or "") if self.port else None


class ContainerVariables(NamedTuple):
    """A container. sets: one entry a Redis that it names; unseen: what it takes variables from and the input does not hold."""

    container: str
    sets: tuple[RedisVariables, ...]
    unseen: tuple[str, ...]


def redis_variables_of(container: Content, workload: Content, objects: InputObjects) -> ContainerVariables:
    """What one container says of Redis."""
    entries = [*_of_sources(container, workload, objects), *_of_entries(container, workload, objects)]
    found = {variable.name: variable for variable in entries}
    roles = {name: _role(variable) for name, variable in found.items()}
    meant = {prefix for name, (prefix, role) in roles.items() if _REDIS.search(name) or _names_redis(found[name], role)}
    sets: dict[str, RedisVariables] = {}
    for name, (prefix, role) in roles.items():
        if prefix in meant and role and not (role == "url" and _leads_elsewhere(found[name])):
            names = sets.setdefault(prefix, RedisVariables())
            if getattr(names, role) is None:
                setattr(names, role, found[name])
    led = [names for names in sets.values() if names.leads]
    if len(led) == 1:
        _take_in(led[0], [names for names in sets.values() if not names.leads])
    return ContainerVariables(text_at(container, "name"), tuple(led), tuple(dict.fromkeys(_unseen(container, workload, objects))))


def _take_in(names: RedisVariables, strays: list[RedisVariables]) -> None:
    """A password or a port with a name of its own (REDIS_AUTH_PASSWORD beside REDIS_HOST) belongs to the one Redis that is named."""
    for role in ("port", "password"):
        found = [stray for stray in (getattr(other, role) for other in strays) if stray is not None]
        if getattr(names, role) is None and len(found) == 1:
            setattr(names, role, found[0])


def _role(variable: Variable) -> tuple[str, Role]:
    """The part of a name that related variables share, and what the variable is for."""
    name = variable.name
    last = _LAST_WORD.search(name)
    prefix = name[: last.start()] if last else ""
    camel = last is not None and last[1][0].isupper() and prefix[-1:].islower()
    if last and (prefix[-1:] in ("", "_") or camel or _AFTER_REDIS.search(prefix)):
        return prefix, _ROLES[last[1].upper()]
    if _SCHEME.match(variable.value or ""):
        return f"{name}_", "url"
    return name, ""


def _names_redis(variable: Variable, role: Role) -> bool:
    """Whether a variable without Redis in its name leads to one: CACHE_HOST is `redis`, BROKER is `redis://...`."""
    value = variable.value or ""
    if role == "host":
        host = _HOST_AND_PORT.fullmatch(value)
        value = host[1] if host else value
        return bool(_HOST.fullmatch(value) and _REDIS_HOST.search(value))
    return role == "url" and bool(_SCHEME.match(value))


def _leads_elsewhere(variable: Variable) -> bool:
    """Whether what would be an address is one of something else: `https://...` of a Redis console, or no address at all."""
    value = variable.value
    return value is not None and not _SCHEME.match(value) and not _HOST_AND_PORT.fullmatch(value) and not _HOST.fullmatch(value)


def _of_entries(container: Content, workload: Content, objects: InputObjects) -> Iterator[Variable]:
    """The variables of `env`, which win over those of `envFrom`."""
    for entry in listed(container, "env"):
        name = text_at(entry, "name")
        if not name:
            continue
        if at(entry, "valueFrom") is None:
            text = literal(entry) or ""
            yield Variable(name, None, "other variables") if "$(" in text else Variable(name, text)
        elif source := text_at(entry, "valueFrom", "configMapKeyRef", "name"):
            data = at(
                objects.named("ConfigMap", source, namespace_of(workload)), "data", text_at(entry, "valueFrom", "configMapKeyRef", "key")
            )
            yield Variable(name, data if isinstance(data, str) else None, f"ConfigMap {source}")
        elif source := text_at(entry, "valueFrom", "secretKeyRef", "name"):
            yield Variable(name, None, f"Secret {source}")
        else:
            yield Variable(name, None, "its Pod")


def _of_sources(container: Content, workload: Content, objects: InputObjects) -> Iterator[Variable]:
    """The variables of `envFrom`, as far as the input holds what they come from; of a Secret the names alone."""
    for prefix, kind, name in _sources(container):
        source = objects.named(kind, name, namespace_of(workload))
        if kind == "Secret":
            keys = [*(at(source, "data") or {}), *(at(source, "stringData") or {})]
            yield from (Variable(prefix + key, None, f"Secret {name}") for key in keys)
        else:
            data = at(source, "data")
            for key, value in data.items() if isinstance(data, dict) else ():
                yield Variable(prefix + key, value if isinstance(value, str) else None, f"ConfigMap {name}")


def _unseen(container: Content, workload: Content, objects: InputObjects) -> Iterator[str]:
    for _, kind, name in _sources(container):
        if objects.named(kind, name, namespace_of(workload)) is None:
            yield f"{kind} {name}"


def _sources(container: Content) -> Iterator[tuple[str, str, str]]:
    for entry in listed(container, "envFrom"):
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
