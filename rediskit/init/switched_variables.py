"""The variables of a container that are to be switched: as the input has them, or made like those that it has."""

from __future__ import annotations

import re
from typing import NamedTuple

from rediskit.init.redis_variables import RedisVariables, Variable

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST_WORD = re.compile(r"(?:HOST(?:NAME)?|SERVER)$", re.IGNORECASE)
_URL_WORD = re.compile(r"(?:URL|URI|DSN|ADDR(?:ESS)?|ENDPOINT)$", re.IGNORECASE)
_PLAIN_URL = re.compile(r"redis://(?::[^/@]*@)?[^/@]+(?:/(?:[0-9]|1[0-5])?)?")
"""A url such as is rendered: no TLS, no user, no options."""


class SwitchedVariables(NamedTuple):
    """The variables of a container, "" where it has none of a kind, and what is said of them. database: that of the url."""

    container: str
    host: str
    port: str
    password: str
    remarks: tuple[str, ...] = ()
    url: str = ""
    database: int | None = None

    @property
    def named(self) -> dict[str, str | int]:
        """What there is, by the key of the config."""
        roles = {"host": self.host, "port": self.port, "url": self.url, "password": self.password, "database": self.database or ""}
        return {role: name for role, name in roles.items() if name}


def variables_of(container: str, names: RedisVariables) -> SwitchedVariables | None:
    """The variables that name one Redis; None where they have names that rediskit can't set.

    A name that the input does not hold is made like that of the host or of the url, and a remark says so.
    """
    if not all(_VARIABLE.fullmatch(name) for name in given(names)):
        return None
    if names.host is not None:
        host = names.host.name
        seen = f"see that container {container} reads it"
        made, remarks = _made(host, _HOST_WORD.sub("", host), {"port": names.port, "password": names.password}, seen)
        beside = names.url if names.url and _PLAIN_URL.fullmatch(names.url.value or "") and _VARIABLE.fullmatch(names.url.name) else None
        named = (beside.name, _database(beside.value or "")) if beside else ("", None)
        return SwitchedVariables(container, host, made["port"], made["password"], remarks, *named)
    if names.url is None or names.shape != "url":
        return None
    url = names.url.name
    head = _URL_WORD.sub("", url) if _URL_WORD.search(url) else f"{url}_"
    made, remarks = _made(url, head, {"password": names.password}, "the url is composed from it")
    return SwitchedVariables(container, "", "", made["password"], remarks, url, _database(names.url.value or ""))


def _made(like: str, head: str, roles: dict[str, Variable | None], seen: str) -> tuple[dict[str, str], tuple[str, ...]]:
    made, remarks = {}, []
    for role, variable in roles.items():
        word = role if like.islower() else role.capitalize() if like[-1:].islower() else role.upper()
        made[role] = variable.name if variable else head + word
        if variable is None:
            remarks.append(f"{made[role]} is not in the input: its name is made from {like}; {seen}")
    return made, tuple(remarks)


def _database(url: str) -> int | None:
    found = re.fullmatch(r"redis://[^/]+/([0-9]|1[0-5])", url if _PLAIN_URL.fullmatch(url) else "")
    return int(found[1]) if found else None


def question(container: str, names: RedisVariables) -> str:
    """What is to be asked where the input does not say that the variables can be set; "" where it does."""
    lead = names.leads
    name, value = (lead.name, lead.value) if lead else ("", None)
    if names.shape == "address":
        others = "rediskit sets a url, or host, port and password in variables of their own"
        return f"container {container} takes Redis from {name}, host and port in one; {others}: can it read those?"
    if not all(_VARIABLE.fullmatch(one) for one in given(names)):
        return f"container {container}: {', '.join(given(names))} are no names that rediskit can set: which ones does it read?"
    if names.shape == "three":
        return ""
    if names.host is not None:
        others = "rediskit sets host and port in variables of their own, or a url under url:"
        return f"container {container} has a url in {name}; {others}: which does it read?"
    if value is None:
        origin = lead.origin if lead else "elsewhere"
        asked = "is it a whole url, redis://…, and of which database?"
        return f"container {container} takes Redis from {name}, which comes from {origin}: {asked}"
    if not _PLAIN_URL.fullmatch(value):
        form = "redis://:PASSWORD@host:port/database"
        return f"container {container} takes Redis from {name}, a url with more than rediskit sets, {form}: can it read that?"
    return ""


def given(names: RedisVariables) -> list[str]:
    """The names that the input has; with a host, that of a url beside it does not count."""
    url = names.url if names.host is None else None
    return [variable.name for variable in (names.host, names.port, names.password, url) if variable]
