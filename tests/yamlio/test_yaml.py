"""The YAML writer: Python readers return the written data; layout; refused data."""

from __future__ import annotations

import json
import math
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.yamlio import writer
from rediskit.yamlio.scalars import Float, Int
from rediskit.yamlio.writer import dump
from tests.yamlio.yaml_cases import CHARACTERS, KNOWN, NUMBER_LIKE, READERS

nasty = st.one_of(st.text(CHARACTERS, max_size=8), st.text(max_size=20), st.sampled_from(KNOWN))
whole = st.integers(-(2**63), 2**64 - 1)
scalars = st.one_of(st.none(), st.booleans(), whole, st.floats(allow_nan=False, allow_infinity=False), nasty)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(nasty, inner, max_size=4), max_leaves=20)


every_reader = pytest.mark.parametrize("reader", READERS)


def same(left: Any, other: Any) -> bool:
    """Return whether two values are equal in value, type (1 is not 1.0 or True) and order of keys."""
    return json.dumps(left) == json.dumps(other)


def everywhere(texts: list[str]) -> dict[str, Any]:
    """Return the texts as values, keys and items."""
    keys = {text: text for text in texts}
    deep = [[text, [[text], {"a": text, "b": [{text: text}, [{text: [text]}]]}]] for text in texts]
    values = {f"k{n}": text for n, text in enumerate(texts)}
    return {"values": values, "keys": keys, "lists": [texts, [texts], keys, deep], "end": texts[-1]}


@every_reader
def test_known_strings_come_back(reader: str) -> None:
    document = everywhere(KNOWN)
    assert same(READERS[reader](dump(document)), document)


@every_reader
def test_whatever_looks_like_a_number_comes_back(reader: str) -> None:
    assert READERS[reader](dump({"a": NUMBER_LIKE})) == {"a": NUMBER_LIKE}


@every_reader
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(nasty, min_size=1, max_size=6))
def test_any_string_comes_back(reader: str, texts: list[str]) -> None:
    document = everywhere(texts)
    assert same(READERS[reader](dump(document)), document)


@every_reader
@settings(max_examples=150, deadline=None)
@given(document=st.dictionaries(nasty, trees, max_size=4))
def test_any_document_comes_back_and_writes_the_same_again(reader: str, document: dict[str, Any]) -> None:
    text = dump(document)
    back = READERS[reader](text)
    assert same(back, document)
    assert dump(json.loads(json.dumps(back))) == text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    events = list(pyyaml.parse(text, pyyaml.CSafeLoader))
    assert not any(getattr(event, "anchor", None) or getattr(event, "tag", None) for event in events)
    assert not any(getattr(event, "explicit", None) for event in events if isinstance(event, pyyaml.DocumentStartEvent))


@settings(max_examples=200, deadline=None)
@given(document=st.dictionaries(nasty, trees, max_size=4))
def test_what_was_written_before_changes_nothing(document: dict[str, Any]) -> None:
    warm = dump(document), dump(document)
    writer._line.cache_clear()
    writer._key.cache_clear()
    assert (dump(document), dump(document)) == warm


class Step(StrEnum):
    DEPLOY = "yes"
    TEXT = "a\nb"


class Port(int, Enum):
    REDIS = 6379


class Odd(str):
    """A string whose `str()` differs from its value."""

    def __str__(self) -> str:
        return "odd"

    def __format__(self, _: str) -> str:
        return "odd"


NUMBERS: list[tuple[Any, str]] = [
    *(
        (22, "22"),
        (2**64 - 1, "18446744073709551615"),
        (Int("6379"), "6379"),
        (Port.REDIS, "6379"),
        (Float("1.50"), "1.5"),
        (True, "true"),
        (None, "null"),
    ),
    *((1e-05, "1.0e-05"), (1e16, "1.0e+16"), (1.5e300, "1.5e+300"), (-0.0, "-0.0")),
]
STRINGS = [
    *(
        ("", '""'),
        ("yes", '"yes"'),
        (Step.DEPLOY, '"yes"'),
        (Odd("a"), "a"),
        ("1234e56", '"1234e56"'),
        ("=", '"="'),
        ("@a", "'@a'"),
        ("'a", "'''a'"),
    ),
    *(
        ("it's", "it's"),
        ("-", "'-'"),
        ("a\tb", '"a\\tb"'),
        ("a\x85\u2028b", '"a\\N\\Lb"'),
        ("😀", '"\\U0001F600"'),
        ("\ufffe", '"\\uFFFE"'),
    ),
    *(
        ("\x01\x00", '"\\x01\\0"'),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\nb\n", "|\n  a\n\n  b"),
        ("\na", "|2-\n\n  a"),
    ),
    *((" a\nb", "|2-\n   a\n  b"), (Step.TEXT, "|-\n  a\n  b"), ("a \nb", '"a \\nb"'), ("a\nb ", '"a\\nb "'), ("\ta\nb", '"\\ta\\nb"')),
    *(("\n", '"\\n"'), ("a\n\n", '"a\\n\\n"'), ("word " * 60 + "end", "word " * 60 + "end")),
]


@pytest.mark.parametrize(("value", "text"), [*NUMBERS, *STRINGS])
def test_how_a_value_is_written(value: Any, text: str) -> None:
    assert dump({"k": value}) == f"k: {text}\n"


def test_how_collections_are_written() -> None:
    assert dump({}) == "{}\n"
    assert dump({"a": [{"b": [1, [2, 3], {"c": 4, "d": 5}]}, "x"]}) == "a:\n- b:\n  - 1\n  - - 2\n    - 3\n  - c: 4\n    d: 5\n- x\n"
    assert dump({"a": ["x\n\n", {"b": "y\n"}]}) == "a:\n- |+\n  x\n\n- b: |\n    y\n"
    assert dump({"on": 1, "a\nb": 2, "": 3, Step.DEPLOY: 4, Odd("c"): 6, Odd("k" * 129): {"z": [5]}}) == (
        f'"on": 1\n"a\\nb": 2\n"": 3\n"yes": 4\nc: 6\n? {"k" * 129}\n:\n  z:\n  - 5\n'
    )


def test_a_file_does_not_end_in_blank_lines() -> None:
    assert dump({"a": {"b |+": ["x\n\n"]}}) == 'a:\n  b |+:\n  - "x\\n\\n"\n'
    assert dump({"a": [], "k" * 129: "x\n\n"}) == f'a: []\n? {"k" * 129}\n: "x\\n\\n"\n'


def test_shared_parts_are_written_out() -> None:
    shared = {"cpu": "1"}
    assert dump({"a": shared, "b": [shared, shared]}) == 'a:\n  cpu: "1"\nb:\n- cpu: "1"\n- cpu: "1"\n'


@pytest.mark.parametrize("text", ["1", "1_", "1e_", "0b_", "1:1", "a", " ", "a:", "'", "- ", "\n", " \n", "\t", "😀"])
def test_the_time_for_a_text_grows_with_its_length_only(text: str) -> None:
    # A pattern that goes back over its steps would take minutes for some of these.
    assert pyyaml.load(dump({"k": text * 200_000 + "x"}), pyyaml.CSafeLoader) == {"k": text * 200_000 + "x"}


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {"a": "end"}
    for _ in range(levels):
        document = {"a": [document]}
    return document


@every_reader
def test_nesting_is_limited_to_100_levels(reader: str) -> None:
    assert READERS[reader](dump(nested(100))) == nested(100)
    with pytest.raises(ValueError, match="more than 100 levels deep"):
        dump(nested(101))


BEYOND = [math.nan, math.inf, -math.inf, "\ud800", "a\n\udfff", {"\ud800": 1}, 2**64, -(2**63) - 1, pytest.param(10**5000, id="huge")]


@pytest.mark.parametrize("value", BEYOND)
def test_values_that_readers_change_are_refused_with_their_path(value: Any) -> None:
    with pytest.raises(ValueError, match=r'^a\.b\[1\]\.c(\["\\ud800"\])?: '):
        dump({"a": {"b": [1, {"c": value}]}})


@pytest.mark.parametrize("value", [b"x", object(), {1}, (), (1, 2), Path(), {"x": b""}, {1: 2}, {None: 2}, {("a",): 2}])
def test_other_types_are_refused_with_their_path(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^a\.b\[0\](\.x|\[1\]|\.None|\.\('a',\))?: .*(plain data|not a string)"):
        dump({"a": {"b": [value]}})


def test_a_cycle_is_refused_with_its_path() -> None:
    cycle: dict[str, Any] = {"a": {"b": []}}
    cycle["a"]["b"].append(cycle["a"])
    with pytest.raises(ValueError, match=r"^spec\.a: contains itself$"):
        dump({"spec": cycle})
    items: list[Any] = [1]
    items.append(items)
    with pytest.raises(ValueError, match=r"^x: contains itself$"):
        dump({"x": items})
    cycle["again"] = cycle
    with pytest.raises(ValueError, match=r"contains itself$"):
        dump(cycle)
