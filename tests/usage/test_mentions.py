"""The index of texts finds every object that can use one of many addresses, and few others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit.usage.address import Address, parse
from rediskit.usage.finder import uses
from rediskit.usage.mentions import Mentions
from rediskit.usage.services import completed
from tests.usage.test_corpus import SERVICE, cases, deployment

REDIS = completed(parse("redis", "shop"), [SERVICE], "shop")
OTHERS = [parse("redis", f"app{number}") for number in range(50)]
PARTS = (
    *("redis", "redis-0", "shop", "app1", "svc", "10.43.7.9", "10", "43", "fd00:43::9", "fd00:0043:0000:0000:0000:0000:0000:0009"),
    *(
        ".",
        ":",
        "/",
        "//",
        "-",
        "@",
        " ",
        "=",
        "$(NS)",
        "$(",
        "{{",
        ":-",
        "${HOST:-",
        '"',
        "<",
        "6379",
        "31379",
        "_redis._tcp",
        "\u017f",
        "\u212a",
    ),
    *("node-0", "node-", "x-1", "$i", "-headless"),
    *("REDIS", "REDIS_SERVICE_HOST", "redis_PORT_6379_TCP_ADDR", "\n", "host", "-h", "redis.home.lan", "cache.home.lan", "home"),
)


def mentions(mention: Mentions, content: dict[str, Any], address: Address) -> bool:
    return not mention.in_object(content, "shop").isdisjoint(mention.keys_of(address))


@pytest.mark.parametrize("content", list(cases("positives.yaml")))
@pytest.mark.parametrize("address", [REDIS, REDIS._replace(node_ports=())], ids=["node-ports", "names"])
def test_the_index_has_each_object_of_the_corpus(content: dict[str, Any], address: Address) -> None:
    assert not uses([content], address, namespace="shop") or mentions(Mentions([address, *OTHERS]), content, address)


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join), st.sampled_from(("REDIS_HOST", "ARGS", "LABEL")))
def test_the_index_has_each_object_that_a_search_finds(text: str, name: str) -> None:
    content = deployment(env=[{"name": name, "value": text}], args=[text])
    pods = REDIS._replace(node_ports=(), stateful_sets=(("node", "shop"), ("redis", "app1")))
    for part in (REDIS._replace(node_ports=()), REDIS, pods, *OTHERS[:2], parse("fd00:43::9", "shop"), parse("redis.home.lan", "shop")):
        if uses([content], part, namespace="shop"):
            assert mentions(Mentions([part, *OTHERS]), content, part)


def test_the_index_has_few_other_objects() -> None:
    """Each address is that of one object, so a search for all of them in all objects reads each object once."""
    hosts = [f"redis.app{number}" for number in range(40)]
    hosts += [f"10.43.{number}.9" for number in range(40)] + [f"redis.eu{number}.example.com" for number in range(40)]
    addresses = [parse(host, "shop") for host in hosts]
    index = Mentions(addresses)
    for host, address in zip(hosts, addresses, strict=True):
        content = deployment(env=[{"name": "URL", "value": f"redis://{host}:6379/0"}])
        assert [other for other in addresses if mentions(index, content, other)] == [address]
