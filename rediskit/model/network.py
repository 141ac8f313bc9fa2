"""How the private network reaches Redis: a LoadBalancer Service with an address from a MetalLB pool."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from rediskit.model.addresses import AddressRange, Cidr, IPv4
from rediskit.model.base import Model, refuse
from rediskit.model.types import DnsLabel, ExactVersion, Line


class Pool(Model):
    """The MetalLB IPAddressPool that owns the address."""

    name: DnsLabel
    """The name of the IPAddressPool."""
    addresses: AddressRange
    """The addresses of the pool, as MetalLB writes them: first-last, or a network."""
    taken: dict[IPv4, Line] = Field(default_factory=dict)
    """Addresses of the pool that others use: address to who uses it."""


class Network(Model):
    """External access. Left out, Redis is reachable inside the cluster only."""

    pool: Pool
    """The pool that the address is taken from."""
    address: IPv4
    """The address of Redis in the private network."""
    allow: tuple[Cidr, ...] = Field(json_schema_extra={"minItems": 1})
    """The networks whose clients may connect."""
    metallb: ExactVersion = "0.15.3"
    """The version that runs in the cluster: 0.14.9 changed the annotation prefix."""

    @field_validator("allow")
    @classmethod
    def _somebody(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        if not allow:
            refuse("nobody may connect", "name a network, like 192.168.4.0/24, or leave out the whole network section")
        return allow

    @field_validator("address")
    @classmethod
    def _is_free(cls, address: str, info: ValidationInfo) -> str:
        pool = info.data.get("pool")
        if pool and address not in pool.addresses:
            refuse(f"{address} is outside pool {pool.name} ({pool.addresses})", "choose an address inside the pool: MetalLB gives no other")
        if pool and address in pool.taken:
            refuse(f"{address} is taken by {pool.taken[address]}", f"choose another address of pool {pool.name} ({pool.addresses})")
        return address

    @property
    def annotation_prefix(self) -> str:
        """`metallb.io` from MetalLB 0.14.9 on, `metallb.universe.tf` before (metallb release notes, 0.14.9)."""
        numbers = tuple(int(part) for part in self.metallb.split("-")[0].split("+")[0].split("."))
        return "metallb.io" if numbers >= (0, 14, 9) else "metallb.universe.tf"
