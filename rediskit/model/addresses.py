"""IPv4 addresses, networks of clients, and the address range of a MetalLB pool."""

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from rediskit.model.base import Text, Written, refuse

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


class AddressRange(Written):
    """A range of IPv4 addresses, the last one included, as MetalLB writes a pool: `a.b.c.d-a.b.c.e` or a CIDR.

    Ranges of the same addresses are equal. Raises ValueError when the text has neither form.
    """

    first: IPv4Address
    last: IPv4Address
    pattern = rf"{_IPV4}(?: ?- ?{_IPV4}|/{_PREFIX})"
    expected = "a range of IPv4 addresses"
    hint = "write it like 192.168.4.200-192.168.4.210 or 192.168.4.192/27"

    @classmethod
    def _parsed(cls, text: str) -> dict[str, Any]:
        first, separator, last = text.partition("-")
        if separator:
            ends = {"first": IPv4Address(first.strip()), "last": IPv4Address(last.strip())}
            if ends["last"] < ends["first"]:
                raise ValueError(f"the last address of {text} is below the first")
            return ends
        network = IPv4Network(text, strict=False)
        if str(network.network_address) != text.split("/")[0]:
            raise ValueError(f"{text} has host bits set; did you mean {network}?")
        return {"first": network.network_address, "last": network.broadcast_address}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AddressRange) and (self.first, self.last) == (other.first, other.last)

    def __hash__(self) -> int:
        return hash((self.first, self.last))

    def __contains__(self, address: str) -> bool:
        return self.first <= IPv4Address(address) <= self.last
