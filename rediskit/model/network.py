"""Access from the private network: a LoadBalancer Service with an address from a MetalLB pool."""

from pydantic import Field, ValidationInfo, field_validator

from rediskit.model.addresses import AddressRange, Cidr, IPv4
from rediskit.model.base import Model, refuse
from rediskit.model.types import DnsLabel, ExactVersion, Line


class Pool(Model):
    """The MetalLB IPAddressPool of the address."""

    name: DnsLabel
    """The name of the IPAddressPool."""
    addresses: AddressRange
    """The addresses of the pool: first-last, or a CIDR."""
    taken: dict[IPv4, Line] = Field(default_factory=dict)
    """Addresses of the pool that are in use: address to user."""


class Network(Model):
    """External access. Without this section, Redis is reachable inside the cluster only."""

    pool: Pool
    """The pool of the address."""
    address: IPv4
    """The external address of Redis."""
    allow: tuple[Cidr, ...] = Field(json_schema_extra={"minItems": 1})
    """The networks from which clients may connect."""
    metallb: ExactVersion = "0.15.3"
    """The MetalLB version in the cluster. It decides the annotation prefix, which 0.14.9 changed."""

    @field_validator("allow")
    @classmethod
    def _is_not_empty(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        if not allow:
            refuse("network-allow", "the list of networks is empty", "add a network, like 192.168.4.0/24, or remove the network section")
        return allow

    @field_validator("address")
    @classmethod
    def _is_free(cls, address: str, info: ValidationInfo) -> str:
        pool = info.data.get("pool")
        if pool and address not in pool.addresses:
            refuse("network-pool", f"{address} is outside pool {pool.name} ({pool.addresses})", "choose an address in the pool")
        if pool and address in pool.taken:
            hint = f"choose another address of pool {pool.name} ({pool.addresses})"
            refuse("network-pool", f"{address} is used by {pool.taken[address]}", hint)
        return address

    @property
    def annotation_prefix(self) -> str:
        """`metallb.io` since MetalLB 0.14.9, `metallb.universe.tf` before (https://metallb.io/release-notes/)."""
        numbers = tuple(int(part) for part in self.metallb.split("-")[0].split("+")[0].split("."))
        return "metallb.io" if numbers >= (0, 14, 9) else "metallb.universe.tf"
