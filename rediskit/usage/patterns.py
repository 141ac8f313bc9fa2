"""The forms of an address as regular expressions, for the texts of a namespace."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from rediskit.usage.address import Address

SUFFIXES = ("HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS", "SERVICE", "URL", "URI")
"""The endings of variables that contain a host: a bare name as the whole value is certain."""


class Forms(NamedTuple):
    """The patterns of an address that can match in a text; None for a form that the text can't contain."""

    complete: re.Pattern[str] | None
    local: re.Pattern[str] | None
    partial: re.Pattern[str] | None
    word: re.Pattern[str] | None
    linked: re.Pattern[str] | None


class Patterns:
    """The patterns of an address in a namespace; None for a form that the address does not have.

    Each one is compiled for the first text that can contain its form, because the compilation takes longer than the search in many
    texts. Most values contain a part of the address, such as `redis`, and none of its forms.
    """

    def __init__(self, address: Address, namespace: str | None, switched: frozenset[str]) -> None:
        self._address, self._switched = address, switched
        names = dict.fromkeys(name for name, home in address.services if namespace in (None, home))
        self._names = tuple(names)
        self._name = _any(map(re.escape, names)) if names else ""
        self.known = namespace is not None
        """Whether the namespace is known; if not, `local` is only possible."""
        self._lower = tuple(name.lower() for name in names)
        self._complete = tuple(text.lower() for text in _complete_texts(address))
        self._partial = tuple(f"{name}.{sign}".lower() for name, _ in address.services for sign in "${%<")

    def forms_in(self, text: str) -> Forms:
        """Return the patterns that can match in a text. Those that are None match nothing in it."""
        return Forms(
            self.complete if may_contain(text, self._complete) else None,
            self.local if may_contain(text, self._lower) and re.search(_MAY_BE_LOCAL, text) else None,
            self.partial if may_contain(text, self._partial) else None,
            self.word if self._address.node_ports or _may_have_word(text, self._lower) else None,
            self.linked if any(link in text for link in LINKS) else None,
        )

    @cached_property
    def complete(self) -> re.Pattern[str] | None:
        """Certain in every namespace: a host with two labels or more, an IP address."""
        address, port = self._address, _port(self._address.ports)
        qualified = [_qualified(service, port) for service in address.services]
        return _compiled("|".join((*qualified, *map(_outside, address.hosts), *map(_literal, address.addresses))))

    @cached_property
    def local(self) -> re.Pattern[str] | None:
        """Certain in this namespace: `name:port`, the host of a URL, the value of a key, the argument of `-h`."""
        name, port = self._name, _port(self._address.ports)
        return _compiled("|".join((*_hosts(name, port), *_values(name, self._switched))) if name else "")

    @cached_property
    def partial(self) -> re.Pattern[str] | None:
        """The name with a placeholder as its namespace."""
        services = self._address.services
        return _compiled(rf"{_START}{_any(re.escape(name) for name, _ in services)}\.(?:{_PLACEHOLDER})" if services else "")

    @cached_property
    def word(self) -> re.Pattern[str] | None:
        """The bare name as a word, and any host with the port of a node."""
        names = [_word(self._name)] if self._name else []
        return _compiled("|".join((*names, *map(_on_any_node, self._address.node_ports))), re.MULTILINE)

    @cached_property
    def linked(self) -> re.Pattern[str] | None:
        """A variable that Kubernetes sets for the Service."""
        linked = _any(re.escape(_variable(name)) for name in self._names)
        form = rf"(?:\$[({{]?|[\"'])(?P<name>{linked}_(?:SERVICE_HOST|PORT_\d+_(?:TCP|UDP)(?:_ADDR)?))\b"
        return _compiled(form if self._names else "", 0)


_START = r"(?:(?<=//)|(?<=/dev/tcp/)|(?<=/dev/udp/)|(?<![\w./-]))"
_END = r"(?![\w-]|\.\w)"
_NUMBER_END = r"(?![\w-]|\.\d)"
# From 1024 on: `redis:7` is an image, and `chown redis:1000` sets a group.
_PORT = rf"(?:102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{{3}}|[1-6]\d{{4}}){_NUMBER_END}"
_PLACEHOLDER = r"\$[({]|\{\{|%s|%d|<"
# `docker://redis` and `oci://redis` are images.
# The user and the password can be templates with spaces: `{{ .password }}`. No letter matches two of the alternatives.
_USER = r"(?:[^\s\"'<>/{]|\{\{[^{}\n]{0,200}\}\}|\{(?!\{))*"
_URL = rf"(?:(?<!\bdocker)(?<!\boci)://(?:{_USER}[@,])?|(?<=\A//))"
_QUOTE = r"\\?[\"']?"
_SRV = r"_[\w-]+\._(?:tcp|udp)"

_MAY_BE_LOCAL = re.compile(r"[^\w.-]|-\d+\.|_(?:tcp|udp)\.", re.IGNORECASE)
"""A text without a match is a word, or a host that is no name of a pod or of an SRV record."""
LINKS = ("_SERVICE_HOST", "_PORT_")
"""Parts of the variables that Kubernetes sets for a Service."""
_NEVER_BEFORE, _NEVER_AFTER = frozenset("_.$@/\\+:-"), frozenset("_/\\([]+@-")
"""The characters beside letters and digits that `_word` excludes on each side."""


@lru_cache(maxsize=512)
def patterns(address: Address, namespace: str | None, switched: frozenset[str] = frozenset()) -> Patterns:
    """Return the patterns of an address for texts of a namespace; None if it is not known."""
    return Patterns(address, namespace, switched)


def fragments(address: Address) -> tuple[str, ...]:
    """Return texts in lower case, one of which is part of each text that a pattern of the address matches."""
    names = [name for service, _ in address.services for name in (service, _variable(service))]
    ports = [f":{port}" for port in address.node_ports]
    return tuple(dict.fromkeys(text.lower() for text in (*names, *literals(address), *ports)))


def may_contain(text: str, parts: tuple[str, ...]) -> bool:
    """Return whether a text contains one of the fragments of an address. Patterns compare letters outside of ASCII in other ways."""
    lowered = text.lower()
    for part in parts:
        if part in lowered:
            return True
    return not text.isascii()


def _complete_texts(address: Address) -> Iterator[str]:
    """Yield texts, one of which is part of each text that `Patterns.complete` matches."""
    for name, home in address.services:
        yield from (f"{name}.{home}", f"{home}/{name}")
    yield from literals(address)


def _may_have_word(text: str, names: tuple[str, ...]) -> bool:
    """Return whether a text can contain one of the names as a word: not as a part of a longer name or of a host."""
    if not text.isascii():
        return True
    lowered = text.lower().replace(":-", ": ")  # The default of the shell, as in `${REDIS_HOST:-redis}`.
    for name in names:
        start = lowered.find(name)
        while start >= 0:
            before, after = lowered[max(start - 1, 0) : start], lowered[start + len(name) : start + len(name) + 1]
            if not (before.isalnum() or before in _NEVER_BEFORE or after.isalnum() or after in _NEVER_AFTER):
                return True
            start = lowered.find(name, start + 1)
    return False


def literals(address: Address) -> list[str]:
    """Return the hosts of an address, and each form of its IP addresses."""
    return [*address.hosts, *(form for text in address.addresses for form in forms_of(text))]


def forms_of(address: str) -> tuple[str, ...]:
    """Return the forms of an IP address in texts."""
    return (address, ip_address(address).exploded) if ":" in address else (address,)


def _variable(service: str) -> str:
    """Return the start of the variables that Kubernetes sets for a Service."""
    return service.upper().replace("-", "_")


def _compiled(pattern: str, flags: int = re.IGNORECASE | re.MULTILINE) -> re.Pattern[str] | None:
    return re.compile(pattern, flags) if pattern else None


def _any(alternatives: Iterable[str]) -> str:
    return f"(?:{'|'.join(alternatives)})"


def _port(ports: tuple[int, ...]) -> str:
    return _any((_PORT, _PLACEHOLDER, *(f"{port}{_NUMBER_END}" for port in ports)))


def _qualified(service: tuple[str, str], port: str) -> str:
    """Return the pattern of a Service with its namespace: in any cluster domain, one of its pods, an SRV record, `namespace/name:port`."""
    name, home = map(re.escape, service)
    full = rf"(?<![\w.-])(?:[\w-]+\.)*{name}\.{home}\.svc(?:\.[a-z0-9-]+)*\.?(?![\w-])"
    return rf"{full}|{_START}(?:(?:(?:{name}-\d+|{_SRV})\.)?{name}\.{home}\.?{_END}|{home}/{name}:{port})"


def _outside(host: str) -> str:
    return rf"{_START}{re.escape(host)}\.?{_END}"


def _literal(address: str) -> str:
    """Return the pattern of an IP address. An IPv4 address can follow a colon, as in `TCP:10.43.7.9:6379` or `::ffff:10.43.7.9`."""
    if ":" in address:
        return rf"(?<![\w.:]){_any(map(re.escape, forms_of(address)))}(?!\w|\.\d)"
    return rf"(?<![\w.]){re.escape(address)}(?!\w|\.\d)"


def _on_any_node(port: int) -> str:
    """Return the pattern of the port that every node of the cluster opens for a Service."""
    return rf"(?<![\w.-])(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:]+\]):{port}{_NUMBER_END}"


def _hosts(name: str, port: str) -> tuple[str, ...]:
    """Return the patterns of a bare name in the form of a host."""
    return (
        rf"{_START}(?:{name}\.?:{port}|(?:{name}-\d+|{_SRV})\.{name}{_END})",
        rf"{_URL}{name}{_END}",
        rf"(?<=/dev/tcp/){name}(?=/)",
    )


def _values(name: str, switched: frozenset[str]) -> tuple[str, ...]:
    """Return the patterns of a bare name as the whole value of a key, an element or a flag in a text."""
    suffix = _any(SUFFIXES)
    keys = _any((rf"[\w.-]*{suffix}", *map(re.escape, sorted(switched))))
    key = rf"(?<![\w.-]){keys}{_QUOTE}[ \t]*"
    value = rf"[ \t]*{_QUOTE}{name}\.?{_QUOTE}"
    return (
        rf"{key}(?:=>?{value}(?=$|[\s,;&|)}}\]#])|:{value}(?=[ \t\r]*(?:$|[,;}}\]#]|\s#)))",
        rf"<[\w.-]*{suffix}>\s*{name}\s*</",
        rf"(?:^|(?<=[\s\"'\[,]))(?:-h|--[\w.-]*{suffix})[\"']?[ \t,=]+{_QUOTE}{name}\.?{_QUOTE}(?=$|[\s;&|)\],])",
    )


def _word(name: str) -> str:
    """Return the pattern of a bare name as a word, or as a default of the shell, as in `${REDIS_HOST:-redis}`.

    It is not a part of a path, a key, a section, a call or a longer name.
    """
    return rf"(?:(?<![\w.$@/\\+:-])|(?<=:-)){name}(?![\w/\\(\[+@-]|\.\w|{_QUOTE}[ \t]*(?:=>|[:=])|\])"
