"""The role of a variable by its name, and the names that images read."""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from rediskit.init.objects import Content
from rediskit.model.nested import text_at
from rediskit.usage.stored import known_image

Role = Literal["host", "port", "password", "url", "username", "database", "tls", "file", "sentinel", ""]

REDIS = re.compile(r"REDIS|VALKEY|KEYDB|DRAGONFLY", re.IGNORECASE)
"""A word in the name of a variable for a Redis."""
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("SENTINELS", "SENTINEL_HOSTS", "SENTINEL_NODES", "SENTINEL_MASTER", "SENTINEL_MASTER_NAME"), "sentinel"),
    **dict.fromkeys(("PASSWORD_FILE", "PASS_FILE", "PASSWORDFILE"), "file"),
    **dict.fromkeys(("USE_TLS", "USE_SSL", "TLS_ENABLED", "SSL_ENABLED", "ENABLE_TLS", "TLS", "SSL"), "tls"),
    **dict.fromkeys(("DATABASE_INDEX", "DB_INDEX", "DBINDEX", "DB_NUMBER", "DATABASE", "DBNUM", "DB"), "database"),
    **dict.fromkeys(("HOST", "HOSTNAME", "SERVER", "SERVICE"), "host"),
    **dict.fromkeys(("USERNAME", "USER"), "username"),
    "PORT": "port",
    **dict.fromkeys(("PASSWORD", "PASSWD", "PASS", "PWD", "AUTH"), "password"),
    **dict.fromkeys(("URL", "URI", "DSN", "ADDR", "ADDRESS", "ENDPOINT"), "url"),
}
_LAST_WORD = re.compile(rf"({'|'.join(sorted(_ROLES, key=len, reverse=True))})$", re.IGNORECASE)
_AFTER_REDIS = re.compile(r"(?:REDIS|VALKEY)$", re.IGNORECASE)


class Named(NamedTuple):
    """What related variables have in common with a variable, and its role; "" if the name shows none."""

    prefix: str
    role: Role


def named(name: str) -> Named:
    """Return the prefix and the role of a variable."""
    last = _LAST_WORD.search(name)
    prefix = name[: last.start()] if last else ""
    camel = last is not None and last[1][0].isupper() and prefix[-1:].islower()
    if last and (prefix[-1:] in ("", "_", ".") or camel or _AFTER_REDIS.search(prefix)):
        return Named(prefix, _ROLES[last[1].upper()])
    return Named(name, "")


def names_of_image(container: Content) -> Mapping[str, str]:
    """Return the variables that the image of a container reads, with their templates; none for an unknown image."""
    known = known_image(text_at(container, "image"))
    return known.variables if known else {}


def derived(like: str, role: Role) -> str:
    """Return a name for a role, in the style of the name of the host or of the address."""
    last = _LAST_WORD.search(like)
    prefix = named(like).prefix if last and named(like).role else f"{like}_"
    style = like[len(prefix) :] or like
    word = role if style.islower() else role.capitalize() if style[-1:].islower() else role.upper()
    return f"{prefix}{word}"
