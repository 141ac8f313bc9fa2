"""IPv4 addresses, networks of clients, and the address range of a MetalLB pool."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, ClassVar

from rediskit.model.base import Text, Written, refuse, shown

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_PREFIX = r"(?:3[0-2]|[12]?[0-9])"
_WIDEST = 8
"""10.0.0.0/8 is the widest private network (RFC 1918): a shorter prefix always contains public addresses."""


def _cidr(text: str) -> str:
    network = IPv4Network(text, strict=False)
    if network.prefixlen < _WIDEST:
        extent = "the whole Internet" if network.prefixlen == 0 else "public addresses"
        refuse("network-allow", f"{text} contains {extent}", "write the private network, like 192.168.4.0/24")
    if str(network.network_address) != text.split("/")[0]:
        refuse("network-allow", f"{text} has host bits set", f"did you mean {network}?")
    return str(network)


IPv4 = Annotated[str, Text(_IPV4, 0, "an IPv4 address", "write it like 192.168.4.203; rediskit supports IPv4 only")]
Cidr = Annotated[str, Text(rf"{_IPV4}(?:/{_PREFIX})?", 0, "an IPv4 network", "write it like 192.168.4.0/24", _cidr)]
"""An IPv4 network of private size. An address without a prefix becomes `/32`."""


@dataclass(frozen=True)
class AddressRange(Written):
    """A range of IPv4 addresses, the last one included, as MetalLB writes a pool: `a.b.c.d-a.b.c.e` or a CIDR.

    Ranges of the same addresses are equal. Raises ValueError when the text has neither form.
    """

    text: str = field(compare=False)
    first: IPv4Address = field(init=False, repr=False)
    last: IPv4Address = field(init=False, repr=False)
    pattern: ClassVar[str] = rf"{_IPV4} ?- ?{_IPV4}|{_IPV4}/{_PREFIX}"
    expected: ClassVar[str] = "a range of IPv4 addresses"
    hint: ClassVar[str] = "write it like 192.168.4.200-192.168.4.210 or 192.168.4.192/27"

    def __post_init__(self) -> None:
        if not re.fullmatch(self.pattern, self.text, re.ASCII):
            raise ValueError(f"{shown(self.text)} is not {self.expected}")
        first, last = self._ends()
        if last < first:
            raise ValueError(f"the last address of {self.text} is below the first")
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
