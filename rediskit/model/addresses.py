"""IPv4 addresses, the networks that may connect, and the range that a MetalLB pool owns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, ClassVar

from rediskit.model.base import Text, Written, refuse, shown

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_PREFIX = r"(?:3[0-2]|[12]?[0-9])"
_WIDEST = 8
"""10.0.0.0/8 is the widest private network (RFC 1918): a shorter prefix always holds public addresses."""


def _cidr(text: str) -> str:
    network = IPv4Network(text, strict=False)
    if network.prefixlen == 0:
        refuse(f"{text} lets the whole Internet in", "name the private network, like 192.168.4.0/24")
    if network.prefixlen < _WIDEST:
        refuse(f"{text} lets a part of the Internet in", "name the private network, like 192.168.4.0/24")
    if str(network.network_address) != text.split("/")[0]:
        refuse(f"{text} has host bits set", f"did you mean {network}?")
    return str(network)


IPv4 = Annotated[str, Text(_IPV4, 0, "an IPv4 address", "write it like 192.168.4.203: MetalLB and the source ranges here are IPv4")]
Cidr = Annotated[str, Text(rf"{_IPV4}(?:/{_PREFIX})?", 0, "an IPv4 network", "write it like 192.168.4.0/24", _cidr)]
"""An IPv4 network of private size; one address alone is that address, `/32`."""


@dataclass(frozen=True)
class AddressRange(Written):
    """IPv4 addresses from first to last, both included, as MetalLB writes a pool: `a.b.c.d-a.b.c.e` or a CIDR.

    Equal when the addresses are. Raises ValueError when the text is neither.
    """

    text: str = field(compare=False)
    first: IPv4Address = field(init=False, repr=False)
    last: IPv4Address = field(init=False, repr=False)
    pattern: ClassVar[str] = rf"{_IPV4} ?- ?{_IPV4}|{_IPV4}/{_PREFIX}"
    what: ClassVar[str] = "a range of IPv4 addresses"
    hint: ClassVar[str] = "write it like 192.168.4.200-192.168.4.210 or 192.168.4.192/27"

    def __post_init__(self) -> None:
        if not re.fullmatch(self.pattern, self.text, re.ASCII):
            raise ValueError(f"{shown(self.text)} is not {self.what}")
        first, last = self._ends()
        if last < first:
            raise ValueError(f"{self.text} ends before it begins")
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "last", last)

    def _ends(self) -> tuple[IPv4Address, IPv4Address]:
        if "-" in self.text:
            first, last = (IPv4Address(part.strip()) for part in self.text.split("-"))
            return first, last
        network = IPv4Network(self.text, strict=False)
        if str(network.network_address) != self.text.split("/")[0]:
            raise ValueError(f"{self.text} has host bits set; did you mean {network}?")
        return network.network_address, network.broadcast_address

    def __contains__(self, address: str) -> bool:
        return self.first <= IPv4Address(address) <= self.last
