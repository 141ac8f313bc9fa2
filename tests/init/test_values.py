"""The address in a value, as a template without any user or password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit.init.values import address_of, listed_address


@pytest.mark.parametrize(
    ("value", "template", "host", "port", "database"),
    [
        ("redis://redis:6379/0", "redis://:${password}@${address}/${database}", "redis", 6379, 0),
        ("redis://redis", "redis://:${password}@${address}", "redis", None, None),
        ("redis://:word@redis:6379/2", "redis://:${password}@${address}/${database}", "redis", 6379, 2),
        ("redis://word@redis.shop.svc/", "redis://:${password}@${address}/", "redis.shop.svc", None, None),
        ("redis://shop:word@redis", "redis://${username}:${password}@${address}", "redis", None, None),
        ("redis://:wo@rd@redis:1", "redis://:${password}@${address}", "redis", 1, None),
        ("redis://:$(REDIS_PASSWORD)@redis:6379/1", "redis://:${password}@${address}/${database}", "redis", 6379, 1),
        ("valkey://10.0.0.7:1", "valkey://:${password}@${address}", "10.0.0.7", 1, None),
        ("tcp://redis:6379?auth=word&timeout=2.5", "tcp://${address}?auth=${password}&timeout=2.5", "redis", 6379, None),
        ("redis://redis/0?pool_size=100&idle_timeout=180s", "redis://:${password}@${address}/${database}?pool_size=100&idle_timeout=180s",
         "redis", None, 0),
        ("redis://redis?db=3", "redis://:${password}@${address}?db=${database}", "redis", None, 3),
        ("redis:6379", "${address}", "redis", 6379, None),
        ("Redis.shop:6379/4", "${address}/${database}", "redis.shop", 6379, 4),
        ("redis:6379,password=word,ssl=True,connectTimeout=500", "${address},password=${password},ssl=false,connectTimeout=500",
         "redis", 6379, None),
        ("redis:6379,defaultDatabase=2", "${address},password=${password},defaultDatabase=${database}", "redis", 6379, 2),
    ],
)  # fmt: skip
def test_an_address_becomes_a_template(value: str, template: str, host: str, port: int | None, database: int | None) -> None:
    address = address_of(value)
    assert address
    assert (address.template, address.host, address.port, address.database) == (template, host, port, database)
    assert address.questions == ()


@pytest.mark.parametrize(
    ("value", "template", "question"),
    [
        ("rediss://redis:6380/0", "redis://:${password}@${address}/${database}", "TLS"),
        ("redis+sentinel://a:26379,b:26379/0?master_name=m", "redis://:${password}@${address}/${database}", "Sentinel"),
        ("redis://a:1,b:2", "redis://:${password}@${address}", "several servers"),
        ("redis://redis?client_name=word", "redis://:${password}@${address}", "could be secret"),
        ("redis:6379,name=word", "${address},password=${password}", "could be secret"),
    ],
)
def test_what_the_shared_redis_does_not_offer_is_a_question(value: str, template: str, question: str) -> None:
    address = address_of(value)
    assert address
    assert address.template == template
    assert question in address.questions[0]


@pytest.mark.parametrize(
    "value", ["redis", "", "https://redis.example.com", "postgres://a:b@db/shop", "two words", "redis://[broken", "redis:6379:word"]
)
def test_any_other_value_has_no_address(value: str) -> None:
    assert address_of(value) is None


def test_a_list_of_connections_has_an_address() -> None:
    address = listed_address("local:redis:6379:0:word")
    assert address
    assert address.template == "local:${host}:${port}:0:${password}"
    assert listed_address("redis:6379") is None


@given(st.text("abcXYZ019-_.~%+ @/?&=,", min_size=6, max_size=30), st.sampled_from(["redis://:{}@redis:6379/2", "redis://a:{}@redis", "tcp://redis:1?auth={}",
       "redis://redis?password={}", "redis:6379,password={}", "redis://redis/0?x={}"]))  # fmt: skip
def test_no_template_contains_a_password_of_the_value(word: str, form: str) -> None:
    address = address_of(form.format(f"q7{word}7q"))
    assert address is None or word not in address.template
