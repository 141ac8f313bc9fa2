"""The constrained text types: accepted and refused texts, and numbers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rediskit.checks.schema import kubernetes_versions
from rediskit.model import types
from rediskit.model.addresses import AddressRange, Cidr, IPv4
from rediskit.yamlio.scalars import Float, Int

LABEL_63, LABEL_64 = "a" * 63, "a" * 64
DIGEST = "sha256:" + "0123456789abcdef" * 4

TEXTS: dict[str, tuple[Any, list[str], list[str]]] = {
    "DnsLabel": (types.DnsLabel, ["a", "0", "redis-shared", "a--b", LABEL_63], ["", "A", "-a", "a-", "a.b", "a_b", "ä", "a\n", LABEL_64]),
    "DnsName": (types.DnsName, ["redis", "redis.shop.svc", "a.0", "a" * 253], ["", ".", "a.", ".a", "a..b", "A.b", "a_b", "a" * 254]),
    "ReleaseName": (types.ReleaseName, ["redis", "a-1", "a" * 37], ["", "1redis", "Redis", "redis-", "a.b", "a" * 38]),
    "LabelKey": (
        types.LabelKey,
        ["name", "app.kubernetes.io/name", "A_b.c-d", "a" * 63, f"example.org/{LABEL_63}"],
        ["", "/name", "a/", "a/b/c", "Example.org/name", "a b", "-a", LABEL_64, f"example.org/{LABEL_64}", f"{'a' * 254}/b" + "c" * 63],
    ),
    "LabelValue": (types.LabelValue, ["", "a", "A_b.c-d", "0", "1.10", LABEL_63], ["-a", "a-", ".a", "a b", "a/b", "ä", LABEL_64]),
    "NonEmptyLabelValue": (types.NonEmptyLabelValue, ["kube-prometheus-stack"], ["", "a b"]),
    "SecretKey": (types.SecretKey, ["redis-password", "a.b", ".env", "A_1"], ["", ".", "..", "..a", "a/b", "a b", "ä"]),
    "EnvName": (types.EnvName, ["REDIS_HOST", "_a", "a1"], ["", "1A", "REDIS-HOST", "REDIS.HOST", "A B", "Ä"]),
    "ObjectReference": (
        types.ObjectReference,
        ["Deployment/redis", "ConfigMap/redis.conf"],
        ["", "redis", "deployment/redis", "A/B", "A/b/c", "/a"],
    ),
    "DeployingObject": (
        types.DeployingObject,
        ["Application/argocd/shop", "Kustomization/flux-system/apps", "HelmRelease/shop/shop.web"],
        ["", "Application/shop", "Deployment/argocd/shop", "application/argocd/shop", "Application/ARGOCD/shop", "HelmRelease/a.b/shop"],
    ),
    "VersionRange": (
        types.VersionRange,
        [">=0.1,<0.2", "== 1.2.3", ">=0.1, !=0.1.3"],
        ["", "0.1", "^0.1", ">=0.1 <0.2", ">=0.1,", "=>1"],
    ),
    "RedisCommand": (types.RedisCommand, ["FLUSHALL"], ["", "flushall", "FLUSH ALL", "CONFIG|SET"]),
    "SavePoint": (types.SavePoint, ["900 1", "3600 100000"], ["", "900", "0 1", "900 0", "900  1", "900 1 300 10", "9.5 1"]),
    "ValuePath": (types.ValuePath, ["master", "master.newKey", "a-b.c_d"], ["", ".", "master.", ".a", "a..b", "a b", "1a"]),
    "Day": (
        types.Day,
        ["2027-03-31", "9999-12-31", "2028-02-29"],
        ["2027-3-31", "2027-02-29", "31.03.2027", "2027-03-31T00:00:00Z", "0000-01-01"],
    ),
    "FindingCode": (
        types.FindingCode,
        ["frozen-image", "schema", "a1-b2"],
        ["Frozen-image", "frozen_image", "-image", "image-", "", "x" * 65],
    ),
    "Timestamp": (
        types.Timestamp,
        ["2026-03-01T22:00:00-03:00", "2026-03-01T22:00Z", "2024-02-29T00:00:00+14:00"],
        [
            "",
            "2026-03-01",
            "2026-03-01T22:00:00",
            "2026-03-01 22:00:00Z",
            "2026-3-1T22:00Z",
            "2026-02-29T00:00Z",
            "2026-04-31T00:00Z",
            "2026-13-01T00:00Z",
            "2026-01-00T00:00Z",
            "2026-01-01T24:00Z",
            "0000-01-01T00:00Z",
            "2026-01-01T00:60Z",
            "1767225600",
        ],
    ),
    "KubernetesVersion": (
        types.KubernetesVersion,
        list(types.KUBERNETES_VERSIONS),
        ["", "1", "1.3", "1.30", "1.99", "v1.34", "1.34.1", "01.34"],
    ),
    "ExactVersion": (
        types.ExactVersion,
        ["23.2.12", "0.14.9", "1.0.0-rc.1", "1.0.0+build.5"],
        ["", "23", "23.2", "^23.2.0", "~23.2.0", ">=23.2.0", "23.2.x", "23.*", "v23.2.12", "23.2.12 ", "23.2.12.1", "latest", "1.0.0-"],
    ),
    "ImageTag": (
        types.ImageTag,
        ["", "8", "8.2.1-debian-12-r0", "1234e56", "A_b.c-d", "a" * 128],
        ["latest", "-a", ".a", "a b", "a:b", "a/b", "a" * 129],
    ),
    "Digest": (types.Digest, ["", DIGEST], [DIGEST[7:], DIGEST.upper(), DIGEST[:-1], DIGEST + "0", "sha512:" + "0" * 64]),
    "Registry": (
        types.Registry,
        ["docker.io", "localhost:5000", "registry.example.org:5000/mirror/docker"],
        ["", "https://docker.io", "docker.io/", "Docker.io", "a b", "docker.io:port"],
    ),
    "ImageRepository": (
        types.ImageRepository,
        ["redis", "bitnamilegacy/redis-exporter", "a/b/c", "a__b"],
        ["", "redis:8", "redis@sha256", "Redis", "/redis", "redis/", "a//b", "a___b"],
    ),
    "ChartRepository": (
        types.ChartRepository,
        [
            "oci://registry-1.docker.io/bitnamicharts/redis",
            "oci://localhost:5000/redis",
            "https://charts.example.com",
            "https://h.io/a/B",
            "https://h.io/a/",
        ],
        ["", "registry-1.docker.io/bitnamicharts/redis", "http://charts.example.com", "oci://docker.io", "oci://docker.io/redis:1.0.0"],
    ),
    "GitRepository": (
        types.GitRepository,
        [
            "https://github.com/owner/name.git",
            "http://gitea.local:3000/a/b",
            "git@github.com:owner/name.git",
            "ssh://git@h:22/a.git",
            "file:///srv/a.git",
        ],
        [
            "",
            "github.com/owner/name",
            "https://github.com",
            "https://github.com/",
            "git://a b",
            "https://u:p@h/a",
            "https://token@github.com/a/b",
        ],
    ),
    "GitRevision": (
        types.GitRevision,
        ["main", "v1.2.3", "release/2026-03", "feature/a_b", "HEAD", "0123456789abcdef0123456789abcdef01234567"],
        ["", "/main", "main/", "a..b", "-main", ".hidden", "a b", "a~1", "a//b", "main^"],
    ),
    "TreePath": (types.TreePath, ["rendered/a", "a.b/c_d-e"], ["", "/a", "..", "../a", "a/../b", "a/..", "a b", "a\\b", "~/a*"]),
    "ServerAddress": (
        types.ServerAddress,
        ["https://kubernetes.default.svc", "https://10.0.0.1:6443", "https://[::1]:6443/a"],
        ["", "10.0.0.1", "ftp://a"],
    ),
    "AgeRecipient": (types.AgeRecipient, ["age1" + "q" * 58], ["", "age1", "age1" + "b" * 58, "AGE1" + "Q" * 58, "age1" + "q" * 59]),
    "RelativeFile": (types.RelativeFile, ["a.yaml", "../a b/ä.yaml"], ["", "a\nb", "a\0b", "a" * 1025]),
    "Line": (types.Line, ["a", "two words, ä"], ["", "a\nb", "a\0", "a\x1b[31m"]),
    "Prose": (types.Prose, ["a", "two\nlines\n", "a\tb"], ["", "a\0", "a\x1b[31m"]),
    "IPv4": (
        IPv4,
        ["0.0.0.0", "192.168.4.203", "255.255.255.255"],
        ["", "256.1.1.1", "1.1.1", "01.1.1.1", "1.1.1.1/32", "::1", "1.1.1.1 ", "\u0661.1.1.1"],
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_each_text_type_accepts_and_refuses_its_examples(name: str) -> None:
    kind, good, bad = TEXTS[name]
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    for text in good:
        assert adapter.validate_python(text) == text
    for text in bad:
        with pytest.raises(ValidationError) as error:
            adapter.validate_python(text)
        (line,) = error.value.errors()
        assert line["ctx"]["message"], text
        assert line["ctx"]["hint"], text
        assert "\n" not in line["ctx"]["message"] + line["ctx"]["hint"], text


def test_each_text_type_has_examples() -> None:
    own = {
        name for name, value in vars(types).items() if getattr(value, "__metadata__", None) and getattr(value, "__origin__", None) is str
    }
    assert own - set(TEXTS) == {"Prefix"}, "a label of 40 characters, nothing else"


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (types.KubernetesVersion, "1.34"),
        (types.ImageTag, "8.20"),
        (types.GitRevision, "1.30"),
        (types.LabelValue, "10"),
        (types.ImageTag, "0"),
    ],
)
def test_a_number_keeps_its_text(kind: Any, written: str) -> None:
    number = Float(written) if "." in written else Int(written)
    assert TypeAdapter(kind).validate_python(number) == written
    assert type(TypeAdapter(kind).validate_python(number)) is str


@pytest.mark.parametrize("value", [None, True, False, [], ["a"], {}, {"a": 1}, b"a", object()])
def test_the_message_contains_the_kind_of_a_wrong_value(value: Any) -> None:
    with pytest.raises(ValidationError, match=r"expected a DNS label, found (nothing|a boolean|a list|a mapping|bytes|object)"):
        TypeAdapter(types.DnsLabel).validate_python(value)


def test_output_paths_are_normalized() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(types.TreePath)
    assert {adapter.validate_python(text) for text in ("a/b", "./a/b", "a/b/", "a//b", "a/./b")} == {"a/b"}


def test_the_versions_of_kubernetes_are_those_with_schemas() -> None:
    assert kubernetes_versions() == types.KUBERNETES_VERSIONS


NETWORKS = {
    "192.168.4.0/24": "192.168.4.0/24",
    "10.0.0.0/8": "10.0.0.0/8",
    "10.1.2.3/32": "10.1.2.3/32",
    "10.1.2.3": "10.1.2.3/32",
}


def test_networks() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Cidr)
    assert {text: adapter.validate_python(text) for text in NETWORKS} == NETWORKS
    for text, words in {
        "192.168.4.7/24": "has host bits set",
        "0.0.0.0/0": "contains the whole Internet",
        "1.2.3.4/0": "contains the whole Internet",
        "0.0.0.0/1": "contains public addresses",
        "8.0.0.0/7": "contains public addresses",
        "192.168.4.0/33": "is not an IPv4 network",
        "192.168.4/24": "is not an IPv4 network",
        "192.168.4.0/255.255.255.0": "is not an IPv4 network",
        "fd00::/8": "is not an IPv4 network",
        "": "is not an IPv4 network",
    }.items():
        with pytest.raises(ValidationError, match=words):
            adapter.validate_python(text)


def test_address_ranges() -> None:
    pool = AddressRange("192.168.4.200-192.168.4.210")
    assert [str(address) for address in (pool.first, pool.last)] == ["192.168.4.200", "192.168.4.210"]
    assert "192.168.4.200" in pool
    assert "192.168.4.210" in pool
    assert "192.168.4.199" not in pool
    assert "192.168.4.211" not in pool
    assert AddressRange("10.0.0.5-10.0.0.5").first == AddressRange("10.0.0.5/32").last
    network = AddressRange("192.168.4.192/27")
    assert network == AddressRange("192.168.4.192 - 192.168.4.223") == AddressRange("192.168.4.192-192.168.4.223")
    assert hash(network) == hash(AddressRange("192.168.4.192-192.168.4.223"))
    assert network != pool
    assert str(AddressRange("192.168.4.192 - 192.168.4.223")) == "192.168.4.192 - 192.168.4.223"


@pytest.mark.parametrize(
    "text", ["", "192.168.4.200", "192.168.4.200-210", "a-b", "192.168.4.200-192.168.4.210-192.168.4.220", "10.0.0.0/255.0.0.0"]
)
def test_other_texts_are_not_ranges(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range of IPv4 addresses"):
        AddressRange(text)


def test_a_reversed_range_and_host_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="is below the first"):
        AddressRange("10.0.0.2-10.0.0.1")
    with pytest.raises(ValueError, match=r"did you mean 192.168.4.192/27"):
        AddressRange("192.168.4.200/27")


def test_ranges_are_frozen() -> None:
    pool = AddressRange("10.0.0.0/28")
    with pytest.raises(AttributeError, match="AddressRange is frozen"):
        pool.first = pool.last
    assert copy.deepcopy(pool) == pool


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_a_range_contains_the_addresses_from_first_to_last(value: Any, other: Any, address: Any) -> None:
    first, last = sorted((value, other))
    assert (str(address) in AddressRange(f"{first}-{last}")) == (first <= address <= last)
