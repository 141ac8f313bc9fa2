"""A pattern is compiled only for a text that can contain its form, and no match is lost by that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.usage.address import Address, parse
from rediskit.usage.patterns import Forms, patterns
from tests.usage.test_mentions import OTHERS, PARTS, REDIS

SETS = REDIS._replace(node_ports=(), stateful_sets=(("node", "shop"), ("cache", "app1")))
ADDRESSES = (REDIS, REDIS._replace(node_ports=()), SETS, OTHERS[1], parse("fd00:43::9", "shop"), parse("redis.home.lan", "shop"))
FORMS = (
    *("redis", "redis.", "redis:6379", "redis-0.redis", "_redis._tcp.redis", "_REDIS._TCP.redis", "${HOST:-redis}", "//redis/0", "redis.<"),
    *("redis.shop", "shop/redis:6379", "redis-0.redis.shop", "redis.$(NS)", "redis.${NS}", "redis.{{ .ns }}", "redis.%s", "-h redis"),
    *("$REDIS_SERVICE_HOST", "'REDIS_PORT_6379_TCP_ADDR", "<host>redis</host>", "HOST=redis", "host: redis", "--host,redis", "redis|"),
    *("node-0.redis", "node-0.x-headless:6379", "cache-1.old.app1.svc", "x-7.redis.shop", "node-$i.x", "x-$i.redis", "a-0.redis.${NS}"),
    *("/dev/tcp/redis/6379", "10.43.7.9", "fd00:43::9", "redis.home.lan", "node-1:31379"),
)
"""Each form that the patterns match."""
NEW_HOST = "redis-shared-master.redis.svc.cluster.local"
BESIDE = st.lists(st.sampled_from((*PARTS, "[", "]", ",", "\\", "?", "x", "Redis")), max_size=2).map("".join)


@settings(max_examples=500, deadline=None)
@given(
    text=st.tuples(BESIDE, st.sampled_from(FORMS), BESIDE).map("".join),
    address=st.sampled_from(ADDRESSES),
    namespace=st.sampled_from(("shop", "app1", None)),
)
def test_no_pattern_matches_a_text_that_can_not_contain_its_form(text: str, address: Address, namespace: str | None) -> None:
    known = patterns(address, namespace, frozenset({"REDIS_HOST"}))
    for name, form in known.forms_in(text)._asdict().items():
        pattern = getattr(known, name)
        if form is None and pattern is not None:
            assert not pattern.search(text), name
            assert not pattern.fullmatch(text.strip().strip("\"'").rstrip(".").lower()), name


@pytest.mark.parametrize("text", [NEW_HOST, f"{NEW_HOST}.", "redis-shared", "my-redis", "redis_cache", "REDIS_PASSWORD"])
@pytest.mark.parametrize("address", [parse("redis", "shop"), parse("redis.shop.svc", "shop")])
def test_the_host_of_another_redis_needs_no_pattern(text: str, address: Address) -> None:
    assert patterns(address, "shop").forms_in(text) == Forms(None, None, None, None, None)
