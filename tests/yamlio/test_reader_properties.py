"""The strict reader on random bytes, attacks, and data of two other writers."""

from __future__ import annotations

import json
import math
import re
import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rediskit.errors import ConfigError, Location, Path
from rediskit.files import MAX_BYTES
from rediskit.yamlio import reader
from rediskit.yamlio.reader import MAX_LEVELS, Document, read
from rediskit.yamlio.scalars import Float, Int

PARSERS = [yaml.CSafeLoader, yaml.SafeLoader]
MIB = 1024 * 1024
BOUND = timedelta(seconds=10)
"""What no input may exceed: a guard against work that grows faster than its input, which a busy machine does not trip.

A 1 MiB config takes about 0.2 s, the slowest file of that size 1.4 s.
"""

WORDS_OF_YAML = (
    "a b:~ -~ ?~ :~ [ ] { } , ' \" | |2 |0 >- # &a~ *a !x~ !!str~ !< <<:~ % %TAG~ \\ \\x \\u12 \\ud800 \\U00110000 \\UFFFFFFFF"
    " 1 1.5 true null ~ @ ` = é 😀 ..."
)
PIECES = [*(word.replace("~", " ") for word in WORDS_OF_YAML.split()), "k" * 1030, "~"]
PIECES += ["\n", "\n  ", "\n    ", " ", "\t", "\r", "\r\n", "%YAML 1.1\n", "---\n", "...\n", "\x85", "\ufeff", "\u2028", "\0"]


def tried(text: bytes, parser: type, *, mapping: bool = True) -> Document | ConfigError:
    """Return the Document or the ConfigError, whose problems have a hint and a location in the text."""
    with patch.object(reader, "PARSER", parser):
        try:
            return read(text, "f", mapping=mapping)
        except ConfigError as error:
            lines = re.split(r"\r\n|\r|\n", text.decode("utf-8", "replace").removeprefix("\ufeff"))
            for problem in error.problems:
                assert problem.message
                assert problem.hint
                assert problem.location is not None
                assert 1 <= problem.location.line <= len(lines)
                assert 1 <= problem.location.column <= len(lines[problem.location.line - 1]) + 1
            return error


@pytest.mark.parametrize("parser", PARSERS)
@settings(deadline=BOUND, max_examples=300)
@given(text=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes, parser: type) -> None:
    tried(text, parser)


@pytest.mark.parametrize("parser", PARSERS)
@settings(deadline=BOUND, max_examples=1500)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30), mapping=st.booleans())
def test_any_yaml_is_read_or_refused(pieces: list[str], mapping: bool, parser: type) -> None:
    tried("".join(pieces).encode(), parser, mapping=mapping)


# Data as JSON knows it, without what `read` refuses or takes for text on purpose (all of that has its own tests).
VISIBLE = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
TEXT = st.text(st.one_of(VISIBLE, st.sampled_from("\n\t :#-'\"[]{}&*!|>%@`,?")), max_size=30)
WORDS = st.sampled_from(
    ["true", "null", "~", "", "1", "1.30", "022", "on", "1e3", "<<", "=", "- a", "a: b", "a #b", "2024-01-01", "\n", " "]
)
DECIMALS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: "e" not in repr(number))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), DECIMALS, TEXT, WORDS)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(VISIBLE, max_size=20) | st.just("1.30"), inner, max_size=5),
    max_leaves=25,
)


class Unaliased(yaml.SafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        return True


def marks(node: yaml.Node, path: Path, values: dict[Path, tuple[int, int]], keys: dict[Path, tuple[int, int]]) -> None:
    """Return the locations of values and keys from the composer of PyYAML."""
    values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            keys[(*path, key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
            marks(value, (*path, key.value), values, keys)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            marks(value, (*path, index), values, keys)


def same(left: Any, other: Any) -> bool:
    """Return whether two values are equal, with true different from 1 and -0.0 from 0.0."""
    if isinstance(left, dict):
        return isinstance(other, dict) and list(left) == list(other) and all(same(left[key], other[key]) for key in left)
    if isinstance(left, list):
        return isinstance(other, list) and len(left) == len(other) and all(map(same, left, other))
    if isinstance(left, float):
        return isinstance(other, float) and left == other and math.copysign(1, left) == math.copysign(1, other)
    return isinstance(left, bool) is isinstance(other, bool) and isinstance(other, type(left)) and bool(left == other)


def assert_reads_back(data: Any, text: str) -> None:
    document = read(text.encode(), "f", mapping=False)
    assert same(data, document.data)
    values: dict[Path, tuple[int, int]] = {}
    keys: dict[Path, tuple[int, int]] = {}
    composed = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert composed is not None
    marks(composed, (), values, keys)
    assert {path: (place.line, place.column) for path, place in document.positions.items()} == values
    assert {path: (place.line, place.column) for path, place in document.keys.items()} == keys
    assert len(document.positions) == len(values)


@settings(deadline=BOUND, max_examples=400)
@given(data=DATA, flow=st.sampled_from([True, False, None]), width=st.sampled_from([20, 80, 10_000]), unicode=st.booleans())
@example(data={"a": [{"b": {}}, [], "", None]}, flow=False, width=80, unicode=True)
def test_what_pyyaml_wrote_reads_back(data: Any, flow: bool | None, width: int, unicode: bool) -> None:
    written = yaml.dump(data, Dumper=Unaliased, default_flow_style=flow, sort_keys=False, width=width, allow_unicode=unicode)
    assert_reads_back(data, written)


@settings(deadline=BOUND, max_examples=400)
@given(data=DATA, indent=st.sampled_from([None, 0, 1, 4]), separators=st.sampled_from([(",", ":"), (", ", ": ")]))
def test_what_json_wrote_reads_back(data: Any, indent: int | None, separators: tuple[str, str]) -> None:
    assert_reads_back(data, json.dumps(data, indent=indent, separators=separators, ensure_ascii=False))


@settings(deadline=BOUND, max_examples=300)
@given(text=st.text(VISIBLE, max_size=20) | st.from_regex(r"-?[0-9]{0,20}\.?[0-9]{0,40}", fullmatch=True))
def test_a_plain_scalar_is_a_number_only_in_the_two_forms(text: str) -> None:
    try:
        value = read(f"a: {text}".encode(), "f").data["a"]
    except ConfigError:
        return
    if isinstance(value, (Int, Float)):
        written = text.partition(" #")[0].strip()
        assert value.text == written
        assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", written, re.ASCII)
        assert math.isfinite(value)
        assert value == (float if "." in written else int)(written)
    else:
        assert value is None or type(value) in (bool, str, dict, list)


def filled(unit: str, before: str = "", after: str = "") -> str:
    """Return a file of up to 1 MiB that repeats a unit."""
    return before + unit * ((MAX_BYTES - len(before) - len(after)) // len(unit.encode())) + after


LAUGHS = "".join(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]\n" for level in range(1, 10))
TOO_DEEP = f"more than {MAX_LEVELS} levels of mappings and lists"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("l0: &l0 [lol]\n" + LAUGHS, "an anchor (&) is not supported", id="billion laughs"),
        pytest.param("a: " + "[" * 100_000, TOO_DEEP, id="100,000 lists"),
        pytest.param("{a: " * 100_000, TOO_DEEP, id="100,000 mappings"),
        pytest.param("- " * 100_000, TOO_DEEP, id="100,000 dashes"),
        pytest.param("? " * 100_000, TOO_DEEP, id="100,000 keys in keys"),
        pytest.param("".join(" " * level + "a:\n" for level in range(1_400)), TOO_DEEP, id="1,400 sections"),
        pytest.param(
            "".join(f"%TAG !a{index}! b\n" for index in range(60_000)),
            "a tag (a word that starts with !) is not supported",
            id="tag handles",
        ),
        pytest.param(filled("*a, ", "a: [", "]"), "100 problems so far, the rest is not read", id="aliases"),
        pytest.param(filled("a: 1\n"), "100 problems so far, the rest is not read", id="duplicate keys"),
        pytest.param(filled("x", '"'), "the quote is not closed", id="open quote"),
        pytest.param(filled("[", "a: '", "'") + " ]", "the file is larger than 1 MiB", id="too large"),
    ],
)
def test_attacks_are_refused_fast(text: str, message: str) -> None:
    begin = time.process_time()
    with pytest.raises(ConfigError) as raised:
        read(text.encode(), "f")
    assert time.process_time() - begin < BOUND.total_seconds()
    assert message in [problem.message for problem in raised.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(filled("k: v, ", "a: [", "]"), id="mappings"),
        pytest.param(filled("a,", "a: " + "[" * 98, "]" * 98), id="deep leaves"),
        pytest.param("".join(f"key{index}: {index}\n" for index in range(50_000)), id="keys"),
        pytest.param(filled("x\n ", "a: |\n "), id="block"),
        pytest.param(filled("1", "a: "), id="digits"),
        pytest.param(filled("#\n", "a: 1\n"), id="comments"),
    ],
)
def test_a_full_mebibyte_is_read_in_time(text: str) -> None:
    begin = time.process_time()
    assert read(text.encode(), "f").data
    assert time.process_time() - begin < BOUND.total_seconds()


def test_the_limits_are_exact() -> None:
    assert len(read(filled("x", "a: ").encode(), "f").data["a"]) == MIB - 3
    with pytest.raises(ConfigError, match=r"f:1:1: error\[file-size\]: the file is larger than 1 MiB"):
        read(filled("x", "a: ").encode() + b"\n", "f")
    # The root mapping is one level.
    assert len(read(b"a: " + b"[" * (MAX_LEVELS - 1) + b"]" * (MAX_LEVELS - 1), "f").positions) == MAX_LEVELS
    with pytest.raises(ConfigError) as raised:
        read(b"a: " + b"[" * MAX_LEVELS + b"]" * MAX_LEVELS, "f")
    assert [(problem.message, problem.location) for problem in raised.value.problems] == [(TOO_DEEP, Location("f", 1, 103))]
