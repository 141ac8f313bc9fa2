"""Turn the value of a variable that contains the address of a Redis into a template of the config."""

import re
from typing import NamedTuple

HOST = r"[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?\.?"
_NODE = rf"{HOST}(?::[0-9]{{1,5}})?"
_NODES = re.compile(rf"{HOST}:[0-9]{{1,5}}(?:,{HOST}:[0-9]{{1,5}})*(?:/(?P<database>[0-9]{{1,3}}))?")
_URL = re.compile(
    rf"(?P<scheme>[a-z]+(?:\+[a-z]+)*)://(?:(?P<user>.*)@)?(?P<nodes>{_NODE}(?:,{_NODE})*)(?:(?P<slash>/)(?P<database>[0-9]{{0,3}}))?"
    r"(?:\?(?P<query>[^?#@]*))?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:rediss?|valkeys?)(?:\+[a-z]+)*://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?:tcp|tls)://", re.IGNORECASE)
_OPTIONS = re.compile(rf"(?P<key>addr=)?(?P<node>{HOST}:[0-9]{{1,5}})(?:,(?P<options>[^,=]+=.*))?")
"""`host:port,ssl=false`, or `addr=host:port,db=0`, as Grafana reads it."""
_LISTED = re.compile(
    rf"(?P<label>[a-z][a-z-]{{0,15}}):(?P<host>{HOST}):(?P<port>[0-9]{{1,5}})(?::(?P<database>[0-9]{{1,2}}))?(?P<password>:.+)?"
)
"""`label:host:port:database:password`, as redis-commander reads it."""
_TUNING = re.compile(
    r"[a-z_]*(?:timeout|pool|size|connections?|retry|retries|interval|protocol|weight|persistent|responses|reqs|connect|keepalive|idle)"
    r"[a-z_]*",
    re.IGNORECASE,
)
"""Options that are no secret: their values are kept when they are numbers, durations or switches."""
_SETTING = re.compile(r"true|false|yes|no|none|on|off|[0-9]{1,6}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d)?", re.IGNORECASE)
_PASSWORDS = frozenset({"password", "auth", "pass", "pwd"})
_USERS = frozenset({"user", "username"})
_DATABASES = frozenset({"db", "database", "defaultdatabase"})
_TLS = frozenset({"ssl", "tls"})


class Address(NamedTuple):
    """The address of a Redis in a value; None for a port or database that the value does not set.

    Attributes:
        template: The value with placeholders; the database is always `${database}`.
        questions: What a person decides before the template is right.
        secret: Whether the value contains a user, a password, or an option that could be secret.
    """

    host: str
    port: int | None
    template: str
    database: int | None = None
    questions: tuple[str, ...] = ()
    secret: bool = False


def is_url(value: str) -> bool:
    """Return whether a value is a URL of a Redis, whatever its variable is called."""
    return bool(_SCHEME.match(value))


def address_of(value: str) -> Address | None:
    """Return the address in a value with more than a host name; None for any other value."""
    if _SCHEME.match(value) or _OTHER_SCHEME.match(value):
        return _of_url(value)
    if nodes := _NODES.fullmatch(value):
        host, port = _first(value.partition("/")[0])
        number = nodes["database"]
        return Address(host, port, "${address}" + ("/${database}" if number else ""), int(number) if number else None, _several(value))
    if options := _OPTIONS.fullmatch(value):
        host, port = _first(options["node"])
        texts, number, questions, secret = _options(options["options"].split(",") if options["options"] else [])
        password = [] if any("${password}" in text for text in texts) else ["password=${password}"]
        template = ",".join([f"{options['key'] or ''}${{address}}", *password, *texts])
        return Address(host, port, template, number, questions, secret)
    return None


def listed_address(value: str) -> Address | None:
    """Return the address in a value `label:host:port:database:password`."""
    match = _LISTED.fullmatch(value)
    if not match:
        return None
    number = int(match["database"] or 0)
    database = "${database}" if number else "0"
    template = f"{match['label']}:${{host}}:${{port}}:{database}:${{password}}"
    return Address(match["host"].lower(), int(match["port"]), template, number or None, secret=bool(match["password"]))


def host_of(value: str) -> Address | None:
    """Return the address of a value that is a host name and nothing else."""
    return Address(value.rstrip(".").lower(), None, "${host}") if re.fullmatch(HOST, value) else None


def _of_url(value: str) -> Address | None:
    match = _URL.fullmatch(value)
    if match is None:
        return None
    host, port = _first(match["nodes"])
    texts, number, questions, secret = _options(match["query"].split("&") if match["query"] else [])
    scheme, user = match["scheme"].lower(), match["user"]
    if scheme.startswith(("rediss", "valkeys", "tls")):
        questions = (*questions, "it uses TLS, which the shared Redis does not offer: check that the application accepts a URL without it")
        scheme = {"tls": "tcp"}.get(scheme, scheme.replace("rediss", "redis", 1).replace("valkeys", "valkey", 1))
    if "sentinel" in scheme:
        questions = ("it uses Sentinel, which the shared Redis does not have: check that the application accepts redis://",)
        scheme, texts = "redis", []
    else:
        questions = (*questions, *_several(match["nodes"]))
    login = "" if scheme == "tcp" or any("${password}" in text for text in texts) else ":${password}@"
    if user is not None:
        login = "${username}:${password}@" if re.match(r"[^:]+:", user) else ":${password}@"
    if match["database"]:
        number = int(match["database"])
    path = "/${database}" if match["database"] else match["slash"] or ""
    template = f"{scheme}://{login}${{address}}{path}{'?' if texts else ''}{'&'.join(texts)}"
    return Address(host, port, template, number, questions, secret or user is not None)


def _several(nodes: str) -> tuple[str, ...]:
    return ("it contains several servers, and the shared Redis is one: check that the application accepts one",) if "," in nodes else ()


def _first(nodes: str) -> tuple[str, int | None]:
    """Return host and port of the first server."""
    host, _, port = nodes.partition(",")[0].partition(":")
    return host.rstrip(".").lower(), int(port) if port and 0 < int(port) < 65536 else None


def _options(options: list[str]) -> tuple[list[str], int | None, tuple[str, ...], bool]:
    """Return the options of a URL or of a connection string as templates, the database, questions, and whether one could be secret."""
    texts, number, omitted, login = [], None, False, False
    for option in options:
        key, _, value = option.partition("=")
        name = key.strip().lower()
        if name in _PASSWORDS:
            login = True
            texts.append(f"{key}=${{password}}")
        elif name in _USERS:
            login = True
            texts.append(f"{key}=${{username}}")
        elif name in _DATABASES and re.fullmatch("[0-9]{1,3}", value):
            number = int(value)
            texts.append(f"{key}=${{database}}")
        elif name in _TLS:
            texts.append(f"{key}=false")
        elif _TUNING.fullmatch(key) and _SETTING.fullmatch(value):
            texts.append(option)
        elif option:
            omitted = True
    question = "it contains options that rediskit does not copy, because they could be secret: add them"
    return texts, number, (question,) if omitted else (), login or omitted
