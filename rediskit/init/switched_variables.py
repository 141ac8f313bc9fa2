"""The variables of a container that the migration switches: names from the input, or names derived from them."""

from __future__ import annotations

import re
from typing import NamedTuple

from rediskit.init.redis_variables import RedisVariables, Variable

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST_WORD = re.compile(r"(?:HOST(?:NAME)?|SERVER)$", re.IGNORECASE)
_URL_WORD = re.compile(r"(?:URL|URI|DSN|ADDR(?:ESS)?|ENDPOINT)$", re.IGNORECASE)
_PLAIN_URL = re.compile(r"redis://(?::[^/@]*@)?[^/@]+(?:/([0-9]|1[0-5])?)?")
"""A URL as rediskit renders it, without TLS, user and options. Group 1 is the database."""


class SwitchedVariables(NamedTuple):
    """The variables of a container that the migration switches; "" for a missing one.

    Attributes:
        container: The name of the container.
        host: The variable with the host.
        port: The variable with the port.
        password: The variable with the password.
        remarks: Remarks on derived names.
        url: The variable with a URL.
        database: The database in the URL.
    """

    container: str
    host: str
    port: str
    password: str
    remarks: tuple[str, ...] = ()
    url: str = ""
    database: int | None = None

    @property
    def section(self) -> dict[str, str | int]:
        """The section of the container in the config."""
        roles = {"host": self.host, "port": self.port, "url": self.url, "password": self.password, "database": self.database or ""}
        return {role: name for role, name in roles.items() if name}

    @property
    def names(self) -> list[str]:
        """The names of the variables."""
        return [name for name in self.section.values() if isinstance(name, str)]

    @property
    def env(self) -> dict[str, str]:
        """`env` of the container in the config: variable to its value with placeholders."""
        database = "" if self.database is None else f"/{self.database}"
        values = {
            self.host: "${host}",
            self.port: "${port}",
            self.url: f"redis://:${{password}}@${{address}}{database}",
            self.password: "${password}",
        }
        return {name: value for name, value in values.items() if name}


def switched_variables_of(container: str, variables: RedisVariables) -> SwitchedVariables | None:
    """Return the variables to switch; None if rediskit cannot set one of them.

    The name of a missing variable is derived from the host or the URL, with a remark.
    """
    if not all(map(_VARIABLE.fullmatch, _names(variables))):
        return None
    url = variables.url
    if variables.host is not None:
        host = variables.host.name
        others = {"port": variables.port, "password": variables.password}
        names, remarks = _derived(host, _HOST_WORD.sub("", host), others, f"check that container {container} reads it")
        plain = url is not None and _PLAIN_URL.fullmatch(url.value or "") and _VARIABLE.fullmatch(url.name)
        extra = (url.name, _database(url)) if url and plain else ("", None)
        return SwitchedVariables(container, host, names["port"], names["password"], remarks, *extra)
    if url is None or variables.shape != "url":
        return None
    prefix = _URL_WORD.sub("", url.name) if _URL_WORD.search(url.name) else f"{url.name}_"
    names, remarks = _derived(url.name, prefix, {"password": variables.password}, "the URL refers to it")
    return SwitchedVariables(container, "", "", names["password"], remarks, url.name, _database(url))


def _derived(like: str, prefix: str, roles: dict[str, Variable | None], note: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the name of each role, and the remarks on derived names."""
    names, remarks = {}, []
    for role, variable in roles.items():
        word = role if like.islower() else role.capitalize() if like[-1:].islower() else role.upper()
        names[role] = variable.name if variable else prefix + word
        if variable is None:
            remarks.append(f"{names[role]} is not in the input: the name is derived from {like}; {note}")
    return names, tuple(remarks)


def _database(url: Variable) -> int | None:
    match = _PLAIN_URL.fullmatch(url.value or "")
    return int(match[1]) if match and match[1] else None


def question(container: str, variables: RedisVariables) -> str:
    """Return the question that is open before rediskit can set the variables; "" if none is."""
    address = variables.address
    name, value = (address.name, address.value) if address else ("", None)
    if variables.shape == "address":
        write = "write the names of variables for a URL, or for host, port and password, that it can read instead"
        return f"container {container} reads host and port from one variable, {name}: {write}"
    if not all(map(_VARIABLE.fullmatch, _names(variables))):
        return f"container {container}: {', '.join(_names(variables))} cannot be set: write the names of other variables that it reads"
    if variables.shape == "three":
        return ""
    if variables.host is not None:
        return f"container {container} reads a URL from {name}: write it as url, or write the variables for host and port"
    if value is None:
        origin = address.origin if address else "elsewhere"
        write = "write its database, and check that its value is a URL (redis://...)"
        return f"container {container} reads Redis from {name}, which comes from {origin}: {write}"
    if not _PLAIN_URL.fullmatch(value):
        write = "rediskit sets redis://:PASSWORD@host:port/database: write the names of variables that accept it"
        return f"container {container} reads Redis from {name}, a URL with other parts; {write}"
    return ""


def _names(variables: RedisVariables) -> list[str]:
    """Return the names in the input. The URL does not count beside a host."""
    url = variables.url if variables.host is None else None
    return [variable.name for variable in (variables.host, variables.port, variables.password, url) if variable]
