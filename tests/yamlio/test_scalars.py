"""Plain scalars: booleans, null and numbers; everything else is text."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import Float, Int, plain

TEXTS = (
    "022 00 12:30 on off yes no y n True TRUE False Null NULL 1e3 1.5e3 0x1F 0o17 0b1 1_000 2024-01-01 2024-01-01T00:00:00Z .5 1. +1 +1.5"
    " 1234e56 .inf .nan = 1.2.3 0.15.3 192.168.4.203 192.168.4.0/24 1Gi 500m 01.5 -.5 --1 1- -01 9223372036854775808"
    " -9223372036854775809 ٣ 1\N{FULLWIDTH DIGIT ONE} x\N{NO-BREAK SPACE} \N{GRINNING FACE}"
)


def value(text: str) -> Any:
    return read(f"a: {text}\n".encode(), "f").data["a"]


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("# x", None)])
def test_five_words_are_not_text(text: str, expected: bool | None) -> None:
    assert value(text) is expected


@pytest.mark.parametrize("text", ["0", "-0", "7", "-12", "6379", "9223372036854775807", "-9223372036854775808"])
def test_whole_numbers_keep_their_text(text: str) -> None:
    number = value(text)
    assert type(number) is Int
    assert number == int(text)
    assert number.text == text


@pytest.mark.parametrize("text", ["0.5", "-0.25", "1.30", "1.0", "10.10", "0.00", f"0.{'3' * 32}"])
def test_decimal_numbers_keep_their_text(text: str) -> None:
    number = value(text)
    assert type(number) is Float
    assert number == float(text)
    assert number.text == text


@pytest.mark.parametrize("text", TEXTS.split(" "))
def test_other_scalars_are_text(text: str) -> None:
    assert value(text) == text
    assert type(value(text)) is str


@pytest.mark.parametrize("digits", [33, 5_000, 500_000])
def test_a_number_too_long_to_be_one_is_text(digits: int) -> None:
    """Python refuses to parse an int of more than 4,300 digits."""
    for text in ("1" * digits, "-" + "9" * digits, "1" * digits + ".5", "0." + "3" * digits):
        assert value(text) == text


@pytest.mark.parametrize("text", ['"1"', "'true'", '"null"', "''", '"1.30"', "'<<'", "'~'"])
def test_quoted_scalars_are_text(text: str) -> None:
    assert value(text) == text[1:-1]
    assert type(value(text)) is str


def test_block_scalars_are_text() -> None:
    assert read(b"a: |\n  1\nb: >-\n  true\n", "f").data == {"a": "1\n", "b": "true"}


@pytest.mark.parametrize("number", [Int("-0"), Int("6379"), Float("1.30")])
def test_numbers_survive_copying(number: Int | Float) -> None:
    for other in (copy.deepcopy(number), copy.copy(number), pickle.loads(pickle.dumps(number))):
        assert (type(other), other, other.text) == (type(number), number, number.text)


def test_plain_forgets_the_texts() -> None:
    data = plain(read(b"a: [1, 1.30, {b: -2}, x, true, null]\n", "f").data)
    assert data == {"a": [1, 1.3, {"b": -2}, "x", True, None]}
    assert [type(item) for item in data["a"]] == [int, float, dict, str, bool, type(None)]
    assert type(data["a"][2]["b"]) is int
