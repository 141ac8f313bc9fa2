"""An index of texts by what they contain of many addresses, so that a search for an address reads only the texts that can contain it.

The patterns of one address are exact, but a search for each of a thousand addresses in each of a thousand manifests takes minutes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from rediskit.model.nested import text_at
from rediskit.usage.address import Address
from rediskit.usage.finder import namespace_of
from rediskit.usage.patterns import LINKS, literals
from rediskit.usage.texts import texts_of
from rediskit.usage.variables import Variables

Key = tuple[str | None, ...]
"""What a text can contain of an address.

* `named`, namespace, name: a bare name, in a text of the namespace; None: in a text whose namespace is not known.
* `linked`, namespace, start: a variable that Kubernetes sets for a Service.
* `joined`, token, token: two tokens of a host or an IP address, or the StatefulSet of a pod (`redis-`) and its namespace.
* `partial`, name: a name with a placeholder as its namespace.
"""

EVERY: Key = ("every",)
"""The key of each object: an address without tokens has it."""
_UNKNOWN: Key = ("unknown",)
"""The key of an object with letters outside of ASCII, which the patterns compare in other ways: each address has it."""
_TOKEN = re.compile(r"[\w-]+")
_LINKED = re.compile(r"(\w+)_(?:service_host|port_\d+_(?:tcp|udp)(?:_addr)?)\b")
_LINKS = tuple(link.lower() for link in LINKS)


class Mentions:
    """The keys of some addresses."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        unique = frozenset(addresses)
        common = Counter(pair for address in unique for pair in {pair for text in literals(address) for pair in _pairs(text)})
        self._keys = {address: (_UNKNOWN, *_keys(address, common)) for address in unique}
        self._all_keys = frozenset(key for keys in self._keys.values() for key in keys)
        self._tokens = frozenset(key[1] if key[0] == "joined" else key[-1] for key in self._all_keys)

    def keys_of(self, address: Address) -> tuple[Key, ...]:
        """Return the keys of an address; an object that uses the address has one of them."""
        return self._keys.get(address, (EVERY,))

    def in_object(self, content: Mapping[str, Any], namespace: str) -> set[Key]:
        """Return the keys of an object. namespace: that of an object that sets none."""
        home = text_at(content, "metadata", "namespace") or namespace
        keys: set[Key] = {EVERY}
        for text in texts_of(content, Variables([content], namespace)):
            if not text.content.isascii():
                return {EVERY, _UNKNOWN}
            lowered = text.content.lower().replace(":-", ": ")  # The default of the shell, as in `${REDIS_HOST:-redis}`.
            tokens = _TOKEN.findall(lowered)
            if not self._tokens.isdisjoint((*tokens, *map(_set_of, tokens))) or any(link in lowered for link in _LINKS):
                keys.update(self._all_keys.intersection(_in_text(lowered, namespace_of(content, text, home))))
        return keys


def _keys(address: Address, common: Counter[Key]) -> Iterator[Key]:
    """Yield the keys of an address. common: the number of addresses with each pair of tokens, of which the rarest is the key."""
    names = [part for pair in (*address.services, *address.stateful_sets) for part in pair]
    if address.node_ports or not all(map(_TOKEN.fullmatch, names)) or not all(map(_pairs, literals(address))):
        yield EVERY
        return
    for name, home in address.services:
        for namespace in (home, None):
            yield "named", namespace, name
            yield "linked", namespace, name.replace("-", "_")
        yield "joined", name, home
        yield "joined", home, name  # `shop/redis` of ingress-nginx.
        yield "partial", name
    for name, home in address.stateful_sets:
        yield from (("named", namespace, f"{name}-") for namespace in (home, None))
        yield "joined", f"{name}-", home
    for text in literals(address):
        yield min(_pairs(text), key=lambda pair: common[pair])


def _in_text(lowered: str, namespace: str | None) -> Iterator[Key]:
    pod, before, end = "", "", 0
    for match in _TOKEN.finditer(lowered):
        token, between = match[0], lowered[end : match.start()]
        end = match.end()
        yield "named", namespace, token
        yield "named", namespace, _set_of(token)
        yield "joined", pod, token
        if between and not between.strip(".:/"):
            yield "joined", before, token
        if lowered.startswith((".$", ".{", ".%", ".<"), end):
            yield "partial", token
        pod, before = _set_of(before), token
    for match in _LINKED.finditer(lowered):
        yield "linked", namespace, match[1]


def _set_of(token: str) -> str:
    """Return the token of a pod without its number, as in `redis-`, or one that ends with a placeholder for it."""
    name = token.rstrip("0123456789")
    return name if name.endswith("-") else ""


def _pairs(text: str) -> list[Key]:
    """Return each two neighbouring tokens of a host or an IP address."""
    return [("joined", *pair) for pair in pairwise(_TOKEN.findall(text.lower()))]
