"""The constrained texts of a config. Each says in its own words what it wants and how to mend it."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from rediskit.model.base import Text, as_text, refuse, shown

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME_HINT = "lower-case letters, digits and '-', beginning and ending with a letter or a digit"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_HOST = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?"

Flag = Annotated[bool, Strict()]
PlainText = Annotated[str, Text()]
DnsLabel = Annotated[str, Text(_LABEL, 63, "a DNS label", _NAME_HINT)]
"""RFC 1123 label: names of namespaces, Services, clients."""
ReleaseName = Annotated[str, Text(_LABEL, 53, "a Helm release name", _NAME_HINT + "; Helm allows 53 characters")]
DnsName = Annotated[str, Text(rf"{_LABEL}(?:\.{_LABEL})*", 253, "a DNS name", _NAME_HINT + ", in parts joined by '.'")]
"""RFC 1123 subdomain: names of Secrets and Deployments, host names."""
LabelKey = Annotated[
    str,
    Text(
        rf"(?:{_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?",
        317,
        "a label key",
        "like app.kubernetes.io/name",
    ),
]
LabelValue = Annotated[
    str, Text(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?", 63, "a label value", "letters, digits, '-', '_' and '.', 63 at most")
]
SecretKey = Annotated[str, Text(r"[-._a-zA-Z0-9]+", 253, "a key of a Secret", "letters, digits, '-', '_' and '.'")]
EnvName = Annotated[
    str, Text(r"[A-Za-z_][A-Za-z0-9_]*", 0, "the name of an environment variable", "letters, digits and '_', no digit first")
]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
Count = Annotated[int, Strict(), Field(ge=0, le=1000)]
StorageClass = DnsName
RelativeFile = Annotated[str, Text(r"[^\0\n\r]+", 1024, "a path", "a path relative to the config file")]
ObjectReference = Annotated[str, Text(rf"[A-Z][A-Za-z]*/{_LABEL}(?:\.{_LABEL})*", 300, "a reference to an object", "write it as Kind/name")]
RedisCommand = Annotated[str, Text(r"[A-Z]+", 0, "a Redis command", "write it in capitals, like FLUSHALL")]
SavePoint = Annotated[str, Text(r"[1-9][0-9]* [1-9][0-9]*", 0, "a save point", "write seconds and changes, like 900 1")]
Timestamp = Annotated[
    str,
    Text(
        r"\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
        0,
        "a time with its offset",
        "write it as in RFC 3339, like 2026-03-01T22:00:00-03:00",
    ),
]

KUBERNETES_VERSIONS = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""The minor versions whose schemas are vendored in rediskit/data/schemas."""


def _kubernetes(text: str) -> str:
    if text not in KUBERNETES_VERSIONS:
        refuse(f"no schemas for Kubernetes {shown(text)}", f"known: {', '.join(KUBERNETES_VERSIONS)}")
    return text


KubernetesVersion = Annotated[str, Text(r"[0-9]+\.[0-9]+", 0, "a minor version of Kubernetes", "write it like 1.34", _kubernetes)]


def _exact(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", text):
        refuse(
            f"{shown(text)} is not one exact version",
            "a range makes two renders of one commit differ: write all three numbers, like 23.2.12",
        )
    return text


ExactVersion = Annotated[str, Text(r"[^\s]+", 64, "a version", "like 23.2.12", _exact)]


def _tag(text: str) -> str:
    if text == "latest":
        refuse("latest is a different image every week", "name the tag, or pin the image by digest")
    return text


ImageTag = Annotated[str, Text(r"(?:\w[\w.-]*)?", 128, "an image tag", "like 8.2.1-debian-12-r0", _tag)]
Digest = Annotated[str, Text(r"(?:sha256:[0-9a-f]{64})?", 71, "an image digest", "sha256: and 64 hexadecimal digits")]
Registry = Annotated[
    str, Text(rf"{_HOST}(?:/[a-z0-9._/-]+)?", 255, "a registry", "a host such as docker.io, with a port and a path where it has them")
]
ImageRepository = Annotated[
    str,
    Text(r"[a-z0-9]+(?:(?:[._-]|__|/)[a-z0-9]+)*", 255, "an image repository", "like bitnamilegacy/redis; the tag has a key of its own"),
]
OciRepository = Annotated[
    str, Text(rf"oci://{_HOST}(?:/[a-z0-9._-]+)+", 255, "an OCI chart repository", "like oci://registry-1.docker.io/bitnamicharts/redis")
]
GitRepository = Annotated[
    str,
    Text(
        r"(?:https?://[^\s@:/]+(?::[0-9]+)?/\S+|ssh://\S+|file:///\S+|[\w.-]+@[\w.-]+:\S+)",
        2048,
        "the address of a Git repository",
        "like https://github.com/owner/name.git, as Argo CD or Flux reaches it",
    ),
]
GitRevision = Annotated[str, Text(r"[\w./-]+", 255, "a Git branch, tag or commit", "like main")]


def _tree_path(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        refuse(f"{shown(text)} leaves the Git repository", "write it relative to the root of the repository, without ..")
    return text.strip("/").removeprefix("./")


TreePath = Annotated[str, Text(r"[\w./-]+", 1024, "a path inside a Git repository", "like rendered/chocolandia", _tree_path)]


def _cidr(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        refuse(f"{shown(text)} is not an IPv4 network", "write it like 192.168.4.0/24")
    if network.prefixlen == 0:
        refuse(f"{text} lets the whole Internet in", "name the private network, like 192.168.4.0/24")
    if str(network.network_address) != text.split("/")[0]:
        refuse(f"{text} has host bits set", f"did you mean {network}?")
    return str(network)


IPv4 = Annotated[str, Text(_IPV4, 0, "an IPv4 address", "like 192.168.4.203; MetalLB and the source ranges here are IPv4")]
Cidr = Annotated[str, Text(r"[0-9./]+", 0, "an IPv4 network", "write it like 192.168.4.0/24", _cidr)]


class AddressRange:
    """IPv4 addresses from first to last, both included, as MetalLB writes a pool: `a.b.c.d-a.b.c.e` or a CIDR."""

    __slots__ = ("first", "last", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if "-" in text:
            first, last = (ipaddress.IPv4Address(part.strip()) for part in text.split("-", 1))
        else:
            network = ipaddress.IPv4Network(text)
            first, last = network.network_address, network.broadcast_address
        if last < first:
            raise ValueError("the range ends before it begins")
        self.first, self.last = first, last

    def __contains__(self, address: str) -> bool:
        return self.first <= ipaddress.IPv4Address(address) <= self.last

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"AddressRange({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AddressRange) and (self.first, self.last) == (other.first, other.last)

    def __hash__(self) -> int:
        return hash((self.first, self.last))

    @classmethod
    def _validate(cls, value: Any) -> AddressRange:
        if isinstance(value, cls):
            return value
        text = as_text(value)
        try:
            return cls(text)
        except (ValueError, TypeError, AttributeError):
            refuse(f"{shown(str(text))} is not a range of IPv4 addresses", "write it like 192.168.4.200-192.168.4.210 or 192.168.4.192/27")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": rf"^(?:{_IPV4} ?- ?{_IPV4}|{_IPV4}/[0-9]{{1,2}})$"}
