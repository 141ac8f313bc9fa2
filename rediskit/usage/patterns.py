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
        self._sets = tuple(dict.fromkeys(name for name, home in address.stateful_sets if namespace in (None, home)))
        self._lower = tuple(text.lower() for text in (*names, *(f"{name}-" for name in self._sets)))
        self._complete = tuple(text.lower() for text in _complete_texts(address))
        self._partial = tuple(text.lower() for text in _partial_texts(address))

    def forms_in(self, text: str) -> Forms:
        """Return the patterns that can match in a text. Those that are None match nothing in it."""
        return Forms(
            self.complete if may_contain(text, self._complete) else None,
            self.local if may_contain(text, self._lower) and re.search(_MAY_BE_LOCAL, text) else None,
            self.partial if may_contain(text, self._partial) and re.search(_MAY_BE_PARTIAL, text) else None,
            self.word if self._address.node_ports or _may_have_word(text, self._lower) else None,
            self.linked if any(link in text for link in LINKS) else None,
        )

    @cached_property
    def complete(self) -> re.Pattern[str] | None:
        """Certain in every namespace: a host with two labels or more, an IP address."""
        address, port = self._address, _port(self._address.ports)
        qualified = [*(_qualified(service, port) for service in address.services), *map(_pod_with_namespace, address.stateful_sets)]
        return _compiled("|".join((*qualified, *map(_outside, address.hosts), *map(_literal, address.addresses))))

    @cached_property
    def local(self) -> re.Pattern[str] | None:
        """Certain in this namespace: `name:port`, the host of a URL, the value of a key, the argument of `-h`."""
        name, port = self._name, _port(self._address.ports)
        named = (*_hosts(name, port), *_values(name, self._switched)) if name else ()
        return _compiled("|".join((*named, *map(_pod_of_headless, self._sets))))

    @cached_property
    def partial(self) -> re.Pattern[str] | None:
        """The name with a placeholder as its namespace, or as its pod; a pod with another or an unknown Service."""
        names = _any(re.escape(name) for name, _ in self._address.services)
        own = rf"{_START}(?:{_POD}\.)?{names}\.(?:{_PLACEHOLDER})|{_FILLED}\.{names}{_END}"
        pods = (rf"{_START}{re.escape(name)}-(?:\d+\.[a-z][\w-]*{_END}|{_PLACEHOLDER}|\$\w)" for name in self._sets)
        return _compiled("|".join((*([own] if self._address.services else []), *pods)))

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
_POD = r"[\w-]+-\d+"
"""A pod of a StatefulSet. Its name does not depend on that of the Service: `redis-node-0.redis-headless`."""
_FILLED = r"(?:\$\(\w{1,100}\)|\}|%[sd]|\$\w+)"
"""The end of a placeholder, as in `redis-node-$i.redis-headless`."""

_MAY_BE_LOCAL = re.compile(r"[^\w.-]|-\d+\.|_(?:tcp|udp)\.", re.IGNORECASE)
"""A text without a match is a word, or a host that is no name of a pod or of an SRV record."""
_MAY_BE_PARTIAL = re.compile(r"[${%<}]|-\d+\.", re.IGNORECASE)
"""A text without a match has no placeholder and no pod."""
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
    pods = [f"{name}-" for name, _ in address.stateful_sets]
    ports = [f":{port}" for port in address.node_ports]
    return tuple(dict.fromkeys(text.lower() for text in (*names, *pods, *literals(address), *ports)))


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
    yield from (f"{name}-" for name, _ in address.stateful_sets)
    yield from literals(address)


def _partial_texts(address: Address) -> Iterator[str]:
    """Yield texts, one of which is part of each text that `Patterns.partial` matches."""
    for name, _ in address.services:
        yield from (f".{name}", *(f"{name}.{sign}" for sign in "${%<"))
    yield from (f"{name}-" for name, _ in address.stateful_sets)


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
    return rf"{full}|{_START}(?:(?:(?:{_POD}|{_SRV})\.)?{name}\.{home}\.?{_END}|{home}/{name}:{port})"


def _pod_with_namespace(stateful_set: tuple[str, str]) -> str:
    """Return the pattern of a pod behind any Service, with the namespace."""
    name, home = map(re.escape, stateful_set)
    return rf"{_START}{name}-\d+\.[\w-]+\.{home}(?:\.svc(?:\.[a-z0-9-]+)*\.?(?![\w-])|\.?{_END})"


def _pod_of_headless(stateful_set: str) -> str:
    """Return the pattern of a pod behind a headless Service of the usual name. The name of another one can be a namespace."""
    return rf"{_START}{re.escape(stateful_set)}-\d+\.[\w-]*headless{_END}"


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
        rf"{_START}(?:{name}\.?:{port}|(?:{_POD}|{_SRV})\.{name}{_END})",
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
