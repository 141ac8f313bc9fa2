"""A large List in JSON is read object by object, with the result of the strict reader and its refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit.errors import ConfigError
from rediskit.files import MAX_BYTES
from rediskit.init import dump, objects
from rediskit.init.lean_reader import UnusualError, parsed, read_lean
from rediskit.init.objects import read_objects
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain
from tests.init.test_dump import listed

PASSWORD = "Zq7rT2mXw9LbV4nK"


def text_of(content: Any) -> str:
    """Return JSON as `kubectl get -o json` prints it."""
    return json.dumps(content, indent=4, ensure_ascii=False) + "\n"


def with_values() -> dict[str, Any]:
    """Return a List of more than 1 MiB with values of all kinds, and a Secret."""
    content = listed(1200)
    numbers = {"number": 7, "float": 1.5, "large": 2**70, "exponent": 1e30}
    data: dict[str, Any] = {**numbers, "none": None, "yes": True, "text": "Zürich \u2603 \\ / \t", "": []}
    content["items"][5] |= {"values": data, "nested": [[{}], [], [[1, "1"]]]}
    content["items"][6] = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": {"password": PASSWORD}}
    return content


@pytest.mark.parametrize("before", ["", "---\n", "\ufeff", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n"])
@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_a_large_json_list_is_the_same_in_parts(before: str, separators: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    content = with_values()
    text = (before + (text_of(content) if separators is None else json.dumps(content, separators=separators))).encode()
    assert len(text) > MAX_BYTES
    split = read_objects(text, "dump.json").all
    monkeypatch.setattr(dump, "MAX_BYTES", 1 << 30)
    monkeypatch.setattr("rediskit.yamlio.reader.MAX_BYTES", 1 << 30)
    assert split == read_objects(text, "dump.json").all


def broken(old: str, new: str) -> bytes:
    text = text_of(with_values())
    assert text.count(old) == 1
    return text.replace(old, new).encode()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"name": "map1199",', '"name": "map1199", "name": "again",', "duplicate key"),
        ('"name": "map1199",', '"name": ' + "[" * 200 + "]" * 200 + ",", "more than 100 levels of mappings and lists"),
        ('"name": "map1199",', '"name": ' + "[" * 5000 + "]" * 5000 + ",", "more than 100 levels of mappings and lists"),
        ('"name": "map1199",', '"name": "\\ud83d",', "the backslash sequence is not a character"),
        ('"name": "map1199",', '"name": "\x7f",', "unprintable character U+007F"),
        ('"name": "map1199",', '"name": "\x85",', "unprintable character U+0085"),
        ('"name": "map1199",', '"name": "map1199" "', "can't be read as JSON: a value that is not JSON"),
        ('"name": "map1199",', '"name": "' + "x" * MAX_BYTES + '",', "the file is larger than 1 MiB"),
        ('"name": "map1199",', '"name": "' + "x" * 3 * MAX_BYTES + '",', "a value that is not JSON, or is larger than 1 MiB"),
        ('"kind": "List"', '"kind": "Table"', "can't be read as JSON: a document that is larger than 1 MiB must be a List"),
        ('"kind": "List"', '"kind": "List", "kind": "List"', "can't be read as JSON: expected a key, which is not a duplicate"),
        ('"kind": "List"', '"kind": "List", "items": []', "can't be read as JSON: expected a key, which is not a duplicate"),
        ('"resourceVersion": ""\n    }\n}', '"resourceVersion": ""\n    }\n} {}', "expected a comma, or } as the end"),
        ('"resourceVersion": ""\n    }\n}', '"resourceVersion": ""\n    }\n', "expected a comma, or } as the end"),
    ],
)
def test_a_problem_in_a_large_json_list_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_objects(broken(old, new), "dump.json")
    assert message in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert all(problem.location is not None for problem in refused.value.problems)


def test_a_problem_in_a_large_json_list_has_its_line_and_column() -> None:
    text = broken('"name": "map1199",', '"name": "map1199", "name": "again",')
    with pytest.raises(ConfigError) as refused:
        read_objects(text, "dump.json")
    before = text[: text.index(b'"name": "again"')]
    place = refused.value.problems[0].location
    assert place is not None
    assert (place.line, place.column) == (before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(ConfigError, match="text that is not UTF-8"):
        read_objects(broken("map1199", "map1199 \u2603").replace("\u2603".encode(), b"\xff"), "dump.json")


def test_an_integer_of_many_digits_is_text_as_in_small_input() -> None:
    content = read_objects(broken('"number": 7', f'"number": {"9" * 5000}'), "dump.json").all[5]
    assert content["values"]["number"] == "9" * 5000


def test_half_a_character_can_have_the_other_half_in_json() -> None:
    content = read_objects(broken('"name": "map1199",', '"name": "\\ud83d\\ude00",'), "dump.json").all[-1]
    assert content["metadata"]["name"] == "\U0001f600"


@pytest.mark.parametrize("text", ["a: 1\n---\n" * 30, '{"kind": "List", "items": [' + "{}," * 400_000 + "{}]}"])
def test_more_objects_than_the_limit_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_OBJECTS", 20)
    with pytest.raises(ConfigError, match="dump contains more than 20 objects"):
        read_objects(text.encode(), "dump")


@pytest.mark.parametrize("text", ["a: [[], [], {b: 1}]\n---\n" * 30, '{"kind": "List", "items": [' + '{"a": [[], 1]},' * 100_000 + "{}]}"])
def test_more_values_than_the_limit_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_VALUES", 100)
    with pytest.raises(ConfigError, match="dump contains more than 100 values"):
        read_objects(text.encode(), "dump")


def test_the_problems_of_many_documents_are_limited() -> None:
    with pytest.raises(ConfigError) as refused:
        read_objects(b"- a\n---\n" * 5000, "dump")
    assert len(refused.value.problems) == 100


PARTS = (
    *(
        "a",
        "b",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "1",
        "1.30",
        "-0",
        "007",
        "null",
        "true",
        "~",
        '""',
        "''",
    ),
    *('"x"', "'y'", "|\n", ">\n", "&a ", "*a", "!!str ", "<<", "#c", "---\n", "...", "%TAG", '"\\ud83d"', '"\\n"', "\t", "ü", "\x7f", "? "),
)


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_the_lean_reader_and_the_strict_reader_agree(text: str) -> None:
    def outcome(reading: Any) -> Any:
        try:
            return reading()
        except ConfigError as error:
            return error.problems

    raw = text.encode()
    assert outcome(lambda: read_lean(raw, "x", 3)) == outcome(lambda: plain(read(raw, "x", above=3).data))


@pytest.mark.parametrize("text", ["a: 1\nb: {c: [d, 'e', null], f: true}\n", "a: 1\nb:\n- c: [d, 'e', null]\n  f: |\n    text\n"])
def test_the_lean_reader_reads_plain_data_itself(text: str) -> None:
    try:
        content = parsed(text.encode())
    except UnusualError:
        pytest.fail("the strict reader reads it instead")
    assert content == plain(read(text.encode(), "x").data)
